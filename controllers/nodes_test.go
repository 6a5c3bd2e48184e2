// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const providerLabel = "node.platform.ntc.gov.pk/provider"

// ensureNode makes a node that a provider attests. Nobody runs on it: envtest has no kubelet and no scheduler.
func ensureNode(ctx context.Context, name, provider string) {
	GinkgoHelper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{providerLabel: provider}}}
	Expect(client.IgnoreAlreadyExists(admin.Create(ctx, node))).To(Succeed())
	changeNode(ctx, name, func(n *corev1.Node) { n.Spec.Taints, n.Spec.Unschedulable = nil, false })
	changeNodeStatus(ctx, name, func(n *corev1.Node) {
		n.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("16Gi")}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}}
	})
}

func changeNode(ctx context.Context, name string, change func(*corev1.Node)) {
	GinkgoHelper()
	node := &corev1.Node{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: name}, node)).To(Succeed())
	before := node.DeepCopy()
	change(node)
	Expect(admin.Patch(ctx, node, client.MergeFrom(before))).To(Succeed())
}

func changeNodeStatus(ctx context.Context, name string, change func(*corev1.Node)) {
	GinkgoHelper()
	node := &corev1.Node{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: name}, node)).To(Succeed())
	before := node.DeepCopy()
	change(node)
	Expect(admin.Status().Patch(ctx, node, client.MergeFrom(before))).To(Succeed())
}

var _ = Describe("The nodes of a provider", func() {
	var w *world
	var o *operator
	var provider, node string

	// Each application has a provider of its own here, so that other specs keep their nodes.
	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		o = start()
		provider = "provider-" + w.namespace
		node = "node-" + w.namespace
		attested := &v1alpha1.CloudServiceProvider{}
		Expect(admin.Get(ctx, client.ObjectKey{Name: "ntc-islamabad"}, attested)).To(Succeed())
		Expect(admin.Create(ctx, &v1alpha1.CloudServiceProvider{
			ObjectMeta: metav1.ObjectMeta{Name: provider},
			Spec: v1alpha1.CloudServiceProviderSpec{
				LegalName: "Another", Accreditation: attested.Spec.Accreditation,
				NodeSelector: metav1.LabelSelector{MatchLabels: map[string]string{providerLabel: provider}},
			},
		})).To(Succeed())
		w.app.Spec.CloudServiceProvider = provider
	})

	provisioned := func(ctx context.Context, reason string, fragments ...string) func(Gomega) {
		return func(g Gomega) {
			condition := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionInfrastructureProvisioned)
			g.Expect(condition).NotTo(BeNil())
			g.Expect(condition.Reason).To(Equal(reason), condition.Message)
			for _, fragment := range fragments {
				g.Expect(condition.Message).To(ContainSubstring(fragment))
			}
		}
	}

	It("must hold an application before it is tested", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonNodesMissing, "none matches "+providerLabel+"="+provider))
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))

		ensureNode(ctx, node, provider)
		DeferCleanup(func(ctx context.Context) {
			Expect(client.IgnoreNotFound(admin.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}))).To(Succeed())
		})
		changeNodeStatus(ctx, node, func(n *corev1.Node) { n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("3") })
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonCapacityMissing, "needs 4 cpu and 8Gi memory", "offer 3 cpu and 16Gi memory"))
		changeNodeStatus(ctx, node, func(n *corev1.Node) { n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("4") })
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonProvisioned, "1 node with 4 cpu and 16Gi memory"))
	})

	It("take nothing down when they go", func(ctx context.Context) {
		ensureNode(ctx, node, provider)
		w.goLive(ctx, o)
		w.settle(ctx, o)
		before := w.inventory(ctx)
		for what, change := range map[string]func(*corev1.Node){
			"a cordon": func(n *corev1.Node) { n.Spec.Unschedulable = true },
			"a taint": func(n *corev1.Node) {
				n.Spec.Taints = []corev1.Taint{{Key: "away", Effect: corev1.TaintEffectNoExecute}}
			},
		} {
			By(fmt.Sprintf("%s on the only node", what))
			changeNode(ctx, node, change)
			w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonNodesMissing, "the only one that matches is not ready", "what runs stays"))
			w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
			ensureNode(ctx, node, provider)
			w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonProvisioned))
		}
		By("losing the only node")
		Expect(admin.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}})).To(Succeed())
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonNodesMissing, "none matches", "what runs stays"))
		app := w.get(ctx)
		Expect(app.Status.Stage).To(Equal(v1alpha1.StageLive))
		Expect(meta.IsStatusConditionTrue(app.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue(), verdicts(app))
		w.settle(ctx, o)
		Expect(w.inventory(ctx)).To(Equal(before), "nothing was written")
	})
})
