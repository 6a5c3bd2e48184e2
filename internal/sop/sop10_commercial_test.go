// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestCommercial(t *testing.T) {
	declare := func(change func(*v1alpha1.Commercial)) func(*Case) {
		return func(c *Case) { change(&c.Application.Spec.Commercial) }
	}
	checkClause(t, v1alpha1.ConditionNonCommercial, []string{v1alpha1.ReasonDeclared, v1alpha1.ReasonNoCRequired}, []clauseRow{
		{name: "none", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"no commercial use is declared"}},
		{
			name: "transactions", given: underAudit(t), change: declare(func(d *v1alpha1.Commercial) { d.Transactions = ptr.To(true) }),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired,
			message: []string{"spec.commercial declares transactions,", "No Objection Certificate of NITB"}, without: []string{"advertisements"},
		},
		{
			name: "advertisements", given: underAudit(t), change: declare(func(d *v1alpha1.Commercial) { d.Advertisements = ptr.To(true) }),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired, message: []string{"declares advertisements,"},
		},
		{
			name: "logos", given: underAudit(t), change: declare(func(d *v1alpha1.Commercial) { d.ThirdPartyLogos = ptr.To(true) }),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired, message: []string{"declares thirdPartyLogos,"},
		},
		{
			name: "what is not declared is not denied", given: underAudit(t), change: declare(func(d *v1alpha1.Commercial) { *d = v1alpha1.Commercial{} }),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired, message: []string{"transactions, advertisements, thirdPartyLogos"},
		},
	})
}
