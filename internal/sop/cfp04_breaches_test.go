// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func of(provider string) func(*v1alpha1.BreachReport) {
	return func(b *v1alpha1.BreachReport) { b.Spec.CloudServiceProvider = provider }
}

func about(namespace, name string) func(*v1alpha1.BreachReport) {
	return func(b *v1alpha1.BreachReport) {
		b.Spec.CloudServiceProvider = ""
		b.Spec.Applications = []v1alpha1.ApplicationReference{{Namespace: namespace, Name: name}}
	}
}

// withBreach is a change of a case: one breach more.
func withBreach(change ...func(*v1alpha1.BreachReport)) func(*Case) {
	return func(c *Case) { c.Breaches = append(c.Breaches, *newBreach(change...)) }
}

func takenOffline(from time.Time) func(*v1alpha1.BreachReport) {
	return answered(v1alpha1.BreachTakeApplicationsOffline, from)
}

func TestBreaches(t *testing.T) {
	now := hours(48)
	lockedByBreach := func(change ...func(*v1alpha1.BreachReport)) func(*Case) {
		return func(c *Case) {
			c.Live.Offline, c.Live.Exposed = "breach.stolen-disk", false
			withBreach(change...)(c)
		}
	}
	checkClause(t, v1alpha1.ConditionClearOfBreaches, []string{
		v1alpha1.ReasonClear, v1alpha1.ReasonBreachOpen, v1alpha1.ReasonTakenDown, v1alpha1.ReasonReturnPending, v1alpha1.ReasonBreachMissing,
	}, []clauseRow{
		{name: "none", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonClear},
		{
			name: "one of the provider", given: liveCase(t), change: withBreach(), outcome: Waiting, reason: v1alpha1.ReasonBreachOpen,
			message: []string{"stolen-disk (High)", "Ministry of National Health Services, which the application serves, shares the duty"},
		},
		{
			name: "one of another provider", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: withBreach(of("another")),
		},
		{
			name: "one of another application", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: withBreach(about("others", "health-portal")),
		},
		{
			name: "one of the application alone", given: liveCase(t), outcome: Waiting, reason: v1alpha1.ReasonBreachOpen,
			change: withBreach(about("sehat-digital", "health-portal")),
		},
		{
			name: "one of another application of the same provider", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: withBreach(about("others", "health-portal"), of("ntc-islamabad"), takenOffline(received)),
		},
		{
			name: "one of the provider that live still runs on, while the spec names another", given: liveCase(t), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonBreachOpen,
			change: func(c *Case) { withBreach()(c); c.Application.Spec.CloudServiceProvider = "another" },
		},
		{
			name: "the nanosecond before a response", given: liveCase(t), outcome: Waiting, reason: v1alpha1.ReasonBreachOpen, deadline: now.Add(tick),
			change: withBreach(takenOffline(now.Add(tick))), message: []string{"goes offline at 2026-11-04T05:00:00Z"},
		},
		{
			name: "the instant of a response", given: liveCase(t), outcome: Refused, reason: v1alpha1.ReasonTakenDown,
			change: withBreach(takenOffline(now)), message: []string{"stolen-disk", "keys were on it"},
		},
		{
			name: "a response to come is no deadline where it takes nothing offline", given: liveCase(t), outcome: Waiting, reason: v1alpha1.ReasonBreachOpen,
			change: withBreach(answered(v1alpha1.BreachSuspendProvider, hours(50))),
		},
		{
			name: "one in effect and one to come", given: liveCase(t), outcome: Refused, reason: v1alpha1.ReasonTakenDown, deadline: hours(50),
			change: func(c *Case) {
				withBreach(takenOffline(hours(40)))(c)
				withBreach(takenOffline(hours(50)), func(b *v1alpha1.BreachReport) { b.Name = "another" })(c)
			},
		},
		{
			name: "taken offline before the launch", given: awaitingLaunch(t), change: withBreach(takenOffline(hours(40))),
			outcome: Refused, reason: v1alpha1.ReasonTakenDown,
		},
		{
			name: "taken offline beside a newer violation", given: liveCase(t), outcome: Refused, reason: v1alpha1.ReasonTakenDown, message: []string{"stolen-disk"},
			change: func(c *Case) {
				withBreach(takenOffline(hours(40)))(c)
				c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(41))}
			},
		},
		{
			name: "closed before it took effect", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: withBreach(takenOffline(hours(50)), closed),
		},
		{
			name: "closed, and tested before the response", given: liveCase(t), outcome: Waiting, reason: v1alpha1.ReasonReturnPending,
			change: lockedByBreach(takenOffline(hours(30)), closed), message: []string{"stolen-disk keeps the application offline no more"},
		},
		{
			name: "closed, and its status does not say so yet", given: liveCase(t), outcome: Waiting, reason: v1alpha1.ReasonReturnPending,
			change: lockedByBreach(takenOffline(hours(30)), closed, func(b *v1alpha1.BreachReport) {
				b.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionClosed, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(hours(29))}}
			}),
		},
		{
			name: "closed, and tested since", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: lockedByBreach(takenOffline(hours(30).Add(-tick)), closed),
		},
		{
			name: "the report is gone", given: liveCase(t), outcome: Refused, reason: v1alpha1.ReasonBreachMissing,
			change: func(c *Case) { c.Live.Offline = "breach.stolen-disk" }, message: []string{"BreachReport stolen-disk, which no longer exists"},
		},
	})
}

