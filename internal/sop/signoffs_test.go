// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// auditExpiryRows are the rows of clause 1 about approvals that nobody used.
func auditExpiryRows(t *testing.T, release string) []clauseRow {
	signed := func(days *int32, now time.Time) func(*Case) {
		return func(c *Case) {
			c.Now, c.Policy.SignOffs.ValidDays = now, days
			c.SignOffs = []v1alpha1.SignOff{audited(release, hours(20))}
		}
	}
	last := func(c *Case) *v1alpha1.Release { return &c.Releases[len(c.Releases)-1] }
	return []clauseRow{
		{
			name: "the last instant of an approval", given: underAudit(t), change: signed(nil, expires(hours(20)).Add(-time.Nanosecond)),
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(hours(20)),
		},
		{
			name: "an expired approval asks for another; the auditor is not overdue", given: underAudit(t), change: signed(nil, expires(hours(20))),
			outcome: Waiting, reason: v1alpha1.ReasonApprovalsExpired,
			message: []string{"ArchitectureAudit SignOff of NITB on " + release, "older than 90 days", "never launched", "NITB must sign again"},
		},
		{
			name: "the policy's own days", given: underAudit(t), change: signed(new(int32(1)), hours(44)),
			outcome: Waiting, reason: v1alpha1.ReasonApprovalsExpired, message: []string{"older than 1 days"},
		},
		{
			name: "0 days: for ever", given: underAudit(t), change: signed(new(int32(0)), hours(24*3650)),
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved,
		},
		{
			name: "approvals of what was launched never expire", given: underAudit(t),
			change: func(c *Case) {
				signed(nil, hours(24*3650))(c)
				launchedOn(&c.Releases[0], hours(40))
			},
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved,
		},
		{
			name: "a launch that says no time is none", given: underAudit(t),
			change: func(c *Case) {
				signed(nil, expires(hours(20)))(c)
				c.Releases[0].Annotations = map[string]string{v1alpha1.LaunchedAnnotation: "yes"}
			},
			outcome: Waiting, reason: v1alpha1.ReasonApprovalsExpired,
		},
		{
			name: "signed again", given: underAudit(t),
			change: func(c *Case) {
				signed(nil, hours(24*95))(c)
				c.SignOffs = append(c.SignOffs, audited(release, hours(24*94)))
			},
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(hours(24 * 94)),
		},
		{
			name: "a rejection never expires", given: underAudit(t),
			change: func(c *Case) {
				c.Now = hours(24 * 365)
				c.SignOffs = []v1alpha1.SignOff{newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), rejected)}
			},
			outcome: Waiting, reason: v1alpha1.ReasonRejected,
		},
		{
			name: "one expired, one silent: the clock of the silent one runs", given: underAudit(t),
			change: func(c *Case) {
				signed(new(int32(1)), hours(48))(c)
				c.Policy.Audit.Parties = []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC}
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
			message: []string{"SignOff of NTC", "the SignOff of NITB is older than 1 days and must be signed again"},
		},
		{
			name: "a twin's expired audit lends nothing", given: underAudit(t), on: last,
			change: func(c *Case) {
				signed(new(int32(1)), hours(48))(c)
				candidate(c, hours(24), otherImage)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd.AddDate(0, 0, 1),
		},
		{
			name: "a launched twin's audit never expires", given: underAudit(t), on: last,
			change: func(c *Case) {
				signed(new(int32(1)), hours(48))(c)
				launchedOn(&c.Releases[0], hours(40))
				candidate(c, hours(24), otherImage)
			},
			outcome: Met, reason: v1alpha1.ReasonUnchangedButImages,
		},
		{
			name: "an own approval that expired leaves the twin's", given: underAudit(t), on: last,
			change: func(c *Case) {
				signed(new(int32(1)), hours(60))(c)
				launchedOn(&c.Releases[0], hours(40))
				c.SignOffs = append(c.SignOffs, audited(candidate(c, hours(24), otherImage).Name, hours(25)))
			},
			outcome: Met, reason: v1alpha1.ReasonUnchangedButImages,
		},
		{
			name: "an auditor's open finding on a patch outweighs its twin", given: underAudit(t), on: last,
			change: func(c *Case) {
				signed(nil, hours(48))(c)
				patch := candidate(c, hours(24), otherImage).Name
				c.SignOffs = append(c.SignOffs, newSignOff(patch, auditType, v1alpha1.PartyNITB, hours(25), asks, withSeverity("Low", "F-1")))
			},
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed, message: []string{"NITB asked in SignOff architectureaudit-nitb-1500"},
		},
	}
}

