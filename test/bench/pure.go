// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// Benchmark is a line of `go test -bench -benchmem`.
type Benchmark struct {
	Name        string  `json:"name"`
	Nanoseconds float64 `json:"nanosecondsPerPass"`
	Bytes       int64   `json:"bytesPerPass"`
	Allocations int64   `json:"allocationsPerPass"`
}

var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkPass/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op\s+(\d+) B/op\s+(\d+) allocs/op$`)

// purePass runs the Go benchmarks of the rules.
func purePass(ctx context.Context, report *Report) error {
	command := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^BenchmarkPass$", "-benchmem", "./internal/sop")
	command.Dir = root(".")
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, out)
	}
	report.Pure, err = parse(string(out))
	return err
}

func parse(output string) ([]Benchmark, error) {
	var found []Benchmark
	for _, match := range benchmarkLine.FindAllStringSubmatch(output, -1) {
		nanoseconds, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			return nil, err
		}
		b := Benchmark{Name: match[1], Nanoseconds: nanoseconds}
		if b.Bytes, err = strconv.ParseInt(match[3], 10, 64); err != nil {
			return nil, err
		}
		if b.Allocations, err = strconv.ParseInt(match[4], 10, 64); err != nil {
			return nil, err
		}
		found = append(found, b)
	}
	if len(found) == 0 {
		return nil, errors.New("go test -bench printed no line of BenchmarkPass:\n" + output)
	}
	return found, nil
}
