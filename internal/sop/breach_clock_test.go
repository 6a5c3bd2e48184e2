// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// newBreach was discovered and disclosed in the same second.
func newBreach(change ...func(*v1alpha1.BreachReport)) *v1alpha1.BreachReport {
	b := &v1alpha1.BreachReport{Spec: v1alpha1.BreachReportSpec{
		DiscoveredAt: metav1.NewTime(received), CloudServiceProvider: "ntc-islamabad",
		PublicServiceEntity: "Ministry of National Health Services", Severity: "High", Summary: "a disk was stolen", ReportedBy: "desk@ntc",
	}}
	b.Name, b.Generation = "stolen-disk", 3
	b.CreationTimestamp = metav1.NewTime(received)
	for _, change := range change {
		change(b)
	}
	return b
}

func discovered(before time.Duration) func(*v1alpha1.BreachReport) {
	return func(b *v1alpha1.BreachReport) { b.Spec.DiscoveredAt = metav1.NewTime(received.Add(-before)) }
}

func acknowledged(b *v1alpha1.BreachReport) {
	b.Spec.Acknowledgement = &v1alpha1.BreachAcknowledgement{AcknowledgedBy: "officer@cloud-office"}
}

func reported(b *v1alpha1.BreachReport) {
	b.Spec.FinalReport = &v1alpha1.BreachFinalReport{Cause: "an open door", Measures: "a lock", WrittenBy: "desk@ntc"}
}

func answered(action v1alpha1.BreachAction, from time.Time) func(*v1alpha1.BreachReport) {
	return func(b *v1alpha1.BreachReport) {
		b.Spec.Response = &v1alpha1.BreachResponse{Action: action, EffectiveFrom: metav1.NewTime(from), Reason: "keys were on it"}
	}
}

func closed(b *v1alpha1.BreachReport) {
	b.Spec.Closure = &v1alpha1.BreachClosure{Reason: "nothing is left to do", ClosedBy: "officer@cloud-office"}
}

func alarmed(at ...time.Time) func(*v1alpha1.BreachReport) {
	return func(b *v1alpha1.BreachReport) {
		for _, at := range at {
			b.Status.Alarms = append(b.Status.Alarms, metav1.NewTime(at))
		}
	}
}

const tick = time.Nanosecond

