// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestSupport(t *testing.T) {
	contacts := func(levels ...v1alpha1.SupportLevel) func(*Case) {
		return func(c *Case) {
			c.Application.Spec.Organization.Contacts = nil
			for _, level := range levels {
				c.Application.Spec.Organization.Contacts = append(c.Application.Spec.Organization.Contacts, v1alpha1.Contact{Level: level})
			}
		}
	}
	checkClause(t, 8, []string{v1alpha1.ReasonAssigned, v1alpha1.ReasonContactsMissing}, []clauseRow{
		{name: "both levels", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonAssigned, message: []string{"Sehat Digital (Pvt) Ltd", "levels 2 and 3"}},
		{
			name: "nobody", given: underAudit(t), change: contacts(), outcome: Refused, reason: v1alpha1.ReasonContactsMissing,
			message: []string{"spec.organization.contacts must name an L2 and an L3 contact"},
		},
		{name: "no level 3", given: underAudit(t), change: contacts("L2", "L2"), outcome: Refused, reason: v1alpha1.ReasonContactsMissing},
		{name: "no level 2", given: underAudit(t), change: contacts("L3"), outcome: Refused, reason: v1alpha1.ReasonContactsMissing},
		{name: "level 1 is not the organization's", given: underAudit(t), change: contacts("L1", "L3"), outcome: Refused, reason: v1alpha1.ReasonContactsMissing},
	})
}

func TestSupportRoles(t *testing.T) {
	c := underAudit(t)
	got := map[string]string{}
	for _, binding := range enforceSupport(c, Target{Scope: c.Scope(v1alpha1.LiveNamespace)}) {
		role, _, _ := unstructured.NestedString(binding.Object, "roleRef", "name")
		subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
		if len(subjects) != 1 || subjects[0].(map[string]any)["kind"] != "Group" {
			t.Errorf("subjects %v", subjects)
		}
		got[role] = subjects[0].(map[string]any)["name"].(string)
	}
	want := map[string]string{"govpk-operations": "ntc:operations", "govpk-organization-support": "organization:sehat-digital"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, component := range map[string]v1alpha1.Component{
		"a variable":    {Env: []v1alpha1.EnvVar{{Name: "A", Value: "b"}, {Name: "PASSWORD", ValueFrom: &v1alpha1.EnvVarSource{}}}},
		"a pull secret": {ImagePullSecrets: []v1alpha1.SecretReference{{Name: "registry"}}},
	} {
		release := &v1alpha1.Release{Spec: v1alpha1.ReleaseSpec{Components: []v1alpha1.Component{{}, component}}}
		bindings := enforceSupport(c, Target{Scope: c.Scope(v1alpha1.TestNamespace), Release: release})
		last := bindings[len(bindings)-1]
		if role, _, _ := unstructured.NestedString(last.Object, "roleRef", "name"); role != "govpk-organization-secrets" {
			t.Errorf("%s from a Secret, yet the last role is %s", name, role)
		}
	}
	plain := &v1alpha1.Release{Spec: v1alpha1.ReleaseSpec{Components: []v1alpha1.Component{{Env: []v1alpha1.EnvVar{{Name: "A", Value: "b"}}}}}}
	if bindings := enforceSupport(c, Target{Scope: c.Scope(v1alpha1.TestNamespace), Release: plain}); len(bindings) != 2 {
		t.Errorf("%d roles without a Secret, want 2", len(bindings))
	}
	c.Policy = nil
	if objects := enforceSupport(c, Target{Scope: c.Scope(v1alpha1.LiveNamespace)}); objects != nil {
		t.Errorf("without a policy no group is known, yet %d roles are bound", len(objects))
	}
}

func TestContacts(t *testing.T) {
	want := "L2: Service desk <desk@sehat.example> +92 51 0000000\nL3: Engineering <eng@sehat.example> +92 51 0000001"
	if got := contacts(newApplication(t)); got != want {
		t.Errorf("got %q", got)
	}
}
