// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const karachi = "Asia/Karachi"

var (
	monToThu = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday}
	monToFri = append(monToThu[:4:4], time.Friday)
	monToSat = append(monToFri[:5:5], time.Saturday)
)

// federal is the work week of the federal government, out of order on purpose.
func federal(t testing.TB) []Week {
	return []Week{
		{From: date(t, "2026-03-10"), Days: monToThu},
		{From: date(t, "2022-04-01"), Days: monToSat},
		{From: date(t, "2022-06-08"), Days: monToFri},
	}
}

func fiveDays(t testing.TB) []Week {
	return []Week{{From: date(t, "2022-06-08"), Days: monToFri}}
}

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func holidays(t testing.TB, dates ...string) []Holiday {
	t.Helper()
	var out []Holiday
	for _, d := range dates {
		out = append(out, Holiday{Date: date(t, d)})
	}
	return out
}

func calendar(t testing.TB, weeks []Week, off []Holiday) *Calendar {
	t.Helper()
	c, err := New(karachi, weeks, off)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDue(t *testing.T) {
	for _, tc := range []struct {
		name     string
		weeks    []Week
		off      []Holiday
		received string
		days     int
		want     string
	}{
		{name: "a Friday, seven days", weeks: fiveDays(t), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-01"},
		{name: "one day", weeks: fiveDays(t), received: "2026-11-16T10:00:00+05:00", days: 1, want: "2026-11-17"},
		{name: "received on Saturday, day 1 is Monday", weeks: fiveDays(t), received: "2026-11-21T10:00:00+05:00", days: 1, want: "2026-11-23"},
		{name: "last second of Thursday in Karachi", weeks: fiveDays(t), received: "2026-11-19T18:59:59Z", days: 1, want: "2026-11-20"},
		{name: "first second of Friday in Karachi", weeks: fiveDays(t), received: "2026-11-19T19:00:00Z", days: 1, want: "2026-11-23"},
		{name: "holiday inside the span", weeks: fiveDays(t), off: holidays(t, "2026-12-25"), received: "2026-12-21T10:00:00+05:00", days: 7, want: "2026-12-31"},
		{name: "two holidays inside the span", weeks: fiveDays(t), off: holidays(t, "2026-11-25", "2026-11-24"), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-03"},
		{name: "holiday that would have been the due date", weeks: fiveDays(t), off: holidays(t, "2026-12-01"), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-02"},
		{name: "holiday on a weekend costs nothing", weeks: fiveDays(t), off: holidays(t, "2026-11-28"), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-01"},
		{name: "holiday on the date of receipt costs nothing", weeks: fiveDays(t), off: holidays(t, "2026-11-20"), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-01"},
		{name: "two holidays on one date cost one day", weeks: fiveDays(t), off: holidays(t, "2026-11-25", "2026-11-25"), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-02"},
		{name: "six-day week", weeks: federal(t), received: "2022-04-15T10:00:00+05:00", days: 7, want: "2022-04-23"},
		{name: "from the six-day into the five-day week", weeks: federal(t), received: "2022-06-03T10:00:00+05:00", days: 7, want: "2022-06-13"},
		{name: "last day of the six-day week", weeks: federal(t), received: "2022-06-06T10:00:00+05:00", days: 5, want: "2022-06-13"},
		{name: "from the five-day into the four-day week", weeks: federal(t), received: "2026-03-05T10:00:00+05:00", days: 7, want: "2026-03-17"},
		{name: "four-day week", weeks: federal(t), received: "2026-11-20T10:00:00+05:00", days: 7, want: "2026-12-02"},
		{name: "received on the first date of the first week", weeks: fiveDays(t), received: "2022-06-07T19:00:00Z", days: 1, want: "2022-06-09"},
		{name: "over the leap day", weeks: fiveDays(t), received: "2028-02-28T10:00:00+05:00", days: 2, want: "2028-03-01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			received, err := time.Parse(time.RFC3339, tc.received)
			if err != nil {
				t.Fatal(err)
			}
			got, err := calendar(t, tc.weeks, tc.off).Due(received, tc.days, nil)
			if err != nil || got.String() != tc.want {
				t.Errorf("got %s, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func TestDueRefuses(t *testing.T) {
	received := time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC)
	var everyMonday []Holiday
	for d := date(t, "2026-11-16"); d.year < 2040; d = d.next() {
		if d.weekday() == time.Monday {
			everyMonday = append(everyMonday, Holiday{Date: d})
		}
	}
	for _, tc := range []struct {
		name     string
		c        *Calendar
		received time.Time
		days     int
		says     string
	}{
		{"no days", calendar(t, fiveDays(t), nil), received, 0, "workingDays is 0: give at least 1"},
		{"negative days", calendar(t, fiveDays(t), nil), received, -1, "workingDays is -1: give at least 1"},
		{"a second before the first week", calendar(t, fiveDays(t), nil), time.Date(2022, 6, 7, 18, 59, 59, 0, time.UTC), 7,
			"calendar.workWeeks begins on 2022-06-08, after the receipt on 2022-06-07: add the week that was in force then"},
		{"no working day ever", calendar(t, []Week{{From: date(t, "2022-06-08"), Days: []time.Weekday{time.Monday}}}, everyMonday), received, 1,
			"calendar has fewer than 1 working days between 2026-11-20 and 2036-11-27"},
		{"more days than are searched", calendar(t, fiveDays(t), nil), received, math.MaxInt, "or lower workingDays"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.c.Due(tc.received, tc.days, nil)
			if err == nil || !strings.Contains(err.Error(), tc.says) || got != (Date{}) {
				t.Errorf("got %s, %v; want an error that says %q", got, err, tc.says)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	first := date(t, "2022-06-08")
	for _, tc := range []struct {
		name  string
		zone  string
		weeks []Week
		off   []Holiday
		says  string
	}{
		{"unknown zone", "Asia/Islamabad", fiveDays(t), nil, `calendar.timeZone "Asia/Islamabad" is unknown: use an IANA zone name`},
		{"empty zone", "", fiveDays(t), nil, `calendar.timeZone "" is unknown`},
		{"the machine's zone", "Local", fiveDays(t), nil, `calendar.timeZone "Local" is unknown`},
		{"a path", "../Asia/Karachi", fiveDays(t), nil, "is unknown"},
		{"no week", karachi, nil, nil, "calendar.workWeeks is empty: add at least one week"},
		{"week without days", karachi, []Week{{From: first}}, nil, "calendar.workWeeks[0].days is empty: name at least one day for the week from 2022-06-08"},
		{"week without date", karachi, append(fiveDays(t), Week{Days: monToFri}), nil, "calendar.workWeeks[1].from is missing: give"},
		{"no such weekday", karachi, []Week{{From: first, Days: []time.Weekday{7}}}, nil, "calendar.workWeeks[0].days holds 7, which is no day: use"},
		{"two weeks from one date", karachi, append(federal(t), Week{From: first, Days: monToSat}), nil, "calendar.workWeeks has two weeks from 2022-06-08: keep one"},
		{"holiday without date", karachi, fiveDays(t), []Holiday{{Name: "Eid-ul-Fitr"}}, `calendar.holidays[0].date is missing: give the date of "Eid-ul-Fitr"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := New(tc.zone, tc.weeks, tc.off); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v; want an error that says %q", err, tc.says)
			}
		})
	}
}

func TestWorkingDay(t *testing.T) {
	c := calendar(t, federal(t), holidays(t, "2026-12-24"))
	for d, want := range map[string]bool{
		"2022-03-31": false, // Thursday, before any week
		"2022-04-01": true,  // the first date of the first week
		"2022-04-02": true,  // Saturday of six days
		"2022-06-04": true,
		"2022-06-11": false, // Saturday of five days
		"2022-06-10": true,
		"2026-03-06": true,  // the last worked Friday
		"2026-03-13": false, // Friday of four days
		"2026-12-23": true,
		"2026-12-24": false, // holiday on a Thursday
		"2026-12-27": false, // Sunday
	} {
		if got := c.WorkingDay(date(t, d)); got != want {
			t.Errorf("%s: got %t, want %t", d, got, want)
		}
	}
}

func TestDueProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	start := time.Date(2022, 4, 1, 0, 0, 0, 0, time.UTC)
	anyDate := func() Date { return dateOf(start.AddDate(0, 0, random.IntN(2200))) }
	for range 3000 {
		var off []Holiday
		for range random.IntN(60) {
			off = append(off, Holiday{Date: anyDate()})
		}
		received := start.Add(time.Duration(random.Int64N(int64(2000 * 24 * time.Hour))))
		days := 1 + random.IntN(30)
		c := calendar(t, federal(t), off)
		due, err := c.Due(received, days, nil)
		if err != nil {
			t.Fatal(err)
		}
		requireCounted(t, c, received, days, due)
		if slices.Contains(off, Holiday{Date: due}) {
			t.Fatalf("received %s, %d days: due on the holiday %s", received, days, due)
		}

		// A holiday near the deadline, so that it matters often.
		extra := Holiday{Date: dateOf(received.AddDate(0, 0, random.IntN(days+5)))}
		later, err := calendar(t, federal(t), append(off, extra)).Due(received, days, nil)
		if err != nil || later.compare(due) < 0 {
			t.Fatalf("received %s, %d days: the holiday %s moved the due date from %s to %s, %v", received, days, extra.Date, due, later, err)
		}
	}
}

// requireCounted proves a due date by counting, not by the search that found it.
func requireCounted(t *testing.T, c *Calendar, received time.Time, days int, due Date, pauses ...Pause) {
	t.Helper()
	counts := func(d Date) bool { return c.WorkingDay(d) && !owes(c.End(d).Add(-1), pauses) }
	if !counts(due) {
		t.Fatalf("received %s, %d days: due on %s, which does not count", received, days, due)
	}
	counted := 0
	for d := dateOf(received.In(c.zone)).next(); d.compare(due) <= 0; d = d.next() {
		if counts(d) {
			counted++
		}
	}
	if counted != days {
		t.Fatalf("received %s: %d working days until %s, want %d", received, counted, due, days)
	}
}

func FuzzDue(f *testing.F) {
	f.Add(int64(1795150800), 7, int64(1795755600), uint8(0b0111110)) // 2026-11-20, a holiday a week later, Monday to Friday
	f.Add(int64(1654628399), 7, int64(0), uint8(0b1111110))          // the last second of 2022-06-07 in Karachi
	f.Add(int64(1654628400), 1, int64(1654714800), uint8(0b0000001))
	f.Add(int64(1654714800), math.MaxInt, int64(0), uint8(0b1111111))
	f.Add(int64(253402300799), 30, int64(0), uint8(0b0010000)) // the end of the year 9999
	f.Fuzz(func(t *testing.T, received int64, days int, holiday int64, works uint8) {
		const lastSecond = 253402300799
		if received < 0 || received > lastSecond || holiday < 0 || holiday > lastSecond {
			t.Skip("Kubernetes holds no such time")
		}
		var worked []time.Weekday
		for day := time.Sunday; day <= time.Saturday; day++ {
			if works&(1<<day) != 0 {
				worked = append(worked, day)
			}
		}
		first, off := date(t, "2022-06-08"), dateOf(time.Unix(holiday, 0).UTC())
		c, err := New(karachi, []Week{{From: first, Days: worked}}, []Holiday{{Date: off}})
		if (err != nil) != (len(worked) == 0) {
			t.Fatalf("week of %v: %v", worked, err)
		}
		if err != nil {
			return
		}
		at := time.Unix(received, 0)
		due, err := c.Due(at, days, nil)
		if err == nil {
			requireCounted(t, c, at, days, due)
			if due == off {
				t.Errorf("received %s, %d days of %v: due on the holiday %s", at, days, worked, off)
			}
			return
		}
		if days >= 1 && days <= 500 && dateOf(at.In(c.zone)).compare(first) >= 0 {
			t.Errorf("received %s, %d days of %v: %v", at, days, worked, err)
		}
	})
}
