// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"strings"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/calendar"
)

// pauses are the times in which an auditor waited for the organization's answer on a release, and the questions that are
// still open. A question ends with the organization's next answer, which answers all, or with that auditor's next verdict.
func (c *Case) pauses(release *v1alpha1.Release) (pauses []calendar.Pause, open []*v1alpha1.SignOff) {
	counted, _ := c.counted(release)
	for i, question := range counted {
		if question.Spec.Decision != v1alpha1.DecisionAnswerRequested {
			continue
		}
		pause := calendar.Pause{From: question.CreationTimestamp.Time, To: endOf(question, counted[i:])}
		if pause.To.IsZero() {
			open = append(open, question)
		}
		pauses = append(pauses, pause)
	}
	return pauses, open
}

func endOf(question *v1alpha1.SignOff, later []*v1alpha1.SignOff) time.Time {
	for _, signOff := range later {
		answer := signOff.Spec.Decision == v1alpha1.DecisionAnswered
		verdict := isVerdict(signOff) && signOff.Spec.Type == question.Spec.Type && signOff.Spec.Party == question.Spec.Party
		if (answer || verdict) && signOff.CreationTimestamp.After(question.CreationTimestamp.Time) {
			return signOff.CreationTimestamp.Time
		}
	}
	return time.Time{}
}

// answerOwed says who asked what; empty: nobody waits for an answer.
func answerOwed(questions []*v1alpha1.SignOff) string {
	var asked []string
	for _, question := range questions {
		asked = append(asked, fmt.Sprintf("%s asked in SignOff %s", question.Spec.Party, question.Name))
	}
	return strings.Join(asked, ", ")
}
