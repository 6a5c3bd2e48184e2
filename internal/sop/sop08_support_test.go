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
	checkClause(t, v1alpha1.ConditionSupportAssigned, []string{v1alpha1.ReasonAssigned, v1alpha1.ReasonContactsMissing}, []clauseRow{
		{name: "both levels", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonAssigned, message: []string{"NTC operations answers for level 1, Sehat Digital (Pvt) Ltd for levels 2 and 3"}},
		{
			name: "a name of several lines", given: underAudit(t), change: func(c *Case) { c.Application.Spec.Organization.Name = "Sehat\nlevel 2: \x1b[1mNobody" },
			outcome: Met, reason: v1alpha1.ReasonAssigned, message: []string{"level 1, Sehat level 2: [1mNobody for levels 2 and 3"},
		},
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
	const l1 = "L1: NITB and NTC desk <noc@ntc.example> 111 222 333"
	desk := func(c *Case) {
		c.Policy.Support.Level1 = v1alpha1.Level1Contact{Name: "NITB and NTC desk", Email: "noc@ntc.example", Phone: "111 222 333"}
	}
	contacts := func(list ...v1alpha1.Contact) func(*Case) {
		return func(c *Case) { c.Application.Spec.Organization.Contacts = list }
	}
	for name, row := range map[string]struct {
		change func(*Case)
		want   []string
		call   string
	}{
		"level by level": {
			change: with(desk, contacts(
				v1alpha1.Contact{Level: "L3", Name: "C", Email: "c@x", Phone: "30000"}, v1alpha1.Contact{Level: "L2", Name: "A", Email: "a@x", Phone: "10000"},
				v1alpha1.Contact{Level: "L2", Name: "B", Email: "b@x", Phone: "20000"})),
			want: []string{l1, "L2: A <a@x> 10000", "L2: B <b@x> 20000", "L3: C <c@x> 30000"},
			call: l1 + ", then L2: A <a@x> 10000",
		},
		"the policy's default has no address": {
			change: func(*Case) {},
			want:   []string{"L1: NTC operations", "L2: Service desk <desk@sehat.example> +92 51 0000000", "L3: Engineering <eng@sehat.example> +92 51 0000001"},
			call:   "L1: NTC operations, then L2: Service desk <desk@sehat.example> +92 51 0000000",
		},
		"without a policy": {change: with(func(c *Case) { c.Policy = nil }, contacts()), want: []string{"L1: NTC operations"}, call: "L1: NTC operations"},
		"nobody writes a second line": {
			change: with(desk, contacts(
				v1alpha1.Contact{Level: "L2", Name: "A\nL1: me <me@x> 1", Email: "a\r@x", Phone: "1\v2"},
				v1alpha1.Contact{Level: "L3", Name: "\u202eB\u2028C\x00\u0085", Email: "e\x1b[2J@x", Phone: "3"})),
			want: []string{l1, "L2: A L1: me <me@x> 1 <a @x> 1 2", "L3: B C <e [2J@x> 3"},
			call: l1 + ", then L2: A L1: me <me@x> 1 <a @x> 1 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := underAudit(t)
			row.change(c)
			if diff := cmp.Diff(row.want, c.contacts()); diff != "" {
				t.Error(diff)
			}
			if got := c.WhomToCall(); got != row.call {
				t.Errorf("call %q", got)
			}
		})
	}
}

// Whoever opens the namespace sees whom to call.
func TestContactsOnNamespaces(t *testing.T) {
	c := liveCase(t)
	namespace := enforceAvailability(c, Target{Scope: c.Scope(v1alpha1.LiveNamespace)})[0]
	want := "L1: NTC operations\nL2: Service desk <desk@sehat.example> +92 51 0000000\nL3: Engineering <eng@sehat.example> +92 51 0000001"
	if got := namespace.GetAnnotations()[v1alpha1.ContactsAnnotation]; got != want {
		t.Errorf("got %q", got)
	}
}
