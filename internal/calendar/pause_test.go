// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// at reads a time in Karachi; empty is no time.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	out, err := time.Parse("2006-01-02 15:04:05-07:00", s+"+05:00")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Three working days from Friday, 20 November 2026, 10:00: without a pause they end on Wednesday the 25th.
func TestDueWithPauses(t *testing.T) {
	for _, tc := range []struct {
		name string
		// pauses are pairs of question and answer.
		pauses [][2]string
		off    []Holiday
		// due or, while the clock stands still, since.
		due, since string
	}{
		{name: "none", due: "2026-11-25"},
		{name: "answered on the same day", pauses: [][2]string{{"2026-11-23 00:00:00", "2026-11-23 23:59:59"}}, due: "2026-11-25"},
		{name: "answered the next day", pauses: [][2]string{{"2026-11-23 10:00:00", "2026-11-24 09:00:00"}}, due: "2026-11-26"},
		{name: "asked in the last second, answered at midnight", pauses: [][2]string{{"2026-11-23 23:59:59", "2026-11-24 00:00:00"}}, due: "2026-11-26"},
		{name: "asked at midnight", pauses: [][2]string{{"2026-11-24 00:00:00", "2026-11-24 10:00:00"}}, due: "2026-11-25"},
		{name: "asked and answered at one instant", pauses: [][2]string{{"2026-11-24 00:00:00", "2026-11-24 00:00:00"}}, due: "2026-11-25"},
		{name: "over the weekend", pauses: [][2]string{{"2026-11-21 10:00:00", "2026-11-23 10:00:00"}}, due: "2026-11-25"},
		{name: "over a holiday", pauses: [][2]string{{"2026-11-23 10:00:00", "2026-11-24 10:00:00"}}, off: holidays(t, "2026-11-23"), due: "2026-11-26"},
		{name: "from before the receipt", pauses: [][2]string{{"2026-11-02 10:00:00", "2026-11-24 10:00:00"}}, due: "2026-11-26"},
		{name: "answered before the receipt", pauses: [][2]string{{"2026-11-02 10:00:00", "2026-11-05 10:00:00"}}, due: "2026-11-25"},
		{name: "over the last day", pauses: [][2]string{{"2026-11-25 10:00:00", "2026-11-26 10:00:00"}}, due: "2026-11-26"},
		{name: "two apart", pauses: [][2]string{{"2026-11-25 10:00:00", "2026-11-26 10:00:00"}, {"2026-11-23 10:00:00", "2026-11-24 10:00:00"}}, due: "2026-11-27"},
		{name: "overlapping and unordered", pauses: [][2]string{{"2026-11-24 10:00:00", "2026-11-26 10:00:00"}, {"2026-11-23 10:00:00", "2026-11-25 10:00:00"}}, due: "2026-11-30"},
		{name: "one inside another", pauses: [][2]string{{"2026-11-23 10:00:00", "2026-11-26 10:00:00"}, {"2026-11-24 10:00:00", "2026-11-25 10:00:00"}}, due: "2026-11-30"},
		{name: "ends before it begins", pauses: [][2]string{{"2026-11-24 10:00:00", "2026-11-23 10:00:00"}}, due: "2026-11-25"},
		{name: "begins after the due date", pauses: [][2]string{{"2026-11-26 10:00:00", "2026-11-30 10:00:00"}}, due: "2026-11-25"},

		{name: "open", pauses: [][2]string{{"2026-11-23 10:00:00", ""}}, since: "2026-11-23"},
		{name: "open since the last second of the due date", pauses: [][2]string{{"2026-11-25 23:59:59", ""}}, since: "2026-11-25"},
		{name: "open since the end of the due date", pauses: [][2]string{{"2026-11-26 00:00:00", ""}}, due: "2026-11-25"},
		{name: "open since the date of receipt", pauses: [][2]string{{"2026-11-20 11:00:00", ""}}, since: "2026-11-20"},
		{name: "open since before the receipt", pauses: [][2]string{{"2026-11-02 10:00:00", ""}}, since: "2026-11-20"},
		{name: "open since a Saturday", pauses: [][2]string{{"2026-11-21 10:00:00", ""}}, since: "2026-11-21"},
		{name: "open when the one before it was answered", pauses: [][2]string{{"2026-11-25 10:00:00", ""}, {"2026-11-23 10:00:00", "2026-11-25 12:00:00"}}, since: "2026-11-23"},
		{name: "open a day after the one before it was answered", pauses: [][2]string{{"2026-11-23 10:00:00", "2026-11-24 10:00:00"}, {"2026-11-25 10:00:00", ""}}, since: "2026-11-25"},
		{name: "two open", pauses: [][2]string{{"2026-11-25 10:00:00", ""}, {"2026-11-24 10:00:00", ""}}, since: "2026-11-24"},
		{name: "open, in time only because another one moved the due date", pauses: [][2]string{{"2026-11-23 10:00:00", "2026-11-24 10:00:00"}, {"2026-11-26 10:00:00", ""}}, since: "2026-11-26"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var pauses []Pause
			for _, p := range tc.pauses {
				pauses = append(pauses, Pause{From: at(t, p[0]), To: at(t, p[1])})
			}
			got, err := calendar(t, fiveDays(t), tc.off).Due(at(t, "2026-11-20 10:00:00"), 3, pauses)
			var paused *PausedError
			switch {
			case tc.since == "" && (err != nil || got.String() != tc.due):
				t.Errorf("got %s, %v; want %s", got, err, tc.due)
			case tc.since != "" && (!errors.As(err, &paused) || paused.Since.String() != tc.since || got != (Date{})):
				t.Errorf("got %s, %v; want a clock that stands still since %s", got, err, tc.since)
			}
		})
	}
}

func TestPausesProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	start := time.Date(2022, 4, 1, 0, 0, 0, 0, time.UTC)
	for range 2000 {
		received := start.Add(time.Duration(random.Int64N(int64(1500 * 24 * time.Hour))))
		near := func(hours int) time.Time {
			return received.Add(time.Duration(random.IntN(hours)-24) * time.Hour)
		}
		var off []Holiday
		for range random.IntN(10) {
			off = append(off, Holiday{Date: dateOf(near(600))})
		}
		var pauses []Pause
		for range 1 + random.IntN(4) {
			p := Pause{From: near(500)}
			if random.IntN(5) > 0 {
				p.To = p.From.Add(time.Duration(random.IntN(150)) * time.Hour)
			}
			pauses = append(pauses, p)
		}
		requirePauses(t, calendar(t, federal(t), off), calendar(t, federal(t), append(off, Holiday{Date: dateOf(near(600))})), received, 1+random.IntN(15), pauses)
	}
}

// requirePauses: the due date is what counting gives; a pause less never moves it later; their order does not matter; a
// holiday more never moves it earlier.
func requirePauses(t *testing.T, c, oneHolidayMore *Calendar, received time.Time, days int, pauses []Pause) {
	t.Helper()
	due := latest(t, c, received, days, pauses)
	if due != never {
		requireCounted(t, c, received, days, due, pauses...)
	}
	if got := latest(t, oneHolidayMore, received, days, pauses); got.compare(due) < 0 {
		t.Fatalf("received %s, %d days, pauses %v: a holiday more moved the due date from %s to %s", received, days, pauses, due, got)
	}
	for i := range pauses {
		less := append(append([]Pause{}, pauses[i+1:]...), pauses[:i]...)
		if got := latest(t, c, received, days, less); got.compare(due) > 0 {
			t.Fatalf("received %s, %d days: without the pause %v of %v the due date moved from %s to %s", received, days, pauses[i], pauses, due, got)
		}
		if got := latest(t, c, received, days, append(less, pauses[i])); got != due {
			t.Fatalf("received %s, %d days: in another order the pauses %v moved the due date from %s to %s", received, days, pauses, due, got)
		}
	}
}

// never is later than every due date: what an open pause makes of it.
var never = Date{year: 1 << 30}

func latest(t *testing.T, c *Calendar, received time.Time, days int, pauses []Pause) Date {
	t.Helper()
	due, err := c.Due(received, days, pauses)
	var paused *PausedError
	if !errors.As(err, &paused) {
		if err != nil {
			t.Fatalf("received %s, %d days, pauses %v: %v", received, days, pauses, err)
		}
		return due
	}
	if paused.Since.compare(dateOf(received.In(c.zone))) < 0 || !owes(c.End(paused.Since).Add(-1), pauses) {
		t.Fatalf("received %s, pauses %v: the clock stands still since %s", received, pauses, paused.Since)
	}
	return never
}

// owes says whether an answer was owed at an instant.
func owes(at time.Time, pauses []Pause) bool {
	for _, p := range pauses {
		if !at.Before(p.From) && (p.To.IsZero() || at.Before(p.To)) {
			return true
		}
	}
	return false
}

func FuzzPauses(f *testing.F) {
	f.Add(int64(1795150800), uint8(7), int64(1795755600), int64(1795410000), int64(86400), int64(1795410000), int64(0))
	f.Add(int64(1795150800), uint8(1), int64(0), int64(1795150800), int64(1), int64(1795237200), int64(1))
	f.Add(int64(1654628400), uint8(30), int64(1654714800), int64(1654628400), int64(900_000), int64(1654900000), int64(3_000_000))
	f.Add(int64(1654628400), uint8(3), int64(1654714800), int64(1654801199), int64(1), int64(1654801200), int64(-1))
	f.Fuzz(func(t *testing.T, received int64, days uint8, holiday, from1, length1, from2, length2 int64) {
		const first, last, longest = 1654714800, 4102444800, 366 * 86400 // from the first week to the year 2100
		if received < first || received > last || days < 1 || holiday < 0 || holiday > last {
			t.Skip("tested by FuzzDue")
		}
		var pauses []Pause
		for _, p := range [][2]int64{{from1, length1}, {from2, length2}} {
			if p[0] < 0 || p[0] > last || p[1] > longest || p[1] < -longest {
				t.Skip("longer than the search for a due date, which is then refused")
			}
			pause := Pause{From: time.Unix(p[0], 0)}
			if p[1] != 0 {
				pause.To = time.Unix(p[0]+p[1], 0)
			}
			pauses = append(pauses, pause)
		}
		off := []Holiday{{Date: dateOf(time.Unix(holiday, 0))}}
		requirePauses(t, calendar(t, fiveDays(t), nil), calendar(t, fiveDays(t), off), time.Unix(received, 0), int(days), pauses)
	})
}
