// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 8, Operational Responsibilities: NITB and NTC hold level 1, the organization levels 2 and 3. Each level gets its
// role in the stage namespaces and nothing beyond; the contacts go where level 1 looks first. The API server refuses an
// application without contacts. Admission: govpk-children.
func support() Clause {
	return Clause{
		Number:    8,
		Title:     "Operational Responsibilities",
		Condition: v1alpha1.ConditionSupportAssigned,
		Demands:   "NITB and NTC hold level 1 of operations; levels 2 and 3 remain with the organization.",
		Assess:    assessSupport,
		Enforce:   enforceSupport,
		Guards:    []string{"govpk-children"},
	}
}

func assessSupport(c *Case, _ *v1alpha1.Release) Finding {
	levels := map[v1alpha1.SupportLevel]bool{}
	for _, contact := range c.Application.Spec.Organization.Contacts {
		levels[contact.Level] = true
	}
	if !levels[v1alpha1.SupportL2] || !levels[v1alpha1.SupportL3] {
		return finding(Refused, v1alpha1.ReasonContactsMissing, "spec.organization.contacts must name an L2 and an L3 contact")
	}
	return finding(Met, v1alpha1.ReasonAssigned, "level 1 is NITB's and NTC's; %s answers for levels 2 and 3", c.Application.Spec.Organization.Name)
}

func enforceSupport(c *Case, t Target) []render.Object {
	if c.Policy == nil {
		return nil
	}
	policy := c.Policy.Support
	return []render.Object{
		render.RoleBinding(t.Scope, "operations", "govpk-operations", policy.OperationsGroup),
		render.RoleBinding(t.Scope, "organization-support", "govpk-organization-support", policy.OrganizationGroupPrefix+c.Organization),
	}
}

// contacts is one line for each contact, in the order of the spec.
func contacts(app *v1alpha1.ThirdPartyApplication) string {
	lines := make([]string, 0, len(app.Spec.Organization.Contacts))
	for _, contact := range app.Spec.Organization.Contacts {
		lines = append(lines, fmt.Sprintf("%s: %s <%s> %s", contact.Level, contact.Name, contact.Email, contact.Phone))
	}
	return strings.Join(lines, "\n")
}
