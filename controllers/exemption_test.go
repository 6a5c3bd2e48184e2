// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

const (
	issuerUser = "noc-1@nitb.gov.pk"
	payOrigin  = "https://pay.bank.example"
)

var _ = Describe("A No Objection Certificate", func() {
	var w *world
	var o *operator
	var from, until time.Time

	BeforeEach(func() {
		from = time.Now().Truncate(time.Second).Add(10 * time.Minute)
		until = from.Add(10 * time.Minute)
	})

	at := func(now time.Time) { o.Clock = clocktesting.NewFakePassiveClock(now) }

	It("widens the header at its first second and narrows it at its last, woken by the clock alone", func(ctx context.Context) {
		w, o = liveWorld(ctx)
		certificate := w.certificate("pay", from, until)
		Expect(as(issuerUser).Create(ctx, certificate)).To(Succeed())
		narrow := w.headers(ctx)
		Expect(narrow).To(HaveKeyWithValue("Content-Security-Policy", Not(ContainSubstring(payOrigin))))
		w.until(ctx, o, func(g Gomega) {
			g.Expect(finding(g, w.get(ctx), v1alpha1.ConditionExemptionsCurrent).Message).To(ContainSubstring("has effect from " + from.UTC().Format(time.RFC3339)))
		})

		at(from.Add(-time.Nanosecond))
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(w.headers(ctx)).To(Equal(narrow))
		at(from.Add(-time.Minute))
		Expect(w.wakes(ctx, o)).To(Equal(time.Minute))

		at(from)
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(w.headers(ctx)).To(And(
			HaveKeyWithValue("Content-Security-Policy", And(ContainSubstring("script-src 'self' "+payOrigin+";"), ContainSubstring("form-action 'self' "+payOrigin+";"), Not(ContainSubstring("style-src")))),
			HaveKeyWithValue("Permissions-Policy", `payment=(self "`+payOrigin+`")`),
		))
		w.settle(ctx, o)
		at(until.Add(-time.Second))
		Expect(w.wakes(ctx, o)).To(Equal(time.Second))

		at(until)
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(w.headers(ctx)).To(Equal(narrow))
		app := w.get(ctx)
		Expect(app.Status.Stage).To(Equal(v1alpha1.StageLive))
		Expect(meta.IsStatusConditionTrue(app.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue(), "nothing asks for it: %s", verdicts(app))
	})

	It("opens a commercial edge while it is in force, restarts no component, and takes nothing offline", func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		w.app.Spec.Commercial.Transactions = ptr.To(true)
		w.app.Spec.Components[1].ConnectsTo = []v1alpha1.Edge{{Name: "payments", Commercial: ptr.To(true), External: &v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 443}}}
		certificate := w.certificate("pay", from.Add(-time.Hour), until)
		Expect(as(issuerUser).Create(ctx, certificate)).To(Succeed())
		w.goLive(ctx, o)
		w.settle(ctx, o)
		Expect(w.ways(ctx, w.live())).To(BeTrue())
		Expect(finding(Default, w.get(ctx), v1alpha1.ConditionNonCommercial).Reason).To(Equal(v1alpha1.ReasonExempted))
		component := func() *appsv1.Deployment {
			api := &appsv1.Deployment{}
			Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: "api"}, api)).To(Succeed())
			return api
		}
		before := component()

		at(until)
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(w.ways(ctx, w.live())).To(BeFalse())
		Expect(w.egress(ctx, w.live())).To(ConsistOf("Service " + mesh.EgressName))
		Expect(component().Generation).To(Equal(before.Generation))
		app := w.get(ctx)
		Expect(app.Status.Stage).To(Equal(v1alpha1.StageLive))
		Expect(finding(Default, app, v1alpha1.ConditionNonCommercial).Message).To(And(
			ContainSubstring("spec.commercial declares transactions"), ContainSubstring("pay.bank.example:443 is commercial and closed")))
		Expect(finding(Default, app, v1alpha1.ConditionExemptionsCurrent).Reason).To(Equal(v1alpha1.ReasonNoCEnded))
		Expect(finding(Default, app, v1alpha1.ConditionStalled).Reason).To(Equal(v1alpha1.ReasonNoCRequired))

		again := w.certificate("pay-again", until.Add(-time.Second), until.Add(time.Hour))
		Expect(as(issuerUser).Create(ctx, again)).To(Succeed())
		w.until(ctx, o, func(g Gomega) { g.Expect(w.ways(ctx, w.live())).To(BeTrue()) })
		Expect(component().Generation).To(Equal(before.Generation))
	})

	It("ends at once when it is revoked", func(ctx context.Context) {
		w, o = liveWorld(ctx)
		certificate := w.certificate("pay", from.Add(-time.Hour), until)
		Expect(as(issuerUser).Create(ctx, certificate)).To(Succeed())
		w.until(ctx, o, func(g Gomega) { g.Expect(w.headers(ctx)["Content-Security-Policy"]).To(ContainSubstring(payOrigin)) })
		revoke(ctx, certificate)
		w.until(ctx, o, func(g Gomega) { g.Expect(w.headers(ctx)["Content-Security-Policy"]).NotTo(ContainSubstring(payOrigin)) })
	})

	It("says its state, warns before its end, and writes nothing when nothing changed", func(ctx context.Context) {
		w, o = liveWorld(ctx)
		until = from.AddDate(0, 0, 100)
		certificate := w.certificate("pay", from, until)
		Expect(as(issuerUser).Create(ctx, certificate)).To(Succeed())
		r := exemptions(o)
		for _, step := range []struct {
			now     time.Time
			state   v1alpha1.NoObjectionState
			message string
			events  string
			next    time.Duration
		}{
			{from.Add(-time.Second), v1alpha1.NoObjectionPending, "has effect from", "Normal NoObjectionPending", time.Second},
			{from, v1alpha1.NoObjectionInForce, "has effect until", "Normal NoObjectionInForce", 70 * 24 * time.Hour},
			{until.AddDate(0, 0, -30).Add(-time.Second), v1alpha1.NoObjectionInForce, "has effect until", "", time.Second},
			{until.AddDate(0, 0, -30), v1alpha1.NoObjectionInForce, "it ends within 30 days", "Warning NoCEnding", 23 * 24 * time.Hour},
			{until.AddDate(0, 0, -29), v1alpha1.NoObjectionInForce, "it ends within 30 days", "", 22 * 24 * time.Hour},
			{until.AddDate(0, 0, -7), v1alpha1.NoObjectionInForce, "it ends within 7 days", "Warning NoCEnding", 7 * 24 * time.Hour},
			{until, v1alpha1.NoObjectionEnded, "ended at", "Warning NoObjectionEnded", 0},
		} {
			By(string(step.state) + " at " + step.now.String())
			r.at(step.now)
			r.reaches(ctx, certificate, step.state, step.message)
			Expect(r.next).To(Equal(step.next))
			Expect(r.announced()).To(Equal(twice(step.events)), "one on the certificate, one on the application")
			version := certificate.ResourceVersion
			r.reaches(ctx, certificate, step.state, step.message)
			Expect(certificate.ResourceVersion).To(Equal(version))
			Expect(r.announced()).To(BeEmpty())
		}
		condition := meta.FindStatusCondition(certificate.Status.Conditions, v1alpha1.ConditionInForce)
		Expect(condition.Status).To(Equal(metav1.ConditionFalse))
		Expect(condition.ObservedGeneration).To(Equal(certificate.Generation))
	})

	It("says that it was revoked, is too long, names no application, or cannot be judged", func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		r := exemptions(o)
		r.at(from)
		orphan := w.certificate("orphan", from, until)
		Expect(as(issuerUser).Create(ctx, orphan)).To(Succeed())
		r.reaches(ctx, orphan, v1alpha1.NoObjectionInForce, "ThirdPartyApplication "+w.key().String()+" does not exist")
		Expect(r.announced()).To(Equal([]string{"Normal NoObjectionInForce"}))
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		Eventually(func(g Gomega) {
			r.pass(ctx, g, orphan)
			g.Expect(inForce(orphan).Message).NotTo(ContainSubstring("does not exist"))
		}).Should(Succeed(), "the cache follows the API server")
		r.cached(ctx, orphan)
		Expect(r.announced()).To(BeEmpty(), "neither state nor warning is new")

		revoke(ctx, orphan)
		r.reaches(ctx, orphan, v1alpha1.NoObjectionRevoked, "was revoked by "+issuerUser+": the bank lost its licence")
		Expect(r.announced()).To(ContainElement("Warning NoObjectionRevoked"))

		long := w.certificate("long", from, from.AddDate(0, 0, 366))
		Expect(as(issuerUser).Create(ctx, long)).To(Succeed())
		r.reaches(ctx, long, v1alpha1.NoObjectionRefused, "spec.validUntil is more than 365 days after spec.validFrom")
		Expect(r.next).To(BeZero())

		unjudged := w.certificate("unjudged", from, until)
		Expect(as(issuerUser).Create(ctx, unjudged)).To(Succeed())
		r.Client = withoutPolicy{r.Client}
		r.reaches(ctx, unjudged, "", "DeploymentPolicy default does not exist")
		Expect(inForce(unjudged).Status).To(Equal(metav1.ConditionUnknown))
		Expect(inForce(unjudged).Reason).To(Equal(v1alpha1.ReasonPolicyMissing))
	})
})

