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
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	secondProvider = "ntc-karachi"
	attestedBy     = "node.platform.ntc.gov.pk/provider"
)

// One of the cluster's nodes is another provider's meanwhile.
var _ = Describe("Two providers", Serial, Ordered, func() {
	var app *scenario.App
	var url, taken string

	BeforeAll(func(ctx context.Context) {
		taken = twoProviders(ctx)
		app = launched(ctx, "moving", nil)
		url = "https://" + app.Host + "/api/greeting"
		eventuallyServes(ctx, cluster.Public(), url)
	})

	It("hand an application over without a failed request", func(ctx context.Context) {
		Expect(nodesOf(ctx, app)).NotTo(ContainElement(taken))
		visits := keepAsking(ctx, url)
		Expect(app.Edit(ctx, func(spec *specification) { spec.CloudServiceProvider = secondProvider })).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting)
		Expect(app.RunsInTest(ctx)).To(Succeed())
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		Expect(app.Launch(ctx)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(nodesOf(ctx, app)).To(And(HaveLen(1), ContainElement(taken)))
		}).WithTimeout(90*time.Second).Should(Succeed(), "pods of the new provider replace the others one by one")
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		asked, failed := visits.stop()
		Expect(failed).To(BeEmpty(), "of %d", asked)
		AddReportEntry("requests while the application moved", asked)
	})

	It("lose their applications when the accreditation is suspended, revoked, and its day has come", func(ctx context.Context) {
		today := time.Now().In(time.FixedZone("PKT", 5*60*60))
		accredit := func(state v1alpha1.AccreditationState, offlineFrom time.Time) {
			GinkgoHelper()
			csp := provider(ctx, secondProvider)
			before := csp.DeepCopy()
			csp.Spec.Accreditation.State = state
			csp.Spec.Accreditation.EffectiveFrom = v1alpha1.Date(today.Format(time.DateOnly))
			csp.Spec.Accreditation.OfflineFrom = ""
			if !offlineFrom.IsZero() {
				csp.Spec.Accreditation.OfflineFrom = v1alpha1.Date(offlineFrom.Format(time.DateOnly))
			}
			Expect(cluster.Admin.Patch(ctx, csp, client.MergeFrom(before))).To(Succeed())
		}
		By("suspending it")
		accredit(v1alpha1.AccreditationSuspended, time.Time{})
		eventuallyRefused(ctx, app)
		Expect(statusOf(ctx, cluster.Public(), url)).To(Equal(http.StatusOK), "what runs stays")
		By("revoking it, with a day to come")
		accredit(v1alpha1.AccreditationRevoked, today.AddDate(0, 0, 3))
		eventuallyRefused(ctx, app)
		Expect(statusOf(ctx, cluster.Public(), url)).To(Equal(http.StatusOK), "the day has not come")
		By("its day coming")
		accredit(v1alpha1.AccreditationRevoked, today)
		begun := time.Now()
		eventuallyCloses(ctx, url)
		AddReportEntry("revoked → the host stops answering", time.Since(begun).Round(100*time.Millisecond).String())
		Eventually(func() (string, error) {
			namespace := &corev1.Namespace{}
			err := cluster.Admin.Get(ctx, types.NamespacedName{Name: app.Namespace("live")}, namespace)
			return namespace.Labels[v1alpha1.OfflineLabel], err
		}).Should(Equal("provider." + secondProvider))
		By("moving back to the first provider")
		Expect(app.Edit(ctx, func(spec *specification) { spec.CloudServiceProvider = "ntc-islamabad" })).To(Succeed())
		Eventually(func() error { return app.Launch(ctx) }).Should(Succeed())
		eventuallyServes(ctx, cluster.Public(), url)
		Expect(nodesOf(ctx, app)).NotTo(ContainElement(taken))
	})
})

// twoProviders gives one of the cluster's nodes to another provider until the specs are done, and says which.
func twoProviders(ctx context.Context) string {
	GinkgoHelper()
	var nodes corev1.NodeList
	Expect(cluster.Admin.List(ctx, &nodes, client.MatchingLabels{attestedBy: "ntc-islamabad"})).To(Succeed())
	if len(nodes.Items) < 2 {
		Skip("SKIPPED: an application moves between two providers, and the cluster has one node for them: make e2e NODES=2")
	}
	taken := nodes.Items[1].Name
	attest(ctx, taken, secondProvider)
	DeferCleanup(func(ctx context.Context) { attest(ctx, taken, "ntc-islamabad") })
	Eventually(func(g Gomega) {
		former := &v1alpha1.CloudServiceProvider{}
		g.Expect(client.IgnoreNotFound(cluster.Admin.Get(ctx, types.NamespacedName{Name: secondProvider}, former))).To(Succeed())
		g.Expect(former.DeletionTimestamp).To(BeNil())
	}).WithTimeout(90*time.Second).Should(Succeed(), "the one of specs before ends once none of their stages runs there")
	Expect(scenario.Apply(ctx, cluster.Admin, fmt.Sprintf(`
apiVersion: platform.ntc.gov.pk/v1alpha1
kind: CloudServiceProvider
metadata: {name: %[1]s}
spec:
  legalName: National Telecom Corporation, Karachi
  serviceModels: [IaaS]
  cloudModels: [Government]
  dataCentres: [{name: karachi-1, country: PK, city: Karachi, cloudModel: Government}]
  nodeSelector: {matchLabels: {%[2]s: %[1]s}}
  accreditation: {state: Accredited, level: Enhanced, dataClasses: [Open, Public, Restricted], validFrom: "2026-01-01", validUntil: "2099-12-31"}
`, secondProvider, attestedBy))).To(Succeed())
	DeferCleanup(func(ctx context.Context) {
		Expect(client.IgnoreNotFound(cluster.Admin.Delete(ctx, provider(ctx, secondProvider)))).To(Succeed())
	})
	return taken
}

func provider(ctx context.Context, name string) *v1alpha1.CloudServiceProvider {
	GinkgoHelper()
	found := &v1alpha1.CloudServiceProvider{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: name}, found)).To(Succeed())
	return found
}

// attest gives a node to a provider.
func attest(ctx context.Context, node, provider string) {
	GinkgoHelper()
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, attestedBy, provider)
	Expect(cluster.Admin.Patch(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
}

// nodesOf are where the application's live pods run.
func nodesOf(ctx context.Context, app *scenario.App) []string {
	GinkgoHelper()
	nodes := map[string]bool{}
	for _, pod := range meshed(ctx, app) {
		nodes[pod.Spec.NodeName] = true
	}
	var names []string
	for name := range nodes {
		names = append(names, name)
	}
	return names
}

// eventuallyRefused waits until the provider's accreditation is a finding.
func eventuallyRefused(ctx context.Context, app *scenario.App) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		current, err := app.Get(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(current.Status.Conditions).To(ContainElement(And(
			HaveField("Type", v1alpha1.ConditionProviderAccredited), HaveField("Status", BeEquivalentTo("False")))), scenario.Verdicts(current))
	}).WithTimeout(90 * time.Second).Should(Succeed())
}
