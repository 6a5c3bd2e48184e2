// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("A takedown by hand", Serial, func() {
	It("holds without the operator against an autoscaler and an organization that applies everything again, and the operator takes it up", func(ctx context.Context) {
		app := application(ctx, "unattended")
		url := "https://" + app.Host
		live := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: app.Namespace("live")}}
		in := client.InNamespace(live.Name)
		eventuallyServes(ctx, cluster.Public(), url+"/")
		var autoscalers autoscalingv2.HorizontalPodAutoscalerList
		Expect(cluster.Admin.List(ctx, &autoscalers, in)).To(Succeed())
		Expect(autoscalers.Items).NotTo(BeEmpty(), "one wants pods all the while")
		Expect(cluster.ScaleOperator(ctx, 0)).To(Succeed())
		DeferCleanup(func(ctx context.Context) { Expect(cluster.ScaleOperator(ctx, 2)).To(Succeed()) })
		current, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		manifest := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: current.Namespace, Name: current.Name}, Spec: current.Spec}
		gitOps := applyAgain(ctx, app, manifest)

		violation, err := app.Flag(ctx, fmt.Sprintf("unattended-%d", time.Now().Unix()))
		Expect(err).NotTo(HaveOccurred())
		lock := client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
			`{"metadata":{"labels":{"platform.ntc.gov.pk/offline":%q,"platform.ntc.gov.pk/exposure":null}}}`, violation.Name))
		Expect(app.Developer.Patch(ctx, live, lock)).NotTo(Succeed(), "it is nobody else's to do")
		flagged := time.Now()
		Expect(app.Security.Patch(ctx, live, lock)).To(Succeed())
		Expect(app.Security.DeleteAllOf(ctx, &gatewayv1.HTTPRoute{}, in)).To(Succeed())
		var policies networkingv1.NetworkPolicyList
		Expect(app.Security.List(ctx, &policies, in)).To(Succeed())
		for _, policy := range policies.Items {
			if strings.HasPrefix(policy.Name, "allow-") {
				Expect(app.Security.Delete(ctx, &policy)).To(Succeed())
			}
		}
		Expect(app.Security.DeleteAllOf(ctx, &corev1.Pod{}, in, client.GracePeriodSeconds(1))).To(Succeed())
		eventuallyCloses(ctx, url+"/")
		AddReportEntry("label set by hand → the host stops answering", time.Since(flagged).Round(100*time.Millisecond).String())
		Eventually(livePods(ctx, app)).Should(BeEmpty(), "kubelets end pods in their own time")

		By("trying what else a holder of flag might")
		for what, move := range map[string]error{
			"open the network":         app.Security.Create(ctx, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: live.Name, Name: "open"}}),
			"take default-deny away":   app.Security.Delete(ctx, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: live.Name, Name: "default-deny"}}),
			"unlock":                   app.Security.Patch(ctx, live, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.ntc.gov.pk/offline":null}}}`))),
			"expose":                   app.Security.Patch(ctx, live, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.ntc.gov.pk/exposure":"live"}}}`))),
			"delete the namespace":     app.Security.Delete(ctx, live.DeepCopy()),
			"delete a Service":         app.Security.Delete(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: live.Name, Name: "web"}}),
			"take test's pods offline": app.Security.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(app.Namespace("test"))),
		} {
			Expect(move).To(HaveOccurred(), what)
		}

		Eventually(func(g Gomega) { g.Expect(leftOf(ctx, g, live.Name)).To(BeEmpty()) }).Should(Succeed(), "EndpointSlices follow their pods by a moment")
		By("looking at what is left for as long as an autoscaler needs to want something")
		Consistently(func(g Gomega) {
			g.Expect(statusOf(ctx, cluster.Public(), url+"/")).To(Equal(http.StatusNotFound))
			g.Expect(leftOf(ctx, g, live.Name)).To(BeEmpty())
		}).WithTimeout(20 * time.Second).WithPolling(time.Second).Should(Succeed())
		tried, came := gitOps()
		Expect(tried).To(BeNumerically(">=", 10))
		Expect(came).To(BeEmpty(), "nothing of what the organization applied came to be")
		AddReportEntry("rounds of the organization's applying meanwhile", tried)

		By("the operator's return: it ends the deletion, and what is created again stays offline")
		release, err := app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(cluster.ScaleOperator(ctx, 2)).To(Succeed())
		Eventually(func() error {
			again := manifest.DeepCopy()
			again.Spec.Launch = &v1alpha1.Launch{Release: release}
			return app.Developer.Create(ctx, again)
		}).WithTimeout(90 * time.Second).Should(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageOffline)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
			g.Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
			g.Expect(violation.Status.Evidence).NotTo(BeEmpty())
		}).Should(Succeed())
		Expect(leftOf(ctx, Default, live.Name)).To(BeEmpty())
	})
})

// leftOf is what would still run, be reached or reach something in a namespace.
func leftOf(ctx context.Context, g Gomega, namespace string) []string {
	var left []string
	in := client.InNamespace(namespace)
	for _, list := range []client.ObjectList{&corev1.PodList{}, &gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}, &networkingv1.IngressList{}} {
		g.Expect(cluster.Admin.List(ctx, list, in)).To(Succeed())
		items, err := meta.ExtractList(list)
		g.Expect(err).NotTo(HaveOccurred())
		for _, item := range items {
			left = append(left, fmt.Sprintf("%T %s", item, item.(client.Object).GetName()))
		}
	}
	var policies networkingv1.NetworkPolicyList
	g.Expect(cluster.Admin.List(ctx, &policies, in)).To(Succeed())
	for _, policy := range policies.Items {
		if len(policy.Spec.Ingress)+len(policy.Spec.Egress) > 0 {
			left = append(left, "NetworkPolicy "+policy.Name)
		}
	}
	var slices discoveryv1.EndpointSliceList
	g.Expect(cluster.Admin.List(ctx, &slices, in)).To(Succeed())
	for _, slice := range slices.Items {
		if len(slice.Endpoints) > 0 {
			left = append(left, "EndpointSlice "+slice.Name)
		}
	}
	return left
}

// applyAgain is a GitOps loop of the organization's: each second it applies its application, and all that would bring it back if it
// were let. What it returns stops it, and tells how often it tried and what it was let do in live.
func applyAgain(ctx context.Context, app *scenario.App, manifest *v1alpha1.ThirdPartyApplication) func() (int, []string) {
	namespace := app.Namespace("live")
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	var rounds int
	var came []string
	let := func(what string, err error) {
		if err == nil {
			came = append(came, what)
		}
	}
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Second); ctx.Err() == nil; <-tick.C {
			rounds++
			// Its own object it may delete and apply as it likes; without the operator nothing follows.
			withdrawn := []byte(`{"spec":{"launch":null}}`)
			_ = app.Developer.Create(ctx, manifest.DeepCopy())
			_ = app.Developer.Patch(ctx, manifest.DeepCopy(), client.RawPatch(types.MergePatchType, withdrawn))
			_ = app.Developer.Delete(ctx, manifest.DeepCopy())
			web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"}}
			scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
			let("scale", app.Developer.SubResource("scale").Update(ctx, web, client.WithSubResourceBody(scale)))
			let("route", app.Developer.Create(ctx, &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "again"}}))
			let("pod", app.Developer.Create(ctx, &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "again"},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "api", Image: manifest.Spec.Components[1].Image}}},
			}))
			let("policy", app.Developer.Create(ctx, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "again"}}))
			let("namespace", app.Developer.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
		}
	}()
	return func() (int, []string) {
		cancel()
		<-done
		return rounds, came
	}
}
