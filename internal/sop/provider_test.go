// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// The provider is accredited from 2026-01-01 to 2027-12-31; the policy warns 30 and 7 days before an end.
func TestAssessProvider(t *testing.T) {
	midnight := func(s string) time.Time {
		at, err := time.ParseInLocation(time.DateOnly, s, karachi)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	before := func(s string) time.Time { return midnight(s).Add(-time.Nanosecond) }
	attested := func(until v1alpha1.Date) func(*Provider) {
		return func(p *Provider) {
			p.Object.Spec.Attestations = []v1alpha1.Attestation{{Standard: "ISO/IEC 27001", ValidUntil: until}}
		}
	}
	audited := func(next v1alpha1.Date) func(*Provider) {
		return func(p *Provider) { p.Object.Spec.Audits = &v1alpha1.AuditSchedule{Next: next} }
	}
	lost := func(state v1alpha1.AccreditationState) func(*Provider) {
		return func(p *Provider) {
			a := &p.Object.Spec.Accreditation
			a.State, a.EffectiveFrom, a.Reason = state, "2026-11-04", "keys were stolen"
		}
	}
	used := func(p *Provider) { p.Applications = []string{"sehat-digital/health-portal"} }
	const accredited, attestations, ready = 0, 1, 2
	for _, row := range []struct {
		name    string
		change  []func(*Provider)
		now     string
		instant time.Time
		finding int
		status  metav1.ConditionStatus
		reason  string
		message string
		next    string
		endings string
	}{
		{name: "accredited", finding: accredited, status: "True", reason: v1alpha1.ReasonAccredited, message: "accredited until 2027-12-31", next: "2026-12-31"},
		{name: "ready", finding: ready, status: "True", reason: v1alpha1.ReasonAccredited, next: "2026-12-31"},
		{name: "nothing attested", finding: attestations, status: "True", reason: v1alpha1.ReasonCurrent, next: "2026-12-31"},
		{name: "no policy", change: []func(*Provider){func(p *Provider) { p.Policy = nil }}, finding: ready, status: "Unknown", reason: v1alpha1.ReasonPolicyMissing},
		{name: "a broken calendar", change: []func(*Provider){func(p *Provider) { p.Policy.Calendar.WorkWeeks = nil }}, finding: accredited, status: "Unknown", reason: v1alpha1.ReasonCalendarInvalid, message: "workWeeks"},
		{name: "registered", change: []func(*Provider){func(p *Provider) { p.Object.Spec.Accreditation.State = v1alpha1.AccreditationRegistered }}, finding: ready, status: "False", reason: v1alpha1.ReasonProviderNotAccredited, message: "registered, not accredited"},
		{name: "pending", instant: before("2026-01-01"), finding: accredited, status: "False", reason: v1alpha1.ReasonProviderNotAccredited, message: "accredited from 2026-01-01 on", next: "2026-01-01"},

		{name: "one instant more than 365 days before its end", instant: before("2026-12-31"), finding: accredited, status: "True", reason: v1alpha1.ReasonAccredited, next: "2026-12-31"},
		{name: "365 days before its end", now: "2026-12-31", finding: accredited, status: "True", reason: v1alpha1.ReasonAccredited, next: "2027-12-02", endings: "accreditation 2027-12-31"},
		{name: "one instant more than 30 days before its end", instant: before("2027-12-02"), finding: accredited, status: "True", reason: v1alpha1.ReasonAccredited, next: "2027-12-02", endings: "accreditation 2027-12-31"},
		{name: "30 days before its end", now: "2027-12-02", finding: accredited, status: "True", reason: v1alpha1.ReasonEnding, message: "until 2027-12-31, within 30 days; the Cloud Office renews", next: "2027-12-25", endings: "accreditation 2027-12-31"},
		{name: "7 days before its end", now: "2027-12-25", finding: ready, status: "True", reason: v1alpha1.ReasonEnding, message: "within 7 days", next: "2028-01-01", endings: "accreditation 2027-12-31"},
		{name: "ended", now: "2028-01-01", finding: ready, status: "False", reason: v1alpha1.ReasonProviderExpired, message: "expired (its accreditation ended on 2027-12-31); nothing new starts here, and applications leave by 2028-03-31", next: "2028-04-01"},

		{name: "suspended", change: []func(*Provider){lost(v1alpha1.AccreditationSuspended)}, now: "2026-11-04", finding: ready, status: "False", reason: v1alpha1.ReasonProviderSuspended, message: "suspended (keys were stolen); nothing new starts here, and applications leave by 2027-02-02", next: "2026-12-31"},
		{name: "overdue", change: []func(*Provider){lost(v1alpha1.AccreditationSuspended), used}, now: "2027-02-03", finding: accredited, status: "False", reason: v1alpha1.ReasonMigrationOverdue, message: "were to leave by 2027-02-02", next: "2028-01-01", endings: "accreditation 2027-12-31"},
		{name: "all have left", change: []func(*Provider){lost(v1alpha1.AccreditationSuspended)}, now: "2027-02-03", finding: accredited, status: "False", reason: v1alpha1.ReasonProviderSuspended, next: "2028-01-01", endings: "accreditation 2027-12-31"},
		{name: "revoked", change: []func(*Provider){lost(v1alpha1.AccreditationRevoked), used}, now: "2026-11-04", finding: accredited, status: "False", reason: v1alpha1.ReasonProviderRevoked, message: "leave by 2026-12-03, and those that are here still go offline on 2026-12-04", next: "2026-12-04"},
		{name: "its day has come", change: []func(*Provider){lost(v1alpha1.AccreditationRevoked), used}, now: "2026-12-04", finding: accredited, status: "False", reason: v1alpha1.ReasonProviderRevoked, message: "since 2026-12-04 nothing is live here"},
		{name: "by order", change: []func(*Provider){func(p *Provider) {
			p.Object.Spec.TakeOffline = &v1alpha1.OfflineOrder{Reason: "a fire", OrderedBy: "cloud-office-1"}
		}}, finding: ready, status: "False", reason: v1alpha1.ReasonTakenDown, message: "by order of cloud-office-1: a fire", next: "2026-12-31"},
		{name: "nodes nowhere", change: []func(*Provider){func(p *Provider) { p.Unplaced = []string{"node-7"} }}, finding: ready, status: "False", reason: v1alpha1.ReasonNodesUnplaced, message: "selects node-7", next: "2026-12-31"},

		{name: "an attestation", change: []func(*Provider){attested("2026-12-31")}, finding: attestations, status: "True", reason: v1alpha1.ReasonCurrent, next: "2026-12-02", endings: "attestation ISO/IEC 27001 2026-12-31"},
		{name: "30 days before it ends", change: []func(*Provider){attested("2026-12-31")}, now: "2026-12-02", finding: attestations, status: "True", reason: v1alpha1.ReasonEnding, message: "attestation ISO/IEC 27001: 2026-12-31, within 30 days", next: "2026-12-25", endings: "attestation ISO/IEC 27001 2026-12-31"},
		{name: "on its last instant", change: []func(*Provider){attested("2026-12-30")}, instant: before("2026-12-31"), finding: attestations, status: "True", reason: v1alpha1.ReasonEnding, message: "within 7 days", next: "2026-12-31", endings: "attestation ISO/IEC 27001 2026-12-30"},
		{name: "it has ended", change: []func(*Provider){attested("2026-12-30")}, now: "2026-12-31", finding: attestations, status: "False", reason: v1alpha1.ReasonAttestationEnded, message: "attestation ISO/IEC 27001 ended on 2026-12-30: the provider renews it", next: "2027-12-02", endings: "accreditation 2027-12-31"},
		{name: "and applications still run there", change: []func(*Provider){attested("2026-12-30")}, now: "2026-12-31", finding: ready, status: "True", reason: v1alpha1.ReasonAccredited, next: "2027-12-02", endings: "accreditation 2027-12-31"},
		{name: "an audit is due", change: []func(*Provider){audited("2026-11-04")}, finding: attestations, status: "True", reason: v1alpha1.ReasonEnding, message: "next audit: 2026-11-04, within 7 days", next: "2026-11-05", endings: "next audit 2026-11-04"},
		{name: "an audit is overdue", change: []func(*Provider){audited("2026-11-03")}, finding: attestations, status: "False", reason: v1alpha1.ReasonAuditOverdue, message: "was due by 2026-11-03: the Cloud Office has it done", next: "2026-12-31"},
		{name: "both", change: []func(*Provider){audited("2026-11-03"), attested("2026-11-03")}, finding: attestations, status: "False", reason: v1alpha1.ReasonAttestationEnded, message: "ended on 2026-11-03: the provider renews it and the Cloud Office sets spec.attestations; the audit was due", next: "2026-12-31"},
		{name: "the earliest first", change: []func(*Provider){audited("2027-06-01"), attested("2027-05-01")}, now: "2027-01-01", finding: ready, status: "True", reason: v1alpha1.ReasonAccredited, next: "2027-04-02", endings: "attestation ISO/IEC 27001 2027-05-01, next audit 2027-06-01, accreditation 2027-12-31"},
	} {
		t.Run(row.name, func(t *testing.T) {
			object := newProvider(t)
			p := Provider{Now: hours(48), Object: &object, Policy: newPolicy(t)}
			if row.now != "" {
				p.Now = midnight(row.now)
			}
			if !row.instant.IsZero() {
				p.Now = row.instant
			}
			for _, change := range row.change {
				change(&p)
			}
			v := AssessProvider(p)
			f := v.Findings[row.finding]
			reached.Store(f.Reason, true)
			if f.Status() != row.status || f.Reason != row.reason || !strings.Contains(f.Message, row.message) {
				t.Errorf("%s %s: %s", f.Status(), f.Reason, f.Message)
			}
			next := ""
			if !v.Next.IsZero() {
				next = v.Next.In(karachi).Format(time.DateOnly)
			}
			if next != row.next {
				t.Errorf("next %s, want %s", next, row.next)
			}
			var endings []string
			for _, e := range v.Endings {
				endings = append(endings, e.What+" "+string(e.Date))
			}
			if got := strings.Join(endings, ", "); got != row.endings {
				t.Errorf("endings %s, want %s", got, row.endings)
			}
		})
	}
}

func TestProviderStatus(t *testing.T) {
	object := newProvider(t)
	object.Generation = 7
	a := &object.Spec.Accreditation
	a.State, a.EffectiveFrom = v1alpha1.AccreditationRevoked, "2026-11-04"
	p := Provider{Now: hours(48), Object: &object, Policy: newPolicy(t), Applications: []string{"a/b", "c/d"}, Breaches: []v1alpha1.BreachReport{
		closedReport(suspending("old", object.Name, received)), suspending("new", object.Name, received),
	}}
	applications, open := int32(2), int32(1)
	want := v1alpha1.CloudServiceProviderStatus{
		ObservedGeneration: 7, State: v1alpha1.ProviderRevoked, MigrateBy: "2026-12-03", OfflineFrom: "2026-12-04", Applications: &applications, OpenBreaches: &open,
	}
	if diff := gocmp.Diff(want, AssessProvider(p).Status(p)); diff != "" {
		t.Error(diff)
	}
}

func TestProviderDeletionWaits(t *testing.T) {
	object := newProvider(t)
	p := Provider{Now: hours(48), Object: &object, Policy: newPolicy(t)}
	for i := range 12 {
		p.Applications = append(p.Applications, fmt.Sprintf("org/app-%02d", i))
	}
	if f := AssessProvider(p).Deletion; f.Outcome != Met {
		t.Errorf("it is not deleted: %s", f.Message)
	}
	now := metav1.Now()
	object.DeletionTimestamp = &now
	f := AssessProvider(p).Deletion
	reached.Store(f.Reason, true)
	if f.Reason != v1alpha1.ReasonInUse || !strings.Contains(f.Message, "waits for org/app-00, ") || !strings.Contains(f.Message, "org/app-09 and 2 more: each names another provider") {
		t.Errorf("%s: %s", f.Reason, f.Message)
	}
	p.Applications = nil
	if f := AssessProvider(p).Deletion; f.Outcome != Met {
		t.Errorf("nobody runs there: %s", f.Message)
	}
}

func TestUnplaced(t *testing.T) {
	c := underAudit(t)
	inTwoPlaces(c)
	provider, nodes := c.Providers["ntc-islamabad"], c.Nodes["ntc-islamabad"]
	nodes.Away = []Node{{Name: "z"}, {Name: "a", Labels: map[string]string{centreLabel: "lahore"}}}
	if got := Unplaced(&provider, nodes); !slices.Equal(got, []string{"a", "z"}) {
		t.Errorf("%v", got)
	}
	one := newProvider(t)
	if got := Unplaced(&one, nodes); len(got) > 0 {
		t.Errorf("all stand in the only data centre, but not %v", got)
	}
}
