// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/<pid>/stat on every platform that Linux runs on.
const tick = 10 * time.Millisecond

// processStat are the fields of a process from its state on, after its name.
func processStat(pid string) (name string, fields []string, err error) {
	content, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return "", nil, err
	}
	before, after, ok := strings.Cut(string(content), ") ")
	_, name, named := strings.Cut(before, "(")
	if fields = strings.Fields(after); !ok || !named || len(fields) < 13 {
		return "", nil, fmt.Errorf("/proc/%s/stat: %q", pid, content)
	}
	return name, fields, nil
}

// child is the process of that name that this one started.
func child(name string) (int, error) {
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		// One that has ended meanwhile is not it.
		found, fields, err := processStat(filepath.Base(entry))
		if err == nil && found == name && fields[1] == strconv.Itoa(os.Getpid()) {
			return strconv.Atoi(filepath.Base(entry))
		}
	}
	return 0, fmt.Errorf("no process %s was started here", name)
}

// processorTime is what a process has used.
func processorTime(pid int) (time.Duration, error) {
	_, fields, err := processStat(strconv.Itoa(pid))
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
