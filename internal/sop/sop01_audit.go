// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"errors"
	"slices"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/calendar"
)

// Clause 1, Application Architecture Audit: an audit within 7 working days of the request. The verdict binds to the exact
// release; a late audit is the auditor's failing and never approves by itself. Admission: govpk-identity.
func audit() Clause {
	return Clause{
		Source:    SOP,
		Number:    1,
		Title:     "Application Architecture Audit",
		Condition: v1alpha1.ConditionArchitectureAudited,
		Demands:   "A team audits the application's architecture within 7 working days of the request.",
		Assess:    assessAudit,
		Guards:    []string{"govpk-identity"},
	}
}

func assessAudit(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	if release.CreationTimestamp.IsZero() {
		return finding(Waiting, v1alpha1.ReasonNotSubmitted, "the audit begins once the declarations of clauses 2, 4 and 8 are whole")
	}
	verdict := c.verdict(release, v1alpha1.SignOffArchitectureAudit, c.Policy.Audit.Parties, time.Time{})
	if verdict.Reason != v1alpha1.ReasonAwaitingSignOff && verdict.Reason != v1alpha1.ReasonApprovalsExpired {
		return verdict
	}
	if audited, until := c.auditedTwin(release); audited != nil && !c.objected(release) {
		f := finding(Met, v1alpha1.ReasonUnchangedButImages, "%s differs from the audited %s in image digests alone", release.Name, audited.Name)
		f.Deadline = until
		return f
	}
	// An auditor who approved or found something has answered: the clock runs only while a party is silent.
	if verdict.Reason == v1alpha1.ReasonApprovalsExpired {
		return verdict
	}
	return c.auditClock(release, verdict)
}

// auditClock says when the audit that a party still owes is due.
func (c *Case) auditClock(release *v1alpha1.Release, verdict Finding) Finding {
	_, questions := c.pauses(release)
	_, void := c.counted(release)
	due, end, err := c.AuditDue(release)
	var paused *calendar.PausedError
	switch {
	case errors.As(err, &paused):
		f := finding(Waiting, v1alpha1.ReasonAnswerOwed, "the organization owes an answer on %s: %s; the audit clock stands still until a SignOff by Organization with decision Answered%s",
			release.Name, answerOwed(questions), voidNote(void, c.SignOffs, v1alpha1.SignOffArchitectureAudit))
		f.Deadline = verdict.Deadline
		return f
	case err != nil:
		return finding(Refused, v1alpha1.ReasonCalendarInvalid, "DeploymentPolicy default: spec.calendar: %v", err)
	case !c.Now.Before(end):
		verdict.Reason = v1alpha1.ReasonOverdue
		verdict.Message += "; the audit was due on " + due.String() + ", and is overdue"
		if owed := answerOwed(questions); owed != "" {
			verdict.Message += "; since then " + owed
		}
		return verdict
	default:
		verdict.Message += "; due on " + due.String()
		verdict.Deadline = earliest(verdict.Deadline, end)
		return verdict
	}
}

// auditedTwin is an audited release that differs in image digests alone, where the policy lets that count, and when that
// audit expires. Of several it is the newest, in whatever order they were listed.
func (c *Case) auditedTwin(release *v1alpha1.Release) (*v1alpha1.Release, time.Time) {
	var newest *v1alpha1.Release
	var until time.Time
	if c.Policy.Audit.Required != v1alpha1.AuditMaterialChange {
		return nil, until
	}
	for i := range c.Releases {
		twin := &c.Releases[i]
		if twin.Name == release.Name || !sameButImages(twin, release) || newest != nil && newestFirst(&newest.ObjectMeta, &twin.ObjectMeta) < 0 {
			continue
		}
		if f := c.verdict(twin, v1alpha1.SignOffArchitectureAudit, c.Policy.Audit.Parties, time.Time{}); f.Outcome == Met {
			newest, until = twin, f.Deadline
		}
	}
	return newest, until
}

// objected is true while an auditor has an open finding on the release itself, be it only in a question.
func (c *Case) objected(release *v1alpha1.Release) bool {
	counted, _ := c.counted(release)
	return slices.ContainsFunc(c.Policy.Audit.Parties, func(party v1alpha1.Party) bool {
		return len(openFindings(counted, v1alpha1.SignOffArchitectureAudit, party)) > 0
	})
}

// releaseCollision takes the place of the verdict while a release's name stands for another content.
func releaseCollision(name string) Finding {
	return finding(Refused, v1alpha1.ReasonReleaseCollision, "Release %s exists with another content; change anything in spec.components to get another name", name)
}

// AuditDue is the last working day of a release's audit and the instant at which that day ends. While the organization owes
// an answer there is none, and the error is a *calendar.PausedError.
func (c *Case) AuditDue(release *v1alpha1.Release) (calendar.Date, time.Time, error) {
	days, err := workingDays(c.Policy.Calendar)
	if err != nil {
		return calendar.Date{}, time.Time{}, err
	}
	pauses, _ := c.pauses(release)
	due, err := days.Due(release.CreationTimestamp.Time, int(c.Policy.Audit.WorkingDays), pauses)
	if err != nil {
		return calendar.Date{}, time.Time{}, err
	}
	return due, days.End(due), nil
}

func workingDays(policy v1alpha1.CalendarPolicy) (*calendar.Calendar, error) {
	weekdays := map[v1alpha1.Weekday]time.Weekday{}
	for day := time.Sunday; day <= time.Saturday; day++ {
		weekdays[v1alpha1.Weekday(day.String())] = day
	}
	var weeks []calendar.Week
	for _, week := range policy.WorkWeeks {
		from, err := calendar.ParseDate(string(week.From))
		if err != nil {
			return nil, err
		}
		days := make([]time.Weekday, 0, len(week.Days))
		for _, day := range week.Days {
			days = append(days, weekdays[day])
		}
		weeks = append(weeks, calendar.Week{From: from, Days: days})
	}
	var holidays []calendar.Holiday
	for _, holiday := range policy.Holidays {
		date, err := calendar.ParseDate(string(holiday.Date))
		if err != nil {
			return nil, err
		}
		holidays = append(holidays, calendar.Holiday{Date: date, Name: holiday.Name, Reference: holiday.Reference})
	}
	return calendar.New(policy.TimeZone, weeks, holidays)
}
