// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestViolations(t *testing.T) {
	release := underAudit(t).Releases[0].Name
	signedAgain := func(c *Case) { c.SignOffs = append(c.SignOffs, tested(release, hours(41))...) }
	checkClause(t, v1alpha1.ConditionClearOfViolations, []string{
		v1alpha1.ReasonClear, v1alpha1.ReasonTakenDown, v1alpha1.ReasonViolationMissing, v1alpha1.ReasonReturnPending,
	}, []clauseRow{
		{name: "clear", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear},
		{
			name: "flagged", given: flagged(t), outcome: Refused, reason: v1alpha1.ReasonTakenDown,
			message: []string{"PolicyViolation leak", "SecurityLeakage", "Critical", "its owners lift it"},
		},
		{
			name: "flagged before anything is live", given: underAudit(t),
			change:  func(c *Case) { c.Violations = []v1alpha1.PolicyViolation{newViolation("early", hours(1))} },
			outcome: Refused, reason: v1alpha1.ReasonTakenDown,
		},
		{
			name: "the newest open one is named, not a newer lifted one", given: flagged(t),
			change: func(c *Case) {
				c.Violations = append(c.Violations, newViolation("newer", hours(42)), newViolation("newest", hours(44), lifted), newViolation("older", hours(39)))
			},
			outcome: Refused, reason: v1alpha1.ReasonTakenDown, message: []string{"PolicyViolation newer "},
		},
		{
			name: "one lift of two lets nobody return", given: flagged(t, lifted),
			change: func(c *Case) {
				signedAgain(c)
				c.Violations = append(c.Violations, newViolation("older", hours(39)))
			},
			outcome: Refused, reason: v1alpha1.ReasonTakenDown, message: []string{"PolicyViolation older"},
		},
		{
			name: "a label whose violation is gone still holds, whatever is signed", given: flagged(t),
			change:  func(c *Case) { c.Violations = nil; signedAgain(c) },
			outcome: Refused, reason: v1alpha1.ReasonViolationMissing, message: []string{"leak", "no longer exists", "the security team creates it again and lifts it"},
		},
		{
			name: "another violation's lift does not open this lock", given: flagged(t),
			change: func(c *Case) {
				c.Violations = []v1alpha1.PolicyViolation{newViolation("other", hours(40), lifted)}
				signedAgain(c)
			},
			outcome: Refused, reason: v1alpha1.ReasonViolationMissing,
		},
		{
			name: "lifted, the return is not earned", given: flagged(t, lifted), outcome: Waiting, reason: v1alpha1.ReasonReturnPending,
			message: []string{"leak is lifted", "spec.launch", "signed after the flag"},
		},
		{
			name: "lifted and signed, but nobody launches", given: flagged(t, lifted),
			change:  func(c *Case) { signedAgain(c); c.Application.Spec.Launch = nil },
			outcome: Waiting, reason: v1alpha1.ReasonReturnPending,
		},
		{
			name: "lifted, and launch names a release that does not exist", given: flagged(t, lifted),
			change:  func(c *Case) { signedAgain(c); c.Application.Spec.Launch.Release = "health-portal-00000000" },
			outcome: Waiting, reason: v1alpha1.ReasonReturnPending,
		},
		{
			name: "lifted, but without a policy nothing is earned", given: flagged(t, lifted),
			change:  func(c *Case) { signedAgain(c); c.Policy = nil },
			outcome: Waiting, reason: v1alpha1.ReasonReturnPending,
		},
		{name: "lifted and earned", given: flagged(t, lifted), change: signedAgain, outcome: Met, reason: v1alpha1.ReasonClear},
		{
			name: "lifted alone, where the policy says so", given: flagged(t, lifted),
			change:  func(c *Case) { c.Policy.Violations.ReturnRequires = v1alpha1.ReturnLiftOnly },
			outcome: Met, reason: v1alpha1.ReasonClear,
		},
		{
			name: "a fixed release earns the return of the application", given: flagged(t, lifted),
			change: func(c *Case) {
				fixed := candidate(c, hours(41), otherImage)
				c.SignOffs = append(c.SignOffs, tested(fixed.Name, hours(42))...)
				c.Application.Spec.Launch.Release = fixed.Name
			},
			outcome: Met, reason: v1alpha1.ReasonClear,
		},
	})
}

