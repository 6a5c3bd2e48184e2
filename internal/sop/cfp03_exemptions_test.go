// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// newCertificate is NITB's, for payments at https://pay.bank.example, from an hour after the release was made until the given hour.
func newCertificate(name string, until time.Time, change ...func(*v1alpha1.NoObjectionCertificateSpec)) v1alpha1.NoObjectionCertificate {
	certificate := v1alpha1.NoObjectionCertificate{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.NoObjectionCertificateSpec{
		Authority: v1alpha1.AuthorityNITB, Clause: v1alpha1.ExemptCommercial,
		Application: v1alpha1.ApplicationReference{Namespace: "sehat-digital", Name: "health-portal"},
		Scope:       v1alpha1.NoObjectionScope{Uses: []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions}, Origins: []string{"https://pay.bank.example"}},
		ValidFrom:   metav1.NewTime(hours(1)), ValidUntil: metav1.NewTime(until), Reason: "fees are paid online", IssuedBy: "noc-1@nitb.gov.pk",
	}}
	for _, f := range change {
		f(&certificate.Spec)
	}
	return certificate
}

func validFrom(at time.Time) func(*v1alpha1.NoObjectionCertificateSpec) {
	return func(spec *v1alpha1.NoObjectionCertificateSpec) { spec.ValidFrom = metav1.NewTime(at) }
}

func certificateRevoked(spec *v1alpha1.NoObjectionCertificateSpec) {
	spec.Revocation = &v1alpha1.NoObjectionRevocation{Reason: "the bank lost its licence", RevokedBy: "noc-1@nitb.gov.pk"}
}

func forUses(uses ...v1alpha1.CommercialUse) func(*v1alpha1.NoObjectionCertificateSpec) {
	return func(spec *v1alpha1.NoObjectionCertificateSpec) { spec.Scope.Uses = uses }
}

func forOrigins(origins ...string) func(*v1alpha1.NoObjectionCertificateSpec) {
	return func(spec *v1alpha1.NoObjectionCertificateSpec) { spec.Scope.Origins = origins }
}

// ofTheCloudOffice lets Restricted data live with the provider though its level is too low.
func ofTheCloudOffice(spec *v1alpha1.NoObjectionCertificateSpec) {
	spec.Authority, spec.Clause = v1alpha1.AuthorityCloudOffice, v1alpha1.ExemptSecurityLevel
	spec.Scope = v1alpha1.NoObjectionScope{Provider: "ntc-islamabad", DataClass: v1alpha1.DataClassRestricted}
}

func exemptedBy(certificates ...v1alpha1.NoObjectionCertificate) func(*Case) {
	return func(c *Case) { c.Certificates = append(c.Certificates, certificates...) }
}

func takesPayments(c *Case) { c.Application.Spec.Commercial.Transactions = ptr.To(true) }

func nowAt(now time.Time) func(*Case) { return func(c *Case) { c.Now = now } }

func together(changes ...func(*Case)) func(*Case) {
	return func(c *Case) {
		for _, change := range changes {
			change(c)
		}
	}
}