// Every instant at which the clock of a disclosure can change, and the nanosecond before it. Alarms are due after 1 and 72 hours, the
// final report after 30 days, unless a row says otherwise.
func TestBreachClock(t *testing.T) {
	final := received.AddDate(0, 0, 30)
	disclosed, acknowledgement, report, closure := 0, 1, 2, 3
	rows := []struct {
		name    string
		breach  *v1alpha1.BreachReport
		now     time.Time
		policy  func(*v1alpha1.BreachPolicy)
		finding int
		reason  string
		outcome Outcome
		late    time.Duration
		alarms  []time.Time
		next    time.Time
		says    string
	}{
		{name: "disclosed in the second of its discovery", breach: newBreach(), now: received, finding: disclosed, reason: v1alpha1.ReasonInTime, outcome: Met, next: hours(1)},
		{
			name: "a second later is late: at once is at once", breach: newBreach(discovered(time.Second)), now: received,
			finding: disclosed, reason: v1alpha1.ReasonLate, outcome: Refused, late: time.Second, next: hours(1), says: "1s later than due",
		},
		{
			name: "26 hours and five minutes", breach: newBreach(discovered(26*time.Hour + 5*time.Minute)), now: received,
			finding: disclosed, reason: v1alpha1.ReasonLate, outcome: Refused, late: 26*time.Hour + 5*time.Minute, next: hours(1), says: "26h5m0s later than due",
		},
		{
			name: "at the end of what the policy allows", breach: newBreach(discovered(72 * time.Hour)), now: received, policy: allow(72),
			finding: disclosed, reason: v1alpha1.ReasonInTime, outcome: Met, next: hours(1),
		},
		{
			name: "a second after what the policy allows", breach: newBreach(discovered(72*time.Hour + time.Second)), now: received, policy: allow(72),
			finding: disclosed, reason: v1alpha1.ReasonLate, outcome: Refused, late: time.Second, next: hours(1),
		},
		{
			name: "before the first alarm", breach: newBreach(), now: hours(1).Add(-tick),
			finding: acknowledgement, reason: v1alpha1.ReasonAwaitingAcknowledgement, outcome: Waiting, next: hours(1),
		},
		{
			name: "at the first alarm", breach: newBreach(), now: hours(1),
			finding: acknowledgement, reason: v1alpha1.ReasonAlarm, outcome: Refused, alarms: []time.Time{hours(1)}, next: hours(72), says: "1h0m0s after its disclosure",
		},
		{
			name: "before the second alarm", breach: newBreach(alarmed(hours(1))), now: hours(72).Add(-tick),
			finding: acknowledgement, reason: v1alpha1.ReasonAlarm, outcome: Refused, alarms: []time.Time{hours(1)}, next: hours(72),
		},
		{
			name: "at the second alarm, and none follows", breach: newBreach(alarmed(hours(1))), now: hours(72),
			finding: acknowledgement, reason: v1alpha1.ReasonAlarm, outcome: Refused, alarms: []time.Time{hours(1), hours(72)}, next: final, says: "72h0m0s after its disclosure",
		},
		{
			name: "both at once, after the operator was down", breach: newBreach(), now: hours(100),
			finding: acknowledgement, reason: v1alpha1.ReasonAlarm, outcome: Refused, alarms: []time.Time{hours(1), hours(72)}, next: final,
		},
		{
			name: "acknowledged in time", breach: newBreach(acknowledged), now: hours(1),
			finding: acknowledgement, reason: v1alpha1.ReasonAcknowledged, outcome: Met, next: final, says: "officer@cloud-office",
		},
		{
			name: "acknowledged after the first alarm, which stays on record", breach: newBreach(alarmed(hours(1)), acknowledged), now: hours(72),
			finding: acknowledgement, reason: v1alpha1.ReasonAcknowledged, outcome: Met, alarms: []time.Time{hours(1)}, next: final,
		},
		{
			name: "the policy moves the first alarm, and the one that was raised stays", breach: newBreach(alarmed(hours(1))), now: hours(2),
			policy:  func(p *v1alpha1.BreachPolicy) { p.AlarmHours = []int32{2, 3} },
			finding: acknowledgement, reason: v1alpha1.ReasonAlarm, outcome: Refused, alarms: []time.Time{hours(1), hours(2)}, next: hours(3),
		},
		{
			name: "before the final report is due", breach: newBreach(acknowledged), now: final.Add(-tick),
			finding: report, reason: v1alpha1.ReasonAwaitingFinalReport, outcome: Waiting, next: final,
		},
		{
			name: "when it is due", breach: newBreach(acknowledged), now: final,
			finding: report, reason: v1alpha1.ReasonOverdue, outcome: Refused, says: "spec.finalReport",
		},
		{name: "submitted", breach: newBreach(acknowledged, reported), now: hours(5), finding: report, reason: v1alpha1.ReasonSubmitted, outcome: Met, says: "desk@ntc"},
		{name: "no response", breach: newBreach(acknowledged), now: hours(5), finding: closure, reason: v1alpha1.ReasonBreachOpen, outcome: Waiting, next: final},
		{
			name: "before the response takes effect", breach: newBreach(acknowledged, answered(v1alpha1.BreachSuspendProvider, hours(9))), now: hours(9).Add(-tick),
			finding: closure, reason: v1alpha1.ReasonBreachOpen, outcome: Waiting, next: hours(9), says: "SuspendProvider takes effect at 2026-11-02T14:00:00Z",
		},
		{
			name: "when it does", breach: newBreach(acknowledged, answered(v1alpha1.BreachSuspendProvider, hours(9))), now: hours(9),
			finding: closure, reason: v1alpha1.ReasonResponseInEffect, outcome: Waiting, next: final, says: "keys were on it",
		},
		{
			name: "closed, and nothing moves any more", breach: newBreach(acknowledged, reported, answered(v1alpha1.BreachActionNone, received), closed), now: hours(9),
			finding: closure, reason: v1alpha1.ReasonBreachClosed, outcome: Met, says: "nothing is left to do",
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			policy := newPolicy(t)
			if row.policy != nil {
				row.policy(&policy.Breaches)
			}
			b := Breach{Now: row.now, Report: row.breach, Policy: policy}
			v := AssessBreach(b)
			f := v.Findings[row.finding]
			if f.Reason != row.reason || f.Outcome != row.outcome || !strings.Contains(f.Message, row.says) {
				t.Errorf("got %v/%s (%s), want %v/%s (%s)", f.Outcome, f.Reason, f.Message, row.outcome, row.reason, row.says)
			}
			if v.Late != row.late || !slices.EqualFunc(v.Alarms, row.alarms, time.Time.Equal) || !v.Next.Equal(row.next) {
				t.Errorf("late %v, alarms %v, next %v; want %v, %v, %v", v.Late, v.Alarms, v.Next, row.late, row.alarms, row.next)
			}
			for _, f := range v.Findings {
				reached.Store(f.Reason, true)
			}
			status := v.Status(b)
			if want := map[bool]string{true: row.late.String()}[row.late > 0]; status.Late != want || len(status.Alarms) != len(row.alarms) || status.ObservedGeneration != 3 {
				t.Errorf("status %+v", status)
			}
		})
	}
}

