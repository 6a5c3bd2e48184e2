// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const providerLabel = "node.platform.ntc.gov.pk/provider"

// ensureNode makes a node that a provider attests, with room for the applications of all specs. Nobody runs on it: envtest has
// no kubelet and no scheduler.
func ensureNode(ctx context.Context, name, provider string) {
	GinkgoHelper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{providerLabel: provider}}}
	Expect(client.IgnoreAlreadyExists(admin.Create(ctx, node))).To(Succeed())
	changeNode(ctx, name, func(n *corev1.Node) { n.Spec.Taints, n.Spec.Unschedulable = nil, false })
	changeNodeStatus(ctx, name, func(n *corev1.Node) {
		n.Status.Allocatable = capacity("10k", "20Ti")
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}}
	})
}

func capacity(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
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

// passAudit creates the application, whose audit NITB approves.
func (w *world) passAudit(ctx context.Context, o *operator) {
	GinkgoHelper()
	Expect(admin.Create(ctx, w.app)).To(Succeed())
	w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
	w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
}

// forget drops whom quotas have woken so far.
func (o *operator) forget() {
	for o.woken.Len() > 0 {
		item, _ := o.woken.Get()
		o.woken.Done(item)
	}
}

// wakes passes over one application until its quotas' events wake another. Nothing else in these specs does.
func (o *operator) wakes(ctx context.Context, by, w *world, why string) {
	GinkgoHelper()
	Eventually(func(g Gomega) bool {
		g.Expect(by.pass(ctx, o)).To(Succeed())
		for o.woken.Len() > 0 {
			item, _ := o.woken.Get()
			o.woken.Done(item)
			if item.NamespacedName == w.key() {
				return true
			}
		}
		return false
	}).Should(BeTrue(), why+", and the cache hears of it, and of what was declared, a moment later")
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
				ServiceModels: attested.Spec.ServiceModels, CloudModels: attested.Spec.CloudModels, DataCentres: attested.Spec.DataCentres,
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
		changeNodeStatus(ctx, node, func(n *corev1.Node) { n.Status.Allocatable = capacity("8579m", "32Gi") })
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonCapacityMissing, "need 8580m cpu and 18048Mi memory", "offers 8579m cpu and 32Gi memory on 1 node", "missing: 1m cpu"))
		changeNodeStatus(ctx, node, func(n *corev1.Node) { n.Status.Allocatable = capacity("8580m", "32Gi") })
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonProvisioned, "1 node with 8580m cpu and 32Gi memory"))
	})

	It("hold one application, and the next when that one gives up its room", func(ctx context.Context) {
		ensureNode(ctx, node, provider)
		DeferCleanup(func(ctx context.Context) {
			Expect(client.IgnoreNotFound(admin.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}))).To(Succeed())
		})
		// Each needs 8580m cpu: 4 are declared for test and as many for live, and a pod of each component and the sidecars come on top.
		changeNodeStatus(ctx, node, func(n *corev1.Node) { n.Status.Allocatable = capacity("16", "64Gi") })
		w.passAudit(ctx, o)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))

		second := newWorld(ctx)
		second.app.Spec.CloudServiceProvider = provider
		second.passAudit(ctx, o)
		second.until(ctx, o, func(g Gomega) {
			condition := meta.FindStatusCondition(second.get(ctx).Status.Conditions, v1alpha1.ConditionInfrastructureProvisioned)
			g.Expect(condition).NotTo(BeNil())
			g.Expect(condition.Message).To(And(ContainSubstring("offers 16 cpu and 64Gi memory on 1 node"),
				ContainSubstring("other applications have booked 8580m cpu and 18048Mi memory"), ContainSubstring("missing: 1160m cpu;")))
		})
		second.settle(ctx, o)
		Expect(second.get(ctx).Status.Stage).To(Equal(v1alpha1.StageUnderAudit), "it is not tested where it has no room")
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonProvisioned))

		By("restarting the operator, which learns from the quotas again who has booked what")
		o.stop()
		o = start()
		Expect(second.pass(ctx, o)).To(Succeed())
		second.settle(ctx, o)
		Expect(second.get(ctx).Status.Stage).To(Equal(v1alpha1.StageUnderAudit))

		By("declaring less")
		o.forget()
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Requirements.Hardware.CPU = resource.MustParse("3900m")
		})
		o.wakes(ctx, w, second, "some room came free")
		second.settle(ctx, o)
		Expect(second.get(ctx).Status.Stage).To(Equal(v1alpha1.StageUnderAudit), "but not enough")

		By("deleting the first")
		o.forget()
		Expect(admin.Delete(ctx, w.app)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			g.Expect(apierrors.IsNotFound(admin.Get(ctx, w.key(), &v1alpha1.ThirdPartyApplication{}))).To(BeTrue())
		}).Should(Succeed(), "the namespace controller empties the test namespace")
		o.wakes(ctx, w, second, "the room came free")
		second.until(ctx, o, second.stage(ctx, v1alpha1.StageTesting))

		By("settling: who has its room waits for none")
		second.settle(ctx, o)
		o.forget()
		w = newWorld(ctx)
		w.app.Spec.CloudServiceProvider = provider
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, provisioned(ctx, v1alpha1.ReasonCapacityMissing))
		second.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Requirements.Hardware.CPU = resource.MustParse("3900m")
		})
		o.wakes(ctx, second, w, "some room came free")
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
