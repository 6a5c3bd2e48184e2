// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// government is a data API of the government's, and the controller that reports on it.
type government struct {
	*controllers.DataAPIReconciler
	api     *v1alpha1.GovernmentDataAPI
	service *corev1.Service
	events  *events.FakeRecorder
}

func newGovernment(ctx context.Context, o *operator, w *world) *government {
	GinkgoHelper()
	g := &government{events: events.NewFakeRecorder(100)}
	g.DataAPIReconciler = &controllers.DataAPIReconciler{Client: o.Client, Recorder: g.events}
	namespace := "nadra-" + w.namespace
	Expect(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	g.service = &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "verification"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "verification"}, Ports: []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromInt32(8443)}},
	}}
	g.api = &v1alpha1.GovernmentDataAPI{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Spec: v1alpha1.GovernmentDataAPISpec{
		Owner: "NADRA", DataClass: v1alpha1.DataClassRestricted,
		Service:    v1alpha1.DataService{Namespace: namespace, Name: "verification", Port: 443, ServerName: "verify.nadra.gov.pk", CABundle: string(config.CAData)},
		Operations: []v1alpha1.DataOperation{{Name: "read", Methods: []v1alpha1.HTTPMethod{"GET"}, PathPrefix: "/v1"}, {Name: "write", Methods: []v1alpha1.HTTPMethod{"POST"}, PathPrefix: "/v1"}},
	}}
	return g
}

// until reports, until the API is as wanted.
func (g *government) until(ctx context.Context, condition func(Gomega, *v1alpha1.GovernmentDataAPI)) {
	GinkgoHelper()
	Eventually(func(gomega Gomega) {
		_, err := g.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: g.api.Name}})
		gomega.Expect(err).NotTo(HaveOccurred())
		api := &v1alpha1.GovernmentDataAPI{}
		gomega.Expect(admin.Get(ctx, client.ObjectKeyFromObject(g.api), api)).To(Succeed())
		condition(gomega, api)
	}).Should(Succeed(), "the cache follows a moment later")
}

// says expects a condition's reason, with words of its message.
func says(g Gomega, api *v1alpha1.GovernmentDataAPI, kind, reason string, words ...string) {
	condition := meta.FindStatusCondition(api.Status.Conditions, kind)
	g.Expect(condition).NotTo(BeNil(), "%+v", api.Status)
	g.Expect(condition.Reason).To(Equal(reason))
	for _, word := range words {
		g.Expect(condition.Message).To(ContainSubstring(word))
	}
}

// proxy is what the proxy in a namespace is told; nil where no pod of it runs.
func (w *world) proxy(ctx context.Context, g Gomega, namespace string) *sidecar.Data {
	deployment := &appsv1.Deployment{}
	g.Expect(admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: mesh.DataName}, deployment)).To(Succeed())
	if *deployment.Spec.Replicas == 0 {
		return nil
	}
	var told sidecar.Proxy
	g.Expect(json.Unmarshal([]byte(deployment.Spec.Template.Spec.Containers[0].Env[0].Value), &told)).To(Succeed())
	return told.Data
}

