// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Report is bin/demo/report.json.
type Report struct {
	Steps []*Step `json:"steps"`
}

// Step is one observed step.
type Step struct {
	// Clause is the SOP's clause; 0 where the step is the platform's own.
	Clause       int              `json:"clause"`
	Title        string           `json:"title"`
	Observed     string           `json:"observed"`
	Milliseconds int64            `json:"milliseconds"`
	Measured     map[string]int64 `json:"measured,omitempty"`
}

// step narrates, does and records one step; observed is what was really seen.
func (r *Report) step(clause int, title string, do func(*Step) (string, error)) error {
	s := &Step{Clause: clause, Title: title}
	label := "         "
	if clause > 0 {
		label = fmt.Sprintf("clause %2d", clause)
	}
	fmt.Printf("%s  %s\n", label, title)
	begun := time.Now()
	observed, err := do(s)
	if err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	s.Observed, s.Milliseconds = observed, time.Since(begun).Milliseconds()
	r.Steps = append(r.Steps, s)
	fmt.Printf("           ✓ %s (%d ms)\n", observed, s.Milliseconds)
	return nil
}

func (s *Step) measure(what string, since, at time.Time) {
	if s.Measured == nil {
		s.Measured = map[string]int64{}
	}
	s.Measured[what] = at.Sub(since).Milliseconds()
}

func (r *Report) write(root string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(root, "bin/demo/report.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}
