// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

var people sync.Once

// installPeople binds as an installation does: a cluster administrator applies config/samples/people.yaml, a platform engineer onboards two
// organizations with onboarding.yaml, and the operator writes its RoleBindings into their stage namespaces.
func installPeople(t *testing.T) {
	t.Helper()
	people.Do(func() {
		g := NewWithT(t)
		admin, err := client.New(server, client.Options{})
		g.Expect(err).NotTo(HaveOccurred())
		for _, file := range []string{"config/rbac/role.yaml", "config/rbac/role_binding.yaml", "config/samples/people.yaml"} {
			for _, object := range parse(t, file) {
				if object.GetNamespace() == "" {
					g.Expect(client.IgnoreAlreadyExists(admin.Create(t.Context(), object))).To(Succeed(), file)
				}
			}
		}
		for organization, hash := range map[string]string{mandi: "fab68624", bazaar: "0ba5aa75"} {
			engineering := clientOf(t, engineer.login())
			for _, object := range parse(t, "config/samples/onboarding.yaml", "sehat-digital", organization, "@sehat.example", "@"+organization+".example") {
				g.Eventually(func() error { return engineering.Create(t.Context(), object) }).Should(Succeed(), "roles take effect a moment after they are bound")
			}
			operator := clientOf(t, users["operator"])
			for _, object := range bindingsOfStages(t, "sehat-digital", organization, "fab68624", hash) {
				g.Eventually(func() error { return operator.Create(t.Context(), object) }).Should(Succeed(), "roles take effect a moment after they are bound")
			}
		}
	})
}

// bindingsOfStages are the namespaces and RoleBindings that the operator renders for an application, from a golden file.
func bindingsOfStages(t *testing.T, replacements ...string) []*unstructured.Unstructured {
	t.Helper()
	var golden struct {
		Plan struct {
			Objects []struct{ Object map[string]any }
		}
	}
	NewWithT(t).Expect(yaml.Unmarshal(read(t, "internal/sop/testdata/live_rolls_after_its_tasks/want.yaml", replacements...), &golden)).To(Succeed())
	var objects []*unstructured.Unstructured
	for _, planned := range golden.Plan.Objects {
		object := &unstructured.Unstructured{Object: planned.Object}
		if kind := object.GetKind(); kind == "Namespace" || kind == "RoleBinding" {
			objects = append(objects, object)
		}
	}
	NewWithT(t).Expect(objects).To(HaveLen(9), "two namespaces and seven RoleBindings")
	return objects
}

// read reads a file of the repository, with old texts replaced by new ones.
func read(t *testing.T, file string, replacements ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(root(file))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	// The persons and groups of the samples have other rights by testdata/roles.yaml.
	replacements = append(replacements, "-1@", "-5@", "ntc:operations", "ntc:level-1")
	return []byte(strings.NewReplacer(replacements...).Replace(string(content)))
}

func parse(t *testing.T, file string, replacements ...string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := decode(file, bytes.NewReader(read(t, file, replacements...)))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return objects
}

func clientOf(t *testing.T, as rest.ImpersonationConfig) client.Client {
	t.Helper()
	config := rest.CopyConfig(server)
	config.Impersonate = as
	config.WarningHandler = rest.NoWarnings{}
	c, err := client.New(config, client.Options{Mapper: mapper})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return c
}
