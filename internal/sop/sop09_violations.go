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
// govpk-identity, govpk-evidence, govpk-installation, govpk-break-glass.
func violations() Clause {
	return Clause{
		Source:    SOP,
		Number:    9,
		Title:     "Policy Violations",
		Condition: v1alpha1.ConditionClearOfViolations,
		Demands:   "NITB and NTC may take an application offline that could damage the national image or threaten the data centre.",
		Assess:    assessViolations,
		Enforce:   enforceViolations,
		Guards:    []string{"govpk-offline", "govpk-namespaces", "govpk-children", "govpk-identity", "govpk-evidence", "govpk-installation", "govpk-break-glass"},
	}
}

func assessViolations(c *Case, _ *v1alpha1.Release) Finding {
	for _, ground := range c.grounds() {
		if OfViolation(ground.name) {
			return finding(Refused, v1alpha1.ReasonTakenDown, "%s", ground.message)
		}
	}
	if !c.locked() || !OfViolation(c.lockedBy()) {
		return finding(Met, v1alpha1.ReasonClear, "no violation is open")
	}
	return c.assessLock()
}

// enforceViolations lets the security team take live offline by hand when the operator does not run.
func enforceViolations(c *Case, t Target) []render.Object {
	if !t.live() || c.Policy == nil {
		return nil
	}
	return []render.Object{render.RoleBinding(t.Scope, "takedown", "govpk-takedown", c.Policy.Violations.SecurityGroup)}
}
