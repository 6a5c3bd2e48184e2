// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestRoles: a component's private key lies in a Secret and in its sidecar. Policies see neither reads nor connections, so no role of ours
// reads the one or reaches into the other. Secrets of the organization's own are written, by a role that reads none.
func TestRoles(t *testing.T) {
	g := NewWithT(t)
	files, err := filepath.Glob(root("config/rbac/*.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	personas, err := filepath.Glob(root("config/rbac/personas/*.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	roles := 0
	for _, file := range append(files, personas...) {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		objects, err := load(file)
		g.Expect(err).NotTo(HaveOccurred())
		for _, object := range objects {
			if object.GetKind() != "ClusterRole" && object.GetKind() != "Role" {
				continue
			}
			roles++
			role := &rbacv1.ClusterRole{}
			g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, role)).To(Succeed())
			for _, rule := range role.Rules {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						g.Expect(reachesKeys(resource, verb)).To(BeFalse(), "%s %s: %s %s", role.Kind, role.Name, verb, resource)
					}
				}
			}
		}
	}
	g.Expect(roles).To(BeNumerically(">", 10))
}

func reachesKeys(resource, verb string) bool {
	if strings.Contains(resource, "*") || verb == "*" {
		return true
	}
	if resource == "secrets" {
		return slices.Contains([]string{"get", "list", "watch", "deletecollection"}, verb)
	}
	// To read what cert-manager asks and reports reaches no key.
	if slices.Contains([]string{"get", "list", "watch"}, verb) && resource == "certificaterequests" {
		return false
	}
	return slices.Contains([]string{
		"pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers", "services/proxy",
		"nodes/proxy", "serviceaccounts/token", "certificaterequests", "certificaterequests/status", "certificates/status",
	}, resource)
}
