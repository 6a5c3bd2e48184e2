// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestAccreditation(t *testing.T) {
	accreditation := func(change func(*v1alpha1.Accreditation)) func(*Case) {
		return func(c *Case) {
			provider := c.Providers["ntc-islamabad"]
			change(&provider.Spec.Accreditation)
			c.Providers["ntc-islamabad"] = provider
		}
	}
	state := func(s v1alpha1.AccreditationState) func(*Case) {
		return accreditation(func(a *v1alpha1.Accreditation) { a.State = s })
	}
	valid := func(from, until v1alpha1.Date, now time.Time) func(*Case) {
		return func(c *Case) {
			accreditation(func(a *v1alpha1.Accreditation) { a.ValidFrom, a.ValidUntil = from, until })(c)
			c.Now = now
		}
	}
	ends := time.Date(2028, 1, 1, 0, 0, 0, 0, karachi)
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, karachi) }

	checkClause(t, v1alpha1.ConditionProviderAccredited, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonProviderMissing, v1alpha1.ReasonProviderNotAccredited, v1alpha1.ReasonCalendarInvalid, v1alpha1.ReasonAccredited,
	}, []clauseRow{
		{
			name: "accredited", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonAccredited,
			message: []string{"ntc-islamabad", "until 2027-12-31"}, deadline: ends,
		},
		{
			name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "no provider", given: underAudit(t), change: func(c *Case) { c.Providers = nil },
			outcome: Refused, reason: v1alpha1.ReasonProviderMissing,
			message: []string{"spec.cloudServiceProvider", "ntc-islamabad does not exist", "kubectl get cloudserviceproviders"},
		},
		{
			name: "registered only", given: underAudit(t), change: state(v1alpha1.AccreditationRegistered),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"is Registered", "only an accredited provider"},
		},
		{
			name: "suspended", given: underAudit(t), change: state(v1alpha1.AccreditationSuspended),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"is Suspended"},
		},
		{
			name: "revoked", given: underAudit(t), change: state(v1alpha1.AccreditationRevoked),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"is Revoked"},
		},
		{
			name: "an unknown state", given: underAudit(t), change: state(""),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited,
		},
		{
			name: "one instant before the first day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(4).Add(-time.Nanosecond)),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"begins on 2026-11-04"}, deadline: day(4),
		},
		{
			name: "the first instant of the first day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(4)),
			outcome: Met, reason: v1alpha1.ReasonAccredited, deadline: day(5),
		},
		{
			name: "the last instant of the last day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(5).Add(-time.Nanosecond)),
			outcome: Met, reason: v1alpha1.ReasonAccredited, deadline: day(5),
		},
		{
			name: "the instant after the last day, and nothing more to wait for", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(5)),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"ended on 2026-11-04"},
		},
		{
			name: "the calendar is broken", given: underAudit(t), change: func(c *Case) { c.Policy.Calendar.WorkWeeks = nil },
			outcome: Refused, reason: v1alpha1.ReasonCalendarInvalid, message: []string{"workWeeks"},
		},
	})
}
