// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"
)

const (
	// stopGrace is for what is still on its way when the kubelet ends the sidecar: the component is gone by then.
	stopGrace = 5 * time.Second
	// startGrace is for a process that takes over.
	startGrace = 10 * time.Second
)

// haproxy is the process that accepts connections, and older ones that still have some.
type haproxy struct {
	place
	config string

	mutex               sync.Mutex
	current, generation int
	running             map[int]bool
	stopping            bool
}

// runtime is the Runtime API of the process that accepts connections.
func (h *haproxy) runtime(generation int) runtime {
	return runtime{socket: filepath.Join(h.run, fmt.Sprintf("haproxy-%d.sock", generation))}
}

func (h *haproxy) start() error {
	pid, err := h.spawn(1)
	h.current, h.generation = pid, 1
	return err
}

// reload starts a process that takes the listeners over, so that no connection is refused in between; the old one keeps what it
// has until that ends.
func (h *haproxy) reload() error {
	next := h.generation + 1
	pid, err := h.spawn(next, "-x", h.runtime(h.generation).socket)
	if err != nil {
		return err
	}
	if err := h.answers(pid, next); err != nil {
		h.signal(syscall.SIGKILL, pid)
		return err
	}
	h.mutex.Lock()
	old := h.current
	h.current, h.generation = pid, next
	h.mutex.Unlock()
	h.signal(syscall.SIGUSR1, old)
	if err := os.Remove(h.runtime(next - 1).socket); err != nil {
		slog.Warn("remove the old socket", "error", err)
	}
	return nil
}

// answers waits for a process: once it answers, it has the listeners.
func (h *haproxy) answers(pid, generation int) error {
	itself := regexp.MustCompile(fmt.Sprintf(`(?m)^Pid: %d$`, pid))
	poll := time.NewTicker(20 * time.Millisecond) // a process that starts tells nobody
	defer poll.Stop()
	deadline := time.After(startGrace)
	for {
		select {
		case <-deadline:
			return errors.New("the next HAProxy does not answer")
		case <-poll.C:
		}
		if !h.has(pid) {
			return errors.New("the next HAProxy did not start; its own lines say why")
		}
		if h.runtime(generation).ask("show info", itself) == nil {
			return nil
		}
	}
}

// spawn runs a process with a socket of its own.
func (h *haproxy) spawn(generation int, more ...string) (int, error) {
	file := filepath.Join(h.run, "haproxy.cfg")
	config := fmt.Sprintf("%s\nglobal\n  stats socket %s mode 600 level admin expose-fd listeners\n", h.config, h.runtime(generation).socket)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return 0, err
	}
	process := exec.Command(h.haproxy, append([]string{"-db", "-f", file}, more...)...)
	process.Env = []string{}
	process.Stdout, process.Stderr = os.Stdout, os.Stderr
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if err := process.Start(); err != nil {
		return 0, err
	}
	h.running[process.Process.Pid] = true
	return process.Process.Pid, nil
}

func (h *haproxy) has(pid int) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.running[pid]
}

// signal reaches those of the processes that still run; their numbers cannot be anybody else's until reap forgets them.
func (h *haproxy) signal(s syscall.Signal, pids ...int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, pid := range pids {
		if h.running[pid] {
			if err := syscall.Kill(pid, s); err != nil {
				slog.Error("signal HAProxy", "signal", s, "error", err)
			}
		}
	}
}

func (h *haproxy) all() []int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var pids []int
	for pid := range h.running {
		pids = append(pids, pid)
	}
	return pids
}

// stopOn lets connections end at the first signal, and cuts them at the second one or after stopGrace.
func (h *haproxy) stopOn(signals <-chan os.Signal) {
	<-signals
	h.mutex.Lock()
	h.stopping = true
	h.mutex.Unlock()
	h.signal(syscall.SIGUSR1, h.all()...)
	select {
	case <-signals:
	case <-time.After(stopGrace):
	}
	h.signal(syscall.SIGTERM, h.all()...)
}

// reap waits for the process that accepts connections, when all is to stop for the older ones too, and as the pod's first
// process for every orphan that the kernel hands it. It returns the exit status of the first of these.
func (h *haproxy) reap() (int, error) {
	ended, result := false, 0
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("wait for HAProxy: %w", err)
		}
		h.mutex.Lock()
		delete(h.running, pid)
		if pid == h.current {
			ended, result = true, exitStatus(status)
		}
		done := ended && (!h.stopping || len(h.running) == 0)
		h.mutex.Unlock()
		if done {
			return result, nil
		}
	}
}

func exitStatus(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
