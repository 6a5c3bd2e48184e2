// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command cluster runs a real Kubernetes cluster, with cert-manager, two
// gateways, volumes and metrics, in network namespaces of its own. It needs
// Linux, root, the programs of hack/tools and a few Debian packages; no
// container engine and no image registry. It has one node; NODES=2 adds another.
//
//	go run . up | down | status | load [image…]
//	go run . haproxy    # needs no root: HAProxy for tests, in bin/tools/current
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
		return fmt.Errorf("say up, down, status, haproxy or load [image…]")
	}
	l, err := newLayout()
	if err != nil {
		return err
	}
	switch args[0] {
	case "up":
		nodes, err := wanted()
		if err != nil {
			return err
		}
		return l.exclusively(func() error { return l.up(ctx, nodes) })
	case "down":
		return l.exclusively(l.down)
	case "load":
		return l.exclusively(func() error { return l.loadInto(ctx, args[1:]) })
	case "status":
		return l.status(ctx)
	case "haproxy":
		return l.linkHAProxy()
	case commandInit:
		return l.runInit()
	case commandNode:
		return l.runNode(ctx)
	}
	return fmt.Errorf("unknown command %q: say up, down, status, haproxy or load [image…]", args[0])
}
