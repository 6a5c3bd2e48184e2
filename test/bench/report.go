// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// What is measured.
const (
	NewApplication = "new application: manifest to live"
	Edit           = "edit: new release to live"
	Unchanged      = "unchanged pass"
	Restart        = "first pass after a restart"
	Flag           = "flag to route gone on the API server"
	Silent         = "flag to host silent through the gateway"
)

// Side is what one side did once.
type Side struct {
	Took     time.Duration `json:"nanoseconds"`
	Requests Counts        `json:"requests"`
	// Passes are the operator's; the bare client has none.
	Passes int `json:"passes,omitempty"`
}

// Pair is the operator and the bare client in one round, and the operator's time over the bare client's.
type Pair struct {
	Operator Side    `json:"operator"`
	Bare     Side    `json:"bare"`
	Ratio    float64 `json:"ratio"`
}

// Report is bin/bench.json.
type Report struct {
	Date     time.Time         `json:"date"`
	Machine  string            `json:"machine"`
	Rounds   int               `json:"rounds"`
	Seconds  float64           `json:"seconds"`
	Measured map[string][]Pair `json:"measured"`
	// Skipped says what was not measured and why.
	Skipped map[string]string `json:"skipped,omitempty"`
	Pure    []Benchmark       `json:"pure"`
	// Admission are the rounds by how many managed namespaces there were.
	Admission map[int][]AdmissionRound `json:"admission,omitempty"`
	Window    []Window                 `json:"window"`
	// Edge is nil where it was skipped.
	Edge *EdgeReport `json:"edge,omitempty"`
}

func newReport(rounds int) *Report {
	return &Report{
		Date: time.Now().UTC().Truncate(time.Second), Rounds: rounds, Measured: map[string][]Pair{}, Skipped: map[string]string{},
		Machine: fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
	}
}

func (r *Report) add(what string, operator, bare Side) {
	ratio := float64(operator.Took) / float64(bare.Took)
	r.Measured[what] = append(r.Measured[what], Pair{Operator: operator, Bare: bare, Ratio: ratio})
}

func (r *Report) print(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nTimes on %s: median (least–most)\n\n", r.Machine)
	fmt.Fprintln(table, "\toperator ÷ bare client\toperator ms\tbare client ms\trounds")
	for _, what := range []string{NewApplication, Edit, Unchanged, Restart, Flag, Silent} {
		if why, skipped := r.Skipped[what]; skipped {
			fmt.Fprintf(table, "%s\tSKIPPED: %s\n", what, why)
			continue
		}
		pairs := r.Measured[what]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", what,
			spread(pairs, "%.2f", func(p Pair) float64 { return p.Ratio }),
			spread(pairs, "%.1f", func(p Pair) float64 { return milliseconds(p.Operator.Took) }),
			spread(pairs, "%.1f", func(p Pair) float64 { return milliseconds(p.Bare.Took) }),
			strconv.Itoa(len(pairs)))
	}
	fmt.Fprint(table, "\nRequests to the API server, exact: median (least–most)\n\n")
	fmt.Fprintln(table, "\toperator\tin passes\tbare client")
	for _, what := range []string{NewApplication, Edit, Unchanged, Restart, Flag} {
		pairs := r.Measured[what]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", what,
			verbs(pairs, func(p Pair) Counts { return p.Operator.Requests }),
			spread(pairs, "%.0f", func(p Pair) float64 { return float64(p.Operator.Passes) }),
			verbs(pairs, func(p Pair) Counts { return p.Bare.Requests }))
	}
	fmt.Fprint(table, "\nThe pure part of a pass: verdict and plan\n\n")
	for _, b := range r.Pure {
		fmt.Fprintf(table, "%s\t%.0f ns/op\t%d B/op\t%d allocs/op\n", b.Name, b.Nanoseconds, b.Bytes, b.Allocations)
	}
	printAdmission(table, r.Admission)
	printWindow(table, r.Window)
	if r.Edge != nil {
		r.Edge.print(table)
	}
	table.Flush()
	for what, why := range r.Skipped {
		fmt.Fprintf(out, "\n*** SKIPPED, NOT MEASURED: %s\n*** %s\n", what, why)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spread is median (least–most), or the one value that all have.
func spread[T any](rounds []T, format string, of func(T) float64) string {
	var values []float64
	for _, r := range rounds {
		values = append(values, of(r))
	}
	show := func(v float64) string { return fmt.Sprintf(format, v) }
	least, most := show(slices.Min(values)), show(slices.Max(values))
	if least == most {
		return least
	}
	return fmt.Sprintf("%s (%s–%s)", show(median(values)), least, most)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func verbs(pairs []Pair, of func(Pair) Counts) string {
	seen := map[string]bool{}
	for _, p := range pairs {
		for verb := range of(p).byMethod() {
			seen[verb] = true
		}
	}
	var parts []string
	for _, verb := range slices.Sorted(maps.Keys(seen)) {
		parts = append(parts, spread(pairs, "%.0f", func(p Pair) float64 { return float64(of(p).byMethod()[verb]) })+" "+verb)
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func (r *Report) write(file string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}
