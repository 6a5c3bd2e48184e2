// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("A release that follows a live one", Ordered, func() {
	var app *scenario.App
	var url, test string

	BeforeAll(func(ctx context.Context) {
		app = application(ctx, "patched")
		url = "https://" + app.Host
		status, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		test = "https://" + status.Status.TestHost
		eventuallyServes(ctx, cluster.Public(), url+"/api/greeting")
		eventuallyServes(ctx, cluster.VPN(), test+"/api/greeting")
	})

	It("goes live as an emergency patch with end-to-end sign-offs alone", func(ctx context.Context) {
		before := greeting(ctx, url)
		begun := time.Now()
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[1].Image = cluster.Images.APIv2 })).To(Succeed())
		Eventually(func() string { return greetingInTest(ctx, test) }).WithTimeout(90*time.Second).ShouldNot(Equal(before), "test runs the patch")
		inTest := time.Since(begun)
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		Expect(app.Launch(ctx)).To(Succeed())
		Eventually(func() string { return greeting(ctx, url) }).WithTimeout(90*time.Second).ShouldNot(Equal(before), "live answers with the patch")
		served := time.Since(begun)
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		AddReportEntry("an emergency patch", fmt.Sprintf("in test after %.1f s, on its gov.pk host after %.1f s, the last old pod replaced after %.1f s",
			inTest.Seconds(), served.Seconds(), time.Since(begun).Seconds()))

		release, err := app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		var signOffs v1alpha1.SignOffList
		Expect(cluster.Admin.List(ctx, &signOffs, client.InNamespace(organization))).To(Succeed())
		for _, signOff := range signOffs.Items {
			if signOff.Spec.Release == release {
				Expect(signOff.Spec.Type).To(Equal(v1alpha1.SignOffEndToEndTest), signOff.Name)
			}
		}
		status, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(meta.FindStatusCondition(status.Status.Conditions, v1alpha1.ConditionArchitectureAudited)).To(
			HaveField("Reason", v1alpha1.ReasonUnchangedButImages))
	})

	It("goes back by itself in test when it is broken, and says why in its own words", func(ctx context.Context) {
		good := greetingInTest(ctx, test)
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[1].Image = cluster.Images.APIBroken })).To(Succeed())
		eventuallyCondition(ctx, app, v1alpha1.ConditionEndToEndTested, v1alpha1.ReasonRolledBack, "this build is broken on purpose")
		eventuallyRuns(ctx, app, v1alpha1.TestNamespace, "api", cluster.Images.APIv2)
		Expect(greetingInTest(ctx, test)).To(Equal(good))
		Expect(greeting(ctx, url)).To(Equal(good))

		By("asking for another try")
		broken, err := app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(annotate(ctx, app, v1alpha1.RetryAnnotation, "1")).To(Succeed())
		Eventually(func() *corev1.Pod { return podOf(ctx, app, v1alpha1.TestNamespace, "api") }).Should(
			HaveField("Spec.Containers", ContainElement(HaveField("Image", cluster.Images.APIBroken))))
		Eventually(func(g Gomega) {
			namespace := &corev1.Namespace{}
			g.Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: app.Namespace(v1alpha1.TestNamespace)}, namespace)).To(Succeed())
			g.Expect(namespace.Annotations).To(HaveKeyWithValue(v1alpha1.FailedAnnotation, broken+"/1"))
		}).WithTimeout(90*time.Second).Should(Succeed(), "it fails once more")
		eventuallyRuns(ctx, app, v1alpha1.TestNamespace, "api", cluster.Images.APIv2)
	})

	It("is held in live when it fails only there, while what was live goes on", func(ctx context.Context) {
		good := greeting(ctx, url)
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[1].Image = cluster.Images.APIv2
			spec.Components[1].Env = append(spec.Components[1].Env, v1alpha1.EnvVar{Name: "TOKEN", ValueFrom: &v1alpha1.EnvVarSource{
				SecretKeyRef: v1alpha1.SecretKeyReference{Name: "issued", Key: "token"},
			}})
		})).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		eventuallyWritten(ctx, app, v1alpha1.TestNamespace, map[string]string{"token": "for test"})
		candidate(ctx, app, v1alpha1.StageTesting)
		Expect(app.RunsInTest(ctx)).To(Succeed())
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)

		requests := keepAsking(ctx, url+"/api/greeting")
		Expect(app.Launch(ctx)).To(Succeed())
		eventuallyWritten(ctx, app, v1alpha1.LiveNamespace, map[string]string{"tokn": "misspelt"})
		eventuallyCondition(ctx, app, v1alpha1.ConditionLaunched, v1alpha1.ReasonRolloutFailed, "couldn't find key token in Secret")
		Expect(greeting(ctx, url)).To(Equal(good))
		pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
		Expect(err).NotTo(HaveOccurred())
		Expect(pods).To(ContainElement(gstruct.MatchFields(gstruct.IgnoreExtras, gstruct.Fields{
			"ObjectMeta": HaveField("Labels", HaveKeyWithValue(v1alpha1.ComponentLabel, "api")),
			"Status":     HaveField("Conditions", ContainElement(And(HaveField("Type", corev1.PodReady), HaveField("Status", corev1.ConditionTrue)))),
		})), "the old pod serves on")

		By("writing the key that is missing")
		eventuallyWritten(ctx, app, v1alpha1.LiveNamespace, map[string]string{"token": "for live"})
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		asked, failed := requests.stop()
		Expect(failed).To(BeEmpty(), "of %d requests", asked)
		Expect(asked).To(BeNumerically(">", 20))
	})
})

// eventuallyCondition waits for a finding and the words in it.
func eventuallyCondition(ctx context.Context, app *scenario.App, condition, reason, words string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		status, err := app.Get(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(status.Status.Conditions).To(ContainElement(And(
			HaveField("Type", condition), HaveField("Reason", reason), HaveField("Message", ContainSubstring(words)),
			HaveField("ObservedGeneration", status.Generation))), scenario.Verdicts(status))
	}).WithTimeout(90*time.Second).Should(Succeed(), "a rollout fails after the policy's deadline")
}

// eventuallyRuns waits until all pods of a component run an image, and are ready.
func eventuallyRuns(ctx context.Context, app *scenario.App, stage, component, image string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		pods, err := app.Pods(ctx, stage)
		g.Expect(err).NotTo(HaveOccurred())
		found := 0
		for _, pod := range pods {
			if pod.Labels[v1alpha1.ComponentLabel] == component {
				found++
				g.Expect(pod.Spec.Containers[0].Image).To(Equal(image), pod.Name)
				g.Expect(pod.Status.ContainerStatuses).To(ContainElement(HaveField("Ready", true)), pod.Name)
			}
		}
		g.Expect(found).NotTo(BeZero())
	}).WithTimeout(90*time.Second).Should(Succeed(), "kubelets end pods in their own time")
}

func eventuallyWritten(ctx context.Context, app *scenario.App, stage string, values map[string]string) {
	GinkgoHelper()
	Eventually(func() error { return app.WriteSecret(ctx, stage, "issued", values) }).Should(Succeed(), "the operator lets the organization write it a moment after it is named")
}

func annotate(ctx context.Context, app *scenario.App, key, value string) error {
	current, err := app.Get(ctx)
	if err != nil {
		return err
	}
	before := current.DeepCopy()
	metav1.SetMetaDataAnnotation(&current.ObjectMeta, key, value)
	return app.Developer.Patch(ctx, current, client.MergeFrom(before))
}
