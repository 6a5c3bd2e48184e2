// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// runInit is the first process of the PID namespace: it reaps what nobody else
// waits for (container shims) and ends when the node ends.
func (l layout) runInit() error {
	if err := outsideHost(); err != nil {
		return err
	}
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE}, // nothing leaks to the host
		{"", "/", "", unix.MS_REC | unix.MS_SHARED},  // kubelet's mounts reach pods
		{"proc", "/proc", "proc", 0},
	} {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	node := exec.Command("/proc/self/exe", commandNode)
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	if !l.joins() {
		for i := range forwards {
			node.ExtraFiles = append(node.ExtraFiles, os.NewFile(uintptr(3+i), "forward"))
		}
	}
	if err := node.Start(); err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return err
		}
		if pid == node.Process.Pid {
			return errors.New("the node has ended")
		}
	}
}

// outsideHost refuses to work in the host's network namespace: what follows
// sets addresses, routes and packet filters.
func outsideHost() error {
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return err
	}
	if host := os.Getenv(envHostNet); host == "" || host == ours {
		return errors.New("refusing to run in the host's network namespace; use make cluster")
	}
	return nil
}
