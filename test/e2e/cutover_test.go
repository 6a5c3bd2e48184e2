// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// The volumes of this cluster are directories of one node each.
var _ = Describe("An application with a database that moves to another provider", Serial, Ordered, func() {
	var app *scenario.App
	var url, taken, first, note string

	BeforeAll(func(ctx context.Context) {
		taken = twoProviders(ctx)
		app = cluster.Sample(people, organization, "ledger", "ledger.health.gov.pk", "application.yaml", scenario.Secrets{"db": {"password": "known to the organization"}})
		goLive(ctx, app)
		url = "https://" + app.Host
		var err error
		first, err = app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		eventuallyServes(ctx, cluster.Public(), url+"/api/visits")
		note = fmt.Sprintf("before the move %d", time.Now().UnixNano())
		addVisit(ctx, url, note)
		Expect(podOf(ctx, app, v1alpha1.LiveNamespace, "db").Spec.NodeName).NotTo(Equal(taken))
	})

	It("is cut over in test, before anybody signs", func(ctx context.Context) {
		old := claimOf(ctx, app, v1alpha1.TestNamespace)
		Expect(app.Edit(ctx, func(spec *specification) { spec.CloudServiceProvider = secondProvider })).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting)
		begun := time.Now()
		Eventually(func() string { return claimOf(ctx, app, v1alpha1.TestNamespace) }).WithTimeout(3*time.Minute).ShouldNot(Equal(old), "pods start, end and copy")
		Expect(app.RunsInTest(ctx)).To(Succeed())
		AddReportEntry("test was cut over after", time.Since(begun).Round(100*time.Millisecond).String())
		Expect(podOf(ctx, app, v1alpha1.TestNamespace, "db").Spec.NodeName).To(Equal(taken))
		expectCutOver(ctx, app, v1alpha1.TestNamespace, old)
		Expect(podOf(ctx, app, v1alpha1.LiveNamespace, "db").Spec.NodeName).NotTo(Equal(taken), "live has not moved")
		eventuallyVisited(ctx, url, note)
	})

	It("has its rows on the other provider's node once it is launched, though the copy was killed, and its stateless component never fails", func(ctx context.Context) {
		old := claimOf(ctx, app, v1alpha1.LiveNamespace)
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		visits := keepAsking(ctx, url+"/")
		Expect(app.Launch(ctx)).To(Succeed())
		set := &appsv1.StatefulSet{}
		Eventually(func(g Gomega) {
			g.Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(v1alpha1.LiveNamespace), Name: "db"}, set)).To(Succeed())
			g.Expect(set.Spec.Replicas).To(HaveValue(BeEquivalentTo(0)))
		}).WithTimeout(3*time.Minute).Should(Succeed(), "the pod that fills the new volume comes first")
		stopped := time.Now()

		By("killing the pod that fills the new volume while the other one serves the old")
		var killed *corev1.Pod
		Eventually(func(g Gomega) {
			source := podOf(ctx, app, v1alpha1.LiveNamespace, mesh.CopySourceName)
			g.Expect(source.Status.Phase).To(Equal(corev1.PodRunning))
			g.Expect(source.Spec.NodeName).NotTo(Equal(taken))
			killed = podOf(ctx, app, v1alpha1.LiveNamespace, mesh.CopyTargetName)
			g.Expect(killed.Spec.NodeName).To(Equal(taken))
		}).WithTimeout(90*time.Second).Should(Succeed(), "the component has to end first")
		expectCopyConfined(ctx, app)
		Expect(app.Operations.Delete(ctx, killed.DeepCopy(), client.GracePeriodSeconds(0))).To(Succeed())
		Eventually(func(g Gomega) {
			next := podOf(ctx, app, v1alpha1.LiveNamespace, mesh.CopyTargetName)
			g.Expect(next.Name).NotTo(Or(BeEmpty(), Equal(killed.Name)))
		}).WithTimeout(90*time.Second).Should(Succeed(), "its Job makes another one")

		eventuallyVisitedWithin(ctx, url, note, 3*time.Minute)
		AddReportEntry("the database was away for", time.Since(stopped).Round(100*time.Millisecond).String())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		Expect(podOf(ctx, app, v1alpha1.LiveNamespace, "db").Spec.NodeName).To(Equal(taken))
		Eventually(func() []string { return nodesOf(ctx, app) }).WithTimeout(90 * time.Second).Should(HaveExactElements(taken))
		asked, failed := visits.stop()
		Expect(failed).To(BeEmpty(), "of %d", asked)
		AddReportEntry("requests to the stateless component meanwhile", asked)
		expectCutOver(ctx, app, v1alpha1.LiveNamespace, old)
		claim := claimNamed(ctx, app, v1alpha1.LiveNamespace, claimOf(ctx, app, v1alpha1.LiveNamespace))
		AddReportEntry("copied and verified", claim.Annotations[v1alpha1.CopiedAnnotation])
	})

	It("takes what was written since back to the first provider, by the name of the release that was live there", func(ctx context.Context) {
		old := claimOf(ctx, app, v1alpha1.LiveNamespace)
		since := fmt.Sprintf("after the move %d", time.Now().UnixNano())
		addVisit(ctx, url, since)
		Expect(app.Edit(ctx, func(spec *specification) { spec.Launch = &v1alpha1.Launch{Release: first} })).To(Succeed())
		Eventually(func() string { return podOf(ctx, app, v1alpha1.LiveNamespace, "db").Spec.NodeName }).WithTimeout(3 * time.Minute).ShouldNot(Or(BeEmpty(), Equal(taken)))
		eventuallyVisitedWithin(ctx, url, since, 3*time.Minute)
		Expect(visitNoted(ctx, url, note).Note).To(Equal(note))
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		expectCutOver(ctx, app, v1alpha1.LiveNamespace, old)
	})
})

