// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// up starts the cluster, or leaves a healthy one as it is. It adds nodes and
// never takes one away.
func (l layout) up(ctx context.Context, nodes int) error {
	p, err := l.running()
	if err != nil {
		return err
	}
	keep := false
	if p != nil && p.Root == l.root {
		unwell := l.healthy(ctx)
		if keep = unwell == nil; !keep {
			fmt.Printf("starting the cluster anew: %v\n", unwell)
		}
	} else if p != nil {
		fmt.Printf("there is one cluster on a machine: stopping that of %s\n", p.Root)
	}
	if keep {
		err = l.loadInto(ctx, nil)
	} else {
		err = l.startAnew(ctx)
	}
	if err != nil {
		return err
	}
	for i, m := range machines[1:] {
		if err := l.on(m).keepOrJoin(ctx, nodes > i+1); err != nil {
			return err
		}
	}
	fmt.Printf("the cluster is up; export KUBECONFIG=%s\n", l.kubeconfig())
	return nil
}

func (l layout) startAnew(ctx context.Context) error {
	if err := installPackages(ctx); err != nil {
		return err
	}
	// The machine has no way to Debian's archive.
	if _, err := l.postgres(); err != nil {
		return err
	}
	if _, err := l.sidecar(); err != nil {
		return err
	}
	if err := l.tearDown(); err != nil {
		return err
	}
	if err := l.bringUp(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cleaning up after the failure; the logs stay in", l.log)
		return errors.Join(err, l.tearDown())
	}
	return nil
}

func (l layout) bringUp(ctx context.Context) error {
	step := stopwatch()
	for _, f := range []string{l.kubeconfig(), l.caFile(), l.meshCAFile()} {
		if err := os.RemoveAll(f); err != nil {
			return err
		}
	}
	if err := makeMountPoints(); err != nil {
		return err
	}
	if err := l.makePlace(); err != nil {
		return err
	}
	p, err := l.spawn()
	if err != nil {
		return err
	}
	ctx, cancel := l.whileAlive(ctx, p)
	defer cancel(nil)
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

// makePlace makes the machine's directories and its network namespace.
func (l layout) makePlace() error {
	for _, dir := range []string{l.state, l.log} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return ip("netns add " + l.name)
}

// whileAlive is a context that ends with the machine's process.
func (l layout) whileAlive(ctx context.Context, p process) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { cancel(l.death(p.wait())) }()
	return ctx, cancel
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

const mountPointsFile = "/run/govpk-cluster.dirs"

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
	dir := l.dir
	if p, err := machines[0].running(); err != nil {
		return err
	} else if p != nil {
		dir = filepath.Join(p.Root, "bin/cluster")
	}
	for _, m := range machines {
		if err := l.on(m).remove(); err != nil {
			return err
		}
	}
	if made, err := os.ReadFile(mountPointsFile); err == nil {
		for _, dir := range strings.Fields(string(made)) {
			// Not RemoveAll: what others put there since is theirs.
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintf(os.Stderr, "left in place: %v\n", err)
			}
		}
	}
	for _, path := range []string{mountPointsFile, filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "ca.crt"), filepath.Join(dir, "mesh-ca.crt")} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// remove ends one machine and removes what it leaves, but for its log.
func (l layout) remove() error {
	p, err := l.running()
	if err != nil {
		return err
	}
	state := l.state
	if p != nil {
		state = filepath.Join(p.Root, "bin/cluster", filepath.Base(l.state))
		if err := p.kill(); err != nil {
			return fmt.Errorf("end process %d: %w", p.PID, err)
		}
	}
	if _, err := os.Stat(l.netns()); err == nil {
		if err := ip("netns del " + l.name); err != nil {
			return err
		}
	}
	if err := l.removeCgroups(); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(l.recordFile()), os.RemoveAll(state))
}
