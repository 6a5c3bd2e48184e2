// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const e2eType = v1alpha1.SignOffEndToEndTest

func TestEndToEndTest(t *testing.T) {
	release := underAudit(t).Releases[0].Name
	sign := func(signOffs ...v1alpha1.SignOff) func(*Case) {
		return func(c *Case) { c.SignOffs = signOffs }
	}
	checkClause(t, v1alpha1.ConditionEndToEndTested, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonNotSubmitted, v1alpha1.ReasonAwaitingSignOff, v1alpha1.ReasonRejected,
		v1alpha1.ReasonFindingsOpen, v1alpha1.ReasonRollingOut, v1alpha1.ReasonAllPartiesApproved,
	}, []clauseRow{
		{
			name: "no policy", given: awaitingLaunch(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "no parties", given: awaitingLaunch(t), change: func(c *Case) { c.Policy.EndToEndTest.Parties = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{name: "not stored", given: awaitingLaunch(t), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonNotSubmitted},
		{
			name: "all parties", given: awaitingLaunch(t), outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved,
			message: []string{"NITB, NTC, Organization approved " + release}, deadline: expires(hours(30)),
		},
		{
			name: "two of three", given: awaitingLaunch(t), change: sign(tested(release, hours(30))[:2]...),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff,
			message:  []string{"EndToEndTest SignOff of Organization", "the test host is health-portal-", ".test.ntc.gov.pk"},
			deadline: expires(hours(30)),
		},
		{
			name: "before anything runs in test", given: underAudit(t), outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff,
			message: []string{"NITB, NTC, Organization"}, without: []string{"test host"},
		},
		{
			name: "a test host is named for the release under test only", given: awaitingLaunch(t),
			change:  func(c *Case) { c.SignOffs = nil; c.Test.Release = "health-portal-00000000" },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, without: []string{"test host"},
		},
		{
			name: "rolling out in test", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.SignOffs = nil
				c.Test.Workloads["api"] = ObservedWorkload{Release: c.Test.Release}
			},
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{"component api", "health-portal-", "-test"},
		},
		{
			name: "the old image rolled out is not this release", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.SignOffs = nil
				c.Test.Workloads["web"] = ObservedWorkload{Release: "health-portal-00000000", RolledOut: true}
			},
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{"component web"},
		},
		{
			name: "rejected", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.SignOffs = append(c.SignOffs, newSignOff(release, e2eType, v1alpha1.PartyNTC, hours(31), rejected))
			},
			outcome: Waiting, reason: v1alpha1.ReasonRejected, message: []string{"NTC rejected", "signs again"},
		},
		{
			name: "an open finding blocks", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.SignOffs = append(c.SignOffs, newSignOff(release, e2eType, v1alpha1.PartyNTC, hours(31), withFinding("F-7", v1alpha1.FindingOpen)))
			},
			outcome: Waiting, reason: v1alpha1.ReasonFindingsOpen, message: []string{"F-7"},
		},
		{
			name: "signatures on another release count for nothing", given: awaitingLaunch(t), change: sign(tested("health-portal-00000000", hours(30))...),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"unknown releases do not count"},
		},
		{
			name: "older than the flag, though lifted", given: awaitingLaunch(t),
			change:  func(c *Case) { c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)} },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"NITB, NTC, Organization"},
		},
		{
			name: "in the second of the flag", given: awaitingLaunch(t),
			change:  func(c *Case) { c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(30), lifted)} },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff,
		},
		{
			name: "newer than one flag but not than the newest", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.Violations = []v1alpha1.PolicyViolation{newViolation("late", hours(40), lifted), newViolation("early", hours(25), lifted)}
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff,
		},
		{
			name: "one party signed again, two did not", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
				c.SignOffs = append(c.SignOffs, tested(release, hours(41))[0])
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"SignOff of NTC, Organization"}, deadline: expires(hours(41)),
		},
		{
			name: "all newer than the newest flag", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
				c.SignOffs = append(c.SignOffs, tested(release, hours(41))...)
			},
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(hours(41)),
		},
		{
			name: "the lift alone, where the policy says so", given: awaitingLaunch(t),
			change: func(c *Case) {
				c.Policy.Violations.ReturnRequires = v1alpha1.ReturnLiftOnly
				c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
			},
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(hours(30)),
		},
	})
}

// The audit is of the architecture: a flag does not undo it.
func TestFlagLeavesTheAudit(t *testing.T) {
	c := awaitingLaunch(t)
	c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
	if got := assessAudit(c, &c.Releases[0]); got.Outcome != Met {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
}
