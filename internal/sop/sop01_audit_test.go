// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const auditType = v1alpha1.SignOffArchitectureAudit

func TestAudit(t *testing.T) {
	release := underAudit(t).Releases[0].Name
	sign := func(signOffs ...v1alpha1.SignOff) func(*Case) {
		return func(c *Case) { c.SignOffs = signOffs }
	}
	bothParties := func(c *Case) { c.Policy.Audit.Parties = []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC} }
	last := func(c *Case) *v1alpha1.Release { return &c.Releases[len(c.Releases)-1] }

	checkClause(t, v1alpha1.ConditionArchitectureAudited, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonNotSubmitted, v1alpha1.ReasonAwaitingSignOff, v1alpha1.ReasonRejected,
		v1alpha1.ReasonFindingsOpen, v1alpha1.ReasonAllPartiesApproved, v1alpha1.ReasonUnchangedButImages,
		v1alpha1.ReasonOverdue, v1alpha1.ReasonCalendarInvalid, v1alpha1.ReasonAnswerOwed, v1alpha1.ReasonApprovalsExpired,
	}, slices.Concat(auditExpiryRows(t, release), auditPauseRows(t, release), []clauseRow{
		{
			name: "without a policy nothing passes", given: underAudit(t),
			change:  func(c *Case) { c.Policy = nil; c.SignOffs = []v1alpha1.SignOff{audited(release, hours(20))} },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing, message: []string{"DeploymentPolicy default", "NTC creates it"},
		},
		{
			name: "a policy without parties approves nothing", given: underAudit(t),
			change: func(c *Case) {
				c.Policy.Audit.Parties = nil
				c.SignOffs = []v1alpha1.SignOff{audited(release, hours(20))}
			},
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "a release that is not stored is not audited", given: underAudit(t), on: onSnapshot,
			change:  sign(audited(release, hours(20))),
			outcome: Waiting, reason: v1alpha1.ReasonNotSubmitted, message: []string{"clauses 2, 4 and 8"},
		},
		{
			name: "waiting, until the due day ends", given: underAudit(t),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff,
			message: []string{"ArchitectureAudit SignOff of NITB", release, "due on 2026-11-11"}, deadline: auditEnd,
		},
		{
			name: "a holiday moves the due day", given: underAudit(t),
			change: func(c *Case) {
				c.Policy.Calendar.Holidays = []v1alpha1.Holiday{{Date: "2026-11-09", Name: "Iqbal Day", Reference: "Cabinet Division"}}
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"due on 2026-11-12"}, deadline: auditEnd.AddDate(0, 0, 1),
		},
		{
			name: "the last instant of the due day", given: underAudit(t),
			change:  func(c *Case) { c.Now = auditEnd.Add(-time.Nanosecond) },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
		},
		{
			name: "overdue approves nothing and never changes by itself", given: underAudit(t),
			change:  func(c *Case) { c.Now = auditEnd },
			outcome: Waiting, reason: v1alpha1.ReasonOverdue, message: []string{"waiting for", "NITB", "due on 2026-11-11, and is overdue"},
		},
		{
			name: "years overdue approves nothing", given: underAudit(t),
			change:  func(c *Case) { c.Now = auditEnd.AddDate(5, 0, 0) },
			outcome: Waiting, reason: v1alpha1.ReasonOverdue,
		},
		{
			name: "a rejection is an answer: the audit is not overdue", given: underAudit(t),
			change: func(c *Case) {
				c.Now = auditEnd
				c.SignOffs = []v1alpha1.SignOff{newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), rejected)}
			},
			outcome: Waiting, reason: v1alpha1.ReasonRejected,
		},
		{
			name: "approved", given: underAudit(t), change: sign(audited(release, hours(20))),
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, message: []string{"NITB approved " + release}, deadline: expires(hours(20)),
		},
		{
			name: "approved late is approved", given: underAudit(t),
			change: func(c *Case) {
				c.Now = auditEnd.AddDate(0, 1, 0)
				c.SignOffs = []v1alpha1.SignOff{audited(release, auditEnd.AddDate(0, 0, 3))}
			},
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(auditEnd.AddDate(0, 0, 3)),
		},
		{
			name: "rejected, with its findings and the way on", given: underAudit(t),
			change:  sign(newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), rejected, withFinding("F-1", v1alpha1.FindingOpen))),
			outcome: Waiting, reason: v1alpha1.ReasonRejected, message: []string{"NITB rejected", "open findings F-1", "signs again"},
		},
		{
			name: "approved with an open finding", given: underAudit(t),
			change: sign(newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20),
				withFinding("F-1", v1alpha1.FindingResolved), withFinding("F-2", v1alpha1.FindingOpen))),
			outcome: Waiting, reason: v1alpha1.ReasonFindingsOpen,
			message: []string{"open findings F-2 (High)", "once a later SignOff by NITB lists them as Resolved"}, without: []string{"F-1"},
		},
		{
			name: "a later sign-off closes the finding", given: underAudit(t),
			change: sign(newSignOff(release, auditType, v1alpha1.PartyNITB, hours(21), withFinding("F-2", v1alpha1.FindingResolved)),
				newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), withFinding("F-2", v1alpha1.FindingOpen))),
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(hours(21)),
		},
		{
			name: "a later rejection supersedes an approval", given: underAudit(t),
			change:  sign(newSignOff(release, auditType, v1alpha1.PartyNITB, hours(21), rejected), audited(release, hours(20))),
			outcome: Waiting, reason: v1alpha1.ReasonRejected,
		},
		{
			name: "in the same second the rejection decides", given: underAudit(t),
			change: sign(
				newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), rejected, func(s *v1alpha1.SignOff) { s.Name = "a" }),
				newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), func(s *v1alpha1.SignOff) { s.Name = "b" })),
			outcome: Waiting, reason: v1alpha1.ReasonRejected,
		},
		{
			name: "one person for two parties: the later one is void", given: underAudit(t),
			change: func(c *Case) {
				bothParties(c)
				c.SignOffs = []v1alpha1.SignOff{
					newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), byOnePerson),
					newSignOff(release, auditType, v1alpha1.PartyNTC, hours(21), byOnePerson),
				}
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
			message: []string{"SignOff of NTC", "architectureaudit-ntc-1260 does not count", "signed this release for NITB"},
		},
		{
			name: "a test signed for one party voids an audit for another", given: underAudit(t),
			change: sign(
				newSignOff(release, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyOrganization, hours(19), byOnePerson),
				newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), byOnePerson)),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd, message: []string{"signed this release for Organization"},
		},
		{
			name: "two people for two parties", given: underAudit(t),
			change: func(c *Case) {
				bothParties(c)
				c.SignOffs = []v1alpha1.SignOff{audited(release, hours(20)), newSignOff(release, auditType, v1alpha1.PartyNTC, hours(21))}
			},
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, message: []string{"NITB, NTC approved"}, deadline: expires(hours(20)),
		},
		{
			name: "a party that is not asked counts for nothing", given: underAudit(t),
			change:  sign(newSignOff(release, auditType, v1alpha1.PartyOrganization, hours(20))),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
		},
		{
			name: "an end-to-end sign-off is no audit", given: underAudit(t), change: sign(tested(release, hours(20))...),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
		},
		{
			name: "a sign-off older than the release does not count", given: underAudit(t), change: sign(audited(release, hours(-1))),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
		},
		{
			name: "a sign-off in the second of the release counts", given: underAudit(t), change: sign(audited(release, received)),
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(received),
		},
		{
			name: "a sign-off for an unknown release is named", given: underAudit(t), change: sign(audited("health-portal-00000000", hours(20))),
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd,
			message: []string{"unknown releases do not count", "(health-portal-00000000)"},
		},
		{
			name: "the calendar is broken", given: underAudit(t), change: func(c *Case) { c.Policy.Calendar.TimeZone = "Mars/Olympus" },
			outcome: Refused, reason: v1alpha1.ReasonCalendarInvalid, message: []string{"spec.calendar", "Mars/Olympus", "Asia/Karachi"},
		},
		{
			name: "a twin that differs by digest alone is audited", given: underAudit(t), on: last,
			change: func(c *Case) {
				c.SignOffs = []v1alpha1.SignOff{audited(release, hours(20))}
				candidate(c, hours(24), otherImage)
			},
			outcome: Met, reason: v1alpha1.ReasonUnchangedButImages, message: []string{"differs from the audited " + release}, deadline: expires(hours(20)),
		},
		{
			name: "unless the policy wants every release audited", given: underAudit(t), on: last,
			change: func(c *Case) {
				c.Policy.Audit.Required = v1alpha1.AuditAlways
				c.SignOffs = []v1alpha1.SignOff{audited(release, hours(20))}
				candidate(c, hours(24), otherImage)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd.AddDate(0, 0, 1),
		},
		{
			name: "a twin with an open finding lends nothing", given: underAudit(t), on: last,
			change: func(c *Case) {
				c.SignOffs = []v1alpha1.SignOff{newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), withFinding("F-1", v1alpha1.FindingOpen))}
				candidate(c, hours(24), otherImage)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd.AddDate(0, 0, 1),
		},
		{
			name: "a rejected twin lends nothing", given: underAudit(t),
			on: func(c *Case) *v1alpha1.Release { return &c.Releases[1] },
			change: func(c *Case) {
				candidate(c, hours(24), otherImage)
				c.SignOffs = []v1alpha1.SignOff{newSignOff(release, auditType, v1alpha1.PartyNITB, hours(20), rejected)}
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, deadline: auditEnd.AddDate(0, 0, 1),
		},
		{
			name: "a rejected patch is rejected, whatever its twin", given: underAudit(t), on: last,
			change: func(c *Case) {
				patch := candidate(c, hours(24), otherImage)
				c.SignOffs = []v1alpha1.SignOff{
					audited(release, hours(20)), newSignOff(patch.Name, auditType, v1alpha1.PartyNITB, hours(25), rejected),
				}
			},
			outcome: Waiting, reason: v1alpha1.ReasonRejected,
		},
	}))
}

