// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
)

var _ = Describe("Certificates of a live application that are lost", func() {
	It("take the routes along after the grace, leave what runs, and bring the routes back", func(ctx context.Context) {
		w, o := newWorld(ctx), start()
		w.goLive(ctx, o)
		routes := func() int {
			var list gatewayv1.HTTPRouteList
			Expect(admin.List(ctx, &list, client.InNamespace(w.live()))).To(Succeed())
			return len(list.Items)
		}
		running := func() int {
			var list appsv1.DeploymentList
			Expect(admin.List(ctx, &list, client.InNamespace(w.live()))).To(Succeed())
			return len(list.Items)
		}
		before := running()
		Expect(routes()).To(Equal(1))

		w.judgePeers(ctx, "False")
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonEncryptionLost))
		Expect(routes()).To(Equal(1), "the grace has not passed")
		o.Clock = clocktesting.NewFakePassiveClock(time.Now().Add(6 * time.Minute))
		w.until(ctx, o, func(g Gomega) { g.Expect(routes()).To(BeZero()) })
		Expect(running()).To(Equal(before), "what runs stays")

		w.judgePeers(ctx, "True")
		w.until(ctx, o, func(g Gomega) { g.Expect(routes()).To(Equal(1)) })
	})
})

// judgePeers is what cert-manager says of the live components' certificates.
func (w *world) judgePeers(ctx context.Context, ready string) {
	GinkgoHelper()
	certificates := &unstructured.UnstructuredList{}
	certificates.SetGroupVersionKind(apply.CertificateKind)
	Expect(admin.List(ctx, certificates, client.InNamespace(w.live()))).To(Succeed())
	Expect(certificates.Items).NotTo(BeEmpty())
	for i := range certificates.Items {
		judge(ctx, &certificates.Items[i], map[string]any{"type": "Ready", "status": ready, "reason": "Judged"})
	}
}
