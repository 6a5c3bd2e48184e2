// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 6, End-2-End Testing: NITB, NTC and the organization test the deployed application in an offline environment.
// All parties sign the exact release, and an open finding blocks. Admission: govpk-identity.
func endToEndTest() Clause {
	return Clause{
		Source:    SOP,
		Number:    6,
		Title:     "End-2-End Testing",
		Condition: v1alpha1.ConditionEndToEndTested,
		Demands:   "NITB, NTC and the organization test the deployed application in an offline environment; issues are resolved.",
		Assess:    followEndToEndTest,
		Guards:    []string{"govpk-identity"},
	}
}

// followEndToEndTest begins with the pass that brings a release to test: until it runs there, nobody can try it, and nobody is
// waited for.
func followEndToEndTest(c *Case, release *v1alpha1.Release) Finding {
	f := assessEndToEndTest(c, release)
	if f.Outcome != Waiting || c.Test.Release == release.Name || Snapshot(c.Application).Name != release.Name {
		return f
	}
	if stage, _ := c.stageOf(release); stage != v1alpha1.StageTesting {
		return f
	}
	begins := c.rollout(c.testTarget(release))
	begins.Deadline = f.Deadline
	return begins
}

func assessEndToEndTest(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	if release.CreationTimestamp.IsZero() {
		return finding(Waiting, v1alpha1.ReasonNotSubmitted, "the test follows the audit")
	}
	verdict := c.verdict(release, v1alpha1.SignOffEndToEndTest, c.Policy.EndToEndTest.Parties, c.returnBar(release))
	if verdict.Outcome == Met {
		return verdict
	}
	if failure, failed := c.testFailure(release); failed {
		return finding(Refused, v1alpha1.ReasonRolledBack, "test runs %s again: %s", c.Test.RolledOut, failure)
	}
	if c.Test.Release == release.Name {
		if f := c.rollout(c.testTarget(release)); f.Outcome != Met {
			f.Deadline = earliest(f.Deadline, verdict.Deadline)
			return f
		}
		verdict.Message += "; the test host is " + TestHost(c.Scope(v1alpha1.TestNamespace), c.Policy.Gateways.Test.Domain, 0)
	}
	return verdict
}

// returnBar is the instant that end-to-end sign-offs must follow: the newest flag or response to a breach, so that what was taken
// offline is tested again.
func (c *Case) returnBar(release *v1alpha1.Release) time.Time {
	if c.Policy.Violations.ReturnRequires == v1alpha1.ReturnLiftOnly {
		return time.Time{}
	}
	bar := c.breachBar(release)
	for _, violation := range c.Violations {
		if violation.CreationTimestamp.After(bar) {
			bar = violation.CreationTimestamp.Time
		}
	}
	return bar
}
