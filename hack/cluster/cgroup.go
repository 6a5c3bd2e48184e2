// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const cgroupMount = "/sys/fs/cgroup"

// cgroups returns the machine's cgroup: one directory with cgroup v2, one for
// each hierarchy with v1.
func (m machine) cgroups() ([]string, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(cgroupMount, &fs); err != nil {
		return nil, err
	}
	if fs.Type == unix.CGROUP2_SUPER_MAGIC {
		return []string{filepath.Join(cgroupMount, m.name)}, nil
	}
	entries, err := os.ReadDir(cgroupMount)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		// Links such as cpu,cpuacct repeat a controller. "unified" has none, but
		// container shims are put there too.
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(cgroupMount, e.Name(), m.name))
		}
	}
	return dirs, nil
}

func (m machine) makeCgroups() error {
	dirs, err := m.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// A v1 cpuset starts empty, and then takes no process.
		for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), f))
			if errors.Is(err, fs.ErrNotExist) || len(dirs) == 1 {
				continue
			} else if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, f), value, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeCgroups removes the cgroup trees, whose processes have ended.
func (m machine) removeCgroups() error {
	dirs, err := m.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		var tree []string
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				tree = append(tree, path)
			}
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		slices.Reverse(tree)
		for _, d := range tree {
			if err := removeCgroup(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeCgroup waits for the kernel to let go of processes that just ended.
func removeCgroup(dir string) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := os.Remove(dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return fmt.Errorf("remove cgroup: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
