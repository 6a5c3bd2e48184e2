// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command sidecar is the entry of the sidecar's image: it runs HAProxy by the configuration in SIDECAR_CONFIG, ends as it ends,
// and gives it renewed certificates without a restart.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// place says where things are in the pod; internal/mesh writes the same paths.
type place struct{ haproxy, tls, ca, run string }

var pod = place{haproxy: "/usr/sbin/haproxy", tls: "/etc/govpk/tls", ca: "/etc/govpk/ca", run: "/run/govpk"}

func main() {
	os.Exit(pod.main())
}

func (p place) main() int {
	status, err := p.serve(os.Getenv("SIDECAR_CONFIG"))
	if err != nil {
		slog.Error("sidecar", "error", err)
		return 1
	}
	return status
}

// serve returns HAProxy's exit status.
func (p place) serve(config string) (int, error) {
	if config == "" {
		return 0, errors.New("SIDECAR_CONFIG is empty: the operator sets it")
	}
	file := filepath.Join(p.run, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return 0, err
	}
	// First watch, then read, then start: whatever changes in between is noticed, and pushed once more at worst.
	changes, err := p.watch()
	if err != nil {
		return 0, fmt.Errorf("watch the certificates: %w", err)
	}
	held, err := p.read()
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	haproxy := exec.Command(p.haproxy, "-db", "-f", file)
	haproxy.Env = []string{}
	haproxy.Stdout, haproxy.Stderr = os.Stdout, os.Stderr
	if err := haproxy.Start(); err != nil {
		return 0, err
	}
	go stop(haproxy.Process, signals)
	go p.renew(changes, held)
	return reap(haproxy.Process.Pid)
}

// stop lets connections end when it is asked first, for as long as the configuration says, and cuts them when it is asked again.
func stop(haproxy *os.Process, signals <-chan os.Signal) {
	how := syscall.SIGUSR1
	for range signals {
		if err := haproxy.Signal(how); err != nil {
			slog.Error("stop HAProxy", "error", err)
		}
		how = syscall.SIGTERM
	}
}

// reap waits for HAProxy, and as the pod's first process for every orphan that the kernel hands it.
func reap(haproxy int) (int, error) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait for HAProxy: %w", err)
		case pid == haproxy && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == haproxy:
			return status.ExitStatus(), nil
		}
	}
}
