// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench counts what the operator asks of the API server and compares its times with those of a client that only
// sends the same writes. docs/benchmarks.md says how to read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	rounds := flag.Int("rounds", 10, "How often each story is repeated on envtest.")
	file := flag.String("out", "bin/bench.json", "Where the figures go as JSON.")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error { return run(ctx, *rounds, *file, os.Stdout) }
	if child := asChild(ctx); child != nil {
		do = child
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// asChild is what this program does as its own child; nil: it is none.
func asChild(ctx context.Context) func() error {
	if os.Getenv(envComponent) != "" {
		return func() error { return component(ctx, os.Stdout) }
	}
	if n := os.Getenv(envEdge); n != "" {
		return func() error { return alone(ctx, n) }
	}
	return nil
}

func run(ctx context.Context, rounds int, file string, out io.Writer) error {
	if rounds < 1 {
		return errors.New("-rounds: at least 1")
	}
	report := newReport(rounds)
	begun := time.Now()
	if err := onEnvtest(ctx, 1, rounds, report); err != nil {
		return err
	}
	if err := throughAdmission(ctx, rounds, report); err != nil {
		return err
	}
	if err := lockWindow(ctx, rounds, report); err != nil {
		return err
	}
	if err := throughGateway(ctx, report); err != nil {
		return err
	}
	if err := alongEdge(ctx, rounds, report); err != nil {
		return err
	}
	if err := purePass(ctx, report); err != nil {
		return err
	}
	report.Seconds = time.Since(begun).Seconds()
	report.print(out)
	return report.write(file)
}
