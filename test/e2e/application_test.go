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
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("An application on the real cluster", Ordered, func() {
	var app *scenario.App
	var url, test string

	BeforeAll(func(ctx context.Context) {
		app = application(ctx, "records")
		url = "https://" + app.Host
		status, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		test = "https://" + status.Status.TestHost
		eventuallyServes(ctx, cluster.Public(), url+"/")
		eventuallyServes(ctx, cluster.VPN(), test+"/api/greeting")
	})

	It("answers on its gov.pk host, through the public gateway alone, with the headers of clauses 5 and 10", func(ctx context.Context) {
		answer := answerOf(ctx, cluster.Public(), url+"/")
		Expect(answer.Certificate.DNSNames).To(Equal([]string{app.Host}))
		Expect(answer.Header.Get("Strict-Transport-Security")).To(HavePrefix("max-age="))
		Expect(answer.Header.Get("Content-Security-Policy")).To(ContainSubstring("default-src 'self'"))
		Expect(answer.Header.Get("Permissions-Policy")).To(Equal("payment=()"))
		Expect(statusOf(ctx, cluster.VPN(), url+"/")).To(Equal(http.StatusNotFound), "the VPN gateway has no route for it")
	})

	It("answers its test host on the VPN gateway and 404 on the public one", func(ctx context.Context) {
		Expect(statusOf(ctx, cluster.VPN(), test+"/")).To(Equal(http.StatusOK))
		Expect(statusOf(ctx, cluster.Public(), test+"/")).To(Equal(http.StatusNotFound))
	})

	It("carries the declared edge and refuses every other flow, in both stages", func(ctx context.Context) {
		eventuallyServes(ctx, cluster.Public(), url+"/api/greeting")
		for stage, from := range map[string]struct {
			browser scenario.Browser
			base    string
		}{"live": {cluster.Public(), url}, "test": {cluster.VPN(), test}} {
			By("trying from the API component in " + stage)
			eventuallyTries(ctx, from.browser, from.base)
			Expect(reaches(ctx, from.browser, from.base, address(ctx, app.Namespace(stage), "web"))).To(BeFalse(), "web, which declares the edge in the other direction only")
			Expect(reaches(ctx, from.browser, from.base, address(ctx, app.Namespace(other(stage)), "api"))).To(BeFalse(), "the other stage")
			Expect(reaches(ctx, from.browser, from.base, address(ctx, "default", "kubernetes"))).To(BeFalse(), "the API server")
		}
	})

	It("runs pods that Pod Security, the quota and the digest list hold, without a token", func(ctx context.Context) {
		pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
		Expect(err).NotTo(HaveOccurred())
		Expect(pods).NotTo(BeEmpty())
		for _, pod := range pods {
			Expect(pod.Spec.Volumes).NotTo(ContainElement(HaveField("Projected", Not(BeNil()))), pod.Name)
			Expect(pod.Spec.Containers[0].Image).To(ContainSubstring("@sha256:"))
		}
	})

	It("refuses the organization whatever would go around the operator", func(ctx context.Context) {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: app.Namespace("live"), Name: "mine"}}
		Expect(app.Developer.Create(ctx, pod)).NotTo(Succeed())
		route := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: app.Namespace("live"), Name: "mine"}}
		Expect(app.Developer.Create(ctx, route)).NotTo(Succeed())
		Expect(cluster.Admin.Create(ctx, route)).To(MatchError(ContainSubstring("only the operator writes")), "a cluster administrator is refused too")
		Expect(app.Delete(ctx)).To(MatchError(ContainSubstring("spec.launch")), "and nobody deletes what is launched")
	})

	It("serves a new release only once it was audited, tested, signed and launched", func(ctx context.Context) {
		before := greeting(ctx, url)
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[1].Image = cluster.Images.APIv2 })).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting) // a change of image digests alone skips the audit
		Eventually(func() string { return greetingInTest(ctx, test) }).WithTimeout(90*time.Second).ShouldNot(Equal(before), "test runs the candidate")
		Expect(greeting(ctx, url)).To(Equal(before), "live does not")
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		Expect(greeting(ctx, url)).To(Equal(before), "nothing launches by itself")
		Expect(app.Launch(ctx)).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		Eventually(func() string { return greeting(ctx, url) }).ShouldNot(Equal(before))
	})
})

var _ = Describe("A takedown on the real cluster", Serial, func() {
	It("ends held connections and holds without the operator; a re-created application stays offline", func(ctx context.Context) {
		app := application(ctx, "leaky")
		url := "https://" + app.Host
		eventuallyServes(ctx, cluster.Public(), url+"/api/greeting")
		held := opened(ctx, cluster.Public().Download, url+"/api/hold?seconds=120")

		name := fmt.Sprintf("leaky-%d", time.Now().Unix())
		violation, err := app.Flag(ctx, name)
		Expect(err).NotTo(HaveOccurred())
		_, err = held.Ended(30 * time.Second)
		Expect(err).NotTo(HaveOccurred())
		Expect(held.Broken()).To(BeTrue(), "the held answer breaks off instead of ending")
		Expect(app.Reach(ctx, v1alpha1.StageOffline)).To(Succeed())
		eventuallyCloses(ctx, url+"/")
		Eventually(func(g Gomega) {
			pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(pods).To(BeEmpty())
			g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
			g.Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
		}).Should(Succeed(), "kubelets end pods in their own time")

		By("stopping the operator, and deleting and re-creating the application as its organization may")
		Expect(cluster.ScaleOperator(ctx, 0)).To(Succeed())
		DeferCleanup(func(ctx context.Context) { Expect(cluster.ScaleOperator(ctx, 2)).To(Succeed()) })
		live := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: app.Namespace("live")}}
		Expect(cluster.Admin.Delete(ctx, live)).To(MatchError(ContainSubstring("is managed")))
		Consistently(func() int { return statusOf(ctx, cluster.Public(), url+"/") }, time.Second).Should(Equal(http.StatusNotFound))
		Expect(cluster.ScaleOperator(ctx, 2)).To(Succeed())

		release, err := app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		manifest, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = nil })).To(Succeed())
		Expect(app.Delete(ctx)).To(Succeed())
		again := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: manifest.Namespace, Name: manifest.Name}, Spec: manifest.Spec}
		again.Spec.Launch = &v1alpha1.Launch{Release: release}
		Expect(app.Developer.Create(ctx, again)).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageOffline)).To(Succeed())
		status, err := cluster.Public().Status(ctx, url+"/")
		Expect(status).NotTo(Equal(http.StatusOK), "%v", err)
		Expect(app.Pods(ctx, v1alpha1.LiveNamespace)).To(BeEmpty())
	})
})

func other(stage string) string {
	if stage == v1alpha1.LiveNamespace {
		return v1alpha1.TestNamespace
	}
	return v1alpha1.LiveNamespace
}

func address(ctx context.Context, namespace, service string) string {
	GinkgoHelper()
	s := &corev1.Service{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: service}, s)).To(Succeed())
	return fmt.Sprintf("%s:%d", s.Spec.ClusterIP, s.Spec.Ports[0].Port)
}
