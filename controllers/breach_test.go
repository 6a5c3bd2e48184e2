// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
)

const (
	entity      = "Ministry of National Health Services"
	cloudOffice = "officer-1@cloudoffice.gov.pk"
	breachDesk  = "desk-1@ntc.gov.pk"
)

// disclosure is a BreachReport and its reconciler, whose clock a spec sets to so long after the disclosure.
type disclosure struct {
	*v1alpha1.BreachReport
	reconciler *controllers.BreachReconciler
	recorder   *events.FakeRecorder
	operator   *operator
}

func disclose(ctx context.Context, o *operator, name string, change ...func(*v1alpha1.BreachReportSpec)) *disclosure {
	GinkgoHelper()
	d := &disclosure{operator: o, recorder: events.NewFakeRecorder(100), BreachReport: &v1alpha1.BreachReport{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.BreachReportSpec{
			DiscoveredAt: metav1.NewTime(time.Now().Add(-26 * time.Hour)), PublicServiceEntity: entity, Severity: "High", Summary: "a disk was stolen", ReportedBy: breachDesk,
		},
	}}
	for _, change := range change {
		change(&d.Spec)
	}
	bind(ctx, "govpk-breach-reporter", breachDesk)
	bind(ctx, "govpk-cloud-office", cloudOffice)
	Eventually(func() error { return as(breachDesk).Create(ctx, d.BreachReport) }).Should(Succeed(), "roles take effect a moment after they are bound")
	d.reconciler = &controllers.BreachReconciler{Client: o.Client, Recorder: d.recorder}
	Eventually(func() error { return o.Client.Get(ctx, client.ObjectKeyFromObject(d), &v1alpha1.BreachReport{}) }).Should(Succeed(), "the cache follows in a moment")
	return d
}

func bind(ctx context.Context, role, user string) {
	GinkgoHelper()
	Expect(client.IgnoreAlreadyExists(admin.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "test-" + role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}))).To(Succeed())
}

func named(w *world) func(*v1alpha1.BreachReportSpec) {
	return func(s *v1alpha1.BreachReportSpec) {
		s.Applications = []v1alpha1.ApplicationReference{{Namespace: w.namespace, Name: w.app.Name}}
	}
}

// after passes so long after the disclosure, and says for how long the next pass may wait.
func (d *disclosure) after(ctx context.Context, since time.Duration) time.Duration {
	GinkgoHelper()
	d.reconciler.Clock = clocktesting.NewFakePassiveClock(d.CreationTimestamp.Add(since))
	result, err := d.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(d)})
	Expect(err).NotTo(HaveOccurred())
	d.read(ctx)
	return result.RequeueAfter
}

// read waits until the cache has what the API server has.
func (d *disclosure) read(ctx context.Context) {
	GinkgoHelper()
	Expect(admin.Get(ctx, client.ObjectKeyFromObject(d), d.BreachReport)).To(Succeed())
	Eventually(func(g Gomega) {
		cached := &v1alpha1.BreachReport{}
		g.Expect(d.operator.Client.Get(ctx, client.ObjectKeyFromObject(d), cached)).To(Succeed())
		g.Expect(cached.ResourceVersion).To(Equal(d.ResourceVersion))
	}).Should(Succeed(), "the cache follows in a moment")
}

func (d *disclosure) change(ctx context.Context, user string, change func(*v1alpha1.BreachReportSpec)) {
	GinkgoHelper()
	before := d.DeepCopy()
	change(&d.Spec)
	after := d.Spec
	Eventually(func() error {
		d.Spec = after
		return as(user).Patch(ctx, d.BreachReport, client.MergeFrom(before))
	}).Should(Succeed(), "roles take effect a moment after they are bound")
	d.read(ctx)
}

func (d *disclosure) acknowledge(ctx context.Context) {
	GinkgoHelper()
	d.change(ctx, cloudOffice, func(s *v1alpha1.BreachReportSpec) {
		s.Acknowledgement = &v1alpha1.BreachAcknowledgement{AcknowledgedBy: cloudOffice}
	})
}

func (d *disclosure) answer(ctx context.Context, action v1alpha1.BreachAction, from time.Time) {
	GinkgoHelper()
	d.change(ctx, cloudOffice, func(s *v1alpha1.BreachReportSpec) {
		s.Response = &v1alpha1.BreachResponse{Action: action, EffectiveFrom: metav1.NewTime(from), Reason: "keys were on it", RespondedBy: cloudOffice}
	})
}

