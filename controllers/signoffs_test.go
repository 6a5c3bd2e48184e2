// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	testclock "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var _ = Describe("Sign-offs and the audit clock", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		o = start()
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
	})

	It("says who signed what, once, and why a sign-off does not count", func(ctx context.Context) {
		o.events()
		report := v1alpha1.Document{URL: "https://nitb.gov.pk/reports/117", SHA256: w.app.Spec.Requirements.DataFlowDiagram.SHA256}
		first := w.auditWith(ctx, v1alpha1.PartyNITB, func(s *v1alpha1.SignOffSpec) {
			s.Decision = v1alpha1.DecisionRejected
			s.Evidence = []v1alpha1.Document{report}
			s.Findings = []v1alpha1.Finding{
				{ID: "F-1", Severity: "Low", Summary: "a typing error", State: v1alpha1.FindingOpen},
				{ID: "F-2", Severity: "Critical", Summary: "no password", State: v1alpha1.FindingOpen},
			}
		})
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionArchitectureAudited, v1alpha1.ReasonRejected))
		Expect(w.get(ctx).Status.SignOffs).To(ConsistOf(SatisfyAll(
			HaveField("Type", v1alpha1.SignOffArchitectureAudit), HaveField("Party", v1alpha1.PartyNITB), HaveField("Name", first.Name),
			HaveField("Decision", v1alpha1.DecisionRejected), HaveField("SignedBy", signer(v1alpha1.PartyNITB)),
			HaveField("OpenFindings", []string{"F-2 (Critical)", "F-1 (Low)"}), HaveField("Evidence", []v1alpha1.Document{report}))))
		Expect(o.events()).To(ContainElement(SatisfyAll(HavePrefix("Normal Signed "),
			ContainSubstring(fmt.Sprintf("NITB, ArchitectureAudit: Rejected on %s, signed by %s in SignOff %s, counts", w.release(), signer(v1alpha1.PartyNITB), first.Name)))))

		void := w.auditWith(ctx, v1alpha1.PartyNTC, nil)
		w.untilEvent(ctx, o, SatisfyAll(HavePrefix("Warning SignOffVoid "), ContainSubstring(void.Name), ContainSubstring("does not count: DeploymentPolicy default does not ask NTC")))

		waitForNextSecond(first.CreationTimestamp)
		again := start()
		Expect(w.pass(ctx, again)).To(Succeed())
		Expect(again.events()).To(BeEmpty(), "another life of the operator repeats no news")
		second := w.auditWith(ctx, v1alpha1.PartyNITB, func(s *v1alpha1.SignOffSpec) {
			s.Findings = []v1alpha1.Finding{{ID: "F-2", Severity: "Critical", Summary: "no password", State: v1alpha1.FindingResolved}}
		})
		w.until(ctx, again, w.reason(ctx, v1alpha1.ConditionArchitectureAudited, v1alpha1.ReasonFindingsOpen))
		Expect(w.get(ctx).Status.SignOffs).To(ConsistOf(SatisfyAll(HaveField("Name", second.Name), HaveField("OpenFindings", []string{"F-1 (Low)"}))))
		third := start()
		Expect(w.pass(ctx, third)).To(Succeed())
		waitForNextSecond(second.CreationTimestamp)
		w.auditWith(ctx, v1alpha1.PartyNITB, func(s *v1alpha1.SignOffSpec) {
			s.Findings = []v1alpha1.Finding{{ID: "F-1", Severity: "Low", Summary: "a typing error", State: v1alpha1.FindingResolved}}
		})
		w.until(ctx, third, w.stage(ctx, v1alpha1.StageTesting))
		Expect(third.events()).To(ContainElement(SatisfyAll(HavePrefix("Normal Signed "), ContainSubstring("Approved"))))
	})

	It("tells of a sign-off that came while the operator was down", func(ctx context.Context) {
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		again := start()
		w.untilEvent(ctx, again, SatisfyAll(HavePrefix("Normal Signed "), ContainSubstring("NITB, ArchitectureAudit: Approved")))
	})

	It("moves the due date for a late holiday, and keeps the old one visible", func(ctx context.Context) {
		due := w.get(ctx).Status.Candidate.AuditDue
		o.events()
		w.holiday(ctx, due)
		w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.Candidate.AuditDue).NotTo(Equal(due)) })
		moved := w.get(ctx).Status.Candidate
		Expect(moved.AuditDue > due).To(BeTrue(), "%s, then %s", due, moved.AuditDue)
		Expect(moved.PreviousAuditDues).To(Equal([]string{due}))
		Expect(o.events()).To(ContainElement(SatisfyAll(HavePrefix("Normal AuditDueMoved "),
			ContainSubstring(fmt.Sprintf("the audit of %s is due on %s, no longer on %s", w.release(), moved.AuditDue, due)))))
		w.settle(ctx, o)
		Expect(w.get(ctx).Status.Candidate.PreviousAuditDues).To(Equal([]string{due}))
		Expect(o.events()).To(BeEmpty())

		w.holiday(ctx, moved.AuditDue)
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.get(ctx).Status.Candidate.PreviousAuditDues).To(Equal([]string{due, moved.AuditDue}))
		})
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Args = []string{"--next"} })
		w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.Candidate).To(HaveValue(HaveField("Release", w.release()))) })
		Expect(w.get(ctx).Status.Candidate.PreviousAuditDues).To(BeEmpty(), "another release, another audit")
	})

	It("says once that an audit is overdue, and approves nothing by it", func(ctx context.Context) {
		o.events()
		o.Clock = testclock.NewFakePassiveClock(time.Now().AddDate(0, 0, 60))
		w.untilEvent(ctx, o, SatisfyAll(HavePrefix("Warning Overdue "), ContainSubstring("is overdue")))
		w.settle(ctx, o)
		Expect(o.events()).To(BeEmpty())
		Expect(w.get(ctx).Status.Stage).To(Equal(v1alpha1.StageUnderAudit))
	})

	It("stops the audit clock while the organization owes an answer", func(ctx context.Context) {
		due := w.get(ctx).Status.Candidate.AuditDue
		question := w.auditWith(ctx, v1alpha1.PartyNITB, func(s *v1alpha1.SignOffSpec) { s.Decision = v1alpha1.DecisionAnswerRequested })
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionArchitectureAudited, v1alpha1.ReasonAnswerOwed))
		app := w.get(ctx)
		Expect(meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionArchitectureAudited).Message).To(ContainSubstring("NITB asked in SignOff " + question.Name))
		Expect(app.Status.Candidate.AuditDue).To(BeEmpty())
		Expect(app.Status.Candidate.PreviousAuditDues).To(Equal([]string{due}))
		Expect(app.Status.SignOffs).To(ConsistOf(HaveField("Decision", v1alpha1.DecisionAnswerRequested)))
		Expect(app.Status.Stage).To(Equal(v1alpha1.StageUnderAudit))

		waitForNextSecond(question.CreationTimestamp)
		w.auditWith(ctx, v1alpha1.PartyOrganization, func(s *v1alpha1.SignOffSpec) { s.Decision = v1alpha1.DecisionAnswered })
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionArchitectureAudited, v1alpha1.ReasonAwaitingSignOff))
		app = w.get(ctx)
		Expect(app.Status.Candidate.AuditDue >= due).To(BeTrue(), "an answer of the same day costs nothing")
		Expect(app.Status.SignOffs).To(ConsistOf(HaveField("Decision", v1alpha1.DecisionAnswerRequested), HaveField("Decision", v1alpha1.DecisionAnswered)))
	})
})

