// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	commandInit = "init" // the first process of the cluster's PID namespace
	commandNode = "node" // starts and watches the node's programs
	envHostNet  = "GOVPK_HOST_NETNS"
	envMachine  = "GOVPK_MACHINE"
	lockFile    = "/run/govpk-cluster.lock"
)

// process is the one process whose end is the end of a machine.
type process struct {
	PID   int
	Start string // its start time, for a PID may be used again
	Root  string // the checkout that started it
}

// running returns the recorded process while it lives, else nil.
func (m machine) running() (*process, error) {
	raw, err := os.ReadFile(m.recordFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	p := process{}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it", m.recordFile(), err)
	}
	if start := startTime(p.PID); start == "" || start != p.Start {
		return nil, nil
	}
	return &p, nil
}

// path is how the host sees a path inside the machine's mount namespace.
func (p process) path(inside string) string { return fmt.Sprintf("/proc/%d/root%s", p.PID, inside) }

func (p process) record(file string) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}

// startTime is empty for a process that has ended.
func startTime(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The command name, in parentheses, may hold spaces; field 22 is the 20th after it.
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}

// spawn starts the machine's process in its network namespace, with mount, UTS
// and PID namespaces of its own. "ip netns exec" would not do: it mounts
// /sys anew and hides the cgroups.
func (l layout) spawn() (process, error) {
	var listeners []*os.File
	if !l.joins() {
		var err error
		if listeners, err = openForwards(); err != nil {
			return process{}, err
		}
	}
	defer func() {
		for _, f := range listeners {
			f.Close()
		}
	}()
	self, err := os.Executable()
	if err != nil {
		return process{}, err
	}
	output, err := os.Create(filepath.Join(l.log, "node.log"))
	if err != nil {
		return process{}, err
	}
	defer output.Close()
	hostNet, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return process{}, err
	}
	cmd := exec.Command(self, commandInit)
	cmd.Dir = "/"
	cmd.Env = []string{
		"PATH=" + l.tools + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
		"GOVPK_ROOT=" + l.root, envCache + "=" + os.Getenv(envCache), envMachine + "=" + l.name, envHostNet + "=" + hostNet,
	}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.ExtraFiles = listeners
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := startIn(l.netns(), cmd); err != nil {
		return process{}, fmt.Errorf("start the process of %s: %w", l.node, err)
	}
	p := process{PID: cmd.Process.Pid, Start: startTime(cmd.Process.Pid), Root: l.root}
	if err := p.record(l.recordFile()); err != nil {
		return process{}, errors.Join(err, p.kill())
	}
	return p, nil
}

// openForwards listens in the host's network namespace.
func openForwards() ([]*os.File, error) {
	var files []*os.File
	for _, f := range forwards {
		listener, err := net.Listen("tcp", f.from)
		if err != nil {
			return nil, fmt.Errorf("forward to the %s: %w; end the program that has this port", f.name, err)
		}
		file, err := listener.(*net.TCPListener).File()
		listener.Close() // the file is a copy
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// startIn starts the command from a thread that is in the network namespace.
// The thread is never unlocked, so it ends with its goroutine.
func startIn(netns string, cmd *exec.Cmd) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		ns, err := os.Open(netns)
		if err != nil {
			result <- err
			return
		}
		defer ns.Close()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		result <- cmd.Start()
	}()
	return <-result
}

// kill ends the process, and with it everything in its PID namespace.
func (p process) kill() error {
	if err := unix.Kill(p.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return p.wait()
}

// wait returns when the process has ended.
func (p process) wait() error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	} else if err != nil {
		return err
	}
	defer unix.Close(fd)
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
