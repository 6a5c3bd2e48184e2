// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var _ = Describe("A policy that names Istio where it is not installed", func() {
	It("is said on every application, and what runs stays as it is", func(ctx context.Context) {
		w, o := newWorld(ctx), start()
		w.goLive(ctx, o)
		w.settle(ctx, o)
		before := w.inventory(ctx)

		carry(ctx, v1alpha1.MeshIstio)
		DeferCleanup(carry, v1alpha1.MeshSidecar)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonKindMissing))
		provisioned := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionInfrastructureProvisioned)
		Expect(provisioned.Message).To(ContainSubstring("PeerAuthentication.security.istio.io, AuthorizationPolicy.security.istio.io, ServiceEntry.networking.istio.io"))
		Expect(w.inventory(ctx)).To(Equal(before), "nothing is half applied")

		carry(ctx, v1alpha1.MeshSidecar)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		Expect(w.inventory(ctx)).To(Equal(before))
	})
})

func carry(ctx context.Context, carrier v1alpha1.MeshType) {
	GinkgoHelper()
	policy := &v1alpha1.DeploymentPolicy{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
	policy.Spec.Mesh.Type = carrier
	Expect(admin.Update(ctx, policy)).To(Succeed())
}
