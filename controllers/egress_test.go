// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

var _ = Describe("An edge out of the cluster", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		w.app.Spec.Components[1].ConnectsTo = []v1alpha1.Edge{{Name: "mail", External: &v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}}}
		w.goLive(ctx, o)
	})

	It("leads through one proxy in live, and nowhere in test", func(ctx context.Context) {
		w.settle(ctx, o)
		Expect(w.egress(ctx, w.test())).To(BeEmpty())
		Expect(w.egress(ctx, w.live())).To(ConsistOf("Certificate govpk-egress", "Service govpk-egress", "Deployment govpk-egress", "NetworkPolicy allow-govpk-egress"))
		for namespace, proxied := range map[string]bool{w.test(): false, w.live(): true} {
			api := &appsv1.Deployment{}
			Expect(admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "api"}, api)).To(Succeed())
			pod := api.Spec.Template.Spec
			Expect(pod.HostAliases).To(ConsistOf(corev1.HostAlias{IP: "127.0.0.1", Hostnames: []string{"smtp.sehat.example"}}))
			Expect(pod.Containers[0].Env).To(ContainElements(corev1.EnvVar{Name: "MAIL_HOST", Value: "smtp.sehat.example"}, corev1.EnvVar{Name: "MAIL_PORT", Value: "15100"}))
			Expect(pod.DNSPolicy).To(Equal(corev1.DNSNone))
			Expect(strings.Contains(pod.InitContainers[0].Env[0].Value, mesh.EgressName)).To(Equal(proxied), pod.InitContainers[0].Env[0].Value)
			Expect(w.ways(ctx, namespace)).To(Equal(proxied), "a way out of %s", namespace)
		}
		encrypted := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionTrafficEncrypted)
		Expect(encrypted.Reason).To(Equal(v1alpha1.ReasonEncrypted), "the proxy is its own sidecar: %s", encrypted.Message)
	})

	It("ends with a takedown, and with the release that has it no more", func(ctx context.Context) {
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.ways(ctx, w.live())).To(BeFalse())
			proxy := &appsv1.Deployment{}
			g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: mesh.EgressName}, proxy)).To(Succeed())
			g.Expect(proxy.Spec.Replicas).To(HaveValue(BeZero()))
			var pods corev1.PodList
			g.Expect(admin.List(ctx, &pods, client.InNamespace(w.live()))).To(Succeed())
			g.Expect(pods.Items).To(BeEmpty())
		})
		waitForNextSecond(violation.CreationTimestamp)
		w.signAll(ctx)
		w.lift(ctx, violation)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		Expect(w.ways(ctx, w.live())).To(BeTrue())

		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[1].ConnectsTo = nil })
		w.until(ctx, o, w.candidateStage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.signAll(ctx)
		w.launch(ctx)
		w.until(ctx, o, func(g Gomega) {
			w.ready(ctx, string(v1alpha1.StageLive))(g)
			g.Expect(w.egress(ctx, w.live())).To(BeEmpty())
		})
	})
})

// egress are the objects of the proxy in a stage.
func (w *world) egress(ctx context.Context, namespace string) []string {
	GinkgoHelper()
	var found []string
	for name := range w.inventory(ctx) {
		kind, key, _ := strings.Cut(name, " ")
		if strings.HasPrefix(key, namespace+"/") && strings.HasSuffix(key, mesh.EgressName) {
			found = append(found, kind+" "+strings.TrimPrefix(key, namespace+"/"))
		}
	}
	return found
}

// ways is true where a NetworkPolicy leads to addresses.
func (w *world) ways(ctx context.Context, namespace string) bool {
	GinkgoHelper()
	var policies networkingv1.NetworkPolicyList
	Expect(admin.List(ctx, &policies, client.InNamespace(namespace))).To(Succeed())
	for _, policy := range policies.Items {
		for _, rule := range policy.Spec.Egress {
			for _, to := range rule.To {
				if to.IPBlock != nil {
					return true
				}
			}
		}
	}
	return false
}
