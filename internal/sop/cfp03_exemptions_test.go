// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestExemptions(t *testing.T) {
	certificate := func(from, until time.Time) func(*Case) {
		return func(c *Case) {
			c.Certificates = []v1alpha1.NoObjectionCertificate{{Spec: v1alpha1.NoObjectionCertificateSpec{
				ValidFrom: metav1.NewTime(from), ValidUntil: metav1.NewTime(until),
			}}}
		}
	}
	checkClause(t, v1alpha1.ConditionExemptionsCurrent, []string{v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonDeclared}, []clauseRow{
		{name: "none", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"no No Objection Certificate"}},
		{
			name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "not yet", given: underAudit(t), change: certificate(hours(10000), hours(10001)),
			outcome: Met, reason: v1alpha1.ReasonDeclared, deadline: hours(10000),
		},
		{
			name: "in force", given: underAudit(t), change: certificate(received.Add(-time.Hour), hours(5000)),
			outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"1 No Objection"}, deadline: hours(5000),
		},
	})
}
