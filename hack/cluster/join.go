// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// keepOrJoin leaves a healthy node as it is and starts one that is wanted. What
// is left of a node that died goes in any case: its pods would wait for ever.
func (l layout) keepOrJoin(ctx context.Context, join bool) error {
	p, err := l.running()
	if err != nil {
		return err
	}
	if _, err := os.Stat(l.recordFile()); errors.Is(err, fs.ErrNotExist) && !join {
		return nil
	}
	if p != nil && l.ready(ctx, "10s") == nil {
		return nil
	}
	if err := l.leave(ctx); err != nil || !join {
		return err
	}
	if err := l.join(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "removing %s after the failure; its logs stay in %s\n", l.node, l.log)
		return errors.Join(err, l.leave(ctx))
	}
	return nil
}

// join adds the node to the running cluster.
func (l layout) join(ctx context.Context) error {
	step := stopwatch()
	if err := l.makePlace(); err != nil {
		return err
	}
	if err := l.wire(); err != nil {
		return err
	}
	p, err := l.spawn()
	if err != nil {
		return err
	}
	ctx, cancel := l.whileAlive(ctx, p)
	defer cancel(nil)
	if err := l.approveCertificate(ctx); err != nil {
		return err
	}
	if err := l.ready(ctx, "60s"); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	step("node " + l.node + " Ready")
	return nil
}

func (l layout) ready(ctx context.Context, patience string) error {
	return l.kubectl(ctx, nil, "wait", "--for=condition=Ready", "--timeout="+patience, "node/"+l.node)
}

// leave is what an administrator does about a node that is gone for good.
func (l layout) leave(ctx context.Context) error {
	if err := l.remove(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return l.kubectl(ctx, nil, "delete", "node", l.node, "--ignore-not-found")
}
