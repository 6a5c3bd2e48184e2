// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"
)

// Pause is a time in which the organization owed an answer, so that nobody else's clock may run: from the question (From)
// to the answer (To, zero while there is none). A Pause that ends before it begins pauses nothing.
type Pause struct {
	From, To time.Time
}

// PausedError says that there is no due date yet: a Pause is open and began before the last working day was over.
type PausedError struct {
	// Since is the first date, without a gap until today, at whose end an answer was owed; never before the receipt.
	Since Date
}

func (e *PausedError) Error() string {
	return fmt.Sprintf("the clock stands still since %s, until the organization answers", e.Since)
}

// owed says whether the organization still owed an answer at the end of a date. A question that is answered on the date
// of the question costs nothing.
func (c *Calendar) owed(d Date, pauses []Pause) bool {
	if len(pauses) == 0 {
		return false
	}
	end := c.End(d)
	for _, p := range pauses {
		if p.From.Before(end) && (p.To.IsZero() || !p.To.Before(end)) {
			return true
		}
	}
	return false
}

// openBy says whether an open Pause has begun before the end of a date: from then on no day counts.
func (c *Calendar) openBy(d Date, pauses []Pause) bool {
	for _, p := range pauses {
		if p.To.IsZero() && p.From.Before(c.End(d)) {
			return true
		}
	}
	return false
}