var _ = Describe("Releases", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		o = start()
	})

	It("forgets the oldest that nobody signed, launched, runs or names", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		signed := w.release()
		w.auditWith(ctx, v1alpha1.PartyNITB, func(s *v1alpha1.SignOffSpec) { s.Decision = v1alpha1.DecisionRejected })
		var made []string
		for i := range 13 {
			w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Args = []string{fmt.Sprint(i)} })
			w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.Candidate).To(HaveValue(HaveField("Release", w.release()))) })
			made = append(made, w.release())
		}
		w.settle(ctx, o)
		var names []string
		for _, release := range w.releases(ctx) {
			names = append(names, release.Name)
		}
		Expect(names).To(HaveLen(12), "the signed one, the current one and ten others")
		Expect(names).To(ContainElements(signed, made[12]))
	})

	It("remembers what was live, and rolls back to it by its name alone", func(ctx context.Context) {
		w.goLive(ctx, o)
		first := w.release()
		w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.LaunchedReleases).To(Equal([]string{first})) })
		w.settle(ctx, o)
		annotation := w.launchedAt(ctx, first)
		Expect(time.Parse(time.RFC3339, annotation)).To(BeTemporally("~", time.Now(), time.Minute))

		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[0].Image = anotherImage(spec.Components[0].Image)
		})
		second := w.release()
		w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.Candidate).To(HaveField("Stage", v1alpha1.StageTesting)) })
		candidate := w.get(ctx).Status.Candidate
		Expect(candidate).To(HaveValue(SatisfyAll(HaveField("ComparedWith", first), HaveField("MaterialChange", HaveValue(BeFalse())),
			HaveField("Changes", ConsistOf(HaveField("Field", "components[web].image"))))))
		w.signAll(ctx)
		w.launch(ctx)
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.get(ctx).Status.LaunchedReleases).To(ConsistOf(first, second))
			g.Expect(w.get(ctx).Status.Release).To(Equal(second))
		})
		Expect(w.launchedAt(ctx, first)).To(Equal(annotation), "written once")

		o.Clock = testclock.NewFakePassiveClock(time.Now().AddDate(0, 0, 100))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch.Release = first })
		w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.Release).To(Equal(first)) })
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		Expect(w.launchedAt(ctx, first)).To(Equal(annotation))
	})

	It("wakes when an approval ends, and asks for another", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.signAll(ctx)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageAwaitingLaunch))
		result, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: w.key()})
		Expect(err).NotTo(HaveOccurred())
		Expect(result.RequeueAfter).To(BeNumerically("~", 90*24*time.Hour, time.Minute))

		o.Clock = testclock.NewFakePassiveClock(time.Now().Add(result.RequeueAfter + time.Minute))
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonNotEligible))
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionArchitectureAudited, v1alpha1.ReasonApprovalsExpired))
		w.until(ctx, o, w.reason(ctx, v1alpha1.ConditionEndToEndTested, v1alpha1.ReasonApprovalsExpired))
		Expect(w.get(ctx).Status.SignOffs).To(BeEmpty())
	})
})

