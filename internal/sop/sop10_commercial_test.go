// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestCommercial(t *testing.T) {
	declare := func(change func(*v1alpha1.Commercial)) func(*Case) {
		return func(c *Case) { change(&c.Application.Spec.Commercial) }
	}
	payments := newCertificate("pay", hours(5000))
	ends := []func(*Case){exemptedBy(payments), takesPayments}
	checkClause(t, v1alpha1.ConditionNonCommercial, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonDeclared, v1alpha1.ReasonNoCRequired, v1alpha1.ReasonExempted, v1alpha1.ReasonOriginsTooMany,
	}, []clauseRow{
		{name: "none", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"no commercial use is declared"}},
		{name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil }, outcome: Refused, reason: v1alpha1.ReasonPolicyMissing},
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
		{
			name: "one nanosecond before the certificate's first second", given: underAudit(t), change: together(append(ends, nowAt(hours(1).Add(-time.Nanosecond)))...),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired, deadline: hours(1),
		},
		{
			name: "its first second", given: underAudit(t), change: together(append(ends, nowAt(hours(1)))...),
			outcome: Met, reason: v1alpha1.ReasonExempted, deadline: hours(5000),
			message: []string{"NITB allows Transactions by NoObjectionCertificate pay; beside the application's own host browsers are told of https://pay.bank.example"},
		},
		{
			name: "one nanosecond before its end", given: underAudit(t), change: together(append(ends, nowAt(hours(5000).Add(-time.Nanosecond)))...),
			outcome: Met, reason: v1alpha1.ReasonExempted, deadline: hours(5000),
		},
		{
			name: "its end", given: underAudit(t), change: together(append(ends, nowAt(hours(5000)))...),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired, message: []string{"declares transactions,"},
		},
		{
			name: "revoked", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", hours(5000), certificateRevoked)), takesPayments),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired,
		},
		{
			name: "longer than the policy allows", given: underAudit(t), change: together(append(ends, func(c *Case) { c.Policy.NoObjectionCertificates.MaxDays = 100 })...),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired,
		},
		{
			name: "for another use", given: underAudit(t),
			change:  together(exemptedBy(newCertificate("ads", hours(5000), forUses(v1alpha1.CommercialAdvertisements))), takesPayments),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired, message: []string{"declares transactions,"}, deadline: hours(5000),
		},
		{
			name: "the Cloud Office has no power here", given: underAudit(t), change: together(exemptedBy(newCertificate("level", hours(5000), ofTheCloudOffice)), takesPayments),
			outcome: Refused, reason: v1alpha1.ReasonNoCRequired,
		},
		{
			name: "two certificates, one for each use", given: underAudit(t), change: together(takesPayments, declare(func(d *v1alpha1.Commercial) { d.ThirdPartyLogos = ptr.To(true) }),
				exemptedBy(newCertificate("b", hours(4000)), newCertificate("a", hours(5000), forUses(v1alpha1.CommercialThirdPartyLogos), forOrigins()))),
			outcome: Met, reason: v1alpha1.ReasonExempted, deadline: hours(4000),
			message: []string{"NITB allows Transactions, ThirdPartyLogos by NoObjectionCertificate a, b;"},
		},
		{
			name: "without origins nothing else is told to browsers", given: underAudit(t), change: exemptedBy(newCertificate("pay", hours(5000), forOrigins())),
			outcome: Met, reason: v1alpha1.ReasonExempted, message: []string{"browsers are told of no other"}, deadline: hours(5000),
		},
		{
			name: "more origins than a header holds", given: underAudit(t), change: together(takesPayments, exemptedBy(
				newCertificate("many", hours(5000), forOrigins(manyOrigins("first")...)), newCertificate("more", hours(4000), validFrom(hours(2)), forOrigins(manyOrigins("second")...)))),
			outcome: Refused, reason: v1alpha1.ReasonOriginsTooMany, deadline: hours(4000),
			message: []string{"not told of the origins of NoObjectionCertificate more:", "4096 characters", "NITB revokes it and issues one with fewer"}, without: []string{"many,"},
		},
	})
}

// manyOrigins are as many as a certificate may name.
func manyOrigins(label string) []string {
	var origins []string
	for i := range 20 {
		origins = append(origins, fmt.Sprintf("https://%s-%02d.bank.example", label, i))
	}
	return origins
}
