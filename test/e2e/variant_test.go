// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	exposureOrganization = "e2e-exposure"
	otherOrganization    = "e2e-exposure-other"
)

type specification = v1alpha1.ThirdPartyApplicationSpec

// submitted is an application of an organization as the sample is, but for a change.
func submitted(ctx context.Context, organization, name string, change func(*specification)) *scenario.App {
	GinkgoHelper()
	people, err := cluster.Onboard(ctx, organization)
	Expect(err).NotTo(HaveOccurred())
	app := cluster.App(people, organization, name, name+".exposure.gov.pk")
	Expect(app.Clear(ctx)).To(Succeed())
	manifest, err := app.Manifest(strconv.FormatInt(time.Now().UnixNano(), 10))
	Expect(err).NotTo(HaveOccurred())
	if change != nil {
		change(&manifest.Spec)
	}
	DeferCleanup(app.Clear)
	Expect(app.Developer.Create(ctx, manifest)).To(Succeed())
	return app
}

// launched is one that was brought live.
func launched(ctx context.Context, name string, change func(*specification)) *scenario.App {
	GinkgoHelper()
	app := submitted(ctx, exposureOrganization, name, change)
	Expect(app.Pass(ctx)).To(Succeed())
	return app
}

// underTest is one that runs in test.
func underTest(ctx context.Context, organization, name string, change func(*specification)) *scenario.App {
	GinkgoHelper()
	app := submitted(ctx, organization, name, change)
	Expect(app.Reach(ctx, v1alpha1.StageUnderAudit)).To(Succeed())
	Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
	Expect(app.Reach(ctx, v1alpha1.StageTesting)).To(Succeed())
	return app
}

// candidate waits until a release beside the live one is at a stage.
func candidate(ctx context.Context, app *scenario.App, stage v1alpha1.Stage) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		current, err := app.Get(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		release, err := app.Release(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(current.Status.Candidate).NotTo(BeNil(), scenario.Verdicts(current))
		g.Expect(*current.Status.Candidate).To(And(HaveField("Release", release), HaveField("Stage", stage)), scenario.Verdicts(current))
	}).WithTimeout(90 * time.Second).Should(Succeed())
}

// isReasoned waits until a condition has a reason.
func isReasoned(ctx context.Context, app *scenario.App, condition, reason string) {
	GinkgoHelper()
	isTold(ctx, app, condition, reason, "")
}

// isTold waits until a condition has a reason and says something, and returns it.
func isTold(ctx context.Context, app *scenario.App, condition, reason, what string) metav1.Condition {
	GinkgoHelper()
	var found metav1.Condition
	Eventually(func(g Gomega) {
		current, err := app.Get(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		told := meta.FindStatusCondition(current.Status.Conditions, condition)
		g.Expect(told).To(And(HaveField("Reason", reason), HaveField("Message", ContainSubstring(what))), scenario.Verdicts(current))
		found = *told
	}).WithTimeout(90 * time.Second).Should(Succeed())
	return found
}

func testURL(ctx context.Context, app *scenario.App) string {
	GinkgoHelper()
	current, err := app.Get(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(current.Status.TestHost).NotTo(BeEmpty())
	return "https://" + current.Status.TestHost
}

// flag raises a violation and waits until it is enforced.
func flag(ctx context.Context, app *scenario.App, workloads v1alpha1.WorkloadAction) *v1alpha1.PolicyViolation {
	GinkgoHelper()
	violation := raise(ctx, app, workloads)
	enforced(ctx, violation)
	return violation
}

func enforced(ctx context.Context, violation *v1alpha1.PolicyViolation) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		g.Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue(), "%+v", violation.Status)
	}).Should(Succeed(), "kubelets end pods in their own time")
}

func raise(ctx context.Context, app *scenario.App, workloads v1alpha1.WorkloadAction) *v1alpha1.PolicyViolation {
	GinkgoHelper()
	current, err := app.Get(ctx)
	Expect(err).NotTo(HaveOccurred())
	violation := &v1alpha1.PolicyViolation{}
	violation.Name = fmt.Sprintf("%s-%d", current.Name, time.Now().UnixMilli())
	violation.Spec = v1alpha1.PolicyViolationSpec{
		Application: v1alpha1.ApplicationReference{Namespace: current.Namespace, Name: current.Name},
		Category:    "SecurityLeakage", Severity: "Critical", Reason: "Patient records answered without authentication at /export",
		FlaggedBy: scenario.SecurityUser, Workloads: workloads,
	}
	Expect(app.Security.Create(ctx, violation)).To(Succeed())
	return violation
}
