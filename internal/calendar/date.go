// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"cmp"
	"fmt"
	"time"
)

// Date is a day of the Gregorian calendar, in no particular zone. Its zero value is no date.
type Date struct {
	year  int
	month time.Month
	day   int
}

// ParseDate reads a date written as 2026-12-25.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("date %.32q is not a calendar date: write it as YYYY-MM-DD, for example 2026-12-25", s)
	}
	return dateOf(t), nil
}

// String writes the date as 2026-12-25.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.year, int(d.month), d.day)
}

func dateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

func (d Date) compare(other Date) int {
	return cmp.Or(
		cmp.Compare(d.year, other.year),
		cmp.Compare(d.month, other.month),
		cmp.Compare(d.day, other.day),
	)
}

func (d Date) next() Date {
	return d.AddDays(1)
}

// AddDays is the date so many days later, or earlier.
func (d Date) AddDays(days int) Date {
	return dateOf(d.midnightUTC().AddDate(0, 0, days))
}

func (d Date) weekday() time.Weekday {
	return d.midnightUTC().Weekday()
}

func (d Date) midnightUTC() time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
}
