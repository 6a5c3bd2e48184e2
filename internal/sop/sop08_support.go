// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 8, Operational Responsibilities: NITB and NTC hold level 1, the organization levels 2 and 3. Each level gets its
// role in the stage namespaces and nothing beyond; the organization writes the Secrets that its release names; the contacts go
// where level 1 looks first. The API server refuses an application without contacts. Admission: govpk-children, govpk-secrets,
// govpk-restricted, govpk-organizations, and govpk-identity for the rollback of level 1.
func support() Clause {
	return Clause{
		Source:    SOP,
		Number:    8,
		Title:     "Operational Responsibilities",
		Condition: v1alpha1.ConditionSupportAssigned,
		Demands:   "NITB and NTC hold level 1 of operations; levels 2 and 3 remain with the organization.",
		Assess:    assessSupport,
		Enforce:   enforceSupport,
		Guards:    []string{"govpk-children", "govpk-secrets", "govpk-restricted", "govpk-identity", "govpk-organizations"},
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
	return finding(Met, v1alpha1.ReasonAssigned, "%s answers for level 1, %s for levels 2 and 3", quote(c.level1().Name), quote(c.Application.Spec.Organization.Name))
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

func (c *Case) level1() v1alpha1.Level1Contact {
	if c.Policy == nil {
		// The default of the policy, which is missing.
		return v1alpha1.Level1Contact{Name: "NTC operations"}
	}
	return c.Policy.Support.Level1
}

// contacts is one line for each contact, level by level, in the order of the spec.
func (c *Case) contacts() []string {
	first := c.level1()
	lines := []string{contact("L1", first.Name, first.Email, first.Phone)}
	for _, level := range []v1alpha1.SupportLevel{v1alpha1.SupportL2, v1alpha1.SupportL3} {
		for _, other := range c.Application.Spec.Organization.Contacts {
			if other.Level == level {
				lines = append(lines, contact(string(level), other.Name, other.Email, other.Phone))
			}
		}
	}
	return lines
}

// contact is one line, whatever an organization wrote: a second one could pass for somebody else's.
func contact(level, name, email, phone string) string {
	line := level + ": " + quote(name)
	if email != "" {
		line += " <" + quote(email) + ">"
	}
	if phone != "" {
		line += " " + quote(phone)
	}
	return line
}

// WhomToCall is what an alarm ends with: level 1 first, then the organization's level 2.
func (c *Case) WhomToCall() string {
	lines := c.contacts()
	if len(lines) < 2 {
		return lines[0]
	}
	return lines[0] + ", then " + lines[1]
}
