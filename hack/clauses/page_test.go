// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

const root = "../.."

func TestPageIsCurrent(t *testing.T) {
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale; run: go run ./hack/clauses\n%s", page, diff)
	}
}

// A page that lost a clause, its rule or a reason would still be current.
func TestPageIsWhole(t *testing.T) {
	content, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(content), "\n## ")[1:]
	if len(sections) != len(sop.Clauses()) {
		t.Fatalf("%d sections, want %d", len(sections), len(sop.Clauses()))
	}
	for i, clause := range sop.Clauses() {
		for _, part := range append([]string{clause.Title, clause.Demands, clause.Condition, "internal/sop/" + string(clause.Source)}, clause.Guards...) {
			if !strings.Contains(sections[i], part) {
				t.Errorf("the section of %s lacks %q", clause.Name(), part)
			}
		}
		if strings.Contains(sections[i], "|  |") || strings.Count(sections[i], "| `") == 0 {
			t.Errorf("%s has no reasons, or one without a meaning:\n%s", clause.Name(), sections[i])
		}
	}
	for _, reason := range []string{"ReleaseCollision", "PolicyMissing", "AwaitingSignOff", "Overdue"} {
		if !strings.Contains(sections[0], "| `"+reason+"` |") {
			t.Errorf("clause 1 lacks the reason %s", reason)
		}
	}
}