func TestExemptions(t *testing.T) {
	days := func(n int) time.Time { return hours(48 + 24*n) }
	checkClause(t, v1alpha1.ConditionExemptionsCurrent, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonDeclared, v1alpha1.ReasonExempted, v1alpha1.ReasonNoCEnding, v1alpha1.ReasonNoCEnded, v1alpha1.ReasonNoCRefused,
	}, []clauseRow{
		{name: "none", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"no No Objection Certificate is in force"}},
		{
			name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "one nanosecond before its first second", given: underAudit(t),
			change:  together(exemptedBy(newCertificate("pay", days(300), validFrom(hours(50)))), nowAt(hours(50).Add(-time.Nanosecond))),
			outcome: Met, reason: v1alpha1.ReasonDeclared, deadline: hours(50),
			message: []string{"NoObjectionCertificate pay (Commercial) has effect from 2026-11-04T07:00:00Z until"},
		},
		{
			name: "its first second; the first warning comes thirty days before the end", given: underAudit(t),
			change:  together(exemptedBy(newCertificate("pay", days(300), validFrom(hours(50)))), nowAt(hours(50))),
			outcome: Met, reason: v1alpha1.ReasonExempted, deadline: days(270),
			message: []string{"NoObjectionCertificate pay (Commercial) has effect until 2027-08-31T05:00:00Z"}, without: []string{"ends within"},
		},
		{
			name: "one nanosecond before the first warning", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300))), nowAt(days(270).Add(-time.Nanosecond))),
			outcome: Met, reason: v1alpha1.ReasonExempted, deadline: days(270),
		},
		{
			name: "the first warning", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300))), nowAt(days(270))),
			outcome: Met, reason: v1alpha1.ReasonNoCEnding, message: []string{"it ends within 30 days"}, deadline: days(293),
		},
		{
			name: "the last warning", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300))), nowAt(days(293))),
			outcome: Met, reason: v1alpha1.ReasonNoCEnding, message: []string{"it ends within 7 days"}, without: []string{"30 days"}, deadline: days(300),
		},
		{
			name: "warnings in any order", given: underAudit(t),
			change: together(exemptedBy(newCertificate("pay", days(300))), nowAt(days(290)), func(c *Case) {
				c.Policy.NoObjectionCertificates.WarningDays = []int32{7, 60, 30, 1}
			}),
			outcome: Met, reason: v1alpha1.ReasonNoCEnding, message: []string{"it ends within 30 days"}, deadline: days(293),
		},
		{
			name: "what ends soon comes first", given: underAudit(t),
			change:  exemptedBy(newCertificate("a", days(300)), newCertificate("b", days(20)), newCertificate("c", days(300), validFrom(days(1)))),
			outcome: Met, reason: v1alpha1.ReasonNoCEnding, deadline: days(1),
			message: []string{"NoObjectionCertificate b (Commercial) has effect until 2026-11-24T05:00:00Z: it ends within 30 days; NoObjectionCertificate a (Commercial) has", "; NoObjectionCertificate c (Commercial) has effect from"},
		},
		{
			name: "one nanosecond before its end", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300))), takesPayments, nowAt(days(300).Add(-time.Nanosecond))),
			outcome: Met, reason: v1alpha1.ReasonNoCEnding, deadline: days(300),
		},
		{
			name: "its end, while it is asked for", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300))), takesPayments, nowAt(days(300))),
			outcome: Refused, reason: v1alpha1.ReasonNoCEnded,
			message: []string{"NoObjectionCertificate pay (Commercial) ended at 2027-08-31T05:00:00Z; NITB issues another one"},
		},
		{
			name: "its end, when nothing asks for it", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300))), nowAt(days(300))),
			outcome: Met, reason: v1alpha1.ReasonDeclared, without: []string{"pay"},
		},
		{
			name: "its end, when another one took over", given: underAudit(t),
			change:  together(exemptedBy(newCertificate("pay", days(300)), newCertificate("pay-2", days(360), validFrom(days(290)))), takesPayments, nowAt(days(300))),
			outcome: Met, reason: v1alpha1.ReasonExempted, message: []string{"pay-2"}, without: []string{"ended"}, deadline: days(330),
		},
		{
			name: "its end, while another use goes on", given: underAudit(t),
			change: together(exemptedBy(newCertificate("ads", days(300), forUses(v1alpha1.CommercialAdvertisements)), newCertificate("pay", days(360))), takesPayments, nowAt(days(300)), func(c *Case) {
				c.Application.Spec.Commercial.Advertisements = ptr.To(true)
			}),
			outcome: Refused, reason: v1alpha1.ReasonNoCEnded, deadline: days(330),
			message: []string{"NoObjectionCertificate ads (Commercial) ended at 2027-08-31T05:00:00Z; NITB issues another one if the deviation goes on; NoObjectionCertificate pay (Commercial) has effect until"},
		},
		{
			name: "two ended, and either alone would not be enough", given: underAudit(t),
			change: together(exemptedBy(newCertificate("ads", hours(40), forUses(v1alpha1.CommercialAdvertisements)), newCertificate("pay", hours(41)),
				newCertificate("logo", hours(42), forUses(v1alpha1.CommercialThirdPartyLogos))), takesPayments, func(c *Case) {
				c.Application.Spec.Commercial.Advertisements = ptr.To(true)
			}),
			outcome: Refused, reason: v1alpha1.ReasonNoCEnded, message: []string{"ads (Commercial) ended", "; NoObjectionCertificate pay (Commercial) ended"}, without: []string{"logo "},
		},
		{
			name: "revoked while it is asked for, long before its end", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(300), certificateRevoked)), takesPayments),
			outcome: Refused, reason: v1alpha1.ReasonNoCEnded, message: []string{"pay (Commercial) was revoked by noc-1@nitb.gov.pk: the bank lost its licence"},
		},
		{
			name: "revoked when nothing asks for it", given: underAudit(t), change: exemptedBy(newCertificate("pay", days(300), certificateRevoked)),
			outcome: Met, reason: v1alpha1.ReasonDeclared, without: []string{"pay"},
		},
		{
			name: "the longest that the policy allows", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", hours(1).AddDate(0, 0, 365))), takesPayments),
			outcome: Met, reason: v1alpha1.ReasonExempted, deadline: hours(1).AddDate(0, 0, 335),
		},
		{
			name: "a second longer, asked for", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", hours(1).AddDate(0, 0, 365).Add(time.Second))), takesPayments),
			outcome: Refused, reason: v1alpha1.ReasonNoCRefused,
			message: []string{"pay (Commercial) never has effect: spec.validUntil is more than 365 days after spec.validFrom", "DeploymentPolicy default spec.noObjectionCertificates.maxDays", "NITB issues another one that ends sooner"},
		},
		{
			name: "too long, and nothing asks for it", given: underAudit(t), change: exemptedBy(newCertificate("pay", days(366))),
			outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"no No Objection Certificate is in force; NoObjectionCertificate pay (Commercial) never has effect"},
		},
		{
			name: "too long and long over", given: underAudit(t), change: together(exemptedBy(newCertificate("pay", days(366))), nowAt(days(366))),
			outcome: Met, reason: v1alpha1.ReasonDeclared, without: []string{"pay"},
		},
		{
			name: "for another use than the one that is asked for", given: underAudit(t),
			change:  together(exemptedBy(newCertificate("logo", days(300), forUses(v1alpha1.CommercialThirdPartyLogos), certificateRevoked)), takesPayments),
			outcome: Met, reason: v1alpha1.ReasonDeclared, without: []string{"logo "},
		},
		{
			name: "the Cloud Office's has no power over clause 10", given: underAudit(t), change: together(exemptedBy(newCertificate("level", days(300), ofTheCloudOffice, certificateRevoked)), takesPayments),
			outcome: Met, reason: v1alpha1.ReasonDeclared, without: []string{"level"},
		},
		{
			name: "the Cloud Office's in force", given: underAudit(t), change: exemptedBy(newCertificate("level", days(300), ofTheCloudOffice)),
			outcome: Met, reason: v1alpha1.ReasonExempted, message: []string{"level (SecurityLevel) has effect until"}, deadline: days(270),
		},
	})
}

