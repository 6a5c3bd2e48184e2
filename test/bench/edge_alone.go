// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// envEdge makes this program its own child that measures the edge so many times.
const envEdge = "GOVPK_BENCH_EDGE_ROUNDS"

// alongEdge measures the edge in a process with a network and mounts of its own, so that it needs no root, and the sidecars'
// ports are free. Without HAProxy, or where the machine forbids such a process, it says so.
func alongEdge(ctx context.Context, rounds int, report *Report) error {
	if _, ok := haproxyProgram(); !ok {
		report.Skipped[Edge] = "there is no HAProxy here: run make haproxy on Debian, or install HAProxy 2.6 or later"
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, self)
	command.Env = append(os.Environ(), envEdge+"="+strconv.Itoa(rounds))
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	// It ends the sidecars before it ends.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	out, err := command.Output()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		report.Skipped[Edge] = fmt.Sprintf("%v: this machine lets nobody make a user namespace; run make bench as root, or where it may", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", Edge, err)
	}
	return json.Unmarshal(out, &report.Edge)
}

// alone is that child.
func alone(ctx context.Context, rounds string) error {
	n, err := strconv.Atoi(rounds)
	if err != nil {
		return fmt.Errorf("%s: %w", envEdge, err)
	}
	if out, err := exec.CommandContext(ctx, "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("ip link set lo up: %w\n%s", err, out)
	}
	haproxy, _ := haproxyProgram()
	report, err := measureEdge(ctx, haproxy, n)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}
