// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	peach      = "peach-00aa11bb-live"
	renewal    = `{"status":{"conditions":[{"type":"Issuing","status":"True","reason":"Test","message":"renew","lastTransitionTime":"2026-11-22T00:00:00Z"}]}}`
	mergePatch = "application/merge-patch+json"
)

// realCertManager lets cert-manager certify and renew under the policies: the tables only name the requests we know of.
func realCertManager(t *testing.T) {
	program := filepath.Join(assets(), "certmanager")
	if _, err := os.Stat(program); err != nil {
		t.Skipf("SKIPPED, NOTHING IS PROVEN: these envtest assets lack cert-manager; run make envtest-assets: %v", err)
	}
	start(t, program, users["issuing"], func(kubeconfig string) ([]string, []string) {
		return nil, []string{"KUBECONFIG=" + kubeconfig, "HEALTH_ADDRESS=127.0.0.1:0"}
	})

	g := NewWithT(t)
	ctx := t.Context()
	as := func(name string) client.Client {
		config := rest.CopyConfig(server)
		config.Impersonate = user(name)
		c, err := client.New(config, client.Options{})
		g.Expect(err).NotTo(HaveOccurred())
		return c
	}
	operator := as("operator")
	objects, err := load("testdata/peach.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	for _, object := range objects {
		writer := operator
		// What is NTC's: issuers and authorities.
		if object.GetKind() == "ClusterIssuer" || object.GetNamespace() == "cert-manager" {
			writer = as("platform")
		}
		g.Expect(writer.Create(ctx, object)).To(Succeed(), object.GetName())
	}
	certificate := objects[len(objects)-1]
	revision := func(object *unstructured.Unstructured) func() (int64, error) {
		return func() (int64, error) {
			if err := operator.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
				return 0, err
			}
			number, _, err := unstructured.NestedInt64(object.Object, "status", "revision")
			return number, err
		}
	}
	for _, object := range objects {
		if object.GetKind() == "Certificate" {
			g.Eventually(revision(object)).WithTimeout(patience).Should(BeEquivalentTo(1), "cert-manager issues %s", object.GetName())
		}
	}
	secrets := func() (map[string]corev1.SecretType, error) {
		list := &corev1.SecretList{}
		err := as("admin").List(ctx, list, client.InNamespace(peach))
		types := map[string]corev1.SecretType{}
		for _, secret := range list.Items {
			types[secret.Name] = secret.Type
		}
		return types, err
	}
	alone := Equal(map[string]corev1.SecretType{"govpk-tls-web": corev1.SecretTypeTLS})
	g.Eventually(secrets).WithTimeout(patience).Should(alone, "the key that waited is gone")

	g.Expect(as("issuing").Status().Patch(ctx, certificate, client.RawPatch(mergePatch, []byte(renewal)))).To(Succeed())
	g.Eventually(revision(certificate)).WithTimeout(patience).Should(BeEquivalentTo(2), "cert-manager renews")
	g.Eventually(secrets).WithTimeout(patience).Should(alone)
	requests := &unstructured.UnstructuredList{}
	requests.SetAPIVersion("cert-manager.io/v1")
	requests.SetKind("CertificateRequestList")
	g.Eventually(func() ([]unstructured.Unstructured, error) {
		err := operator.List(ctx, requests, client.InNamespace(peach))
		return requests.Items, err
	}).WithTimeout(patience).Should(HaveLen(1), "cert-manager clears the request of the first revision away")
}
