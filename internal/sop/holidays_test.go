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

func installedCalendar(t *testing.T) v1alpha1.CalendarPolicy {
	t.Helper()
	return readYAML[v1alpha1.DeploymentPolicy](t, "../../config/default/deployment_policy.yaml").Spec.Calendar
}

func TestInstalledHolidays(t *testing.T) {
	policy := installedCalendar(t)
	days, err := workingDays(policy)
	if err != nil {
		t.Fatal(err)
	}
	names := map[v1alpha1.Date]string{}
	for _, holiday := range policy.Holidays {
		date, err := calendar.ParseDate(string(holiday.Date))
		if err != nil {
			t.Fatal(err)
		}
		if days.WorkingDay(date) {
			t.Errorf("%s is worked on %s", holiday.Name, date)
		}
		if names[holiday.Date] != "" {
			t.Errorf("%s is both %s and %s", date, names[holiday.Date], holiday.Name)
		}
		if date.String() >= "2027" && !strings.HasPrefix(holiday.Reference, "expected: ") {
			t.Errorf("%s: nothing is notified for 2027 yet, but the reference says %q", date, holiday.Reference)
		}
		names[holiday.Date] = holiday.Name
	}
	for _, year := range []string{"2025", "2026", "2027"} {
		for _, day := range []string{"02-05", "03-23", "05-01", "05-28", "08-14", "11-09", "12-25"} {
			if date := v1alpha1.Date(year + "-" + day); names[date] == "" {
				t.Errorf("no holiday on %s", date)
			}
		}
		for _, feast := range []string{"Eid-ul-Fitr", "Eid-ul-Azha", "Ashura", "Eid Milad-un-Nabi"} {
			found := false
			for date, name := range names {
				found = found || strings.HasPrefix(string(date), year) && strings.Contains(name, feast)
			}
			if !found {
				t.Errorf("no %s in %s", feast, year)
			}
		}
	}
}

func TestDueByInstalledCalendar(t *testing.T) {
	days, err := workingDays(installedCalendar(t))
	if err != nil {
		t.Fatal(err)
	}
	for received, want := range map[string]string{
		"2022-04-15": "2022-04-23", // six days a week
		"2022-06-06": "2022-06-15", // from six days into five
		"2025-03-27": "2025-04-10", // over Eid-ul-Fitr
		"2025-06-03": "2025-06-16", // over Eid-ul-Azha
		"2026-05-26": "2026-06-09", // Youm-e-Takbeer within Eid-ul-Azha
		"2026-11-06": "2026-11-18", // over Iqbal Day
	} {
		at, err := time.ParseInLocation(time.DateOnly, received, karachi)
		if err != nil {
			t.Fatal(err)
		}
		if due, err := days.Due(at, 7, nil); err != nil || due.String() != want {
			t.Errorf("received on %s: due on %s (%v), want %s", received, due, err, want)
		}
	}
}
