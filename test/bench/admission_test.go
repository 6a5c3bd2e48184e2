// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAdmissionReport(t *testing.T) {
	half := func(latency, perSecond, processor float64) AdmissionHalf {
		all := AdmissionHalf{Latencies: map[string][]float64{}, Processor: map[string]float64{}, PerSecond: perSecond}
		for _, who := range []string{OperatorWrites, TenantWrites, OtherWrites} {
			// The slowest comes first: percentiles sort.
			all.Latencies[who], all.Processor[who] = append(all.Latencies[who], 10*latency), processor
			for range 99 {
				all.Latencies[who] = append(all.Latencies[who], latency)
			}
		}
		return all
	}
	var out bytes.Buffer
	printAdmission(&out, map[int][]AdmissionRound{10: {
		{With: half(2.4, 850, 3), Without: half(2, 1000, 2)}, {With: half(2.6, 950, 4), Without: half(2, 1000, 2)},
	}})
	for _, want := range []string{
		"10\t" + TenantWrites + "\t0.50 (0.40–0.60)\t0.5 (0.4–0.6)\t2.00\t1.50 (1.00–2.00)\t2.00\n",
		"10\t0.90 (0.85–0.95)\t1000\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

// What somebody writes goes to the place that it is asked for, and is never the same twice.
func TestBodies(t *testing.T) {
	for _, who := range []string{OperatorWrites, TenantWrites, OtherWrites} {
		for i, body := range bodiesOf(who) {
			first, second := body(benchNamespace(1), 1), body(benchNamespace(2), 2)
			if bytes.Equal(first.body, second.body) || strings.Contains(string(first.body), "%!") || strings.Contains(first.path, "%!") {
				t.Errorf("%s %d: %s %s", who, i, first.path, first.body)
			}
			if who == OperatorWrites && !strings.Contains(first.path, "/"+benchNamespace(1)+"/") {
				t.Errorf("%s %d: %s", who, i, first.path)
			}
		}
	}
}

func TestProcessorTime(t *testing.T) {
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	if pid, err := child("sleep"); err != nil || pid != command.Process.Pid {
		t.Errorf("child %d, %v, want %d", pid, err, command.Process.Pid)
	}
	if _, err := child("no-such-program"); err == nil {
		t.Error("there is none")
	}
	begun, err := processorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for x := 0; ; x++ {
		if now, err := processorTime(os.Getpid()); err != nil || now > begun {
			return
		}
	}
}

func TestAtOnce(t *testing.T) {
	var sum atomic.Int64
	failure := errors.New("third")
	err := atOnce(4, func(i int) error {
		sum.Add(int64(i))
		if i == 3 {
			return failure
		}
		return nil
	})
	if sum.Load() != 6 || !errors.Is(err, failure) {
		t.Errorf("sum %d, %v", sum.Load(), err)
	}
}
