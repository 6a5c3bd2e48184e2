// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	for _, s := range []string{"2026-12-25", "2028-02-29", "0001-01-01", "9999-12-31"} {
		if got := date(t, s).String(); got != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	for _, s := range []string{"", "2026-02-29", "2026-13-01", "2026-1-5", "25-12-2026", "2026-12-25T00:00:00Z", " 2026-12-25", strings.Repeat("9", 10_000)} {
		d, err := ParseDate(s)
		if err == nil || d != (Date{}) || !strings.Contains(err.Error(), "write it as YYYY-MM-DD") || len(err.Error()) > 200 {
			t.Errorf("%.40q: got %s, %v", s, d, err)
		}
	}
}

func TestEnd(t *testing.T) {
	c := calendar(t, fiveDays(t), nil)
	for d, want := range map[string]string{
		"2026-12-01": "2026-12-02T00:00:00+05:00",
		"2026-12-31": "2027-01-01T00:00:00+05:00",
		"2002-04-06": "2002-04-07T01:00:00+06:00", // midnight was skipped
		"2002-10-05": "2002-10-06T00:00:00+05:00", // 25 hours: the last one came twice
		"2008-05-31": "2008-06-01T01:00:00+06:00",
		"2008-06-01": "2008-06-02T00:00:00+06:00",
		"2008-10-31": "2008-11-01T00:00:00+05:00",
		"2009-04-14": "2009-04-15T01:00:00+06:00",
		"2009-10-31": "2009-11-01T00:00:00+05:00",
	} {
		if got := c.End(date(t, d)).Format(time.RFC3339); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

func TestStartAndDate(t *testing.T) {
	c := calendar(t, fiveDays(t), nil)
	for d, want := range map[string]string{
		"2026-12-01": "2026-12-01T00:00:00+05:00",
		"2026-01-01": "2026-01-01T00:00:00+05:00",
		"2002-04-07": "2002-04-07T01:00:00+06:00", // midnight was skipped
		"2024-03-01": "2024-03-01T00:00:00+05:00",
	} {
		start := c.Start(date(t, d))
		if got := start.Format(time.RFC3339); got != want {
			t.Errorf("%s starts at %s, want %s", d, got, want)
		}
		if got := c.Date(start.UTC()); got != date(t, d) {
			t.Errorf("the first instant of %s is on %s", d, got)
		}
		if got := c.Date(start.UTC().Add(-1)); got != date(t, d).AddDays(-1) {
			t.Errorf("the instant before %s is on %s", d, got)
		}
	}
	if got := date(t, "2024-02-28").AddDays(2).String(); got != "2024-03-01" {
		t.Errorf("two days after 28 February 2024 is %s", got)
	}
}

// TestEndAgainstTheClock walks the clocks of zones that skip midnight, repeat it, or skip a whole date.
func TestEndAgainstTheClock(t *testing.T) {
	for zone, years := range map[string][]int{
		karachi:            {2002, 2008, 2009, 2026},
		"America/St_Johns": {2008}, // 00:01 back to 23:01 the day before
		"America/Havana":   {2025}, // 01:00 back to midnight
		"Asia/Beirut":      {2025}, // midnight skipped
		"Pacific/Apia":     {2011}, // no 30 December
		"UTC":              {2026},
	} {
		c, err := New(zone, fiveDays(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, year := range years {
			// The last minute of each date by walking time, which knows nothing of offsets.
			last := map[Date]time.Time{}
			from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			for at := from; at.Year() == year; at = at.Add(time.Minute) {
				last[dateOf(at.In(c.zone))] = at
			}
			for d, minute := range last {
				if d.year != year || d.month == time.December && d.day == 31 {
					continue
				}
				if want, got := minute.Add(time.Minute), c.End(d); !got.Equal(want) || got.Location() != c.zone {
					t.Errorf("%s in %s ends at %s, got %s", d, zone, want.In(c.zone), got)
				}
			}
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-12-25", "2028-02-29", "0001-01-01", "9999-12-31", "0000-01-01", "2026-02-29", "2026-1-5", "", "+2026-12-25", "2026-12-25Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		switch {
		case err == nil && d.String() != s:
			t.Errorf("%q became %s", s, d)
		case err != nil && d != (Date{}):
			t.Errorf("%q was refused, and yet is %s", s, d)
		case err == nil && dateOf(d.midnightUTC()) != d:
			t.Errorf("%s is no date", d)
		}
	})
}

func FuzzEnd(f *testing.F) {
	zones := []string{karachi, "America/St_Johns", "America/Havana", "Asia/Beirut", "Pacific/Apia", "Africa/Monrovia", "UTC"}
	for i := range zones {
		for _, second := range []int64{0, 1018119600, 1795150800, 1206846000, 1325239200, -1_000_000_000, 253402300799} {
			f.Add(second, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, second int64, zone uint8) {
		if second < -62135596800 || second > 253402300799 {
			t.Skip("Kubernetes holds no such time")
		}
		c, err := New(zones[int(zone)%len(zones)], fiveDays(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		instant := time.Unix(second, 0).In(c.zone)
		d := dateOf(instant)
		end := c.End(d)
		if !end.After(instant) {
			t.Errorf("%s is of %s, which ends at %s", instant, d, end)
		}
		if before := end.Add(-1); dateOf(before) != d || dateOf(end).compare(d) <= 0 {
			t.Errorf("%s in %s ends at %s, but before it is %s", d, c.zone, end, dateOf(before))
		}
	})
}
