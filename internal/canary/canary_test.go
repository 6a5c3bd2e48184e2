// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// network plays a cluster on loopback: two peers, and the Services that lead to them.
type network struct {
	mu sync.Mutex
	// here and there are the peers of the prober's node and of another one.
	here, there *peer
	// denied says what the network does to a port of an address, by "address:port".
	denied map[string]error
	// service is where the Service of any peer leads.
	service *peer
	ports   ports
}

const (
	localService = "127.0.0.8"
	anyService   = "127.0.0.9"
)

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{denied: map[string]error{}, ports: freePorts(t)}
	n.here = &peer{address: "127.0.0.2", node: "node-1", ports: n.ports}
	n.there = &peer{address: "127.0.0.3", node: "node-2", ports: n.ports}
	n.service = n.there
	for _, p := range []*peer{n.here, n.there} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		NewWithT(t).Eventually(func() error {
			conn, err := net.Dial("tcp", n.at(p.address, n.ports.declared))
			if err == nil {
				conn.Close()
			}
			return err
		}).Should(Succeed(), "the peer listens")
	}
	for _, address := range []string{"127.0.0.2", "127.0.0.3"} {
		n.deny(n.at(address, n.ports.noIngress), os.ErrDeadlineExceeded)
		n.deny(n.at(address, n.ports.noEgress), syscall.ECONNREFUSED)
	}
	return n
}

func freePorts(t *testing.T) ports {
	t.Helper()
	var numbers [3]int
	for i := range numbers {
		listener, err := net.Listen("tcp", "127.0.0.2:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		numbers[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports{numbers[0], numbers[1], numbers[2]}
}

func (n *network) at(address string, port int) string { return fmt.Sprintf("%s:%d", address, port) }

// deny makes the network treat an address so; nil lets it through.
func (n *network) deny(address string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.denied[address] = err
}

func (n *network) dial(ctx context.Context, address string) (net.Conn, error) {
	n.mu.Lock()
	target := strings.Replace(address, localService, n.here.address, 1)
	target = strings.Replace(target, anyService, n.service.address, 1)
	err := n.denied[target]
	n.mu.Unlock()
	if err != nil {
		return nil, &net.OpError{Op: "dial", Err: err}
	}
	return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", target)
}

func (n *network) prober() *prober {
	p := newProber("node-1", localService, anyService)
	p.ports, p.dial = n.ports, n.dial
	return p
}

func TestRound(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*network)
		// inconclusive is what the round says that does not come to an end.
		inconclusive string
		// passed are the verdicts that tell of a denied flow, after the node.
		passed []string
	}{
		"everything is as declared": {},
		"one node alone":            {change: func(n *network) { n.service = n.here }},
		"this node lets in": {
			change: func(n *network) { n.deny(n.at("127.0.0.2", n.ports.noIngress), nil) },
			passed: []string{"node-1 " + IngressDenied, "node-1 " + Peer},
		},
		"this node lets out": {
			change: func(n *network) { n.deny(n.at("127.0.0.2", n.ports.noEgress), nil) }, passed: []string{"node-1 " + EgressDenied},
		},
		"this node lets out to other nodes": {
			change: func(n *network) { n.deny(n.at("127.0.0.3", n.ports.noEgress), nil) }, passed: []string{"node-1 " + EgressDenied},
		},
		"another node lets in": {
			change: func(n *network) { n.deny(n.at("127.0.0.3", n.ports.noIngress), nil) }, passed: []string{"node-2 " + Peer},
		},
		"no NetworkPolicy holds anywhere": {
			change: func(n *network) { n.denied = map[string]error{} },
			passed: []string{"node-1 " + EgressDenied, "node-1 " + IngressDenied, "node-1 " + Peer, "node-2 " + Peer},
		},
		"the peer of this node is gone": {
			change:       func(n *network) { n.deny(n.at("127.0.0.2", n.ports.declared), syscall.ECONNREFUSED) },
			inconclusive: "the peer of this node does not answer",
		},
		"the peer of another node is gone": {
			change: func(n *network) { n.deny(n.at("127.0.0.3", n.ports.declared), os.ErrDeadlineExceeded) },
		},
		"another node's peer answers for this node's": {
			change: func(n *network) { n.here = n.there }, inconclusive: "the network ignores internalTrafficPolicy",
		},
		"a connection that fails on this side is no refusal": {
			change:       func(n *network) { n.deny(n.at("127.0.0.2", n.ports.noIngress), syscall.EMFILE) },
			inconclusive: "neither passes nor is refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := newNetwork(t)
			here, there := n.here, n.there
			if row.change != nil {
				row.change(n)
			}
			p := n.prober()
			if err := p.round(t.Context()); row.inconclusive == "" {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(ContainSubstring(row.inconclusive)))
			}
			g.Eventually(func() (passed []string) {
				for name, b := range map[string]*breach{
					"node-1 " + IngressDenied: &p.ingress, "node-1 " + EgressDenied: &p.egress,
					"node-1 " + Peer: &here.breached, "node-2 " + Peer: &there.breached,
				} {
					if b.healthy(time.Now()) != nil {
						passed = append(passed, name)
					}
				}
				return passed
			}).Should(ConsistOf(row.passed), "a peer reads the word of who came in a moment later")
		})
	}
}

