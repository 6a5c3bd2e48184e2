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
	lost := func(state v1alpha1.AccreditationState, from v1alpha1.Date, now time.Time) func(*Case) {
		return func(c *Case) {
			accreditation(func(a *v1alpha1.Accreditation) {
				a.State, a.EffectiveFrom, a.Reason = state, from, "keys were stolen"
			})(c)
			c.Now = now
		}
	}
	ends := time.Date(2028, 1, 1, 0, 0, 0, 0, karachi)
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, karachi) }

	checkClause(t, v1alpha1.ConditionProviderAccredited, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonProviderMissing, v1alpha1.ReasonProviderNotAccredited, v1alpha1.ReasonCalendarInvalid, v1alpha1.ReasonAccredited,
		v1alpha1.ReasonProviderSuspended, v1alpha1.ReasonProviderExpired, v1alpha1.ReasonProviderRevoked, v1alpha1.ReasonMigrationOverdue,
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
			name: "an unknown state", given: underAudit(t), change: state(""),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited,
		},
		{
			name: "suspended from today", given: underAudit(t), change: lost(v1alpha1.AccreditationSuspended, "2026-11-04", day(4)),
			outcome: Refused, reason: v1alpha1.ReasonProviderSuspended, deadline: day(4).AddDate(0, 0, 91),
			message: []string{"is Suspended (keys were stolen)", "stays as it is, and nothing new starts", "set spec.cloudServiceProvider", "by 2027-02-02"},
		},
		{
			name: "suspended one instant later", given: underAudit(t), change: lost(v1alpha1.AccreditationSuspended, "2026-11-04", day(4).Add(-time.Nanosecond)),
			outcome: Met, reason: v1alpha1.ReasonAccredited, deadline: day(4),
		},
		{
			name: "the last instant to leave a suspended provider", given: underAudit(t),
			change:  lost(v1alpha1.AccreditationSuspended, "2026-11-04", day(4).AddDate(0, 0, 91).Add(-time.Nanosecond)),
			outcome: Refused, reason: v1alpha1.ReasonProviderSuspended, deadline: day(4).AddDate(0, 0, 91),
		},
		{
			name: "and the one after it", given: underAudit(t), change: lost(v1alpha1.AccreditationSuspended, "2026-11-04", day(4).AddDate(0, 0, 91)),
			outcome: Refused, reason: v1alpha1.ReasonMigrationOverdue, message: []string{"was to leave by 2027-02-02", "at once"}, deadline: ends,
		},
		{
			name: "revoked", given: underAudit(t), change: lost(v1alpha1.AccreditationRevoked, "2026-11-04", day(4)),
			outcome: Refused, reason: v1alpha1.ReasonProviderRevoked, deadline: day(4).AddDate(0, 0, 30),
			message: []string{"is Revoked", "until 2026-12-03 and goes offline on 2026-12-04"},
		},
		{
			name: "revoked, and the day has come", given: underAudit(t), change: lost(v1alpha1.AccreditationRevoked, "2026-11-04", day(4).AddDate(0, 0, 30)),
			outcome: Refused, reason: v1alpha1.ReasonProviderRevoked, message: []string{"since 2026-12-04 nothing is live there"},
		},
		{
			name: "suspended by the response to a breach", given: underAudit(t), change: func(c *Case) {
				c.Breaches = []v1alpha1.BreachReport{suspending("stolen-disk", "ntc-islamabad", c.Now)}
			},
			outcome: Refused, reason: v1alpha1.ReasonProviderSuspended, message: []string{"BreachReport stolen-disk"}, deadline: day(4).AddDate(0, 0, 91),
		},
		{
			name: "live on a suspended provider, though another one is declared", given: liveCase(t), on: onSnapshot,
			change:  with(lost(v1alpha1.AccreditationSuspended, "2026-11-04", day(4)), moved(t)),
			outcome: Waiting, reason: v1alpha1.ReasonProviderSuspended, message: []string{"is live still", "CloudServiceProvider ntc-islamabad is Suspended", "by 2027-02-02"},
			deadline: day(4).AddDate(0, 0, 91),
		},
		{
			name: "and overdue", given: liveCase(t), on: onSnapshot,
			change:  with(lost(v1alpha1.AccreditationSuspended, "2026-11-04", day(4).AddDate(0, 0, 91)), moved(t)),
			outcome: Refused, reason: v1alpha1.ReasonMigrationOverdue, deadline: ends,
		},
		{
			name: "live on an accredited provider, and another one declared", given: liveCase(t), on: onSnapshot, change: moved(t),
			outcome: Met, reason: v1alpha1.ReasonAccredited, message: []string{"CloudServiceProvider other"}, deadline: ends,
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
			name: "the instant after the last day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(5)),
			outcome: Refused, reason: v1alpha1.ReasonProviderExpired, message: []string{"ended on 2026-11-04", "by 2027-02-03"}, deadline: day(5).AddDate(0, 0, 91),
		},
		{
			name: "the calendar is broken", given: underAudit(t), change: func(c *Case) { c.Policy.Calendar.WorkWeeks = nil },
			outcome: Refused, reason: v1alpha1.ReasonCalendarInvalid, message: []string{"workWeeks"},
		},
	})
}
