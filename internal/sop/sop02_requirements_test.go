// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// At their peak the components of the base need 6 × 100m + 100m cpu and 6 × 128Mi + 256Mi memory.
func TestRequirements(t *testing.T) {
	hardware := func(cpu, memory string) func(*Case) {
		return func(c *Case) {
			c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse(cpu)
			c.Application.Spec.Requirements.Hardware.Memory = resource.MustParse(memory)
		}
	}
	checkClause(t, 2, []string{v1alpha1.ReasonDeclared, v1alpha1.ReasonHardwareTooSmall}, []clauseRow{
		{name: "more than enough", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{name: "exactly enough", given: underAudit(t), change: hardware("700m", "1Gi"), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{
			name: "cpu", given: underAudit(t), change: hardware("699m", "1Gi"), outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall,
			message: []string{"spec.requirements.hardware", "cpu is 699m", "request 700m", "declare more hardware or fewer replicas"}, without: []string{"memory"},
		},
		{
			name: "memory", given: underAudit(t), change: hardware("700m", "1023Mi"), outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall,
			message: []string{"memory is 1023Mi", "use 1Gi"}, without: []string{"cpu is"},
		},
		{
			name: "both", given: underAudit(t), change: hardware("1m", "1"), outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall,
			message: []string{"cpu is 1m", "memory is 1 "},
		},
		{
			name: "the maximum counts, not the minimum", given: underAudit(t), on: onSnapshot,
			change: func(c *Case) {
				hardware("700m", "1Gi")(c)
				c.Application.Spec.Components[0].Replicas.Max = 7
			},
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"request 800m"},
		},
	})
}

func TestQuota(t *testing.T) {
	for name, row := range map[string]struct{ declared, quota string }{
		"one more pod of each component":               {"4", "4200m"},
		"never less than what already runs here needs": {"100m", "900m"},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse(row.declared)
			objects := enforceRequirements(c, Target{Scope: c.Scope(v1alpha1.LiveNamespace), Release: &c.Releases[0]})
			got, _, err := unstructured.NestedString(objects[0].Object, "spec", "hard", "requests.cpu")
			if err != nil || got != row.quota {
				t.Errorf("requests.cpu is %q (%v), want %s", got, err, row.quota)
			}
		})
	}
}