// Any difference beside a digest is material.
func TestAuditOfMaterialChange(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.ThirdPartyApplicationSpec){
		"repository": func(s *v1alpha1.ThirdPartyApplicationSpec) {
			s.Components[0].Image = "registry.ntc.gov.pk/other/web" + webImage[len("registry.ntc.gov.pk/sehat/web"):]
		},
		"edge":         func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].ConnectsTo = nil },
		"port":         func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[1].Ports[0].Port = 9999 },
		"command":      func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[1].Command = []string{"sh"} },
		"environment":  func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[1].Env[0].Value = "debug" },
		"replicas.max": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Replicas.Max++ },
		"host":         func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Domains[0].Host = "other.health.gov.pk" },
		"class":        func(s *v1alpha1.ThirdPartyApplicationSpec) { s.DataClass = v1alpha1.DataClassPublic },
		"provider":     func(s *v1alpha1.ThirdPartyApplicationSpec) { s.CloudServiceProvider = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			c := underAudit(t)
			c.SignOffs = []v1alpha1.SignOff{audited(c.Releases[0].Name, hours(20))}
			release := candidate(c, hours(24), func(s *v1alpha1.ThirdPartyApplicationSpec) { otherImage(s); change(s) })
			if got := assessAudit(c, release); got.Reason != v1alpha1.ReasonAwaitingSignOff {
				t.Errorf("got %s (%s): a change of %s needs an audit", got.Reason, got.Message, name)
			}
		})
	}
}

