// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What held before stays visible, as long as it is the same release that is audited.
func TestPreviousDues(t *testing.T) {
	underAudit := func(due string, previous ...string) *v1alpha1.Candidate {
		return &v1alpha1.Candidate{Release: "a-1", Stage: v1alpha1.StageUnderAudit, AuditDue: due, PreviousAuditDues: previous}
	}
	full := make([]string, 10)
	for i := range full {
		full[i] = fmt.Sprintf("2026-11-%02d", i+1)
	}
	for name, row := range map[string]struct {
		before, now *v1alpha1.Candidate
		want        []string
		was         string
	}{
		"a new application":           {now: underAudit("2026-11-11")},
		"unchanged":                   {before: underAudit("2026-11-11", "2026-11-10"), now: underAudit("2026-11-11"), want: []string{"2026-11-10"}, was: "2026-11-11"},
		"moved":                       {before: underAudit("2026-11-11"), now: underAudit("2026-11-12"), want: []string{"2026-11-11"}, was: "2026-11-11"},
		"moved again":                 {before: underAudit("2026-11-12", "2026-11-11"), now: underAudit("2026-11-13"), want: []string{"2026-11-11", "2026-11-12"}, was: "2026-11-12"},
		"moved back":                  {before: underAudit("2026-11-12", "2026-11-11"), now: underAudit("2026-11-11"), want: []string{"2026-11-11", "2026-11-12"}, was: "2026-11-12"},
		"the clock stops":             {before: underAudit("2026-11-11"), now: underAudit(""), want: []string{"2026-11-11"}, was: "2026-11-11"},
		"the clock stands":            {before: underAudit("", "2026-11-11"), now: underAudit(""), want: []string{"2026-11-11"}, was: "2026-11-11"},
		"the clock goes on unchanged": {before: underAudit("", "2026-11-11"), now: underAudit("2026-11-11"), want: []string{}, was: "2026-11-11"},
		"the clock goes on later":     {before: underAudit("", "2026-11-11"), now: underAudit("2026-11-13"), want: []string{"2026-11-11"}, was: "2026-11-11"},
		"it stops twice":              {before: underAudit("2026-11-13", "2026-11-11"), now: underAudit(""), want: []string{"2026-11-11", "2026-11-13"}, was: "2026-11-13"},
		"the audit passed": {
			before: underAudit("2026-11-12", "2026-11-11"),
			now:    &v1alpha1.Candidate{Release: "a-1", Stage: v1alpha1.StageTesting}, want: []string{"2026-11-11"}, was: "2026-11-12",
		},
		"another release": {before: underAudit("2026-11-11", "2026-11-10"), now: &v1alpha1.Candidate{Release: "a-2", AuditDue: "2026-11-12"}, was: "2026-11-11"},
		"at most ten":     {before: underAudit("2026-11-20", full...), now: underAudit("2026-11-21"), want: append(full[1:10:10], "2026-11-20"), was: "2026-11-20"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(previousDues(row.before, row.now)).To(Equal(row.want))
			if row.before != nil {
				g.Expect(lastDue(row.before)).To(Equal(row.was))
			}
		})
	}
}

// The API server refuses an event whose note is longer than 1024 bytes.
func TestNoteIsBounded(t *testing.T) {
	g := NewWithT(t)
	g.Expect(shortened("short", noteLimit)).To(Equal("short"))
	long := shortened("x"+strings.Repeat("پ", 2000), noteLimit)
	g.Expect(len(long)).To(BeNumerically("<=", 1024))
	g.Expect(utf8.ValidString(long)).To(BeTrue())
}
