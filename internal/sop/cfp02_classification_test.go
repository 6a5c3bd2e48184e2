// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestClassification(t *testing.T) {
	checkClause(t, v1alpha1.ConditionDataClassified, []string{
		v1alpha1.ReasonProviderMissing, v1alpha1.ReasonDataClassNotAccredited, v1alpha1.ReasonClassified,
	}, []clauseRow{
		{
			name: "a class of the provider's", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonClassified, message: []string{"Restricted"},
		},
		{
			name: "no provider", given: underAudit(t), change: func(c *Case) { c.Providers = nil },
			outcome: Refused, reason: v1alpha1.ReasonProviderMissing,
			message: []string{"spec.cloudServiceProvider", "ntc-islamabad does not exist", "kubectl get cloudserviceproviders"},
		},
		{
			name: "another data class", given: underAudit(t), on: onSnapshot,
			change:  func(c *Case) { c.Application.Spec.DataClass = v1alpha1.DataClassSecret },
			outcome: Refused, reason: v1alpha1.ReasonDataClassNotAccredited, message: []string{"data class Secret", "choose a provider that is"},
		},
	})
}
