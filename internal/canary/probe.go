// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// interval is the time from one round to the next.
	interval = 10 * time.Second
	// soon is the time to the next round after one that came to no end.
	soon = 2 * time.Second
	// patience is how long a connection is waited for. The kernel asks again after one second, so one lost packet is neither a
	// peer that is gone nor a refusal.
	patience = 3 * time.Second
	// fresh is how long a round counts: rounds may come to no end for a while, as when the peer restarts, before that takes Control away.
	fresh = 2*interval + interval/2
)

// The verdicts, named as the containers that carry them.
const (
	Control       = "control"
	IngressDenied = "ingress-denied"
	EgressDenied  = "egress-denied"
	Peer          = "peer"
)

// prober makes rounds.
type prober struct {
	// node is its own; local and any are the Services of the peers: the one leads to the peer of this node, the other to any.
	node, local, any string
	ports            ports
	dial             func(ctx context.Context, address string) (net.Conn, error)

	ingress, egress breach
	mu              sync.Mutex
	proven          time.Time
	err             error
}

func newProber(node, local, other string) *prober {
	return &prober{
		node: node, local: local, any: other, ports: standard,
		dial: func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
		},
		err: errors.New("no round has been made yet"),
	}
}

// run makes rounds until the context ends.
func (p *prober) run(ctx context.Context) error {
	for {
		next := time.After(interval)
		err := p.round(ctx)
		p.record(err, time.Now())
		if err != nil {
			next = time.After(soon)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next:
		}
	}
}

func (p *prober) record(err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (err == nil) != (p.err == nil) {
		slog.Info("rounds", "node", p.node, "error", err)
	}
	p.err = err
	if err == nil {
		p.proven = now
	}
}

// controlled is an error unless a round came to its end lately: refused or let through, it said which. A prober that hangs
// has no such round either.
func (p *prober) controlled(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.proven) < fresh {
		return nil
	}
	if p.err == nil {
		return errors.New("the last round is too long ago")
	}
	return p.err
}

// round is nil when it was seen what becomes of both denied flows to the living peer of this node. A peer of another node is
// tried where one answers; it may well be going, so only a flow that passes says something.
func (p *prober) round(ctx context.Context) error {
	peer, node, err := p.ask(ctx, p.local)
	if err != nil {
		return fmt.Errorf("the peer of this node does not answer: %w", err)
	}
	if node != p.node {
		return fmt.Errorf("the peer of node %s answers for that of %s: the network ignores internalTrafficPolicy", node, p.node)
	}
	var elsewhere sync.WaitGroup
	elsewhere.Go(func() {
		if other := p.elsewhere(ctx); other != "" {
			// What comes in there is not this node's to refuse, and that peer says so itself.
			_ = p.try(ctx, other, new(breach), &p.egress)
		}
	})
	defer elsewhere.Wait()
	return p.try(ctx, peer, &p.ingress, &p.egress)
}

// try is nil when a peer that lives before and after was tried on both denied ports, and each refused or let in.
func (p *prober) try(ctx context.Context, peer string, ingress, egress *breach) error {
	if err := p.alive(ctx, peer); err != nil {
		return err
	}
	var both sync.WaitGroup
	var ingressErr, egressErr error
	both.Go(func() { ingressErr = p.denied(ctx, peer, p.ports.noIngress, ingress) })
	both.Go(func() { egressErr = p.denied(ctx, peer, p.ports.noEgress, egress) })
	both.Wait()
	return errors.Join(ingressErr, egressErr, p.alive(ctx, peer))
}

func (p *prober) denied(ctx context.Context, peer string, port int, breached *breach) error {
	address := net.JoinHostPort(peer, strconv.Itoa(port))
	conn, err := p.dial(ctx, address)
	if err == nil {
		defer conn.Close()
		breached.note("this pod to " + address)
		// The peer learns that it was a prober who came in.
		_, _ = io.WriteString(conn, greeting)
		return nil
	}
	if isRefusal(err) {
		return nil
	}
	return fmt.Errorf("neither passes nor is refused: %w", err)
}

func (p *prober) alive(ctx context.Context, peer string) error {
	address, _, err := p.ask(ctx, peer)
	if err != nil {
		return fmt.Errorf("a declared flow does not pass: %w", err)
	}
	if address != peer {
		return fmt.Errorf("peer %s answers for %s", address, peer)
	}
	return nil
}

// elsewhere is a peer of another node; empty: none was found in a few tries.
func (p *prober) elsewhere(ctx context.Context) string {
	for range 4 {
		peer, node, err := p.ask(ctx, p.any)
		if err != nil {
			return ""
		}
		if node != p.node {
			return peer
		}
	}
	return ""
}

// ask is what a peer, or whom a Service chooses, says of itself by the declared flow.
func (p *prober) ask(ctx context.Context, address string) (peer, node string, err error) {
	conn, err := p.dial(ctx, net.JoinHostPort(address, strconv.Itoa(p.ports.declared)))
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", "", err
	}
	if _, err := io.WriteString(conn, greeting); err != nil {
		return "", "", err
	}
	return readAnswer(conn)
}

// isRefusal tells what a network does to a flow it denies, silence, a reset or an ICMP message, from what happens on this side.
func isRefusal(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	for _, errno := range []syscall.Errno{
		syscall.ETIMEDOUT, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EACCES, syscall.EPERM,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