func eventuallyVisitedWithin(ctx context.Context, base, note string, patience time.Duration) {
	GinkgoHelper()
	Eventually(func() (int, error) { return cluster.Public().Status(ctx, base+"/api/visits") }).WithTimeout(patience).Should(Equal(http.StatusOK), "the data is copied first")
	eventuallyVisited(ctx, base, note)
}

// claimOf is the claim that the database's StatefulSet mounts.
func claimOf(ctx context.Context, app *scenario.App, stage string) string {
	GinkgoHelper()
	set := &appsv1.StatefulSet{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(stage), Name: "db"}, set)).To(Succeed())
	for _, volume := range set.Spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			return volume.PersistentVolumeClaim.ClaimName
		}
	}
	Fail("the database has no volume")
	return ""
}

func claimNamed(ctx context.Context, app *scenario.App, stage, name string) *corev1.PersistentVolumeClaim {
	GinkgoHelper()
	claim := &corev1.PersistentVolumeClaim{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(stage), Name: name}, claim)).To(Succeed())
	return claim
}

// expectCutOver: the database runs with a whole copy of a claim, which is still there, and nothing of the copying is left.
func expectCutOver(ctx context.Context, app *scenario.App, stage, from string) {
	GinkgoHelper()
	claim := claimNamed(ctx, app, stage, claimOf(ctx, app, stage))
	Expect(claim.Annotations).To(And(HaveKeyWithValue(v1alpha1.CopiedFromAnnotation, from), HaveKeyWithValue(v1alpha1.CopiedAnnotation, MatchRegexp(`^[1-9]\d* files, [1-9]\d* bytes$`))))
	Expect(claimNamed(ctx, app, stage, from).DeletionTimestamp).To(BeNil())
	in := client.InNamespace(app.Namespace(stage))
	Eventually(func(g Gomega) {
		for _, list := range []client.ObjectList{&batchv1.JobList{}, &appsv1.DeploymentList{}, &corev1.PodList{}, &corev1.ServiceList{}, &networkingv1.NetworkPolicyList{}} {
			g.Expect(cluster.Admin.List(ctx, list, in)).To(Succeed())
			g.Expect(meta.EachListItem(list, func(o runtime.Object) error {
				g.Expect(o.(client.Object).GetLabels()[v1alpha1.ComponentLabel]).NotTo(HavePrefix("govpk-copy-"))
				return nil
			})).To(Succeed())
		}
	}).WithTimeout(90*time.Second).Should(Succeed(), "pods end in their own time")
}

// expectCopyConfined: the pods that copy have flows to each other alone, and run as the database does.
func expectCopyConfined(ctx context.Context, app *scenario.App) {
	GinkgoHelper()
	for name, peer := range map[string]string{mesh.CopySourceName: mesh.CopyTargetName, mesh.CopyTargetName: mesh.CopySourceName} {
		policy := &networkingv1.NetworkPolicy{}
		Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(v1alpha1.LiveNamespace), Name: "allow-" + name}, policy)).To(Succeed())
		var peers []networkingv1.NetworkPolicyPeer
		for _, rule := range policy.Spec.Ingress {
			peers = append(peers, rule.From...)
		}
		for _, rule := range policy.Spec.Egress {
			peers = append(peers, rule.To...)
		}
		Expect(peers).To(HaveExactElements(HaveField("PodSelector.MatchLabels", HaveKeyWithValue(v1alpha1.ComponentLabel, peer))))
		pod := podOf(ctx, app, v1alpha1.LiveNamespace, name)
		Expect(pod.Spec.Containers[0].SecurityContext.RunAsUser).To(HaveValue(BeEquivalentTo(65532)))
	}
}
