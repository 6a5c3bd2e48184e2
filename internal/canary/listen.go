// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// The ports of a peer. The NetworkPolicies in config/canary name them.
const (
	DeclaredPort  = 7001
	NoIngressPort = 7002
	NoEgressPort  = 7003
)

// ports are those of a peer; tests take others.
type ports struct{ declared, noIngress, noEgress int }

var standard = ports{DeclaredPort, NoIngressPort, NoEgressPort}

// greeting tells a prober from whatever else connects: programs of the node itself are let in everywhere.
const greeting = "govpk-canary\n"

// peer answers on every port with its address and node, and remembers who came in where nobody may.
type peer struct {
	address, node string
	ports         ports
	// breached is by probers that come in on the port that ingress closes.
	breached breach
}

// run listens until the context ends, or until one port does: a port that nobody listens on would look refused.
func (p *peer) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listeners []net.Listener
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	ended := make(chan error, 3)
	// The declared port is last: whoever reaches it finds the others open.
	for _, port := range []int{p.ports.noEgress, p.ports.noIngress, p.ports.declared} {
		listener, err := net.Listen("tcp", net.JoinHostPort(p.address, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		listeners = append(listeners, listener)
		go func() { ended <- p.accept(listener, port == p.ports.noIngress) }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return err
	}
}

func (p *peer) accept(listener net.Listener, closed bool) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go p.serve(conn, closed)
	}
}

func (p *peer) serve(conn net.Conn, closed bool) {
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(patience)) != nil {
		return
	}
	word := make([]byte, len(greeting))
	if _, err := io.ReadFull(conn, word); err != nil || string(word) != greeting {
		return
	}
	if closed {
		p.breached.note(fmt.Sprintf("%s to port %d of this pod", conn.RemoteAddr(), p.ports.noIngress))
	}
	fmt.Fprintf(conn, "%s %s\n", p.address, p.node)
}

// readAnswer is the address and the node that a peer names.
func readAnswer(conn net.Conn) (address, node string, err error) {
	line, err := bufio.NewReader(io.LimitReader(conn, 512)).ReadString('\n')
	if err != nil {
		return "", "", err
	}
	if _, err := fmt.Sscanf(line, "%s %s", &address, &node); err != nil {
		return "", "", fmt.Errorf("answer %q: want an address and a node", line)
	}
	if net.ParseIP(address) == nil {
		return "", "", fmt.Errorf("answer %q: %q is no address", line, address)
	}
	return address, node, nil
}
