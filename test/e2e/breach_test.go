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
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	desk1    = "desk-1@ntc.gov.pk"
	officer1 = "officer-1@cloudoffice.gov.pk"
)

var _ = Describe("A breach on the real cluster", Ordered, func() {
	var app *scenario.App
	var url, name string
	var office client.Client

	BeforeAll(func(ctx context.Context) {
		Expect(scenario.Apply(ctx, cluster.Admin, bind("govpk-breach-reporter", desk1)+bind("govpk-cloud-office", officer1))).To(Succeed())
		var err error
		office, err = cluster.As(officer1)
		Expect(err).NotTo(HaveOccurred())
		app = application(ctx, "breached")
		url, name = "https://"+app.Host+"/api/greeting", fmt.Sprintf("e2e-%d", time.Now().Unix())
		eventuallyServes(ctx, cluster.Public(), url)
	})

	// It is never deleted, so that the desk says what it says once.
	change := func(ctx context.Context, as client.Client, fields string) {
		GinkgoHelper()
		report := &v1alpha1.BreachReport{}
		report.Name = name
		Expect(as.Patch(ctx, report, client.RawPatch(types.MergePatchType, []byte(`{"spec":`+fields+`}`)))).To(Succeed())
	}

	It("disturbs nothing by being disclosed", func(ctx context.Context) {
		desk, err := cluster.As(desk1)
		Expect(err).NotTo(HaveOccurred())
		report := &v1alpha1.BreachReport{}
		report.Name = name
		report.Spec = v1alpha1.BreachReportSpec{
			Applications:        []v1alpha1.ApplicationReference{{Namespace: organization, Name: "breached"}},
			PublicServiceEntity: "Ministry of National Health Services", Severity: "High",
			Summary: "A backup was readable from the office network", ReportedBy: desk1,
		}
		report.Spec.DiscoveredAt.Time = time.Now().Add(-time.Hour)
		Expect(desk.Create(ctx, report)).To(Succeed())
		isTold(ctx, app, v1alpha1.ConditionClearOfBreaches, v1alpha1.ReasonBreachOpen, name)
		Expect(statusOf(ctx, cluster.Public(), url)).To(Equal(http.StatusOK))
	})

	It("takes the application offline once the Cloud Office orders it, and not by the organization's will back", func(ctx context.Context) {
		begun := time.Now()
		change(ctx, office, fmt.Sprintf(`{"acknowledgement":{"acknowledgedBy":%[1]q},"response":{"action":"TakeApplicationsOffline","effectiveFrom":%[2]q,"reason":"Until the backup is closed","respondedBy":%[1]q}}`,
			officer1, begun.UTC().Format(time.RFC3339)))
		eventuallyCloses(ctx, url)
		AddReportEntry("ordered → the host stops answering", time.Since(begun).Round(100*time.Millisecond).String())
		namespace := &corev1.Namespace{}
		Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: app.Namespace("live")}, namespace)).To(Succeed())
		Expect(namespace.Labels).To(HaveKeyWithValue(v1alpha1.OfflineLabel, "breach."+name))
		Eventually(livePods(ctx, app)).Should(BeEmpty(), "kubelets end pods in their own time")
	})

	It("lets it return once it is closed, and tested anew", func(ctx context.Context) {
		desk, err := cluster.As(desk1)
		Expect(err).NotTo(HaveOccurred())
		change(ctx, desk, fmt.Sprintf(`{"finalReport":{"cause":"A share was open","measures":"It is closed and watched","writtenBy":%q}}`, desk1))
		change(ctx, office, fmt.Sprintf(`{"closure":{"reason":"The measures were seen","closedBy":%q}}`, officer1))
		isTold(ctx, app, v1alpha1.ConditionClearOfBreaches, v1alpha1.ReasonReturnPending, name)
		Expect(app.Test(ctx)).To(Succeed())
		eventuallyServes(ctx, cluster.Public(), url)
	})
})

// bind gives a user a ClusterRole.
func bind(role, user string) string {
	return fmt.Sprintf(`
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-%[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[2]s}]
`, role, user)
}