func (d *disclosure) close(ctx context.Context) {
	GinkgoHelper()
	d.change(ctx, breachDesk, func(s *v1alpha1.BreachReportSpec) {
		s.FinalReport = &v1alpha1.BreachFinalReport{Cause: "an open door", Measures: "a lock", WrittenBy: breachDesk}
	})
	d.change(ctx, cloudOffice, func(s *v1alpha1.BreachReportSpec) {
		s.Closure = &v1alpha1.BreachClosure{Reason: "keys changed", ClosedBy: cloudOffice}
	})
}

// told takes the events since the last call.
func (d *disclosure) told() []string {
	var told []string
	for {
		select {
		case event := <-d.recorder.Events:
			told = append(told, event)
		default:
			return told
		}
	}
}

func (d *disclosure) says(condition, status, reason string) {
	GinkgoHelper()
	Expect(meta.FindStatusCondition(d.Status.Conditions, condition)).To(HaveValue(SatisfyAll(
		HaveField("Status", BeEquivalentTo(status)), HaveField("Reason", reason), HaveField("ObservedGeneration", d.Generation))))
}

func told(kind, reason string, about ...string) types.GomegaMatcher {
	matchers := []types.GomegaMatcher{HavePrefix(kind + " " + reason + " ")}
	for _, about := range about {
		matchers = append(matchers, ContainSubstring(about))
	}
	return SatisfyAll(matchers...)
}