func TestAuditNamesTheNewestTwin(t *testing.T) {
	c := underAudit(t)
	patch := candidate(c, hours(24), otherImage).Name
	newest := candidate(c, hours(25), func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Image = newImage[:len(newImage)-1] + "0" })
	c.SignOffs = []v1alpha1.SignOff{audited(c.Releases[0].Name, hours(30)), audited(patch, hours(30))}
	want := assessAudit(c, newest).Message
	c.Releases[0], c.Releases[1] = c.Releases[1], c.Releases[0]
	if got := assessAudit(c, newest).Message; got != want || got != newest.Name+" differs from the audited "+patch+" in image digests alone" {
		t.Errorf("got %q after %q", got, want)
	}
}

func TestAuditDue(t *testing.T) {
	c := underAudit(t)
	for name, row := range map[string]struct {
		created time.Time
		want    string
	}{
		"late on Sunday in Karachi":    {time.Date(2026, 11, 1, 18, 59, 59, 0, time.UTC), "2026-11-10"},
		"Monday begins in Karachi":     {time.Date(2026, 11, 1, 19, 0, 0, 0, time.UTC), "2026-11-11"},
		"the weekend delays the start": {time.Date(2026, 11, 7, 7, 0, 0, 0, time.UTC), "2026-11-17"},
	} {
		c.Releases[0].CreationTimestamp = metav1.NewTime(row.created)
		if due, _, err := c.AuditDue(&c.Releases[0]); err != nil || due.String() != row.want {
			t.Errorf("%s: due %s (%v), want %s", name, due, err, row.want)
		}
	}
}
