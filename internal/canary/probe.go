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
	// patience is how long a connection is waited for. The kernel asks again after one second, so one lost packet is neither a
	// peer that is gone nor a refusal.
	patience = 3 * time.Second
	// fresh is how long a proof counts: one round may fail, for a peer that restarts, the second in a row takes it away.
	fresh = 2*interval + interval/2
)

// Proof is one thing that a prober shows of its node.
type Proof string

const (
	// Control: a declared flow passes. Without it a refusal means nothing.
	Control Proof = "control"
	// IngressDenied: the node refuses what the peer's ingress does not allow.
	IngressDenied Proof = "ingress-denied"
	// EgressDenied: the node refuses what the prober's egress does not allow.
	EgressDenied Proof = "egress-denied"
)

// errPassed is a denied flow that passes.
var errPassed = errors.New("a denied flow passes")

// prober makes one proof, again and again.
type prober struct {
	proof Proof
	// node is its own; local and any are the Services of the peers, as hosts: the one leads to the peer of this node, the other to any.
	node, local, any string
	ports            ports
	dial             func(ctx context.Context, address string) (net.Conn, error)

	mu     sync.Mutex
	proven time.Time
	err    error
}

func newProber(proof Proof, node, local, other string) *prober {
	return &prober{
		proof: proof, node: node, local: local, any: other, ports: standard,
		dial: func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
		},
		err: errors.New("no round has been made yet"),
	}
}

// run makes rounds until the context ends.
func (p *prober) run(ctx context.Context) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		p.record(p.round(ctx), time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// record takes a proof away at once when a denied flow passes; a round that shows nothing leaves the proof to age.
func (p *prober) record(err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (err == nil) != (p.err == nil) {
		slog.Info("the verdict changed", "proof", p.proof, "node", p.node, "error", err)
	}
	p.err = err
	switch {
	case err == nil:
		p.proven = now
	case errors.Is(err, errPassed):
		p.proven = time.Time{}
	}
}

// healthy is an error unless there is a fresh proof. A prober that hangs loses it too.
func (p *prober) healthy(now time.Time) error {
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

// round is nil when the proof was made against the peer of this node, and against one of another node where that answers.
func (p *prober) round(ctx context.Context) error {
	peer, node, err := p.ask(ctx, net.JoinHostPort(p.local, strconv.Itoa(p.ports.declared)))
	if err != nil {
		return fmt.Errorf("the peer of this node does not answer: %w", err)
	}
	if node != p.node {
		return fmt.Errorf("the peer of node %s answers for that of %s: the network ignores internalTrafficPolicy", node, p.node)
	}
	if p.proof == Control {
		return p.control(ctx, peer)
	}
	if err := p.refused(ctx, peer); err != nil {
		return err
	}
	if other := p.elsewhere(ctx); other != "" {
		// A peer elsewhere that ingress fails says so itself, and one that has gone meanwhile proves nothing of this node.
		if err := p.refused(ctx, other); p.proof == EgressDenied && errors.Is(err, errPassed) {
			return err
		}
	}
	return nil
}

// elsewhere is a peer of another node; empty: none was found in a few tries.
func (p *prober) elsewhere(ctx context.Context) string {
	for range 4 {
		peer, node, err := p.ask(ctx, net.JoinHostPort(p.any, strconv.Itoa(p.ports.declared)))
		if err != nil {
			return ""
		}
		if node != p.node {
			return peer
		}
	}
	return ""
}

// refused is nil when the peer lives before and after a connection to its closed port that was refused.
func (p *prober) refused(ctx context.Context, peer string) error {
	if err := p.control(ctx, peer); err != nil {
		return err
	}
	port := p.ports.noIngress
	if p.proof == EgressDenied {
		port = p.ports.noEgress
	}
	address := net.JoinHostPort(peer, strconv.Itoa(port))
	conn, err := p.dial(ctx, address)
	if err == nil {
		// The peer learns who came in.
		_, _ = io.WriteString(conn, greeting)
		conn.Close()
		return fmt.Errorf("%w: %s to %s", errPassed, p.proof, address)
	}
	if !isRefusal(err) {
		return fmt.Errorf("neither passes nor is refused: %w", err)
	}
	return p.control(ctx, peer)
}

func (p *prober) control(ctx context.Context, peer string) error {
	address, _, err := p.ask(ctx, net.JoinHostPort(peer, strconv.Itoa(p.ports.declared)))
	if err != nil {
		return fmt.Errorf("a declared flow does not pass: %w", err)
	}
	if address != peer {
		return fmt.Errorf("peer %s answers for %s", address, peer)
	}
	return nil
}

func (p *prober) ask(ctx context.Context, address string) (peer, node string, err error) {
	conn, err := p.dial(ctx, address)
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