var _ = Describe("BreachReport", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		Eventually(func() error { return o.Client.Get(ctx, w.key(), &v1alpha1.ThirdPartyApplication{}) }).Should(Succeed(), "the cache follows in a moment")
	})

	It("says how late it is, whom it concerns, and that their entity shares the duty", func(ctx context.Context) {
		d := disclose(ctx, o, w.namespace+"-late", named(w))
		Expect(d.after(ctx, 0)).To(Equal(time.Hour), "until the first alarm")
		d.says(v1alpha1.ConditionDisclosed, "False", v1alpha1.ReasonLate)
		Expect(time.ParseDuration(d.Status.Late)).To(BeNumerically("~", 26*time.Hour, 5*time.Second))
		Expect(d.Status.FinalReportDue.Time).To(BeTemporally("==", d.CreationTimestamp.AddDate(0, 0, 30)))
		Expect(d.Status.Applications).To(HaveValue(BeEquivalentTo(1)))
		Expect(d.Status.PublicServiceEntities).To(Equal([]string{entity}))
		Expect(d.told()).To(ConsistOf(
			told("Warning", v1alpha1.ReasonLate, d.Name, "later than due"),
			told("Warning", v1alpha1.ReasonBreachOpen, d.Name, "concerns this application", entity+", which it serves, shares the duty to disclose it"),
		))

		version := d.ResourceVersion
		Expect(d.after(ctx, time.Hour-time.Nanosecond)).To(Equal(time.Millisecond), "never at once: that would be a busy loop")
		Expect(d.ResourceVersion).To(Equal(version), "nothing changed, and nothing is written")
		Expect(d.told()).To(BeEmpty())
	})

	It("is in time at the end of what the policy allows", func(ctx context.Context) {
		allow := func(hours int32) {
			policy := &v1alpha1.DeploymentPolicy{}
			Expect(admin.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
			before := policy.DeepCopy()
			policy.Spec.Breaches.DisclosureHours = &hours
			Expect(admin.Patch(ctx, policy, client.MergeFrom(before))).To(Succeed())
			Eventually(func(g Gomega) {
				g.Expect(o.Client.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
				g.Expect(policy.Spec.Breaches.DisclosureHours).To(HaveValue(Equal(hours)))
			}).Should(Succeed(), "the cache follows in a moment")
		}
		allow(27)
		DeferCleanup(func(cleanup context.Context) {
			ctx = cleanup
			allow(0)
		})
		d := disclose(ctx, o, w.namespace+"-intime", named(w))
		d.after(ctx, 0)
		d.says(v1alpha1.ConditionDisclosed, "True", v1alpha1.ReasonInTime)
		Expect(d.Status.Late).To(BeEmpty())
		Expect(d.told()).To(ConsistOf(told("Warning", v1alpha1.ReasonBreachOpen)))
	})

	It("alarms after an hour and after three days, and then waits for the final report", func(ctx context.Context) {
		d := disclose(ctx, o, w.namespace+"-alarm", named(w))
		d.after(ctx, 0)
		d.says(v1alpha1.ConditionAcknowledged, "False", v1alpha1.ReasonAwaitingAcknowledgement)
		d.told()
		Expect(d.after(ctx, time.Hour)).To(Equal(71 * time.Hour))
		d.says(v1alpha1.ConditionAcknowledged, "False", v1alpha1.ReasonAlarm)
		Expect(d.told()).To(ConsistOf(told("Warning", v1alpha1.ReasonAlarm, d.Name, "1h0m0s after its disclosure")))
		d.after(ctx, 2*time.Hour)
		Expect(d.told()).To(BeEmpty(), "one event for each alarm")
		Expect(d.after(ctx, 72*time.Hour)).To(Equal(27 * 24 * time.Hour))
		Expect(d.told()).To(ConsistOf(told("Warning", v1alpha1.ReasonAlarm, "72h0m0s after its disclosure")))
		Expect(d.Status.Alarms).To(HaveLen(2))
		Expect(d.after(ctx, 30*24*time.Hour)).To(BeZero(), "nothing more is due")
		d.says(v1alpha1.ConditionFinalReportSubmitted, "False", v1alpha1.ReasonOverdue)
		Expect(d.told()).To(ConsistOf(told("Warning", v1alpha1.ReasonOverdue, "spec.finalReport")))
	})

	It("alarms nobody once the Cloud Office has acknowledged it", func(ctx context.Context) {
		d := disclose(ctx, o, w.namespace+"-ack", named(w))
		d.after(ctx, 0)
		d.after(ctx, time.Hour)
		d.told()
		d.acknowledge(ctx)
		Expect(d.after(ctx, 72*time.Hour)).To(Equal(27 * 24 * time.Hour))
		d.says(v1alpha1.ConditionAcknowledged, "True", v1alpha1.ReasonAcknowledged)
		Expect(d.told()).To(ConsistOf(told("Normal", v1alpha1.ReasonAcknowledged, cloudOffice)))
		Expect(d.Status.Alarms).To(HaveLen(1), "the alarm that was raised stays on record")
	})

	It("concerns everything on its provider, also what has not moved away yet", func(ctx context.Context) {
		provider := &v1alpha1.CloudServiceProvider{}
		Expect(admin.Get(ctx, client.ObjectKey{Name: "ntc-islamabad"}, provider)).To(Succeed())
		provider = &v1alpha1.CloudServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}, Spec: provider.Spec}
		Expect(admin.Create(ctx, provider)).To(Succeed())
		there := newWorld(ctx)
		there.app.Spec.CloudServiceProvider, there.app.Spec.PublicServiceEntity = provider.Name, "Federal Board of Revenue"
		Expect(admin.Create(ctx, there.app)).To(Succeed())
		there.until(ctx, o, there.stage(ctx, v1alpha1.StageUnderAudit))

		d := disclose(ctx, o, w.namespace+"-all", func(s *v1alpha1.BreachReportSpec) { s.CloudServiceProvider = provider.Name })
		d.after(ctx, 0)
		Expect(d.Status.Applications).To(HaveValue(BeEquivalentTo(1)))
		Expect(d.Status.PublicServiceEntities).To(Equal([]string{"Federal Board of Revenue"}))
		Expect(meta.FindStatusCondition(there.get(ctx).Status.Conditions, v1alpha1.ConditionClearOfBreaches).Reason).To(Equal(v1alpha1.ReasonClear), "it was judged before")
		there.until(ctx, o, func(g Gomega) {
			g.Expect(meta.FindStatusCondition(there.get(ctx).Status.Conditions, v1alpha1.ConditionClearOfBreaches).Reason).To(Equal(v1alpha1.ReasonBreachOpen))
		})

		there.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.CloudServiceProvider = "ntc-islamabad" })
		concerns := func(n int) func(Gomega) {
			return func(g Gomega) {
				d.after(ctx, time.Minute)
				g.Expect(d.Status.Applications).To(HaveValue(BeEquivalentTo(n)))
			}
		}
		Consistently(concerns(1)).WithTimeout(500*time.Millisecond).Should(Succeed(), "its status still tells of the release there")
		there.until(ctx, o, there.stage(ctx, v1alpha1.StageUnderAudit))
		Eventually(concerns(0)).Should(Succeed(), "the cache follows in a moment")
	})

	It("says that nothing has the disclosed name", func(ctx context.Context) {
		d := disclose(ctx, o, w.namespace+"-typo", func(s *v1alpha1.BreachReportSpec) {
			s.CloudServiceProvider = "nobody"
			s.Applications = []v1alpha1.ApplicationReference{{Namespace: w.namespace, Name: "helth-portal"}}
		})
		d.after(ctx, 0)
		Expect(d.Status.Applications).To(HaveValue(BeZero()))
		Expect(meta.FindStatusCondition(d.Status.Conditions, v1alpha1.ConditionDisclosed).Message).To(ContainSubstring(
			"CloudServiceProvider nobody, ThirdPartyApplication " + w.namespace + "/helth-portal does not exist"))
	})
})