func allow(n int32) func(*v1alpha1.BreachPolicy) {
	return func(p *v1alpha1.BreachPolicy) { p.DisclosureHours = &n }
}

func TestBreachConditionsAreFour(t *testing.T) {
	v := AssessBreach(Breach{Now: received, Report: newBreach(), Policy: newPolicy(t)})
	var got []string
	for _, f := range v.Findings {
		got = append(got, f.Condition)
	}
	if want := []string{v1alpha1.ConditionDisclosed, v1alpha1.ConditionAcknowledged, v1alpha1.ConditionFinalReportSubmitted, v1alpha1.ConditionClosed}; !slices.Equal(got, want) {
		t.Errorf("conditions %q, want %q", got, want)
	}
}

// Without a policy nobody knows what is late or due; what is on record stays, and so does the wait for an acknowledgement.
func TestBreachWithoutPolicy(t *testing.T) {
	due := metav1.NewTime(hours(720))
	b := Breach{Now: hours(100), Report: newBreach(discovered(time.Hour), alarmed(hours(1)))}
	b.Report.Status.Late, b.Report.Status.FinalReportDue = "1h0m0s", &due
	v := AssessBreach(b)
	for i, reason := range []string{v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonAlarm, v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonBreachOpen} {
		if v.Findings[i].Reason != reason {
			t.Errorf("%s: %s, want %s", v.Findings[i].Condition, v.Findings[i].Reason, reason)
		}
	}
	if status := v.Status(b); status.Late != "1h0m0s" || status.FinalReportDue != &due && !status.FinalReportDue.Equal(&due) || len(status.Alarms) != 1 {
		t.Errorf("status %+v", status)
	}
	if !v.Next.IsZero() {
		t.Errorf("next %v: no instant changes anything", v.Next)
	}
}

func TestBreachConcerns(t *testing.T) {
	var apps []v1alpha1.ThirdPartyApplication
	for _, entity := range []string{"Ministry of Health", "Federal Board of Revenue", "Ministry of Health"} {
		app := newApplication(t)
		app.Spec.PublicServiceEntity = entity
		apps = append(apps, *app)
	}
	b := Breach{Now: received, Report: newBreach(), Policy: newPolicy(t), Applications: apps, Missing: []string{"ThirdPartyApplication sehat/prtal"}}
	v := AssessBreach(b)
	status := v.Status(b)
	if *status.Applications != 3 || !slices.Equal(status.PublicServiceEntities, []string{"Federal Board of Revenue", "Ministry of Health"}) {
		t.Errorf("%d applications, entities %q", *status.Applications, status.PublicServiceEntities)
	}
	if message := v.Findings[0].Message; !strings.Contains(message, "ThirdPartyApplication sehat/prtal does not exist") {
		t.Errorf("a slip of the pen is not told: %s", message)
	}

	b.Report.Status, b.Applications = status, nil
	if again := AssessBreach(b).Status(b); *again.Applications != 0 {
		t.Errorf("an open breach concerns %d applications after all left", *again.Applications)
	}
	closed(b.Report)
	if again := AssessBreach(b).Status(b); *again.Applications != 3 || len(again.PublicServiceEntities) != 2 {
		t.Errorf("a closed breach forgot whom it concerned: %+v", again)
	}
}

// The API holds so many and no more.
func TestBreachBounds(t *testing.T) {
	b := Breach{Now: hours(1000), Report: newBreach(alarmed(hours(1), hours(2), hours(3), hours(4), hours(5))), Policy: newPolicy(t)}
	b.Policy.Breaches.AlarmHours = []int32{10, 11, 12, 13, 14, 15, 16, 17}
	for i := range 150 {
		app := newApplication(t)
		app.Spec.PublicServiceEntity = fmt.Sprintf("Entity %03d", i)
		b.Applications = append(b.Applications, *app)
	}
	status := AssessBreach(b).Status(b)
	if len(status.Alarms) != 8 || !status.Alarms[7].Time.Equal(hours(17)) || len(status.PublicServiceEntities) != 100 || *status.Applications != 150 {
		t.Errorf("%d alarms up to %v, %d entities, %d applications", len(status.Alarms), status.Alarms[7], len(status.PublicServiceEntities), *status.Applications)
	}
}
