// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestBreaches(t *testing.T) {
	breach := func(change ...func(*v1alpha1.BreachReportSpec)) func(*Case) {
		return func(c *Case) {
			b := v1alpha1.BreachReport{Spec: v1alpha1.BreachReportSpec{CloudServiceProvider: "ntc-islamabad", Severity: "High"}}
			b.Name = "stolen-disk"
			for _, change := range change {
				change(&b.Spec)
			}
			c.Breaches = []v1alpha1.BreachReport{b}
		}
	}
	offline := func(s *v1alpha1.BreachReportSpec) {
		s.Response = &v1alpha1.BreachResponse{Action: v1alpha1.BreachTakeApplicationsOffline, EffectiveFrom: metav1.NewTime(received), Reason: "keys were on it"}
	}
	checkClause(t, v1alpha1.ConditionClearOfBreaches, []string{v1alpha1.ReasonClear, v1alpha1.ReasonBreachOpen, v1alpha1.ReasonTakenDown}, []clauseRow{
		{name: "none", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonClear},
		{name: "one of the provider", given: liveCase(t), change: breach(), outcome: Waiting, reason: v1alpha1.ReasonBreachOpen, message: []string{"stolen-disk"}},
		{
			name: "one of another provider", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: breach(func(s *v1alpha1.BreachReportSpec) { s.CloudServiceProvider = "another" }),
		},
		{
			name: "one of another application", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: breach(func(s *v1alpha1.BreachReportSpec) {
				s.Applications = []v1alpha1.ApplicationReference{{Namespace: "others", Name: "health-portal"}}
			}),
		},
		{name: "taken offline", given: liveCase(t), change: breach(offline), outcome: Refused, reason: v1alpha1.ReasonTakenDown, message: []string{"keys were on it"}},
		{
			name: "closed", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonClear,
			change: breach(offline, func(s *v1alpha1.BreachReportSpec) { s.Closure = &v1alpha1.BreachClosure{} }),
		},
	})
}
