// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// assessTasks refuses Tasks that wait for each other: none of them would ever begin.
func assessTasks(_ *Case, release *v1alpha1.Release) Finding {
	if cycle := taskCycle(release.Spec.Components); cycle != nil {
		return finding(Refused, v1alpha1.ReasonTasksCyclic, "spec.components[%s].after: %s wait for each other; remove one of them from after", cycle[0], strings.Join(cycle, " after "))
	}
	return Finding{}
}

// taskCycle is a chain of Tasks, each after the next, that ends where it begins; nil: there is none.
func taskCycle(components []v1alpha1.Component) []string {
	after := map[string][]string{}
	for _, component := range components {
		after[component.Name] = component.After
	}
	var path []string
	cleared := map[string]bool{}
	var visit func(string) []string
	visit = func(name string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return append(slices.Clone(path[i:]), name)
		}
		if cleared[name] {
			return nil
		}
		path = append(path, name)
		for _, next := range after[name] {
			if cycle := visit(next); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		cleared[name] = true
		return nil
	}
	for _, component := range components {
		if cycle := visit(component.Name); cycle != nil {
			return cycle
		}
	}
	return nil
}

// fiveFields reads schedules as Kubernetes does, but for its descriptors such as @daily, which the API refuses.
var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// assessSchedules refuses schedules that cannot be read and those, such as 30 February, that never come.
func assessSchedules(c *Case, release *v1alpha1.Release) Finding {
	for _, component := range release.Spec.Components {
		if component.Type != v1alpha1.ComponentScheduledTask {
			continue
		}
		if problem := scheduleProblem(component.Schedule, c.localNow()); problem != "" {
			return finding(Refused, v1alpha1.ReasonScheduleInvalid, "spec.components[%s].schedule: %q %s", component.Name, component.Schedule, problem)
		}
	}
	return Finding{}
}

// scheduleProblem says why a schedule cannot be used and what to do; empty: it can.
func scheduleProblem(schedule string, now time.Time) string {
	// The parser would take a time zone here, and panics at one without fields.
	if strings.Contains(schedule, "TZ=") {
		return "names a time zone; remove it, the policy's holds"
	}
	parsed, err := fiveFields.Parse(schedule)
	if err != nil {
		return "cannot be read (" + err.Error() + "); write the five fields of cron, such as 30 2 * * *"
	}
	// Next looks five years ahead.
	if parsed.Next(now).IsZero() {
		return "never comes within five years; correct the day or the month"
	}
	return ""
}

// localNow is the instant of the pass in the policy's time zone, in which schedules are read.
func (c *Case) localNow() time.Time {
	if c.Policy == nil {
		return c.Now
	}
	zone, err := time.LoadLocation(c.Policy.Calendar.TimeZone)
	if err != nil {
		// Clause 3 reports it.
		return c.Now
	}
	return c.Now.In(zone)
}