// What the Cloud Office exempts from is a class of data with a provider, and nothing beside it.
func TestExemptedHere(t *testing.T) {
	level := func(change ...func(*v1alpha1.NoObjectionCertificateSpec)) v1alpha1.NoObjectionCertificate {
		return newCertificate("level", hours(5000), append([]func(*v1alpha1.NoObjectionCertificateSpec){ofTheCloudOffice}, change...)...)
	}
	for name, row := range map[string]struct {
		certificate v1alpha1.NoObjectionCertificate
		want        bool
	}{
		"its class and provider": {level(), true},
		"another provider":       {level(func(s *v1alpha1.NoObjectionCertificateSpec) { s.Scope.Provider = "other" }), false},
		"another class":          {level(func(s *v1alpha1.NoObjectionCertificateSpec) { s.Scope.DataClass = v1alpha1.DataClassSecret }), false},
		"another clause":         {level(func(s *v1alpha1.NoObjectionCertificateSpec) { s.Clause = v1alpha1.ExemptResidency }), false},
		"revoked":                {level(certificateRevoked), false},
		"not yet":                {level(validFrom(hours(49))), false},
		"NITB's":                 {newCertificate("pay", hours(5000)), false},
	} {
		c := underAudit(t)
		exemptedBy(row.certificate)(c)
		if got := c.exemptedHere(v1alpha1.ExemptSecurityLevel, &c.Releases[0]); got != row.want {
			t.Errorf("%s: exempted %v", name, got)
		}
		c.Policy = nil
		if c.exemptedHere(v1alpha1.ExemptSecurityLevel, &c.Releases[0]) {
			t.Errorf("%s: exempted without a policy", name)
		}
	}
}

// Wherever the deadline says that something changes, something does, and nowhere else.
func TestExemptionChangesAtItsDeadlinesAlone(t *testing.T) {
	policy := newPolicy(t).NoObjectionCertificates
	spec := newCertificate("pay", hours(5000), validFrom(hours(100))).Spec
	var states []v1alpha1.NoObjectionState
	for now := hours(0); ; {
		e := JudgeExemption(spec, policy, now)
		states = append(states, e.State)
		if e.Next.IsZero() {
			break
		}
		if !e.Next.Equal(e.Next.Truncate(time.Second)) || !e.Next.After(now) {
			t.Fatalf("%v after %v is no second to wait for", e.Next, now)
		}
		if before := JudgeExemption(spec, policy, e.Next.Add(-time.Nanosecond)); before != e {
			t.Errorf("%+v became %+v before its time", e, before)
		}
		if after := JudgeExemption(spec, policy, e.Next); after.Message == e.Message {
			t.Errorf("nothing changes at %v: %s", e.Next, e.Message)
		}
		now = e.Next
	}
	if want := []v1alpha1.NoObjectionState{
		v1alpha1.NoObjectionPending, v1alpha1.NoObjectionInForce, v1alpha1.NoObjectionInForce, v1alpha1.NoObjectionInForce, v1alpha1.NoObjectionEnded,
	}; !slices.Equal(states, want) {
		t.Errorf("states %v, want %v", states, want)
	}
}
