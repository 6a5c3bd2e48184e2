// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// withoutDeploymentPolicy: components are renewed without it, everything else that is certified waits, and it can be written again.
func withoutDeploymentPolicy(t *testing.T) {
	g := NewWithT(t)
	ctx := t.Context()
	admin, err := client.New(server, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	rows := map[string]request{}
	for _, policy := range []string{"govpk-certificates", "govpk-children", "govpk-secrets"} {
		for _, row := range table(t, "testdata/"+policy+".yaml") {
			rows[policy+": "+row.Name] = row
		}
	}
	send := func(name string) error {
		g.Expect(rows).To(HaveKey(name))
		return rows[name].send(ctx)
	}
	objects, err := load("testdata/fixtures-govpk.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	for _, object := range objects {
		if object.GetKind() != "DeploymentPolicy" {
			continue
		}
		g.Expect(object.GetName()).To(Equal(v1alpha1.DeploymentPolicyName))
		g.Expect(admin.Delete(ctx, object)).To(Succeed())
		const missing = "no params found for policy binding with `Deny` parameterNotFoundAction"
		g.Eventually(func() error { return send("govpk-certificates: the operator has a live host certified") }).
			WithTimeout(20*time.Second).Should(MatchError(ContainSubstring(missing)), "the API server learns of the deletion by a watch")
		g.Expect(send("govpk-certificates: cert-manager asks for a live host")).To(MatchError(ContainSubstring(missing)))
		g.Expect(send("govpk-certificates: NTC's own certificate of another issuer")).To(MatchError(ContainSubstring(missing)))
		for _, renewal := range []string{
			"govpk-children: cert-manager reports on a certificate", "govpk-secrets: cert-manager makes a key", "govpk-children: cert-manager asks",
			"govpk-children: cert-manager grants a request", "govpk-secrets: cert-manager renews a certificate", "govpk-secrets: cert-manager deletes a key",
			"govpk-children: cert-manager clears a request away",
		} {
			g.Expect(send(renewal)).To(Succeed(), renewal)
		}
		object.SetResourceVersion("")
		g.Expect(admin.Create(ctx, object)).To(Succeed())
		g.Eventually(func() error { return send("govpk-certificates: the operator has a live host certified") }).
			WithTimeout(20*time.Second).Should(Succeed(), "the API server learns of the creation by a watch")
	}
}