// Findings accumulate: only a later sign-off of the same party and type that lists one as Resolved closes it.
func TestOpenFindings(t *testing.T) {
	const nitb, ntc = v1alpha1.PartyNITB, v1alpha1.PartyNTC
	sign := func(party v1alpha1.Party, hour int, change ...func(*v1alpha1.SignOff)) v1alpha1.SignOff {
		return newSignOff(underAudit(t).Releases[0].Name, e2eType, party, hours(hour), change...)
	}
	open := func(id string) func(*v1alpha1.SignOff) { return withFinding(id, v1alpha1.FindingOpen) }
	closes := func(id string) func(*v1alpha1.SignOff) { return withFinding(id, v1alpha1.FindingResolved) }
	for name, row := range map[string]struct {
		signOffs []v1alpha1.SignOff
		want     []string
	}{
		"none":                             {signOffs: []v1alpha1.SignOff{sign(nitb, 20)}},
		"forgotten by a later approval":    {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(nitb, 21)}, want: []string{"F-1 (High)"}},
		"forgotten by a later rejection":   {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(nitb, 21, rejected)}, want: []string{"F-1 (High)"}},
		"resolved by a later approval":     {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(nitb, 21, closes("F-1"))}},
		"resolved by a later rejection":    {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(nitb, 21, rejected, closes("F-1"))}},
		"resolved, then forgotten":         {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(nitb, 21, closes("F-1")), sign(nitb, 22)}},
		"resolved and opened again":        {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(nitb, 21, closes("F-1")), sign(nitb, 22, open("F-1"))}, want: []string{"F-1 (High)"}},
		"resolved before it was opened":    {signOffs: []v1alpha1.SignOff{sign(nitb, 20, closes("F-1")), sign(nitb, 21, open("F-1"))}, want: []string{"F-1 (High)"}},
		"another party cannot resolve it":  {signOffs: []v1alpha1.SignOff{sign(nitb, 20, open("F-1")), sign(ntc, 21, closes("F-1"))}, want: []string{"F-1 (High)"}},
		"in the same second it stays open": {signOffs: []v1alpha1.SignOff{sign(nitb, 20, rejected, open("F-1")), sign(nitb, 20, closes("F-1"))}, want: []string{"F-1 (High)"}},
		"two of three resolved": {signOffs: []v1alpha1.SignOff{
			sign(nitb, 20, open("F-1"), open("F-2"), open("F-3")), sign(nitb, 21, closes("F-1")), sign(nitb, 22, closes("F-3")),
		}, want: []string{"F-2 (High)"}},
		"the gravest first, then by name": {signOffs: []v1alpha1.SignOff{
			sign(nitb, 20, withSeverity("Low", "F-1"), withSeverity("Critical", "F-9")), sign(nitb, 21, withSeverity("Medium", "F-3"), withSeverity("Critical", "F-4")),
		}, want: []string{"F-4 (Critical)", "F-9 (Critical)", "F-3 (Medium)", "F-1 (Low)"}},
		"a later severity holds": {signOffs: []v1alpha1.SignOff{sign(nitb, 20, withSeverity("Low", "F-1")), sign(nitb, 21, withSeverity("Critical", "F-1"))}, want: []string{"F-1 (Critical)"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := awaitingLaunch(t)
			c.SignOffs = row.signOffs
			counted, _ := c.counted(&c.Releases[0])
			if diff := cmp.Diff(row.want, labels(openFindings(counted, e2eType, nitb))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A message has little room: many findings are counted, and the gravest named.
func TestListedFindings(t *testing.T) {
	c := awaitingLaunch(t)
	c.Test = ObservedStage{}
	var change []func(*v1alpha1.SignOff)
	for i := range 12 {
		change = append(change, withSeverity("Low", fmt.Sprintf("F-%02d", i)))
	}
	change = append(change, withSeverity("Critical", "F-99"))
	c.SignOffs = append(c.SignOffs, newSignOff(c.Releases[0].Name, e2eType, v1alpha1.PartyNTC, hours(31), change...))
	want := "NTC approved health-portal-52f91870 in SignOff endtoendtest-ntc-1860 with open findings F-99 (Critical), F-00 (Low), F-01 (Low), F-02 (Low), " +
		"F-03 (Low), F-04 (Low), F-05 (Low), F-06 (Low), F-07 (Low), F-08 (Low), and 3 more; they close once a later SignOff by NTC lists them as Resolved"
	if got := assessEndToEndTest(c, &c.Releases[0]); got.Message != want {
		t.Errorf("got %q", got.Message)
	}
}

// What a party found does not go with a takedown, though its approval must be given again.
func TestFindingsOutliveAFlag(t *testing.T) {
	c := awaitingLaunch(t)
	release := c.Releases[0].Name
	c.SignOffs = append(c.SignOffs, newSignOff(release, e2eType, v1alpha1.PartyNTC, hours(35), withFinding("F-1", v1alpha1.FindingOpen)))
	c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
	if got := assessEndToEndTest(c, &c.Releases[0]); got.Reason != v1alpha1.ReasonAwaitingSignOff || !contains(got.Message, "NTC (open findings F-1 (High))") {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
	c.SignOffs = append(c.SignOffs, tested(release, hours(41))...)
	if got := assessEndToEndTest(c, &c.Releases[0]); got.Reason != v1alpha1.ReasonFindingsOpen {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
}

// Parties are the policy's: none that it does not name counts, whatever it signs.
func TestParties(t *testing.T) {
	const nitb, ntc, organization = v1alpha1.PartyNITB, v1alpha1.PartyNTC, v1alpha1.PartyOrganization
	release := underAudit(t).Releases[0].Name
	all := map[v1alpha1.SignOffType]func(v1alpha1.Party) v1alpha1.SignOff{
		auditType: func(p v1alpha1.Party) v1alpha1.SignOff { return newSignOff(release, auditType, p, hours(20)) },
		e2eType:   func(p v1alpha1.Party) v1alpha1.SignOff { return newSignOff(release, e2eType, p, hours(30)) },
	}
	for name, row := range map[string]struct {
		kind            v1alpha1.SignOffType
		parties, signed []v1alpha1.Party
		reason          string
		message         string
	}{
		"audit by two, both":                 {auditType, []v1alpha1.Party{nitb, ntc}, []v1alpha1.Party{nitb, ntc}, v1alpha1.ReasonAllPartiesApproved, "NITB, NTC approved"},
		"audit by two, one":                  {auditType, []v1alpha1.Party{nitb, ntc}, []v1alpha1.Party{nitb}, v1alpha1.ReasonAwaitingSignOff, "SignOff of NTC"},
		"audit by NTC alone":                 {auditType, []v1alpha1.Party{ntc}, []v1alpha1.Party{ntc}, v1alpha1.ReasonAllPartiesApproved, "NTC approved"},
		"audit by NTC alone, NITB signs":     {auditType, []v1alpha1.Party{ntc}, []v1alpha1.Party{nitb}, v1alpha1.ReasonAwaitingSignOff, "does not ask NITB"},
		"the organization audits nothing":    {auditType, []v1alpha1.Party{nitb}, []v1alpha1.Party{organization}, v1alpha1.ReasonAwaitingSignOff, "does not ask Organization"},
		"unless the policy makes it a party": {auditType, []v1alpha1.Party{nitb, organization}, []v1alpha1.Party{nitb, organization}, v1alpha1.ReasonAllPartiesApproved, "NITB, Organization approved"},
		"test by NTC and organization":       {e2eType, []v1alpha1.Party{ntc, organization}, []v1alpha1.Party{organization, ntc}, v1alpha1.ReasonAllPartiesApproved, "NTC, Organization approved"},
		"test by the organization alone":     {e2eType, []v1alpha1.Party{organization}, []v1alpha1.Party{organization}, v1alpha1.ReasonAllPartiesApproved, "Organization approved"},
		"test by NITB, others sign":          {e2eType, []v1alpha1.Party{nitb}, []v1alpha1.Party{ntc, organization}, v1alpha1.ReasonAwaitingSignOff, "does not ask NTC"},
	} {
		t.Run(name, func(t *testing.T) {
			c := underAudit(t)
			clause := assessEndToEndTest
			if row.kind == auditType {
				clause, c.Policy.Audit.Parties = assessAudit, row.parties
			} else {
				c.Policy.EndToEndTest.Parties = row.parties
			}
			for _, party := range row.signed {
				c.SignOffs = append(c.SignOffs, all[row.kind](party))
			}
			if got := clause(c, &c.Releases[0]); got.Reason != row.reason || !contains(got.Message, row.message) {
				t.Errorf("%s: %s", got.Reason, got.Message)
			}
		})
	}
}

func TestSignOffSummaries(t *testing.T) {
	c := awaitingLaunch(t)
	release := &c.Releases[0]
	report := v1alpha1.Document{URL: "https://ntc.gov.pk/117", SHA256: "2c26"}
	c.SignOffs = append(c.SignOffs,
		newSignOff(release.Name, auditType, v1alpha1.PartyNITB, hours(18), asks),
		newSignOff(release.Name, auditType, v1alpha1.PartyOrganization, hours(19), answers),
		newSignOff(release.Name, auditType, v1alpha1.PartyNTC, hours(19)),
		newSignOff(release.Name, e2eType, v1alpha1.PartyNTC, hours(31), rejected, withSeverity("Low", "F-1"), withSeverity("Critical", "F-2"),
			func(s *v1alpha1.SignOff) { s.Spec.Evidence = []v1alpha1.Document{report} }),
		newSignOff("health-portal-00000000", e2eType, v1alpha1.PartyNTC, hours(32)),
	)
	var got []string
	for _, s := range c.SignOffSummaries(release) {
		got = append(got, fmt.Sprintln(s.Type, s.Party, s.Name, s.Decision, s.SignedBy, s.OpenFindings, s.Evidence))
	}
	want := []string{
		"ArchitectureAudit NITB architectureaudit-nitb-1200 Approved reviewer@nitb [] []\n",
		"ArchitectureAudit Organization architectureaudit-organization-1140 Answered reviewer@organization [] []\n",
		"EndToEndTest NITB endtoendtest-nitb-1800 Approved reviewer@nitb [] []\n",
		"EndToEndTest NTC endtoendtest-ntc-1860 Rejected reviewer@ntc [F-2 (Critical) F-1 (Low)] [{https://ntc.gov.pk/117 2c26}]\n",
		"EndToEndTest Organization endtoendtest-organization-1800 Approved reviewer@organization [] []\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The status shows what counts now: neither expired approvals nor those that a flag undid.
func TestSummariesOfWhatDoesNotCountNow(t *testing.T) {
	c := awaitingLaunch(t)
	c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
	if got := c.SignOffSummaries(&c.Releases[0]); len(got) != 1 || got[0].Type != auditType {
		t.Errorf("after a flag: %v", got)
	}
	c = awaitingLaunch(t)
	c.Now = expires(hours(25))
	if got := c.SignOffSummaries(&c.Releases[0]); len(got) != 3 || got[0].Type != e2eType {
		t.Errorf("after the audit expired: %v", got)
	}
}

func TestSummaryIsBounded(t *testing.T) {
	c := underAudit(t)
	for n := range 3 {
		c.SignOffs = append(c.SignOffs, newSignOff(c.Releases[0].Name, auditType, v1alpha1.PartyNITB, hours(20+n), func(s *v1alpha1.SignOff) {
			for i := range 25 {
				withSeverity("Low", fmt.Sprint(n, "-", i))(s)
				s.Spec.Evidence = append(s.Spec.Evidence, v1alpha1.Document{})
			}
		}))
	}
	if got := c.SignOffSummaries(&c.Releases[0])[0]; len(got.OpenFindings) != 50 || len(got.Evidence) != 20 {
		t.Errorf("%d findings, %d evidence", len(got.OpenFindings), len(got.Evidence))
	}
}

func TestWhyVoid(t *testing.T) {
	c := awaitingLaunch(t)
	release := c.Releases[0].Name
	for name, row := range map[string]struct {
		signOff v1alpha1.SignOff
		want    string
	}{
		"counts":             {newSignOff(release, auditType, v1alpha1.PartyNITB, hours(35)), ""},
		"unknown release":    {newSignOff("health-portal-00000000", auditType, v1alpha1.PartyNITB, hours(35)), "Release health-portal-00000000 does not exist"},
		"older than release": {newSignOff(release, auditType, v1alpha1.PartyNITB, hours(-1)), "it is older than the Release"},
		"for two parties": {newSignOff(release, e2eType, v1alpha1.PartyNTC, hours(35), func(s *v1alpha1.SignOff) { s.Spec.SignedBy = "reviewer@nitb" }),
			"its signer signed this release for NITB"},
		"not asked":      {newSignOff(release, auditType, v1alpha1.PartyNTC, hours(35)), "DeploymentPolicy default does not ask NTC for a SignOff of type ArchitectureAudit"},
		"asks unasked":   {newSignOff(release, auditType, v1alpha1.PartyNTC, hours(35), asks), "DeploymentPolicy default does not ask NTC for a SignOff of type ArchitectureAudit"},
		"always answers": {newSignOff(release, auditType, v1alpha1.PartyOrganization, hours(35), answers), ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := *c
			c.SignOffs = append(c.SignOffs[:len(c.SignOffs):len(c.SignOffs)], row.signOff)
			if got := c.WhyVoid(&c.SignOffs[len(c.SignOffs)-1]); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
