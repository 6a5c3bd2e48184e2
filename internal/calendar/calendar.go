// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the zone must be the same in an image that carries no zone files
)

// A deadline is a matter of days; data that puts it ten years away is wrong, and must not keep the operator counting.
const searchDays = 3660

// Week says which days are worked from a date on, until the next Week begins.
type Week struct {
	From Date
	Days []time.Weekday
}

// Holiday is one date on which nobody works, and the notification that says so.
type Holiday struct {
	Date            Date
	Name, Reference string
}

// Calendar knows the working days of one time zone. It never changes and is safe for concurrent use.
type Calendar struct {
	zone     *time.Location
	weeks    []week
	holidays map[Date]bool
}

type week struct {
	from  Date
	works [7]bool
}

// New makes a calendar. Weeks and holidays may come in any order.
func New(zone string, weeks []Week, holidays []Holiday) (*Calendar, error) {
	location, err := loadZone(zone)
	if err != nil {
		return nil, err
	}
	c := &Calendar{zone: location, holidays: make(map[Date]bool, len(holidays))}
	if c.weeks, err = sortedWeeks(weeks); err != nil {
		return nil, err
	}
	for i, h := range holidays {
		if h.Date == (Date{}) {
			return nil, fmt.Errorf("calendar.holidays[%d].date is missing: give the date of %.64q", i, h.Name)
		}
		c.holidays[h.Date] = true
	}
	return c, nil
}

func loadZone(name string) (*time.Location, error) {
	location, err := time.LoadLocation(name)
	// Go reads "" as UTC and "Local" as the machine's zone; neither is something a policy said.
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("calendar.timeZone %.64q is unknown: use an IANA zone name, for example Asia/Karachi", name)
	}
	return location, nil
}

func sortedWeeks(in []Week) ([]week, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("calendar.workWeeks is empty: add at least one week with its first date and its days")
	}
	out := make([]week, 0, len(in))
	for i, w := range in {
		if w.From == (Date{}) {
			return nil, fmt.Errorf("calendar.workWeeks[%d].from is missing: give the first date of this week", i)
		}
		if len(w.Days) == 0 {
			return nil, fmt.Errorf("calendar.workWeeks[%d].days is empty: name at least one day for the week from %s, or remove it", i, w.From)
		}
		next := week{from: w.From}
		for _, day := range w.Days {
			if day < time.Sunday || day > time.Saturday {
				return nil, fmt.Errorf("calendar.workWeeks[%d].days holds %d, which is no day: use Sunday (0) to Saturday (6)", i, int(day))
			}
			next.works[day] = true
		}
		out = append(out, next)
	}
	slices.SortFunc(out, func(a, b week) int { return a.from.compare(b.from) })
	for i := 1; i < len(out); i++ {
		if out[i].from == out[i-1].from {
			return nil, fmt.Errorf("calendar.workWeeks has two weeks from %s: keep one of them", out[i].from)
		}
	}
	return out, nil
}

// WorkingDay says whether a date is worked. A date before the first week is not.
func (c *Calendar) WorkingDay(d Date) bool {
	if c.holidays[d] {
		return false
	}
	for _, w := range slices.Backward(c.weeks) {
		if w.from.compare(d) <= 0 {
			return w.works[d.weekday()]
		}
	}
	return false
}

// Due is the last of the given number of working days. Day 1 is the first working day after the date of receipt in the
// calendar's zone. A working day does not count when the organization still owed an answer at the end of it. Pauses may
// overlap and come in any order. While one is open there is no due date, and the error is a *PausedError; but a due date
// that was over before that Pause began stays as it was.
func (c *Calendar) Due(received time.Time, days int, pauses []Pause) (Date, error) {
	if days < 1 {
		return Date{}, fmt.Errorf("workingDays is %d: give at least 1", days)
	}
	receipt := dateOf(received.In(c.zone))
	if first := c.weeks[0].from; receipt.compare(first) < 0 {
		return Date{}, fmt.Errorf("calendar.workWeeks begins on %s, after the receipt on %s: add the week that was in force then", first, receipt)
	}
	var since Date
	if c.owed(receipt, pauses) {
		since = receipt
	}
	d, left := receipt, days
	for range searchDays {
		d = d.next()
		switch {
		case !c.owed(d, pauses):
			since = Date{}
			if c.WorkingDay(d) {
				left--
			}
		case since == Date{}:
			since = d
		}
		if left == 0 {
			return d, nil
		}
		if c.openBy(d, pauses) {
			return Date{}, &PausedError{Since: since}
		}
	}
	return Date{}, fmt.Errorf("calendar has fewer than %d working days between %s and %s: correct calendar.workWeeks and calendar.holidays, or lower workingDays", days, receipt, d)
}

// Date is the date of an instant in the calendar's zone.
func (c *Calendar) Date(t time.Time) Date {
	return dateOf(t.In(c.zone))
}

// Start is the first instant of a date in the calendar's zone.
func (c *Calendar) Start(d Date) time.Time {
	return c.End(d.AddDays(-1))
}

// End is the instant from which it is no longer that date in the calendar's zone.
func (c *Calendar) End(d Date) time.Time {
	midnight := d.next().midnightUTC()
	// time.Date promises nothing for a midnight that a clock change skips or repeats, and clocks in Pakistan changed
	// at midnight. So go back through the periods of constant offset, from an instant that is later everywhere.
	t := midnight.Add(24 * time.Hour).In(c.zone)
	for {
		_, offset := t.Zone()
		end := midnight.Add(-time.Duration(offset) * time.Second).In(c.zone)
		start, _ := t.ZoneBounds()
		if start.IsZero() || end.After(start) {
			return end
		}
		t = start.Add(-1)
		if dateOf(t).compare(d) <= 0 {
			return start
		}
	}
}