// events are the events since the last call.
func (o *operator) events() []string {
	recorder := o.Recorder.(*events.FakeRecorder)
	var seen []string
	for {
		select {
		case event := <-recorder.Events:
			seen = append(seen, event)
		default:
			return seen
		}
	}
}

// untilEvent passes until an event comes.
func (w *world) untilEvent(ctx context.Context, o *operator, event any) {
	GinkgoHelper()
	var seen []string
	w.until(ctx, o, func(g Gomega) {
		seen = append(seen, o.events()...)
		g.Expect(seen).To(ContainElement(event))
	})
}

func (w *world) reason(ctx context.Context, condition, reason string) func(Gomega) {
	return func(g Gomega) {
		app := w.get(ctx)
		found := meta.FindStatusCondition(app.Status.Conditions, condition)
		g.Expect(found).NotTo(BeNil())
		g.Expect(found.Reason).To(Equal(reason), verdicts(app))
	}
}

// auditWith signs the audit of the spec's release in the party's name.
func (w *world) auditWith(ctx context.Context, party v1alpha1.Party, change func(*v1alpha1.SignOffSpec)) *v1alpha1.SignOff {
	GinkgoHelper()
	signOff := &v1alpha1.SignOff{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, GenerateName: "sign-"},
		Spec:       v1alpha1.SignOffSpec{Release: w.release(), Type: v1alpha1.SignOffArchitectureAudit, Party: party, Decision: v1alpha1.DecisionApproved, SignedBy: signer(party)},
	}
	if change != nil {
		change(&signOff.Spec)
	}
	Expect(as(signer(party)).Create(ctx, signOff)).To(Succeed())
	return signOff
}

// holiday adds a holiday to the policy for the rest of the spec.
func (w *world) holiday(ctx context.Context, date string) {
	GinkgoHelper()
	policy := &v1alpha1.DeploymentPolicy{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
	before := policy.DeepCopy()
	policy.Spec.Calendar.Holidays = append(policy.Spec.Calendar.Holidays,
		v1alpha1.Holiday{Date: v1alpha1.Date(date), Name: "Declared late", Reference: "Cabinet Division notification"})
	Expect(admin.Patch(ctx, policy, client.MergeFrom(before))).To(Succeed())
	DeferCleanup(func(ctx context.Context) {
		Expect(admin.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
		now := policy.DeepCopy()
		policy.Spec.Calendar.Holidays = before.Spec.Calendar.Holidays
		Expect(admin.Patch(ctx, policy, client.MergeFrom(now))).To(Succeed())
	})
}

func (w *world) releases(ctx context.Context) []v1alpha1.Release {
	GinkgoHelper()
	var releases v1alpha1.ReleaseList
	Expect(admin.List(ctx, &releases, client.InNamespace(w.namespace))).To(Succeed())
	return releases.Items
}

func (w *world) launchedAt(ctx context.Context, name string) string {
	GinkgoHelper()
	release := &v1alpha1.Release{}
	Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, release)).To(Succeed())
	return release.Annotations[v1alpha1.LaunchedAnnotation]
}

func anotherImage(image string) string { return image[:len(image)-1] + "0" }