// The peer is asked before and after the denied flows: one that dies in between refused nothing.
func TestPeerThatDiesIsNoRefusal(t *testing.T) {
	n := newNetwork(t)
	p := n.prober()
	p.dial = func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := n.dial(ctx, address)
		if address == n.at(n.here.address, n.ports.noIngress) {
			n.deny(n.at("127.0.0.2", n.ports.declared), syscall.ECONNREFUSED)
		}
		return conn, err
	}
	if err := p.round(t.Context()); err == nil || !strings.Contains(err.Error(), "a declared flow does not pass") {
		t.Error(err)
	}
}

func TestIsRefusal(t *testing.T) {
	for err, want := range map[error]bool{
		os.ErrDeadlineExceeded: true, context.DeadlineExceeded: true, syscall.ECONNREFUSED: true, syscall.ECONNRESET: true, syscall.EHOSTUNREACH: true,
		syscall.ENETUNREACH: true, syscall.EPERM: true, syscall.ETIMEDOUT: true,
		syscall.EMFILE: false, syscall.EADDRNOTAVAIL: false, syscall.EINVAL: false, context.Canceled: false,
	} {
		if got := isRefusal(&net.OpError{Op: "dial", Err: err}); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

// A round without an end is forgiven for a while; a prober that hangs is like one whose rounds do not end.
func TestControl(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	at := func(rounds float64) time.Time { return start.Add(time.Duration(rounds * float64(interval))) }
	p := newProber("node-1", localService, anyService)
	if p.controlled(start) == nil {
		t.Error("ready before the first round")
	}
	p.record(nil, at(0))
	p.record(errors.New("no answer"), at(1))
	if err := p.controlled(at(1.9)); err != nil {
		t.Errorf("one round without an end: %v", err)
	}
	p.record(errors.New("no answer"), at(2))
	if err := p.controlled(at(2.6)); err == nil || err.Error() != "no answer" {
		t.Errorf("two rounds without an end: %v", err)
	}
	p.record(nil, at(3))
	if err := p.controlled(at(3.5)); err != nil {
		t.Errorf("a round again: %v", err)
	}
	if err := p.controlled(at(9)); err == nil || err.Error() != "the last round is too long ago" {
		t.Errorf("no round for long: %v", err)
	}
}

func TestBreach(t *testing.T) {
	var b breach
	if err := b.healthy(time.Now()); err != nil {
		t.Error(err)
	}
	b.note("a to b")
	if err := b.healthy(time.Now()); err == nil || !strings.Contains(err.Error(), "a denied flow passed") {
		t.Error(err)
	}
	if err := b.healthy(time.Now().Add(memory)); err != nil {
		t.Errorf("remembered for ever: %v", err)
	}
}

// What connects without the canary's word is none of its business: the node's own programs reach every pod.
func TestPeerMindsProbersOnly(t *testing.T) {
	n := newNetwork(t)
	conn, err := net.Dial("tcp", n.at(n.here.address, n.ports.noIngress))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.Repeat("x", len(greeting))); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(conn); len(rest) > 0 {
		t.Errorf("answered %q, %v", rest, err)
	}
	if err := n.here.breached.healthy(time.Now()); err != nil {
		t.Error(err)
	}
}

// A port that cannot be listened on would look refused.
func TestPeerNeedsEveryPort(t *testing.T) {
	n := newNetwork(t)
	if err := (&peer{address: n.here.address, node: "node-1", ports: n.ports}).run(t.Context()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v", err)
	}
}

func TestRun(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"nothing":           {want: `canary "": say listen, probe or carry`},
		"an unknown word":   {args: []string{"luck"}, want: `canary "luck": say`},
		"no node":           {args: []string{"listen", "--address=127.0.0.4", "--health=127.0.0.4:0"}, want: `["--node"] is missing`},
		"an unmade Service": {args: []string{"probe", "--local=$(PEER_OF_NODE_SERVICE_HOST)"}, want: "want an IP address"},
		"too much":          {args: []string{"listen", "--address=127.0.0.4", "--health=127.0.0.4:0", "--node=a", "b"}, want: `["b"] is too much`},
		"a health address that is none": {
			args: []string{"probe", "--local=127.0.0.4", "--any=127.0.0.4", "--node=a", "--health=x"}, want: "--health",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Run(t.Context(), row.args); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	g := NewWithT(t)
	var verdict error
	listener, err := net.Listen("tcp", "127.0.0.4:0")
	g.Expect(err).NotTo(HaveOccurred())
	address := listener.Addr().String()
	listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serveHealth(address, verdicts{Control: func(time.Time) error { return verdict }})(ctx)
	}()
	get := func() (status int, body string) {
		response, err := http.Get("http://" + address + "/" + Control)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		content, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(content)
	}
	g.Eventually(func() int { status, _ := get(); return status }).Should(Equal(http.StatusOK), "the server listens")
	verdict = errors.New("no answer")
	status, body := get()
	g.Expect(status).To(Equal(http.StatusServiceUnavailable))
	g.Expect(body).To(ContainSubstring("no answer"))
	cancel()
	g.Eventually(ended).Should(Receive(BeNil()))
}