// certificate is NITB's, for payments at a bank.
func (w *world) certificate(name string, from, until time.Time) *v1alpha1.NoObjectionCertificate {
	return &v1alpha1.NoObjectionCertificate{ObjectMeta: metav1.ObjectMeta{Name: w.namespace + "-" + name}, Spec: v1alpha1.NoObjectionCertificateSpec{
		Authority: v1alpha1.AuthorityNITB, Clause: v1alpha1.ExemptCommercial,
		Application: v1alpha1.ApplicationReference{Namespace: w.namespace, Name: w.app.Name},
		Scope:       v1alpha1.NoObjectionScope{Uses: []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions}, Origins: []string{payOrigin}},
		ValidFrom:   metav1.NewTime(from), ValidUntil: metav1.NewTime(until), Reason: "fees are paid online", IssuedBy: issuerUser,
	}}
}

func revoke(ctx context.Context, certificate *v1alpha1.NoObjectionCertificate) {
	GinkgoHelper()
	before := certificate.DeepCopy()
	certificate.Spec.Revocation = &v1alpha1.NoObjectionRevocation{Reason: "the bank lost its licence", RevokedBy: issuerUser}
	Expect(as(issuerUser).Patch(ctx, certificate, client.MergeFrom(before))).To(Succeed())
}