func TestTakedown(t *testing.T) {
	release := underAudit(t).Releases[0].Name
	for name, row := range map[string]struct {
		given  *Case
		change func(*Case)
		want   *Takedown
		unlock string
		stage  v1alpha1.Stage
		// replicas that live runs of web.
		replicas int32
	}{
		"clear":   {given: liveCase(t), stage: v1alpha1.StageLive, replicas: runningReplicas},
		"stop":    {given: flagged(t), want: &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsStop}, stage: v1alpha1.StageOffline},
		"isolate": {given: flagged(t, isolate), want: &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsIsolate}, stage: v1alpha1.StageOffline, replicas: runningReplicas},
		"one that stops decides over one that isolates": {
			given: flagged(t, isolate), change: func(c *Case) { c.Violations = append(c.Violations, newViolation("older", hours(39))) },
			want: &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsStop}, stage: v1alpha1.StageOffline,
		},
		"the newest open one is the label": {
			given: flagged(t), change: func(c *Case) { c.Violations = append(c.Violations, newViolation("newer", hours(42))) },
			want: &Takedown{Violation: "newer", Workloads: v1alpha1.WorkloadsStop}, stage: v1alpha1.StageOffline,
		},
		"of two in one second the order of names decides": {
			given: flagged(t), change: func(c *Case) { c.Violations = append(c.Violations, newViolation("a-leak", hours(40))) },
			want: &Takedown{Violation: "a-leak", Workloads: v1alpha1.WorkloadsStop}, stage: v1alpha1.StageOffline,
		},
		"a lifted one still isolates until the return": {
			given: flagged(t, lifted, isolate),
			want:  &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsIsolate}, stage: v1alpha1.StageOffline, replicas: runningReplicas,
		},
		"a missing one stops": {
			given: flagged(t), change: func(c *Case) { c.Violations = nil },
			want: &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsStop}, stage: v1alpha1.StageOffline,
		},
		"without a policy the takedown goes on": {
			given: flagged(t), change: func(c *Case) { c.Policy = nil },
			want: &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsStop}, stage: v1alpha1.StageOffline,
		},
		"earned: the label goes and live returns": {
			given: flagged(t, lifted), change: func(c *Case) { c.SignOffs = append(c.SignOffs, tested(release, hours(41))...) },
			unlock: "leak", stage: v1alpha1.StageLive, replicas: runningReplicas,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := row.given
			if row.change != nil {
				row.change(c)
			}
			a := Assess(c)
			plan := PlanFor(c, a)
			if row.want != nil {
				row.want.Namespace = c.Scope(v1alpha1.LiveNamespace).StageNamespace()
			}
			if a.Stage != row.stage || a.Locked != (row.want != nil) || plan.Unlock != row.unlock {
				t.Errorf("stage %s, locked %v, unlock %q", a.Stage, a.Locked, plan.Unlock)
			}
			if (plan.Takedown == nil) != (row.want == nil) || row.want != nil && *plan.Takedown != *row.want {
				t.Errorf("takedown %+v, want %+v", plan.Takedown, row.want)
			}
			if got := replicasOf(t, plan, plan.Live, "web"); got != row.replicas {
				t.Errorf("live runs %d replicas, want %d", got, row.replicas)
			}
		})
	}
}

// There is nothing to lock before the first launch; the flag still keeps everything from going live.
func TestTakedownBeforeLaunch(t *testing.T) {
	c := awaitingLaunch(t)
	c.Application.Spec.Launch = &v1alpha1.Launch{Release: c.Releases[0].Name}
	c.Violations = []v1alpha1.PolicyViolation{newViolation("early", hours(1))}
	a := Assess(c)
	plan := PlanFor(c, a)
	if a.Stage != v1alpha1.StageOffline || a.Live != nil || a.Test == nil {
		t.Errorf("stage %s, live %v, test %v", a.Stage, a.Live, a.Test)
	}
	if plan.Takedown == nil || plan.Takedown.Namespace != "" || plan.Takedown.Violation != "early" {
		t.Errorf("takedown %+v", plan.Takedown)
	}
	for _, o := range plan.Objects {
		if o.GetNamespace() == plan.Live || o.GetName() == plan.Live {
			t.Errorf("%s %s is made in live", o.GetKind(), o.GetName())
		}
	}
}
