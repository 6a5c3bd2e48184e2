// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 8, Operational Responsibilities: NITB and NTC hold level 1, the organization levels 2 and 3. Each level gets its
// role in the stage namespaces and nothing beyond; the organization writes the Secrets that its release names; the contacts go
// where level 1 looks first. The API server refuses an application without contacts. Admission: govpk-children, and
// govpk-identity for the rollback of level 1.
func support() Clause {
	return Clause{
		Number:    8,
		Title:     "Operational Responsibilities",
		Condition: v1alpha1.ConditionSupportAssigned,
		Demands:   "NITB and NTC hold level 1 of operations; levels 2 and 3 remain with the organization.",
		Assess:    assessSupport,
		Enforce:   enforceSupport,
		Guards:    []string{"govpk-children", "govpk-identity"},
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
	organization := policy.OrganizationGroupPrefix + c.Organization
	objects := []render.Object{
		render.RoleBinding(t.Scope, "operations", "govpk-operations", policy.OperationsGroup),
		render.RoleBinding(t.Scope, "organization-support", "govpk-organization-support", organization),
	}
	if namesSecrets(t.Release) {
		objects = append(objects, render.RoleBinding(t.Scope, "organization-secrets", "govpk-organization-secrets", organization))
	}
	return objects
}

// namesSecrets is true for a release with a Secret that the organization writes itself.
func namesSecrets(release *v1alpha1.Release) bool {
	return release != nil && slices.ContainsFunc(release.Spec.Components, func(c v1alpha1.Component) bool {
		return len(c.ImagePullSecrets) > 0 || slices.ContainsFunc(c.Env, func(v v1alpha1.EnvVar) bool { return v.ValueFrom != nil })
	})
}

// contacts is one line for each contact, in the order of the spec.
func contacts(app *v1alpha1.ThirdPartyApplication) string {
	lines := make([]string, 0, len(app.Spec.Organization.Contacts))
	for _, contact := range app.Spec.Organization.Contacts {
		lines = append(lines, fmt.Sprintf("%s: %s <%s> %s", contact.Level, contact.Name, contact.Email, contact.Phone))
	}
	return strings.Join(lines, "\n")
}
