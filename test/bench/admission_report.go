// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// at is a percentile of someone's writes, in milliseconds.
func (h AdmissionSide) at(who string, percent int) float64 {
	return percentile(h.Latencies[who], percent)
}

// added is what the policies add to a percentile of someone's writes, in milliseconds: where they are not in force they still are matched.
func (r AdmissionRound) added(who string, percent int) float64 {
	return r.With.at(who, percent) - r.Without.at(who, percent) + r.Without.Policies[who]
}

func printAdmission(out io.Writer, measured map[int][]AdmissionRound) {
	if len(measured) == 0 {
		return
	}
	fmt.Fprint(out, "\nWhat the admission policies add to a write: median (least–most)\n\n")
	fmt.Fprintln(out, "managed namespaces\twho writes what\tadded p50 ms\tadded p99 ms\tp50 without ms\tbefore the policies, by the API server's own account, ms")
	for _, n := range slices.Sorted(maps.Keys(measured)) {
		for _, who := range slices.Sorted(maps.Keys(measured[n][0].With.Latencies)) {
			fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\n", n, who,
				spread(measured[n], "%.2f", func(r AdmissionRound) float64 { return r.added(who, 50) }),
				spread(measured[n], "%.1f", func(r AdmissionRound) float64 { return r.added(who, 99) }),
				spread(measured[n], "%.2f", func(r AdmissionRound) float64 { return r.Without.at(who, 50) }),
				spread(measured[n], "%.2f", func(r AdmissionRound) float64 { return r.With.Policies[who] }))
		}
	}
	fmt.Fprintf(out, "\nThe operator's writes a second by %d at once: median (least–most)\n\n", throughputWriters)
	fmt.Fprintln(out, "managed namespaces\twith ÷ without\twithout")
	for _, n := range slices.Sorted(maps.Keys(measured)) {
		fmt.Fprintf(out, "%d\t%s\t%s\n", n,
			spread(measured[n], "%.2f", func(r AdmissionRound) float64 { return r.With.PerSecond / r.Without.PerSecond }),
			spread(measured[n], "%.0f", func(r AdmissionRound) float64 { return r.Without.PerSecond }))
	}
}
