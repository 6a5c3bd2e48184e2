// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"strings"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/calendar"
)

func contains(message, fragment string) bool { return strings.Contains(message, fragment) }

// auditPauseRows are the rows of clause 1 about answers that the organization owes.
// The release is of Monday, 2 November; hours(24) is Tuesday, 3 November, 10:00.
func auditPauseRows(t *testing.T, release string) []clauseRow {
	question := func(hour int) v1alpha1.SignOff {
		return newSignOff(release, auditType, v1alpha1.PartyNITB, hours(hour), asks)
	}
	answer := func(hour int, change ...func(*v1alpha1.SignOff)) v1alpha1.SignOff {
		return newSignOff(release, auditType, v1alpha1.PartyOrganization, hours(hour), append(change, answers)...)
	}
	sign := func(signOffs ...v1alpha1.SignOff) func(*Case) {
		return func(c *Case) { c.Now, c.SignOffs = hours(240), signOffs }
	}
	return []clauseRow{
		{
			name: "a question stops the clock", given: underAudit(t), change: sign(question(24)),
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed,
			message: []string{"the organization owes an answer on " + release, "NITB asked in SignOff architectureaudit-nitb-1440", "decision Answered"},
		},
		{
			name: "the answer starts it again: two nights, two days", given: underAudit(t),
			change:  func(c *Case) { sign(question(24), answer(72))(c); c.Now = hours(96) },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"due on 2026-11-13"}, deadline: auditEnd.AddDate(0, 0, 2),
		},
		{
			name: "an answer of the same day costs nothing", given: underAudit(t),
			change:  func(c *Case) { sign(question(24), answer(26))(c); c.Now = hours(96) },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"due on 2026-11-11"}, deadline: auditEnd,
		},
		{
			name: "an answer to nothing counts for nothing", given: underAudit(t),
			change:  func(c *Case) { sign(answer(24))(c); c.Now = hours(48) },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"NITB", "due on 2026-11-11"}, deadline: auditEnd,
		},
		{
			name: "an answer of the second of the question answers nothing", given: underAudit(t), change: sign(question(24), answer(24)),
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed,
		},
		{
			name: "one answer answers all", given: underAudit(t),
			change: func(c *Case) {
				c.Policy.Audit.Parties = []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC}
				sign(question(24), newSignOff(release, auditType, v1alpha1.PartyNTC, hours(25), asks), answer(48))(c)
				c.Now = hours(50)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"NITB, NTC", "due on 2026-11-12"}, deadline: auditEnd.AddDate(0, 0, 1),
		},
		{
			name: "both who wait are named", given: underAudit(t),
			change: func(c *Case) {
				c.Policy.Audit.Parties = []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC}
				sign(question(24), newSignOff(release, auditType, v1alpha1.PartyNTC, hours(25), asks))(c)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed, message: []string{"NITB asked in SignOff", "NTC asked in SignOff"},
		},
		{
			name: "a question after the answer stops it again", given: underAudit(t), change: sign(question(24), answer(26), question(48)),
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed, message: []string{"architectureaudit-nitb-2880"}, without: []string{"architectureaudit-nitb-1440"},
		},
		{
			name: "that auditor's rejection ends the question", given: underAudit(t),
			change:  sign(question(24), newSignOff(release, auditType, v1alpha1.PartyNITB, hours(48), rejected)),
			outcome: Waiting, reason: v1alpha1.ReasonRejected,
		},
		{
			name: "that auditor's approval ends the question", given: underAudit(t),
			change:  sign(question(24), audited(release, hours(48))),
			outcome: Met, reason: v1alpha1.ReasonAllPartiesApproved, deadline: expires(hours(48)),
		},
		{
			name: "another auditor's approval does not", given: underAudit(t),
			change: func(c *Case) {
				c.Policy.Audit.Parties = []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC}
				sign(question(24), newSignOff(release, auditType, v1alpha1.PartyNTC, hours(48)))(c)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed, deadline: expires(hours(48)),
		},
		{
			name: "overdue before the question stays overdue", given: underAudit(t), change: sign(question(230)),
			outcome: Waiting, reason: v1alpha1.ReasonOverdue, message: []string{"was due on 2026-11-11, and is overdue; since then NITB asked in SignOff"},
		},
		{
			name: "overdue after the answer", given: underAudit(t),
			change:  func(c *Case) { sign(question(24), answer(72))(c); c.Now = auditEnd.AddDate(0, 0, 2) },
			outcome: Waiting, reason: v1alpha1.ReasonOverdue, message: []string{"was due on 2026-11-13, and is overdue"}, without: []string{"since then"},
		},
		{
			name: "who does not audit stops nothing", given: underAudit(t),
			change: func(c *Case) {
				sign(newSignOff(release, auditType, v1alpha1.PartyNTC, hours(24), asks))(c)
				c.Now = hours(48)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"does not ask NTC"}, deadline: auditEnd,
		},
		{
			name: "who signed for another party answers nothing", given: underAudit(t),
			change:  sign(question(24), answer(48, func(s *v1alpha1.SignOff) { s.Spec.SignedBy = "reviewer@nitb" })),
			outcome: Waiting, reason: v1alpha1.ReasonAnswerOwed, message: []string{"architectureaudit-organization-2880 does not count: its signer signed this release for NITB"},
		},
		{
			name: "an unresolved finding in a question is named when the clock runs", given: underAudit(t),
			change: func(c *Case) {
				asked := question(24)
				withSeverity("Medium", "F-1")(&asked)
				sign(asked, answer(26))(c)
				c.Now = hours(48)
			},
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingSignOff, message: []string{"NITB (open findings F-1 (Medium))"}, deadline: auditEnd,
		},
	}
}

func TestPauses(t *testing.T) {
	c := underAudit(t)
	release := &c.Releases[0]
	c.SignOffs = []v1alpha1.SignOff{
		newSignOff(release.Name, auditType, v1alpha1.PartyNITB, hours(24), asks),
		newSignOff(release.Name, e2eType, v1alpha1.PartyNITB, hours(30)),
		newSignOff(release.Name, auditType, v1alpha1.PartyOrganization, hours(48), answers),
		newSignOff(release.Name, auditType, v1alpha1.PartyOrganization, hours(72), answers),
		newSignOff(release.Name, auditType, v1alpha1.PartyNITB, hours(96), asks),
		newSignOff("health-portal-00000000", auditType, v1alpha1.PartyOrganization, hours(97), answers),
	}
	pauses, open := c.pauses(release)
	want := []calendar.Pause{{From: hours(24), To: hours(48)}, {From: hours(96), To: time.Time{}}}
	if len(pauses) != 2 || pauses[0] != want[0] || pauses[1] != want[1] || len(open) != 1 {
		t.Errorf("pauses %v, open %v", pauses, open)
	}
}
