// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
)

const canaryNamespace = "govpk-canary"

// ensureCanary puts the pods of config/canary on a node, ready. Nobody runs them: envtest has no kubelet.
func ensureCanary(ctx context.Context, node string) {
	GinkgoHelper()
	for _, name := range []string{"canary", "peer"} {
		set := &appsv1.DaemonSet{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: canaryNamespace, Name: name}, set)).To(Succeed())
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: canaryNamespace, Name: name + "-" + node, Labels: set.Spec.Template.Labels}, Spec: set.Spec.Template.Spec,
		}
		pod.Spec.NodeName = node
		Eventually(func() error { return client.IgnoreAlreadyExists(admin.Create(ctx, pod.DeepCopy())) }).Should(Succeed(), "a new namespace has no ServiceAccount yet")
		canaryStatus(ctx, pod.Name)
	}
}

// canaryStatus makes the containers of a canary's pod ready but for those that are named.
func canaryStatus(ctx context.Context, name string, unready ...string) {
	GinkgoHelper()
	pod := &corev1.Pod{}
	Expect(admin.Get(ctx, client.ObjectKey{Namespace: canaryNamespace, Name: name}, pod)).To(Succeed())
	before := pod.DeepCopy()
	pod.Status.Phase, pod.Status.ContainerStatuses = corev1.PodRunning, nil
	for _, container := range pod.Spec.Containers {
		ready := true
		for _, other := range unready {
			ready = ready && other != container.Name
		}
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Ready: ready, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}
	Expect(admin.Status().Patch(ctx, pod, client.MergeFrom(before))).To(Succeed())
}

// It has nodes of its own, so that other specs keep their evidence.
var _ = Describe("The canary", func() {
	It("is gathered by node, as its pods' containers say", func(ctx context.Context) {
		w := newWorld(ctx)
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, start(), w.stage(ctx, v1alpha1.StageUnderAudit))
		node := "node-" + w.namespace
		ensureNode(ctx, node, "nobody")
		DeferCleanup(func(ctx context.Context) {
			Expect(admin.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}})).To(Succeed())
			for _, name := range []string{"canary-", "peer-"} {
				pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: canaryNamespace, Name: name + node}}
				Expect(client.IgnoreNotFound(admin.Delete(ctx, pod, client.GracePeriodSeconds(0)))).To(Succeed())
			}
		})
		o := start()
		gap := func(nodes ...string) func() (string, error) {
			return func() (string, error) {
				canary, err := controllers.CanaryOf(ctx, o.ApplicationReconciler)
				return canary.Gap(nodes), err
			}
		}
		Expect(gap("node-1")()).To(BeEmpty(), "the canary that all specs share")
		Expect(gap(node)()).To(ContainSubstring("container control of the canary does not run there"))

		ensureCanary(ctx, node)
		Eventually(gap(node)).Should(BeEmpty())
		for _, verdict := range []string{"control", "ingress-denied", "egress-denied"} {
			canaryStatus(ctx, "canary-"+node, verdict)
			Eventually(gap(node)).Should(And(ContainSubstring("node "+node), ContainSubstring("pod govpk-canary/canary-"+node)), verdict)
			canaryStatus(ctx, "canary-"+node)
			Eventually(gap(node)).Should(BeEmpty())
		}
		canaryStatus(ctx, "peer-"+node, "peer")
		Eventually(gap(node)).Should(ContainSubstring("pod govpk-canary/peer-" + node + " saw a denied flow pass"))
		Expect(gap("node-1")()).To(BeEmpty(), "another node's failure is its own")

		By("waking the applications of the provider that attests the node, and no others")
		pod := func(on string) *corev1.Pod { return &corev1.Pod{Spec: corev1.PodSpec{NodeName: on}} }
		Expect(controllers.CanaryRequests(ctx, o.ApplicationReconciler, pod("node-1"))).To(ContainElement(HaveField("NamespacedName", w.key())))
		Expect(controllers.CanaryRequests(ctx, o.ApplicationReconciler, pod(node))).To(BeEmpty())
		Expect(controllers.CanaryRequests(ctx, o.ApplicationReconciler, pod("gone"))).To(BeEmpty())

		w.settle(ctx, o)
	})
})
