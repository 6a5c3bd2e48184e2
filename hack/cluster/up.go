// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// up starts the cluster, or leaves a healthy one as it is.
func (l layout) up(ctx context.Context) error {
	p, err := running()
	if err != nil {
		return err
	}
	if p != nil && p.Root == l.root {
		unwell := l.healthy(ctx)
		if unwell == nil {
			if err := l.loadInto(ctx, nil); err != nil {
				return err
			}
			fmt.Printf("the cluster is up; export KUBECONFIG=%s\n", l.kubeconfig())
			return nil
		}
		fmt.Printf("starting the cluster anew: %v\n", unwell)
	} else if p != nil {
		fmt.Printf("there is one cluster on a machine: stopping that of %s\n", p.Root)
	}
	if err := installPackages(ctx); err != nil {
		return err
	}
	if err := l.tearDown(); err != nil {
		return err
	}
	if err := l.bringUp(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cleaning up after the failure; the logs stay in", l.log)
		return errors.Join(err, l.tearDown())
	}
	fmt.Printf("the cluster is up; export KUBECONFIG=%s\n", l.kubeconfig())
	return nil
}

func (l layout) bringUp(ctx context.Context) error {
	step := stopwatch()
	for _, dir := range []string{l.state, l.log} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, f := range []string{l.kubeconfig(), l.caFile()} {
		if err := os.RemoveAll(f); err != nil {
			return err
		}
	}
	if err := makeMountPoints(); err != nil {
		return err
	}
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		return fmt.Errorf("ip netns add %s: %w\n%s", name, err, out)
	}
	p, err := l.spawn()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(l.death(p.wait())) }()
	err = poll(ctx, 3*time.Minute, "the control plane", func() error {
		_, err := os.Stat(l.kubeconfig())
		return err
	})
	if err != nil {
		return err
	}
	step("control plane")
	if err := l.install(ctx, step); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return nil
}

// makeMountPoints remembers which directories were not there, for tearDown.
func makeMountPoints() error {
	var made []string
	for _, dir := range bound {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			made = append(made, dir)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(mountPointsFile, []byte(strings.Join(made, "\n")), 0o600)
}

const mountPointsFile = "/run/" + name + "-cluster.dirs"

func (l layout) down() error {
	if err := l.tearDown(); err != nil {
		return err
	}
	fmt.Println("the cluster is down")
	return nil
}

// tearDown removes all that a cluster leaves on the machine, whole or half
// started; on a clean machine it does nothing. Logs stay.
func (l layout) tearDown() error {
	p, err := running()
	if err != nil {
		return err
	}
	state := l.state
	if p != nil {
		state = filepath.Join(p.Root, "bin/cluster/state")
		if err := p.kill(); err != nil {
			return fmt.Errorf("end process %d: %w", p.PID, err)
		}
	}
	if _, err := os.Stat(netnsFile); err == nil {
		if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
			return fmt.Errorf("ip netns del %s: %w\n%s", name, err, out)
		}
	}
	if err := removeCgroups(); err != nil {
		return err
	}
	if made, err := os.ReadFile(mountPointsFile); err == nil {
		for _, dir := range strings.Fields(string(made)) {
			// Not RemoveAll: what others put there since is theirs.
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintf(os.Stderr, "left in place: %v\n", err)
			}
		}
	}
	dir := filepath.Dir(state)
	for _, path := range []string{recordFile, mountPointsFile, state, filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "ca.crt")} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