var _ = Describe("Response to a breach", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) { w, o = liveWorld(ctx) })

	It("takes the application offline from its second on, keeps evidence and rests; closed and signed anew, it returns", func(ctx context.Context) {
		d := disclose(ctx, o, w.namespace+"-breach", named(w))
		d.after(ctx, 0)
		d.acknowledge(ctx)
		d.told()
		effective := time.Now().Add(time.Hour).Truncate(time.Second)
		d.answer(ctx, v1alpha1.BreachTakeApplicationsOffline, effective)
		d.after(ctx, time.Second)
		d.says(v1alpha1.ConditionClosed, "False", v1alpha1.ReasonBreachOpen)
		Expect(d.told()).To(ContainElements(
			told("Warning", v1alpha1.ReasonBreachOpen, "response TakeApplicationsOffline takes effect at "+effective.UTC().Format(time.RFC3339)),
		))
		o.Clock = clocktesting.NewFakePassiveClock(effective.Add(-time.Second))
		result, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: w.key()})
		Expect(err).NotTo(HaveOccurred())
		Expect(result.RequeueAfter).To(Equal(time.Second))
		Expect(w.get(ctx).Status.Stage).To(Equal(v1alpha1.StageLive))

		o.Clock = clocktesting.NewFakePassiveClock(effective)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectOffline(ctx, w, "breach."+d.Name)
		d.after(ctx, effective.Sub(d.CreationTimestamp.Time))
		d.says(v1alpha1.ConditionClosed, "False", v1alpha1.ReasonResponseInEffect)
		Expect(d.told()).To(ContainElements(told("Warning", v1alpha1.ReasonResponseInEffect, "keys were on it")))
		var kept corev1.ConfigMapList
		Expect(admin.List(ctx, &kept, client.InNamespace("govpk-evidence"), client.MatchingLabels{v1alpha1.OfflineLabel: "breach." + d.Name})).To(Succeed())
		Expect(kept.Items).To(HaveLen(1))

		By("resting offline: it costs nothing, also after a restart")
		o.Clock = clocktesting.NewFakePassiveClock(effective.Add(2 * time.Second))
		w.settle(ctx, o)
		before := w.inventory(ctx)
		again := start()
		again.Clock = o.Clock
		Expect(w.pass(ctx, again)).To(Succeed())
		Expect(again.requests.take()).To(BeEmpty())
		Expect(w.inventory(ctx)).To(Equal(before))

		By("closing: the sign-offs are older than the response")
		d.close(ctx)
		d.after(ctx, effective.Add(time.Minute).Sub(d.CreationTimestamp.Time))
		d.says(v1alpha1.ConditionClosed, "True", v1alpha1.ReasonBreachClosed)
		Expect(d.told()).To(ContainElements(told("Normal", v1alpha1.ReasonSubmitted), told("Normal", v1alpha1.ReasonBreachClosed, "keys changed")))
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonReturnPending))
		expectOffline(ctx, w, "breach."+d.Name)
	})

	It("takes offline at once, and lets back what was tested since it was closed", func(ctx context.Context) {
		d := disclose(ctx, o, w.namespace+"-now", named(w))
		d.acknowledge(ctx)
		d.answer(ctx, v1alpha1.BreachTakeApplicationsOffline, time.Now())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectOffline(ctx, w, "breach."+d.Name)
		d.close(ctx)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonReturnPending))
		waitForNextSecond(d.Spec.Response.EffectiveFrom)
		w.signAll(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, client.ObjectKey{Name: w.live()}, namespace)).To(Succeed())
		Expect(namespace.Labels).NotTo(HaveKey(v1alpha1.OfflineLabel))
		Expect(namespace.Labels).To(HaveKeyWithValue(v1alpha1.ExposureLabel, "live"))
		Expect(namespace.Annotations).To(HaveKeyWithValue(v1alpha1.LiftedAnnotation, "breach."+d.Name))
		Expect(namespace.Annotations).NotTo(SatisfyAny(HaveKey(v1alpha1.EnforcedAnnotation), HaveKey(v1alpha1.OfflineSinceAnnotation)))
	})
})
