// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs holds the documentation.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is a file and a test in it: a function, or the words that it is known by.
var named = regexp.MustCompile("`([^`]+)` (?:\"([^\"]+)\"|(\\w+))")

// Every row of threats names tests that exist, and what remains is said.
func TestThreatModelNamesTests(t *testing.T) {
	page, err := os.ReadFile("threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "\n## Threats\n")
	threats, remains, ok := strings.Cut(after, "\n## What remains\n")
	if !ok || strings.Count(remains, "\n- ") < 10 {
		t.Errorf("%d residual risks", strings.Count(remains, "\n- "))
	}
	rows := 0
	for _, line := range strings.Split(threats, "\n") {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| **") || strings.HasPrefix(line, "| Threat") {
			continue
		}
		rows++
		if len(cells) != 3 || len(cells[1]) < 20 {
			t.Errorf("a row says the threat, what stops it and the test: %s", line)
			continue
		}
		tests := named.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 {
			t.Errorf("no test is named: %s", line)
		}
		for _, test := range tests {
			if problem := missing(test[1], test[2]+test[3], test[3] != ""); problem != "" {
				t.Errorf("%s: %s", cells[0], problem)
			}
		}
	}
	if rows < 35 {
		t.Errorf("only %d rows were read", rows)
	}
}

// missing says what is wrong with a test that a row names; empty: it exists.
func missing(file, name string, function bool) string {
	source, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		return err.Error()
	}
	want := []string{`("` + name + `"`, "- name: " + name + "\n"}
	if function {
		want = []string{"\nfunc " + name + "("}
	}
	for _, text := range want {
		if strings.Contains(string(source), text) {
			return ""
		}
	}
	return file + " has no test " + name
}

func TestMissing(t *testing.T) {
	for file, row := range map[string]struct {
		name     string
		function bool
	}{"no_such_test.go": {"TestMissing", true}, "docs/threat_model_test.go": {"TestNothing", true}, "test/admission/testdata/govpk-images.yaml": {"no such row", false}} {
		if missing(file, row.name, row.function) == "" {
			t.Errorf("%s %s is taken for a test", file, row.name)
		}
	}
}