// headers are those that the gateway writes on the live host.
func (w *world) headers(ctx context.Context) map[string]string {
	GinkgoHelper()
	route := &gatewayv1.HTTPRoute{}
	Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: w.host}, route)).To(Succeed())
	headers := map[string]string{}
	modifier := route.Spec.Rules[0].Filters[0].ResponseHeaderModifier
	for _, header := range append(modifier.Set, modifier.Add...) {
		headers[string(header.Name)] = header.Value
	}
	return headers
}

// wakes passes, and is when the next pass comes by itself.
func (w *world) wakes(ctx context.Context, o *operator) time.Duration {
	GinkgoHelper()
	result, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: w.key()})
	Expect(err).NotTo(HaveOccurred())
	return result.RequeueAfter
}

func finding(g Gomega, app *v1alpha1.ThirdPartyApplication, kind string) *metav1.Condition {
	condition := meta.FindStatusCondition(app.Status.Conditions, kind)
	g.Expect(condition).NotTo(BeNil(), verdicts(app))
	return condition
}

func inForce(certificate *v1alpha1.NoObjectionCertificate) *metav1.Condition {
	return meta.FindStatusCondition(certificate.Status.Conditions, v1alpha1.ConditionInForce)
}

// exemptionReconciler is the controller of certificates in the life of an operator.
type exemptionReconciler struct {
	*controllers.ExemptionReconciler
	recorder *events.FakeRecorder
	next     time.Duration
}

func exemptions(o *operator) *exemptionReconciler {
	recorder := events.NewFakeRecorder(100)
	return &exemptionReconciler{ExemptionReconciler: &controllers.ExemptionReconciler{Client: o.Client, Recorder: recorder, Clock: o.Clock}, recorder: recorder}
}

func (r *exemptionReconciler) at(now time.Time) { r.Clock = clocktesting.NewFakePassiveClock(now) }

// pass runs one pass for a certificate, and reads what it wrote.
func (r *exemptionReconciler) pass(ctx context.Context, g Gomega, certificate *v1alpha1.NoObjectionCertificate) {
	result, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(certificate)})
	g.Expect(err).NotTo(HaveOccurred())
	r.next = result.RequeueAfter
	g.Expect(admin.Get(ctx, client.ObjectKeyFromObject(certificate), certificate)).To(Succeed())
}

// reaches passes until a state and its words are there.
func (r *exemptionReconciler) reaches(ctx context.Context, certificate *v1alpha1.NoObjectionCertificate, state v1alpha1.NoObjectionState, words string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		r.pass(ctx, g, certificate)
		g.Expect(certificate.Status.State).To(Equal(state))
		g.Expect(inForce(certificate)).NotTo(BeNil())
		g.Expect(inForce(certificate).Message).To(ContainSubstring(words))
	}).Should(Succeed(), "the cache follows the API server")
	r.cached(ctx, certificate)
}

// cached waits until the reconciler reads what it wrote, so that the next pass does not write it again.
func (r *exemptionReconciler) cached(ctx context.Context, certificate *v1alpha1.NoObjectionCertificate) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		known := &v1alpha1.NoObjectionCertificate{}
		g.Expect(r.Client.Get(ctx, client.ObjectKeyFromObject(certificate), known)).To(Succeed())
		g.Expect(known.ResourceVersion).To(Equal(certificate.ResourceVersion))
	}).Should(Succeed(), "the cache follows the API server")
}

// announced are the events since it was asked last: type and reason.
func (r *exemptionReconciler) announced() []string {
	var announced []string
	for {
		select {
		case event := <-r.recorder.Events:
			announced = append(announced, strings.Join(strings.Fields(event)[:2], " "))
		default:
			return announced
		}
	}
}

func twice(event string) []string {
	if event == "" {
		return nil
	}
	return []string{event, event}
}

// withoutPolicy does not find the DeploymentPolicy.
type withoutPolicy struct{ client.Client }

func (c withoutPolicy) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if _, ok := o.(*v1alpha1.DeploymentPolicy); ok {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "deploymentpolicies"}, key.Name)
	}
	return c.Client.Get(ctx, key, o, options...)
}
