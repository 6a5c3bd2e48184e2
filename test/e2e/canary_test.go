// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/internal/canary"
)

const (
	canaryNamespace = "govpk-canary"
	// canaryFails is a round, and the kubelet's three questions about it; twice that, since kubelets of a busy machine ask late.
	canaryFails = 60 * time.Second
	// canaryReturns is as long as a denied flow that passed is remembered, and a round; and as much again.
	canaryReturns = 150 * time.Second
)

var canaryVerdicts = []string{canary.Control, canary.IngressDenied, canary.EgressDenied, canary.Peer}

// It lets flows pass that must be refused: what every application's evidence rests on is away meanwhile.
var _ = Describe("The platform's canary", Serial, Ordered, func() {
	var nodes int

	BeforeAll(func(ctx context.Context) {
		Eventually(func(g Gomega) {
			sets := &appsv1.DaemonSetList{}
			g.Expect(cluster.Admin.List(ctx, sets, client.InNamespace(canaryNamespace))).To(Succeed())
			g.Expect(sets.Items).To(HaveLen(2))
			for _, set := range sets.Items {
				g.Expect(set.Status.DesiredNumberScheduled).To(BeNumerically(">", 0))
				g.Expect(set.Status.UpdatedNumberScheduled).To(Equal(set.Status.DesiredNumberScheduled))
				nodes = int(set.Status.DesiredNumberScheduled)
			}
		}).Should(Succeed())
		Eventually(canaryFailures(ctx)).WithTimeout(canaryReturns).Should(BeEmpty(), "this cluster refuses what is denied, on every node")
	})

	DescribeTable("says which way a node lets a denied flow pass, and takes it back", func(ctx context.Context, pods string, spec netv1.NetworkPolicySpec, fails ...string) {
		spec.PodSelector = metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": pods}}
		policy := &netv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: canaryNamespace, Name: "opened"}, Spec: spec}
		Expect(cluster.Admin.Create(ctx, policy)).To(Succeed())
		DeferCleanup(func(ctx context.Context) {
			Expect(client.IgnoreNotFound(cluster.Admin.Delete(ctx, policy))).To(Succeed())
			Eventually(canaryFailures(ctx)).WithTimeout(canaryReturns).Should(BeEmpty())
		})
		start := time.Now()
		Eventually(canaryFailures(ctx)).WithTimeout(canaryFails).Should(Equal(onEach(nodes, fails)))
		AddReportEntry("until every node told", time.Since(start).Round(time.Second))
		Expect(cluster.Admin.Delete(ctx, policy)).To(Succeed())
		start = time.Now()
		Eventually(canaryFailures(ctx)).WithTimeout(canaryReturns).Should(BeEmpty())
		AddReportEntry("until every node was ready again", time.Since(start).Round(time.Second))
	},
		Entry("into a pod", "govpk-canary-peer", netv1.NetworkPolicySpec{
			PolicyTypes: []netv1.PolicyType{netv1.PolicyTypeIngress}, Ingress: []netv1.NetworkPolicyIngressRule{{Ports: tcp(canary.NoIngressPort)}},
		}, canary.IngressDenied, canary.Peer),
		Entry("out of a pod", "govpk-canary", netv1.NetworkPolicySpec{
			PolicyTypes: []netv1.PolicyType{netv1.PolicyTypeEgress}, Egress: []netv1.NetworkPolicyEgressRule{{Ports: tcp(canary.NoEgressPort)}},
		}, canary.EgressDenied),
	)

	It("proves nothing when what is allowed is refused too", func(ctx context.Context) {
		policy := &netv1.NetworkPolicy{}
		Expect(cluster.Admin.Get(ctx, client.ObjectKey{Namespace: canaryNamespace, Name: "peer"}, policy)).To(Succeed())
		Expect(cluster.Admin.Delete(ctx, policy)).To(Succeed())
		DeferCleanup(func(ctx context.Context) {
			again := &netv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: canaryNamespace, Name: "peer"}, Spec: policy.Spec}
			Expect(cluster.Admin.Create(ctx, again)).To(Succeed())
			Eventually(canaryFailures(ctx)).WithTimeout(canaryReturns).Should(BeEmpty())
		})
		Eventually(canaryFailures(ctx)).WithTimeout(2*canaryFails).Should(Equal(onEach(nodes, []string{canary.Control})), "a peer may take a while to restart")
	})
})

func tcp(port int) []netv1.NetworkPolicyPort {
	protocol, number := corev1.ProtocolTCP, intstr.FromInt(port)
	return []netv1.NetworkPolicyPort{{Protocol: &protocol, Port: &number}}
}

// onEach is how often each verdict fails when it does on every node.
func onEach(nodes int, verdicts []string) map[string]int {
	failures := map[string]int{}
	for _, verdict := range verdicts {
		failures[verdict] = nodes
	}
	return failures
}

// canaryFailures counts by verdict the nodes on which it does not hold.
func canaryFailures(ctx context.Context) func() (map[string]int, error) {
	return func() (map[string]int, error) {
		var pods corev1.PodList
		if err := cluster.Admin.List(ctx, &pods, client.InNamespace(canaryNamespace)); err != nil {
			return nil, err
		}
		failures := map[string]int{}
		for _, pod := range pods.Items {
			for _, container := range pod.Spec.Containers {
				ready := slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == container.Name && s.Ready })
				if slices.Contains(canaryVerdicts, container.Name) && !ready {
					failures[container.Name]++
				}
			}
		}
		return failures, nil
	}
}
