// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 9, Policy Violations: NITB and NTC may take the application offline. A flag takes it offline; it stays so
// whatever anybody does, until the flag is lifted by its owners and the return is earned. The label on the live namespace
// is the lock that holds without the operator. Admission: govpk-offline, govpk-namespaces, govpk-children,
// govpk-identity, govpk-evidence.
func violations() Clause {
	return Clause{
		Number:    9,
		Title:     "Policy Violations",
		Condition: v1alpha1.ConditionClearOfViolations,
		Demands:   "NITB and NTC may take an application offline that could damage the national image or threaten the data centre.",
		Assess:    assessViolations,
		Enforce:   enforceViolations,
		Guards:    []string{"govpk-offline", "govpk-namespaces", "govpk-children", "govpk-identity", "govpk-evidence"},
	}
}

func assessViolations(c *Case, _ *v1alpha1.Release) Finding {
	if open := c.openViolations(); len(open) > 0 {
		return finding(Refused, v1alpha1.ReasonTakenDown, "PolicyViolation %s (%s, %s) took the application offline; its owners lift it once the cause is resolved",
			open[0].Name, open[0].Spec.Category, open[0].Spec.Severity)
	}
	if !c.locked() {
		return finding(Met, v1alpha1.ReasonClear, "no violation is open")
	}
	if c.violation(c.Live.Offline) == nil {
		return finding(Refused, v1alpha1.ReasonViolationMissing, "live is locked by PolicyViolation %s, which no longer exists; the security team creates it again and lifts it",
			c.Live.Offline)
	}
	return finding(Waiting, v1alpha1.ReasonReturnPending, "PolicyViolation %s is lifted; live returns once spec.launch names a release that all parties tested and signed after the flag",
		c.Live.Offline)
}

// enforceViolations lets the security team take live offline by hand when the operator does not run.
func enforceViolations(c *Case, t Target) []render.Object {
	if !t.live() || c.Policy == nil {
		return nil
	}
	return []render.Object{render.RoleBinding(t.Scope, "takedown", "govpk-takedown", c.Policy.Violations.SecurityGroup)}
}

func (c *Case) violation(name string) *v1alpha1.PolicyViolation {
	for i := range c.Violations {
		if c.Violations[i].Name == name {
			return &c.Violations[i]
		}
	}
	return nil
}

// locked is true while the application must be offline: a violation is open, or live carries the label and has not earned
// its return. A label whose violation is missing still holds.
func (c *Case) locked() bool {
	if len(c.openViolations()) > 0 {
		return true
	}
	if c.Live.Offline == "" {
		return false
	}
	if c.violation(c.Live.Offline) == nil {
		return true
	}
	wanted := c.release(c.wanted())
	return wanted == nil || !c.eligible(wanted)
}

// lockedBy is the violation that the label names: the newest open one, or the one whose lift has not earned the return.
func (c *Case) lockedBy() string {
	if open := c.openViolations(); len(open) > 0 {
		return open[0].Name
	}
	return c.Live.Offline
}

// workloads says what happens to pods while offline. One violation that asks to stop them decides.
func (c *Case) workloads() v1alpha1.WorkloadAction {
	open := c.openViolations()
	if len(open) == 0 {
		if v := c.violation(c.Live.Offline); v != nil {
			return v.Spec.Workloads
		}
		return v1alpha1.WorkloadsStop
	}
	for _, violation := range open {
		if violation.Spec.Workloads != v1alpha1.WorkloadsIsolate {
			return v1alpha1.WorkloadsStop
		}
	}
	return v1alpha1.WorkloadsIsolate
}
