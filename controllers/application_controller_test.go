// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

var _ = Describe("One application under the SOP", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		o = start()
	})

	It("goes from its manifest to live, stage by stage", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		app := w.get(ctx)
		Expect(app.Status.Candidate.Release).To(Equal(w.release()))
		Expect(app.Status.Candidate.AuditDue).To(MatchRegexp(`^\d{4}-\d\d-\d\d$`))
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.test()}, &corev1.Namespace{})).To(MatchError(apierrors.IsNotFound, "nothing runs before the audit"))

		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
		w.until(ctx, o, func(g Gomega) {
			route := &gatewayv1.HTTPRoute{}
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.test(), Name: w.host}, route)).To(Succeed())
			g.Expect(route.Spec.Hostnames).To(HaveLen(1))
			g.Expect(string(route.Spec.Hostnames[0])).To(HaveSuffix(".test.ntc.gov.pk"))
			g.Expect(route.Spec.ParentRefs[0].Name).To(BeEquivalentTo("vpn"))
		})
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, &corev1.Namespace{})).To(MatchError(apierrors.IsNotFound, "nothing is live before the launch"))

		w.sign(ctx, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyNITB, v1alpha1.PartyNTC)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
		w.sign(ctx, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyOrganization)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageAwaitingLaunch))
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))

		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
		Expect(namespace.Labels).To(HaveKeyWithValue(v1alpha1.ExposureLabel, "live"))
		Expect(namespace.Annotations).To(HaveKeyWithValue(v1alpha1.ReleaseAnnotation, w.release()))
		deployment := &appsv1.Deployment{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, deployment)).To(Succeed())
		Expect(deployment.Spec.Template.Spec.Containers[0].Env).To(ContainElement(HaveField("Name", "API_HOST")))
		Expect(deployment.Spec.Template.Spec.Containers[0].Env[0].Value).To(Equal("127.0.0.1"), "the sidecar carries the edge")
		Expect(w.inventory(ctx)).To(HaveLen(42), "two stages of two components of which one scales and one is routed, with a certificate each, the host's certificate, claim and release; there is a listener besides")
	})

	It("writes and asks nothing on a second pass and after a restart", func(ctx context.Context) {
		w.goLive(ctx, o)
		AddReportEntry("requests of a new application, from manifest to live", byMethod(o.requests.take()))
		w.settle(ctx, o)
		before := w.inventory(ctx)
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(o.requests.take()).To(BeEmpty(), "a pass over an unchanged application asks the API server nothing")

		again := start()
		Expect(w.pass(ctx, again)).To(Succeed())
		Expect(again.requests.take()).To(BeEmpty(), "and neither does the first pass after a restart")
		Expect(w.inventory(ctx)).To(Equal(before))
	})

	It("repairs what others change, and takes back what they add", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.settle(ctx, o)
		// Admission lets nobody but the operator write here, so the intruder borrows its name, though not its field owner.
		intruder := as(operatorUser)
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.live(), Name: "web"}}
		patch := client.RawPatch(types.StrategicMergePatchType, []byte(`{"spec":{"replicas":9,"template":{"spec":{"containers":[{"name":"miner","image":"miner@sha256:0"}]}}}}`))
		Expect(intruder.Patch(ctx, deployment, patch, client.FieldOwner("intruder"))).To(Succeed())
		policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: w.live(), Name: render.DefaultDenyName}}
		Expect(intruder.Patch(ctx, policy, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"ingress":[{}]}}`)), client.FieldOwner("intruder"))).To(Succeed())
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.live(), Name: "api"}}
		Expect(intruder.Patch(ctx, service, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":null}}`)), client.FieldOwner("intruder"))).To(Succeed())
		w.until(ctx, o, func(g Gomega) {
			deployment := &appsv1.Deployment{}
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, deployment)).To(Succeed())
			g.Expect(*deployment.Spec.Replicas).To(BeEquivalentTo(6), "no more than the ceiling")
			g.Expect(deployment.Spec.Template.Spec.Containers).To(HaveLen(1))
			policy := &networkingv1.NetworkPolicy{}
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: render.DefaultDenyName}, policy)).To(Succeed())
			g.Expect(policy.Spec.Ingress).To(BeEmpty())
			service := &corev1.Service{}
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "api"}, service)).To(Succeed())
			g.Expect(service.Labels).To(HaveKey(v1alpha1.ApplicationLabel))
		})
	})

	It("quarrels with nobody who applies fields of its objects, but says so", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.settle(ctx, o)
		added := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"namespace": w.live(), "name": "web"},
			"spec": map[string]any{"ports": []any{map[string]any{"name": "more", "port": int64(9090), "protocol": "TCP"}}},
		}}
		Expect(as(operatorUser).Apply(ctx, client.ApplyConfigurationFromUnstructured(added), client.FieldOwner("gitops"))).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonConflict))
		stalled := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionStalled)
		Expect(stalled.Message).To(SatisfyAll(ContainSubstring("Service "+w.live()+"/web"), ContainSubstring("gitops")))
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, func(g Gomega) { g.Expect(lockedBy(ctx, w)).To(Equal(violation.Name)) })
		expectClosed(ctx, w)
	})

	It("leaves a listener of NTC's own alone, whatever its name", func(ctx context.Context) {
		gateway := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: "public"}, gateway)).To(Succeed())
		before := gateway.DeepCopy()
		theirs := *gateway.Spec.Listeners[0].DeepCopy()
		hostname := gatewayv1.Hostname("theirs.ntc.gov.pk")
		theirs.Name, theirs.Hostname = gatewayv1.SectionName(w.host), &hostname
		gateway.Spec.Listeners = append(gateway.Spec.Listeners, theirs)
		Expect(admin.Patch(ctx, gateway, client.MergeFrom(before))).To(Succeed())
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.signAll(ctx)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageAwaitingLaunch))
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonConflict))
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: "public"}, gateway)).To(Succeed())
		Expect(gateway.Spec.Listeners).To(ContainElement(SatisfyAll(
			HaveField("Name", BeEquivalentTo(w.host)), HaveField("Hostname", HaveValue(BeEquivalentTo("theirs.ntc.gov.pk"))))))
	})

	It("never adopts what somebody else made", func(ctx context.Context) {
		Expect(as(operatorUser).Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.test(), Labels: map[string]string{"whose": "theirs"}}})).To(Succeed())
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonConflict))
		stalled := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionStalled)
		Expect(stalled).NotTo(BeNil())
		Expect(stalled.Message).To(ContainSubstring("Namespace " + w.test()))
		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.test()}, namespace)).To(Succeed())
		Expect(namespace.Labels).NotTo(HaveKey(v1alpha1.StageLabel))
		var policies networkingv1.NetworkPolicyList
		Expect(admin.List(ctx, &policies, client.InNamespace(w.test()))).To(Succeed())
		Expect(policies.Items).To(BeEmpty(), "nothing half applied")
	})

	It("prunes exactly what a new release no longer has", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.settle(ctx, o)
		before := w.inventory(ctx)
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[0].ConnectsTo = nil
			spec.Components = spec.Components[:1]
		})
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.get(ctx).Status.Candidate).To(HaveField("Stage", v1alpha1.StageUnderAudit))
		})
		Expect(w.get(ctx).Status.Stage).To(Equal(v1alpha1.StageLive))
		Expect(w.inventory(ctx)).To(HaveLen(len(before)+1), "an edit under audit makes a release and touches nothing that runs")
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, func(g Gomega) { g.Expect(w.inventory(ctx)).NotTo(HaveKey("Deployment " + w.test() + "/api")) })
		w.settle(ctx, o)
		after := w.inventory(ctx)
		for _, gone := range []string{"Deployment " + w.test() + "/api", "Service " + w.test() + "/api", "NetworkPolicy " + w.test() + "/allow-api", "Certificate " + w.test() + "/api"} {
			Expect(before).To(HaveKey(gone))
			Expect(after).NotTo(HaveKey(gone))
			delete(before, gone)
		}
		for kept := range before {
			Expect(after).To(HaveKey(kept))
		}
	})

	It("keeps what is live when a launch names a release that is unknown or not eligible", func(ctx context.Context) {
		w.goLive(ctx, o)
		launched := w.release()
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch.Release = "health-portal-00000000" })
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonUnknownRelease))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[0].Args = []string{"--changed"}
		})
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonNotEligible))
		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
		Expect(namespace.Annotations).To(HaveKeyWithValue(v1alpha1.ReleaseAnnotation, launched))
		Expect(namespace.Labels).To(HaveKeyWithValue(v1alpha1.ExposureLabel, "live"))
	})

	It("gives a host to one of two applications that race for it", func(ctx context.Context) {
		other := newWorld(ctx)
		other.app.Spec.Domains[0].Host, other.host = w.host, w.host
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		Expect(admin.Create(ctx, other.app)).To(Succeed())
		second := start()
		done := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(done)
			for range 10 {
				Expect(other.pass(ctx, second)).To(Succeed())
			}
		}()
		for range 10 {
			Expect(w.pass(ctx, o)).To(Succeed())
		}
		<-done
		winner, loser := w, other
		claim := &v1alpha1.DomainClaim{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.host}, claim)).To(Succeed())
		if claim.Spec.Application.Namespace == other.namespace {
			winner, loser = other, w
		}
		winner.until(ctx, o, winner.stage(ctx, v1alpha1.StageUnderAudit))
		loser.until(ctx, o, loser.ready(ctx, v1alpha1.ReasonHostTaken))
		bound := meta.FindStatusCondition(loser.get(ctx).Status.Conditions, v1alpha1.ConditionDomainsBound)
		Expect(bound.Message).NotTo(ContainSubstring(winner.namespace), "whose it is is nobody's business")
	})

	It("deletes everything but evidence, and not while launched", func(ctx context.Context) {
		w.goLive(ctx, o)
		Expect(admin.Delete(ctx, w.get(ctx))).To(MatchError(ContainSubstring("spec.launch")))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = nil })
		w.until(ctx, o, func(g Gomega) { g.Expect(w.inventory(ctx)).NotTo(HaveKey("Deployment " + w.live() + "/web")) })
		Expect(w.inventory(ctx)).To(HaveKey("NetworkPolicy " + w.live() + "/default-deny"))

		Expect(admin.Delete(ctx, w.get(ctx))).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonDeleting))
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			g.Expect(admin.Get(ctx, w.key(), &v1alpha1.ThirdPartyApplication{})).To(MatchError(apierrors.IsNotFound, "the finalizer is gone"))
		}).Should(Succeed(), "namespaces take a moment to go")
		Expect(w.inventory(ctx)).To(HaveLen(2))
		Expect(w.inventory(ctx)).To(HaveKey(fmt.Sprintf("Release %s/%s", w.namespace, w.release())), "a signed release is evidence")
		Expect(claim(ctx, w.host).Spec).To(SatisfyAll(HaveField("State", v1alpha1.DomainQuarantined), HaveField("Application.Namespace", w.namespace)))
		gateway := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: "public"}, gateway)).To(Succeed())
		Expect(gateway.Spec.Listeners).NotTo(ContainElement(HaveField("Name", BeEquivalentTo(w.host))))
		Expect(gateway.Spec.Listeners).To(ContainElement(HaveField("Name", BeEquivalentTo("ntc"))), "NTC's own listener stays")
	})

	It("says that a write failed, applies nothing after it, and goes on once it can", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		hindered := start(withoutServices)
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, hindered)).To(MatchError(errStopped), "the pass is tried again")
			w.ready(ctx, v1alpha1.ReasonApplyFailed)(g)
		}).Should(Succeed(), "the sign-off reaches the cache in a moment")
		Expect(w.workloads(ctx, w.test())).To(BeEmpty())
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageTesting)))
	})

	It("says what is missing", func(ctx context.Context) {
		w.app.Spec.CloudServiceProvider = "nobody"
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonProviderMissing))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.CloudServiceProvider = "ntc-islamabad"
			spec.DataClass = v1alpha1.DataClassSecret
		})
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonSecurityLevelTooLow))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.DataClass = v1alpha1.DataClassRestricted
			spec.Requirements.Hardware.CPU = resource.MustParse("100m")
		})
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonHardwareTooSmall))
		o.MissingKinds = append(o.MissingKinds, apply.CertificateKind.GroupKind().String())
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Requirements.Hardware.CPU = resource.MustParse("4")
		})
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonKindMissing))
		Expect(strings.Count(fmt.Sprint(w.inventory(ctx)), "Namespace")).To(BeZero())
	})
})

// settle passes until a pass asks nothing more.
func (w *world) settle(ctx context.Context, o *operator) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		w.follow(ctx)
		o.requests.take()
		g.Expect(w.pass(ctx, o)).To(Succeed())
		g.Expect(o.requests.take()).To(BeEmpty())
	}).Should(Succeed(), "the cache follows the API server")
}

func byMethod(counts map[string]int) string {
	sums := map[string]int{}
	for request, n := range counts {
		method, _, _ := strings.Cut(request, " ")
		sums[method] += n
	}
	return fmt.Sprint(sums)
}
