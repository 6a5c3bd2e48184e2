// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command cluster runs a real one-node Kubernetes cluster, with cert-manager
// and two gateways, in a network namespace of its own. It needs Linux, root,
// the programs of hack/tools and a few Debian packages; no container engine and
// no image registry.
//
//	go run . up | down | status | load [image…]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		stop()
		log.Fatalf("cluster: %v", err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say up, down, status or load [image…]")
	}
	l, err := newLayout()
	if err != nil {
		return err
	}
	switch args[0] {
	case "up":
		return l.exclusively(func() error { return l.up(ctx) })
	case "down":
		return l.exclusively(l.down)
	case "load":
		return l.exclusively(func() error { return l.loadInto(ctx, args[1:]) })
	case "status":
		return l.status(ctx)
	case commandInit:
		return runInit()
	case commandNode:
		return l.node(ctx)
	}
	return fmt.Errorf("unknown command %q: say up, down, status or load [image…]", args[0])
}