var _ = Describe("An edge to government data", func() {
	var w *world
	var o *operator
	var g *government

	BeforeEach(func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		g = newGovernment(ctx, o, w)
		w.app.Spec.Components[1].ConnectsTo = []v1alpha1.Edge{{GovernmentDataAPI: g.api.Name, Name: "nadra"}}
	})

	// woken are the applications that the Service's events concern.
	woken := func(ctx context.Context) []ctrl.Request { return o.DataServiceRequests(ctx, g.service) }

	It("waits for the API and its Service, and opens in test and in live", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionInfrastructureProvisioned, v1alpha1.ReasonDataAPIMissing))

		Expect(admin.Create(ctx, g.api)).To(Succeed())
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionInfrastructureProvisioned, v1alpha1.ReasonDataAPIUnavailable))
		g.until(ctx, func(gomega Gomega, api *v1alpha1.GovernmentDataAPI) {
			says(gomega, api, v1alpha1.ConditionAvailable, v1alpha1.ReasonDataAPIUnavailable, g.api.Name+"/verification does not exist")
			gomega.Expect(api.Finalizers).To(ConsistOf(v1alpha1.InUseFinalizer))
			gomega.Expect(api.Status.ObservedGeneration).To(Equal(api.Generation))
		})
		Expect(g.events.Events).To(Receive(ContainSubstring("Warning DataAPIUnavailable")))
		Expect(w.get(ctx).Status.Stage).To(Equal(v1alpha1.StageUnderAudit))
		Expect(woken(ctx)).To(ContainElement(ctrl.Request{NamespacedName: w.key()}))

		Expect(admin.Create(ctx, g.service)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
		w.signAll(ctx)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageAwaitingLaunch))
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		w.settle(ctx, o)
		for namespace, stage := range map[string]string{w.test(): "test", w.live(): "live"} {
			data := w.proxy(ctx, Default, namespace)
			Expect(data.Application).To(Equal(w.key().String()))
			Expect(data.Stage).To(Equal(stage))
			Expect(data.APIs).To(HaveLen(1))
			Expect(data.APIs[0].Address).To(Equal(g.service.Spec.ClusterIP))
			Expect(data.APIs[0].RequestsPerSecond).To(BeEquivalentTo(10))
			Expect(data.APIs[0].Operations).To(ConsistOf(sidecar.Operation{Methods: []string{"GET"}, Path: "/v1"}))
			policy := &networkingv1.NetworkPolicy{}
			Expect(admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "allow-govpk-data"}, policy)).To(Succeed())
			Expect(policy.Spec.Egress).To(HaveLen(1))
			Expect(policy.Spec.Egress[0].To[0].NamespaceSelector.MatchLabels).To(Equal(map[string]string{"kubernetes.io/metadata.name": g.service.Namespace}))
			Expect(policy.Spec.Egress[0].Ports[0].Port.IntValue()).To(Equal(8443))
			api := &appsv1.Deployment{}
			Expect(admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "api"}, api)).To(Succeed())
			Expect(api.Spec.Template.Spec.Containers[0].Env).To(ContainElements(corev1.EnvVar{Name: "NADRA_HOST", Value: "127.0.0.1"}, corev1.EnvVar{Name: "NADRA_PORT", Value: "15100"}))
		}
		g.until(ctx, func(gomega Gomega, api *v1alpha1.GovernmentDataAPI) {
			says(gomega, api, v1alpha1.ConditionAvailable, v1alpha1.ReasonAvailable)
			gomega.Expect(api.Status.Applications).To(HaveValue(BeEquivalentTo(1)))
		})
	})

	Context("that is live", func() {
		BeforeEach(func(ctx context.Context) {
			Expect(admin.Create(ctx, g.service)).To(Succeed())
			Expect(admin.Create(ctx, g.api)).To(Succeed())
			Eventually(func() error {
				return o.Client.Get(ctx, client.ObjectKeyFromObject(g.api), &v1alpha1.GovernmentDataAPI{})
			}).Should(Succeed(), "the cache follows")
			w.goLive(ctx, o)
			w.settle(ctx, o)
		})

		It("closes with its Service and opens with it, and restarts no component", func(ctx context.Context) {
			versions := func() (out []int64) {
				for _, name := range []string{"web", "api"} {
					deployment := &appsv1.Deployment{}
					Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: name}, deployment)).To(Succeed())
					out = append(out, deployment.Generation)
				}
				return out
			}
			before := versions()
			Expect(admin.Delete(ctx, g.service)).To(Succeed())
			w.until(ctx, o, func(gomega Gomega) {
				w.reason(ctx, v1alpha1.ConditionLaunched, v1alpha1.ReasonDataAPIUnavailable)(gomega)
				gomega.Expect(w.proxy(ctx, gomega, w.live())).To(BeNil())
			})
			Expect(w.get(ctx).Status.Stage).To(Equal(v1alpha1.StageLive))
			g.until(ctx, func(gomega Gomega, api *v1alpha1.GovernmentDataAPI) {
				says(gomega, api, v1alpha1.ConditionAvailable, v1alpha1.ReasonDataAPIUnavailable)
			})

			g.service.ResourceVersion, g.service.UID, g.service.Spec.ClusterIP, g.service.Spec.ClusterIPs = "", "", "", nil
			Expect(admin.Create(ctx, g.service)).To(Succeed())
			w.until(ctx, o, func(gomega Gomega) {
				w.ready(ctx, string(v1alpha1.StageLive))(gomega)
				gomega.Expect(w.proxy(ctx, gomega, w.live())).NotTo(BeNil())
			})
			patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"requestsPerSecond":3,"grants":[{"application":{"namespace":%q,"name":%q},"operations":["write"]}]}}`, w.namespace, w.app.Name))
			Expect(admin.Patch(ctx, g.api, patch)).To(Succeed())
			w.until(ctx, o, func(gomega Gomega) {
				data := w.proxy(ctx, gomega, w.live())
				gomega.Expect(data.APIs[0].Operations).To(HaveLen(2))
				gomega.Expect(data.APIs[0].RequestsPerSecond).To(BeEquivalentTo(3))
			})
			Expect(versions()).To(Equal(before))
		})

		It("is closed in test while a violation is open", func(ctx context.Context) {
			violation := w.flag(ctx, "leak")
			w.until(ctx, o, func(gomega Gomega) { gomega.Expect(w.proxy(ctx, gomega, w.test())).To(BeNil()) })
			policy := &networkingv1.NetworkPolicy{}
			Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.test(), Name: "allow-govpk-data"}, policy)).To(Succeed())
			Expect(policy.Spec.Egress).To(BeEmpty())
			Expect(policy.Spec.Ingress).To(BeEmpty())
			waitForNextSecond(violation.CreationTimestamp)
			w.lift(ctx, violation)
			w.until(ctx, o, func(gomega Gomega) { gomega.Expect(w.proxy(ctx, gomega, w.test())).NotTo(BeNil()) })
		})

		It("keeps the API from being deleted, until no release has it", func(ctx context.Context) {
			g.until(ctx, func(gomega Gomega, api *v1alpha1.GovernmentDataAPI) {
				gomega.Expect(api.Finalizers).NotTo(BeEmpty())
				gomega.Expect(api.Status.Applications).To(HaveValue(BeEquivalentTo(1)))
			})
			Expect(admin.Delete(ctx, g.api)).To(Succeed())
			g.until(ctx, func(gomega Gomega, api *v1alpha1.GovernmentDataAPI) {
				says(gomega, api, v1alpha1.ConditionDeletionBlocked, v1alpha1.ReasonInUse, "deletion waits for "+w.key().String())
				says(gomega, api, v1alpha1.ConditionAvailable, v1alpha1.ReasonAvailable)
			})
			w.until(ctx, o, func(gomega Gomega) {
				w.ready(ctx, string(v1alpha1.StageLive))(gomega)
				gomega.Expect(w.proxy(ctx, gomega, w.live())).NotTo(BeNil())
			})

			w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[1].ConnectsTo = nil })
			w.until(ctx, o, w.candidateStage(ctx, v1alpha1.StageUnderAudit))
			g.until(ctx, func(gomega Gomega, api *v1alpha1.GovernmentDataAPI) {
				says(gomega, api, v1alpha1.ConditionDeletionBlocked, v1alpha1.ReasonInUse, w.key().String())
			})
			w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
			w.signAll(ctx)
			w.launch(ctx)
			w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
			w.settle(ctx, o)
			Eventually(func() bool {
				_, err := g.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: g.api.Name}})
				Expect(err).NotTo(HaveOccurred())
				return apierrors.IsNotFound(admin.Get(ctx, client.ObjectKeyFromObject(g.api), &v1alpha1.GovernmentDataAPI{}))
			}).Should(BeTrue(), "the cache follows a moment later")
		})
	})
})