// A response never takes effect before its report exists: sign-offs between the two do not earn the return.
func TestResponseBeforeTheReport(t *testing.T) {
	c := liveCase(t)
	c.Live.Offline, c.Live.Exposed = "breach.stolen-disk", false
	withBreach(takenOffline(received), closed, func(b *v1alpha1.BreachReport) { b.CreationTimestamp = metav1.NewTime(hours(40)) })(c)
	if a := Assess(c); !a.Locked || a.Lock.Reason != v1alpha1.ReasonReturnPending {
		t.Errorf("locked %v, %s", a.Locked, a.Lock.Message)
	}
	c.Breaches[0].CreationTimestamp = metav1.NewTime(received)
	if a := Assess(c); a.Locked {
		t.Errorf("still locked: %s", a.Lock.Message)
	}
}

// Nothing is launched where a response would take it offline at once, and what runs elsewhere stays.
func TestLaunchIntoABreach(t *testing.T) {
	c := awaitingLaunch(t)
	release := &c.Releases[0]
	c.Application.Spec.Launch = &v1alpha1.Launch{Release: release.Name}
	if a := Assess(c); a.Live == nil {
		t.Fatal("the release is not launched without a breach either")
	}
	withBreach(takenOffline(received))(c)
	if a := Assess(c); a.Live != nil || a.Locked {
		t.Errorf("launched into a breach: live %v, locked %v", a.Live, a.Locked)
	}

	c = liveCase(t)
	moved := candidate(c, hours(1), func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.CloudServiceProvider = "another" })
	other := newProvider(t)
	other.Name = "another"
	c.Providers["another"] = other
	c.Nodes["another"] = newNodes("8", "16Gi")
	c.SignOffs = append(c.SignOffs, append(tested(moved.Name, hours(30)), audited(moved.Name, hours(20)))...)
	c.Test = running(moved)
	c.Application.Spec.Launch = &v1alpha1.Launch{Release: moved.Name}
	if a := Assess(c); a.Live == nil || a.Live.Name != moved.Name {
		t.Fatalf("the move is not launched without a breach either: %s", findingFor(a, v1alpha1.ConditionLaunched).Message)
	}
	withBreach(of("another"), takenOffline(hours(29)))(c)
	if a := Assess(c); a.Locked || a.Live.Name == moved.Name {
		t.Errorf("a breach of the provider to move to took live: locked %v, live %s", a.Locked, a.Live.Name)
	}
	c.Breaches = nil
	withBreach(takenOffline(hours(29)))(c)
	if a := Assess(c); a.Locked || a.Live.Name != moved.Name {
		t.Errorf("moving away from a breached provider did not return it: locked %v, live %s, %s", a.Locked, a.Live.Name, a.Lock.Message)
	}
	c.Breaches = nil
	withBreach(takenOffline(hours(31)))(c)
	if a := Assess(c); !a.Locked {
		t.Error("what went offline returned elsewhere without being tested since")
	}
}

// A breach that was closed before its response took effect took nothing offline: no sign-off is asked for anew once that instant comes.
func TestClosedBeforeTheResponse(t *testing.T) {
	c := liveCase(t)
	withBreach(takenOffline(hours(40)), closed, func(b *v1alpha1.BreachReport) {
		b.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionClosed, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(hours(39))}}
	})(c)
	if f := assessEndToEndTest(c, &c.Releases[0]); f.Outcome != Met {
		t.Errorf("%s: %s", f.Reason, f.Message)
	}
	c.Breaches[0].Status.Conditions[0].LastTransitionTime = metav1.NewTime(hours(40))
	if f := assessEndToEndTest(c, &c.Releases[0]); f.Reason != v1alpha1.ReasonAwaitingSignOff {
		t.Errorf("closed at the instant of its response: %s, %s", f.Reason, f.Message)
	}
}

func findingFor(a Assessment, condition string) Finding {
	for _, f := range a.Findings {
		if f.Condition == condition {
			return f
		}
	}
	return Finding{}
}
