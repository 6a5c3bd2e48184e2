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
	dialled []string
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
		defer listener.Close()
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
	n.dialled = append(n.dialled, address)
	target := strings.Replace(address, localService, n.here.address, 1)
	target = strings.Replace(target, anyService, n.service.address, 1)
	err := n.denied[target]
	n.mu.Unlock()
	if err != nil {
		return nil, &net.OpError{Op: "dial", Err: err}
	}
	return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", target)
}

func (n *network) prober(proof Proof) *prober {
	p := newProber(proof, "node-1", localService, anyService)
	p.ports, p.dial = n.ports, n.dial
	return p
}

func TestRound(t *testing.T) {
	all := []Proof{Control, IngressDenied, EgressDenied}
	for name, row := range map[string]struct {
		change func(*network)
		// fails are the proofs that are not made, with what is said; passed is true where that is a denied flow that passes.
		fails  map[Proof]string
		passed bool
		// tells is the peer that remembers a flow.
		tells string
	}{
		"everything is as declared": {},
		"one node alone":            {change: func(n *network) { n.service = n.here }},
		"this node lets in": {
			change: func(n *network) { n.deny(n.at("127.0.0.2", n.ports.noIngress), nil) },
			fails:  map[Proof]string{IngressDenied: "a denied flow passes: ingress-denied to 127.0.0.2:"}, passed: true, tells: "node-1",
		},
		"this node lets out": {
			change: func(n *network) { n.deny(n.at("127.0.0.2", n.ports.noEgress), nil) },
			fails:  map[Proof]string{EgressDenied: "a denied flow passes: egress-denied to 127.0.0.2:"}, passed: true,
		},
		"this node lets out to other nodes": {
			change: func(n *network) { n.deny(n.at("127.0.0.3", n.ports.noEgress), nil) },
			fails:  map[Proof]string{EgressDenied: "a denied flow passes: egress-denied to 127.0.0.3:"}, passed: true,
		},
		"another node lets in": {
			change: func(n *network) { n.deny(n.at("127.0.0.3", n.ports.noIngress), nil) }, tells: "node-2",
		},
		"the peer of this node is gone": {
			change: func(n *network) { n.deny(n.at("127.0.0.2", n.ports.declared), syscall.ECONNREFUSED) },
			fails:  map[Proof]string{Control: "does not answer", IngressDenied: "does not answer", EgressDenied: "does not answer"},
		},
		"the peer of another node is gone": {
			change: func(n *network) { n.deny(n.at("127.0.0.3", n.ports.declared), os.ErrDeadlineExceeded) },
		},
		"another node's peer answers for this node's": {
			change: func(n *network) { n.here, n.service = n.there, n.there },
			fails:  map[Proof]string{Control: "internalTrafficPolicy", IngressDenied: "internalTrafficPolicy", EgressDenied: "internalTrafficPolicy"},
		},
		"a connection that fails on this side is no refusal": {
			change: func(n *network) { n.deny(n.at("127.0.0.2", n.ports.noIngress), syscall.EMFILE) },
			fails:  map[Proof]string{IngressDenied: "neither passes nor is refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			here, there := n.here, n.there
			if row.change != nil {
				row.change(n)
			}
			for _, proof := range all {
				err := n.prober(proof).round(t.Context())
				want, fails := row.fails[proof]
				if fails != (err != nil) || fails && !strings.Contains(err.Error(), want) || errors.Is(err, errPassed) != (row.passed && fails) {
					t.Errorf("%s: %v, want %q", proof, err, want)
				}
			}
			g := NewWithT(t)
			for _, p := range []*peer{here, there} {
				tells := p.node == row.tells
				g.Eventually(func() bool { return p.healthy(time.Now()) != nil }).Should(Equal(tells), "%s tells of a flow", p.node)
			}
		})
	}
}

// The target is asked before and after the denied flow, so that a peer that dies in between proves nothing.
func TestPeerThatDiesIsNoRefusal(t *testing.T) {
	n := newNetwork(t)
	p := n.prober(IngressDenied)
	p.dial = func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := n.dial(ctx, address)
		if strings.HasSuffix(address, fmt.Sprint(n.ports.noIngress)) {
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

// One round that shows nothing is forgiven; a denied flow that passes is not, nor is a prober that hangs.
func TestVerdict(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	at := func(rounds float64) time.Time { return start.Add(time.Duration(rounds * float64(interval))) }
	p := newProber(Control, "node-1", localService, anyService)
	if p.healthy(start) == nil {
		t.Error("ready before the first round")
	}
	p.record(nil, at(0))
	p.record(errors.New("no answer"), at(1))
	if err := p.healthy(at(1.9)); err != nil {
		t.Errorf("one round without a proof: %v", err)
	}
	p.record(errors.New("no answer"), at(2))
	if err := p.healthy(at(2.6)); err == nil || err.Error() != "no answer" {
		t.Errorf("two rounds without a proof: %v", err)
	}
	p.record(nil, at(3))
	if err := p.healthy(at(3.5)); err != nil {
		t.Errorf("proven again: %v", err)
	}
	p.record(fmt.Errorf("%w: x", errPassed), at(4))
	if p.healthy(at(4)) == nil {
		t.Error("a denied flow passes, and the old proof still counts")
	}
	p.record(nil, at(5))
	if p.healthy(at(9)) == nil {
		t.Error("a prober that made no round for long is ready")
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
	if err := n.here.healthy(time.Now()); err != nil {
		t.Error(err)
	}
	n.here.breached.Store(time.Now().UnixNano())
	if n.here.healthy(time.Now()) == nil || n.here.healthy(time.Now().Add(memory)) != nil {
		t.Error("a flow is remembered for a while and then forgotten")
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
		"nothing":           {want: "say listen, or probe with control"},
		"an unknown proof":  {args: []string{"probe", "luck"}, want: "say listen"},
		"no node":           {args: []string{"listen", "--address=127.0.0.4", "--health=127.0.0.4:0"}, want: `["--node"] is missing`},
		"an unmade Service": {args: []string{"probe", "control", "--local=$(PEER_OF_NODE_SERVICE_HOST)"}, want: "want an IP address"},
		"too much":          {args: []string{"listen", "--address=127.0.0.4", "--health=127.0.0.4:0", "--node=a", "b"}, want: `["b"] is too much`},
		"a health address that is none": {
			args: []string{"probe", "control", "--local=127.0.0.4", "--any=127.0.0.4", "--node=a", "--health=x"}, want: "--health",
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
		ended <- serveHealth(address, func(time.Time) error { return verdict })(ctx)
	}()
	get := func() (status int, body string) {
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		content, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(content)
	}
	g.Eventually(func() int { status, _ := get(); return status }).Should(Equal(http.StatusOK), "the server listens")
	verdict = errPassed
	status, body := get()
	g.Expect(status).To(Equal(http.StatusServiceUnavailable))
	g.Expect(body).To(ContainSubstring("a denied flow passes"))
	cancel()
	g.Eventually(ended).Should(Receive(BeNil()))
}
