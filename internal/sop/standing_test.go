// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// suspending is a breach of a provider to which the Cloud Office responds by suspending it.
func suspending(name, provider string, from time.Time) v1alpha1.BreachReport {
	breach := v1alpha1.BreachReport{Spec: v1alpha1.BreachReportSpec{CloudServiceProvider: provider, Response: &v1alpha1.BreachResponse{
		Action: v1alpha1.BreachSuspendProvider, EffectiveFrom: metav1.NewTime(from), Reason: "until it is understood",
	}}}
	breach.Name = name
	return breach
}

// moved declares another provider, named other, which is accredited.
func moved(t testing.TB) func(*Case) {
	t.Helper()
	other := newProvider(t)
	return func(c *Case) {
		other.Name = "other"
		c.Providers[other.Name], c.Nodes[other.Name] = other, newNodes("8", "16Gi", "8", "16Gi")
		c.Application.Spec.CloudServiceProvider = other.Name
	}
}

// The provider is accredited from 2026-01-01 to 2027-12-31 unless a row says otherwise; the policy gives 90 and 30 days.
func TestStanding(t *testing.T) {
	midnight := func(s string) time.Time {
		at, err := time.ParseInLocation(time.DateOnly, s, karachi)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	before := func(s string) time.Time { return midnight(s).Add(-time.Nanosecond) }
	suspended := func(from v1alpha1.Date) v1alpha1.Accreditation {
		return v1alpha1.Accreditation{State: v1alpha1.AccreditationSuspended, EffectiveFrom: from}
	}
	revoked := func(from, offline v1alpha1.Date) v1alpha1.Accreditation {
		return v1alpha1.Accreditation{State: v1alpha1.AccreditationRevoked, EffectiveFrom: from, OfflineFrom: offline}
	}
	accredited := v1alpha1.Accreditation{State: v1alpha1.AccreditationAccredited}
	noon := midnight("2026-11-04").Add(12 * time.Hour)
	for _, row := range []struct {
		name     string
		is       v1alpha1.Accreditation
		breaches []v1alpha1.BreachReport
		policy   func(*v1alpha1.DeploymentPolicySpec)
		now      time.Time
		want     string
	}{
		{name: "registered", is: v1alpha1.Accreditation{State: v1alpha1.AccreditationRegistered}, now: noon, want: "Registered"},
		{name: "before its first day", is: accredited, now: before("2026-01-01"), want: "Pending next 2026-01-01"},
		{name: "on its first instant", is: accredited, now: midnight("2026-01-01"), want: "Accredited next 2028-01-01"},
		{name: "on its last", is: accredited, now: before("2028-01-01"), want: "Accredited next 2028-01-01"},
		{name: "after it", is: accredited, now: midnight("2028-01-01"), want: "Expired since 2028-01-01 leave by 2028-03-31 next 2028-04-01"},
		{name: "on the last instant to leave", is: accredited, now: before("2028-04-01"), want: "Expired since 2028-01-01 leave by 2028-03-31 next 2028-04-01"},
		{name: "after that", is: accredited, now: midnight("2028-04-01"), want: "Expired since 2028-01-01 leave by 2028-03-31 overdue"},

		{name: "before a suspension", is: suspended("2026-11-04"), now: before("2026-11-04"), want: "Accredited next 2026-11-04"},
		{name: "suspended", is: suspended("2026-11-04"), now: midnight("2026-11-04"), want: "Suspended since 2026-11-04 leave by 2027-02-02 next 2027-02-03"},
		{name: "on the last instant to leave after a suspension", is: suspended("2026-11-04"), now: before("2027-02-03"), want: "Suspended since 2026-11-04 leave by 2027-02-02 next 2027-02-03"},
		{name: "overdue", is: suspended("2026-11-04"), now: midnight("2027-02-03"), want: "Suspended since 2026-11-04 leave by 2027-02-02 overdue next 2028-01-01"},
		{name: "expired while suspended: the clock goes on", is: suspended("2027-12-01"), now: midnight("2028-01-01"), want: "Expired since 2027-12-01 leave by 2028-02-29 next 2028-03-01"},
		{name: "suspended before its first day", is: suspended("2025-12-01"), now: midnight("2025-12-01"), want: "Suspended since 2025-12-01 leave by 2026-03-01 next 2026-03-02"},
		{name: "other days to leave", is: suspended("2026-11-04"), policy: func(p *v1alpha1.DeploymentPolicySpec) { p.Providers.MigrationDays = 1 }, now: noon, want: "Suspended since 2026-11-04 leave by 2026-11-05 next 2026-11-06"},

		{name: "before a revocation", is: revoked("2026-11-04", ""), now: before("2026-11-04"), want: "Accredited next 2026-11-04"},
		{name: "revoked", is: revoked("2026-11-04", ""), now: midnight("2026-11-04"), want: "Revoked since 2026-11-04 leave by 2026-12-03 offline from 2026-12-04 next 2026-12-04"},
		{name: "on the last instant to leave after a revocation", is: revoked("2026-11-04", ""), now: before("2026-12-04"), want: "Revoked since 2026-11-04 leave by 2026-12-03 offline from 2026-12-04 next 2026-12-04"},
		{name: "its day has come", is: revoked("2026-11-04", ""), now: midnight("2026-12-04"), want: "Revoked since 2026-11-04 leave by 2026-12-03 overdue offline from 2026-12-04 now"},
		{name: "the Cloud Office names the day", is: revoked("2026-11-04", "2027-06-01"), now: noon, want: "Revoked since 2026-11-04 leave by 2027-02-02 offline from 2027-06-01 next 2027-02-03"},
		{name: "overdue before that day", is: revoked("2026-11-04", "2027-06-01"), now: midnight("2027-02-03"), want: "Revoked since 2026-11-04 leave by 2027-02-02 overdue offline from 2027-06-01 next 2027-06-01"},
		{name: "that day has come", is: revoked("2026-11-04", "2027-06-01"), now: midnight("2027-06-01"), want: "Revoked since 2026-11-04 leave by 2027-02-02 overdue offline from 2027-06-01 now"},
		{name: "offline at once", is: revoked("2026-11-04", "2026-11-04"), now: midnight("2026-11-04"), want: "Revoked since 2026-11-04 leave by 2026-11-03 overdue offline from 2026-11-04 now"},
		{name: "no days of grace", is: revoked("2026-11-04", ""), policy: func(p *v1alpha1.DeploymentPolicySpec) { p.Providers.RevocationDays = new(int32) }, now: midnight("2026-11-04"), want: "Revoked since 2026-11-04 leave by 2026-11-03 overdue offline from 2026-11-04 now"},
		{name: "revoked after it expired", is: revoked("2028-02-01", ""), now: midnight("2028-02-01"), want: "Revoked since 2028-01-01 leave by 2028-03-01 offline from 2028-03-02 next 2028-03-02"},
		{name: "expired, and to be revoked", is: revoked("2028-02-01", ""), now: midnight("2028-01-01"), want: "Expired since 2028-01-01 leave by 2028-03-31 next 2028-02-01"},

		{name: "a breach, one second before the response", is: accredited, breaches: []v1alpha1.BreachReport{suspending("leak", "ntc-islamabad", noon)}, now: noon.Add(-time.Second), want: "Accredited next 2026-11-04T12:00"},
		{name: "a breach, suspended", is: accredited, breaches: []v1alpha1.BreachReport{suspending("leak", "ntc-islamabad", noon)}, now: noon, want: "Suspended since 2026-11-04T12:00 leave by 2027-02-02 next 2027-02-03"},
		{name: "a breach of another provider", is: accredited, breaches: []v1alpha1.BreachReport{suspending("leak", "another", noon)}, now: noon, want: "Accredited next 2028-01-01"},
		{name: "a breach that is closed", is: accredited, breaches: []v1alpha1.BreachReport{closedReport(suspending("leak", "ntc-islamabad", noon))}, now: noon, want: "Accredited next 2028-01-01"},
		{name: "a breach without response", is: accredited, breaches: []v1alpha1.BreachReport{{Spec: v1alpha1.BreachReportSpec{CloudServiceProvider: "ntc-islamabad"}}}, now: noon, want: "Accredited next 2028-01-01"},
		{name: "a breach of a provider that is only registered", is: v1alpha1.Accreditation{State: v1alpha1.AccreditationRegistered}, breaches: []v1alpha1.BreachReport{suspending("leak", "ntc-islamabad", noon)}, now: noon, want: "Registered"},
		{name: "another zone", is: accredited, policy: func(p *v1alpha1.DeploymentPolicySpec) { p.Calendar.TimeZone = "UTC" }, now: midnight("2028-01-01"), want: "Accredited next 2028-01-01T05:00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			provider, policy := newProvider(t), newPolicy(t)
			if row.policy != nil {
				row.policy(policy)
			}
			row.is.ValidFrom, row.is.ValidUntil = provider.Spec.Accreditation.ValidFrom, provider.Spec.Accreditation.ValidUntil
			provider.Spec.Accreditation = row.is
			s, err := StandingOf(&provider, row.breaches, policy, row.now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(row.want, s.told()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func closedReport(breach v1alpha1.BreachReport) v1alpha1.BreachReport {
	breach.Spec.Closure = &v1alpha1.BreachClosure{}
	return breach
}

func (s Standing) told() string {
	instant := func(at time.Time) string {
		at = at.In(karachi)
		if at.Hour() == 0 {
			return at.Format(time.DateOnly)
		}
		return at.Format("2006-01-02T15:04")
	}
	out := string(s.State)
	if s.Lost() {
		out += fmt.Sprintf(" since %s leave by %s", instant(s.Since), s.MigrateBy)
	}
	if s.Overdue {
		out += " overdue"
	}
	if s.State == v1alpha1.ProviderRevoked {
		out += " offline from " + s.OfflineFrom.String()
	}
	if s.Offline {
		out += " now"
	}
	if !s.Next.IsZero() {
		out += " next " + instant(s.Next)
	}
	return out
}

// Nothing new runs where the accreditation is lost, and nothing goes.
func TestFrozenReplicas(t *testing.T) {
	suspended := func(c *Case) {
		provider := c.Providers["ntc-islamabad"]
		provider.Spec.Accreditation.State, provider.Spec.Accreditation.EffectiveFrom = v1alpha1.AccreditationSuspended, "2026-11-04"
		c.Providers["ntc-islamabad"] = provider
	}
	running := func(n int32) func(*Case) {
		return func(c *Case) {
			workload := c.Live.Workloads["web"]
			workload.Replicas = n
			c.Live.Workloads["web"] = workload
		}
	}
	// The component web has from 2 to 6 pods.
	for name, row := range map[string]struct {
		change      func(*Case)
		least, most int32
		replicas    int32
	}{
		"accredited":                         {change: running(3), least: 2, most: 6, replicas: 3},
		"the autoscaler's ceiling":           {change: with(suspended, running(3)), least: 3, most: 3, replicas: 3},
		"at the minimum":                     {change: with(suspended, running(2)), least: 2, most: 2, replicas: 2},
		"from zero":                          {change: with(suspended, running(0)), least: 0, most: 0, replicas: 0},
		"the organization raises min":        {change: with(suspended, running(3), func(c *Case) { c.Application.Spec.Components[0].Replicas.Min = 5 }), least: 3, most: 3, replicas: 3},
		"the organization lowers the peak":   {change: with(suspended, running(6), func(c *Case) { c.Application.Spec.Requirements.Traffic.PeakRequestsPerSecond = 1 }), least: 2, most: 2, replicas: 2},
		"from tomorrow on":                   {change: with(suspended, running(3), func(c *Case) { c.Now = c.Now.AddDate(0, 0, -1) }), least: 2, most: 6, replicas: 3},
		"the calendar is not known":          {change: with(suspended, running(3), func(c *Case) { c.Policy.Calendar.WorkWeeks = nil }), least: 2, most: 6, replicas: 3},
		"what is declared is on another":     {change: with(suspended, running(3), moved(t)), least: 3, most: 3, replicas: 3},
		"what is live is on another":         {change: with(suspended, running(3), moved(t), func(c *Case) { c.Releases[0].Spec.CloudServiceProvider = "other" }), least: 2, most: 6, replicas: 3},
		"the provider is not there any more": {change: with(running(3), func(c *Case) { c.Providers = nil }), least: 2, most: 6, replicas: 3},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			row.change(c)
			target := c.liveTarget(&c.Releases[0])
			component := c.Releases[0].Spec.Components[0]
			least, most := c.bounds(target, component)
			if replicas := target.replicas(c, component); least != row.least || most != row.most || replicas != row.replicas {
				t.Errorf("from %d to %d, %d now; want from %d to %d, %d", least, most, replicas, row.least, row.most, row.replicas)
			}
		})
	}
}
