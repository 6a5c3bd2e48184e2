// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"testing"
	"text/tabwriter"
)

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if child := asChild(ctx); child != nil {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestEdgeOnce(t *testing.T) {
	report := newReport(1)
	if err := alongEdge(t.Context(), 1, report); err != nil {
		t.Fatal(err)
	}
	if why, skipped := report.Skipped[Edge]; skipped {
		t.Skip("SKIPPED, NOTHING IS PROVEN: " + why)
	}
	for _, side := range []EdgeSide{report.Edge.Rounds[0].Direct, report.Edge.Rounds[0].Sidecars} {
		for what, figure := range map[string]float64{
			"p50": side.KeptP50, "p99": side.KeptP99 - side.KeptP50, "new p50": side.NewP50, "new p99": side.NewP99 - side.NewP50,
			"requests": side.Requests, "megabytes": side.Megabytes,
		} {
			if figure <= 0 {
				t.Errorf("%s: %f", what, figure)
			}
		}
	}
	if len(report.Edge.Memory) != 4 {
		t.Errorf("%+v", report.Edge.Memory)
	}
	for _, m := range report.Edge.Memory {
		if m.HAProxyOwn <= 0 || m.EntryOwn <= 0 || m.HAProxyOwn > m.HAProxy || m.HAProxy+m.Entry > m.Limit {
			t.Errorf("%+v", m)
		}
	}
	var out bytes.Buffer
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	report.Edge.print(table)
	table.Flush()
	if !strings.Contains(out.String(), "kept connection, p50 ms") {
		t.Error(out.String())
	}
	t.Log(out.String())
}

func TestPercentile(t *testing.T) {
	values := []float64{3, 1, 2, 4}
	for percent, want := range map[int]float64{50: 2, 99: 4, 100: 4, 25: 1} {
		if got := percentile(values, percent); got != want {
			t.Errorf("%d: got %f, want %f", percent, got, want)
		}
	}
}
