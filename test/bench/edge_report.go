// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"text/tabwriter"

	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

func (r *EdgeReport) print(table *tabwriter.Writer) {
	fmt.Fprintf(table, "\nWhat mutual TLS costs: %s, on loopback: median (least–most)\n\n", Edge)
	fmt.Fprintln(table, "\tsidecars ÷ direct\tdirect\tsidecars\tadded\trounds")
	for _, row := range []struct {
		what, format string
		added        bool
		of           func(EdgeSide) float64
	}{
		{"kept connection, p50 ms", "%.3f", true, func(s EdgeSide) float64 { return s.KeptP50 }},
		{"kept connection, p99 ms", "%.3f", true, func(s EdgeSide) float64 { return s.KeptP99 }},
		{"new connection, p50 ms", "%.3f", true, func(s EdgeSide) float64 { return s.NewP50 }},
		{"new connection, p99 ms", "%.3f", true, func(s EdgeSide) float64 { return s.NewP99 }},
		{"requests/s, 8 callers", "%.0f", false, func(s EdgeSide) float64 { return s.Requests }},
		{"MB/s of a large body", "%.0f", false, func(s EdgeSide) float64 { return s.Megabytes }},
	} {
		added := ""
		if row.added {
			added = spread(r.Rounds, row.format, func(e EdgeRound) float64 { return row.of(e.Sidecars) - row.of(e.Direct) })
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\n", row.what,
			spread(r.Rounds, "%.2f", func(e EdgeRound) float64 { return row.of(e.Sidecars) / row.of(e.Direct) }),
			spread(r.Rounds, row.format, func(e EdgeRound) float64 { return row.of(e.Direct) }),
			spread(r.Rounds, row.format, func(e EdgeRound) float64 { return row.of(e.Sidecars) }),
			added, len(r.Rounds))
	}
	fmt.Fprint(table, "\nMemory of one sidecar, MiB resident (its own, without the pages of program files)\n\n")
	fmt.Fprintln(table, "\tHAProxy\tentry program\tlimit in the pod")
	for _, m := range r.Memory {
		fmt.Fprintf(table, "%s, %s\t%.1f (%.1f)\t%.1f (%.1f)\t%.0f\n", m.Sidecar, m.When, m.HAProxy, m.HAProxyOwn, m.Entry, m.EntryOwn, m.Limit)
	}
}

// remember notes what the two sidecars take now.
func (r *EdgeReport) remember(when string, caller, callee *sidecarProcess) error {
	for _, side := range []struct {
		name    string
		process *sidecarProcess
	}{{"caller's", caller}, {"callee's", callee}} {
		m := SidecarMemory{Sidecar: side.name, When: when, Limit: render.SidecarMemory.AsApproximateFloat64() / (1 << 20)}
		pids := side.process.processes()
		if len(pids) != 2 {
			return fmt.Errorf("the %s sidecar has %d processes, want its entry program and one HAProxy", side.name, len(pids))
		}
		var err error
		if m.Entry, m.EntryOwn, err = resident(pids[0]); err != nil {
			return err
		}
		if m.HAProxy, m.HAProxyOwn, err = resident(pids[1]); err != nil {
			return err
		}
		r.Memory = append(r.Memory, m)
	}
	return nil
}

var residentLines = regexp.MustCompile(`(?m)^(VmRSS|RssAnon):\s+(\d+) kB$`)

// resident is the memory of a process in MiB, and of that what is no file's.
func resident(pid int) (all, own float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	found := map[string]float64{}
	for _, match := range residentLines.FindAllStringSubmatch(string(status), -1) {
		if found[match[1]], err = strconv.ParseFloat(match[2], 64); err != nil {
			return 0, 0, err
		}
	}
	if len(found) != 2 {
		return 0, 0, fmt.Errorf("/proc/%d/status does not say VmRSS and RssAnon", pid)
	}
	return found["VmRSS"] / 1024, found["RssAnon"] / 1024, nil
}
