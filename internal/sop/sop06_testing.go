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
		Number:    6,
		Title:     "End-2-End Testing",
		Condition: v1alpha1.ConditionEndToEndTested,
		Demands:   "NITB, NTC and the organization test the deployed application in an offline environment; issues are resolved.",
		Assess:    assessEndToEndTest,
		Guards:    []string{"govpk-identity"},
	}
}

func assessEndToEndTest(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	if release.CreationTimestamp.IsZero() {
		return finding(Waiting, v1alpha1.ReasonNotSubmitted, "the test follows the audit")
	}
	verdict := c.verdict(release, v1alpha1.SignOffEndToEndTest, c.Policy.EndToEndTest.Parties, c.returnBar())
	if verdict.Outcome == Met {
		return verdict
	}
	if c.Test.Release == release.Name {
		if component, ok := c.Test.unready(release); ok {
			return finding(Progressing, v1alpha1.ReasonRollingOut, "component %s of %s is not available in %s yet",
				component, release.Name, c.Scope(v1alpha1.TestNamespace).StageNamespace())
		}
		verdict.Message += "; the test host is " + TestHost(c.Scope(v1alpha1.TestNamespace), c.Policy.Gateways.Test.Domain, 0)
	}
	return verdict
}

// returnBar is the instant that end-to-end sign-offs must follow: the newest flag, so that what was taken offline is tested again.
func (c *Case) returnBar() time.Time {
	var bar time.Time
	if c.Policy.Violations.ReturnRequires == v1alpha1.ReturnLiftOnly {
		return bar
	}
	for _, violation := range c.Violations {
		if violation.CreationTimestamp.After(bar) {
			bar = violation.CreationTimestamp.Time
		}
	}
	return bar
}

// unready is the first component that does not run the release's image on every replica.
func (o ObservedStage) unready(release *v1alpha1.Release) (string, bool) {
	for _, component := range release.Spec.Components {
		if workload := o.Workloads[component.Name]; !workload.RolledOut || workload.Image != component.Image {
			return component.Name, true
		}
	}
	return "", false
}
