// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// Run is the subcommand `canary`, which ends with the context: `listen` is the peer, `probe` the prober, and `carry` does nothing,
// in a container whose readiness is a verdict of the prober beside it.
func Run(ctx context.Context, args []string) error {
	switch command := append(args, "")[0]; command {
	case "listen":
		return listen(ctx, args[1:])
	case "probe":
		return probe(ctx, args[1:])
	case "carry":
		<-ctx.Done()
		return nil
	default:
		return fmt.Errorf("canary %q: say listen, probe or carry", command)
	}
}

func listen(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("listen", flag.ContinueOnError)
	health := healthFlag(flags)
	address, node := "", ""
	addressVar(flags, &address, "address", "The address of this pod.")
	flags.StringVar(&node, "node", "", "The name of this node.")
	if err := parse(flags, args); err != nil {
		return err
	}
	p := &peer{address: address, node: node, ports: standard}
	return untilFirst(ctx, p.run, serveHealth(*health, verdicts{Peer: p.breached.healthy}))
}

func probe(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	health := healthFlag(flags)
	node, local, other := "", "", ""
	flags.StringVar(&node, "node", "", "The name of this node.")
	addressVar(flags, &local, "local", "The address of the Service that leads to the peer of this node.")
	addressVar(flags, &other, "any", "The address of the Service that leads to any peer.")
	if err := parse(flags, args); err != nil {
		return err
	}
	p := newProber(node, local, other)
	return untilFirst(ctx, p.run, serveHealth(*health, verdicts{
		Control: p.controlled, IngressDenied: p.ingress.healthy, EgressDenied: p.egress.healthy,
	}))
}

func healthFlag(flags *flag.FlagSet) *string {
	return flags.String("health", "", "The address on which the kubelet asks for /<verdict>.")
}

// addressVar takes an IP address and nothing else. A Service that was made after its pod has none in the environment yet, and
// the pod's next start finds it.
func addressVar(flags *flag.FlagSet, target *string, name, usage string) {
	flags.Func(name, usage, func(value string) error {
		if net.ParseIP(value) == nil {
			return errors.New("want an IP address")
		}
		*target = value
		return nil
	})
}

// parse wants every flag.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	var missing []string
	flags.VisitAll(func(f *flag.Flag) { missing = append(missing, "--"+f.Name) })
	flags.Visit(func(f *flag.Flag) {
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == "--"+f.Name })
	})
	if len(missing) > 0 || flags.NArg() > 0 {
		return fmt.Errorf("canary %s: %q is missing, %q is too much", flags.Name(), missing, flags.Args())
	}
	return nil
}

// untilFirst runs both until one of them ends, then ends the other.
func untilFirst(ctx context.Context, programs ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, len(programs))
	for _, program := range programs {
		go func() { ended <- program(ctx) }()
	}
	err := <-ended
	cancel()
	for range len(programs) - 1 {
		err = errors.Join(err, <-ended)
	}
	return err
}

// verdicts are asked for by their names; an error is why the verdict does not hold.
type verdicts map[string]func(now time.Time) error

// serveHealth answers the kubelet on /<verdict>: 200, or 503 with the reason.
func serveHealth(address string, verdicts verdicts) func(context.Context) error {
	return func(ctx context.Context) error {
		mux := http.NewServeMux()
		for name, holds := range verdicts {
			mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
				if err := holds(time.Now()); err != nil {
					http.Error(w, err.Error(), http.StatusServiceUnavailable)
				}
			})
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("--health: %w", err)
		}
		server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
		stop := context.AfterFunc(ctx, func() { server.Close() })
		defer stop()
		if err := server.Serve(listener); ctx.Err() == nil {
			return err
		}
		return nil
	}
}
