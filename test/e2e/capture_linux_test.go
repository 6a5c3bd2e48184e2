// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"golang.org/x/sys/unix"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// expectSealed marks requests and looks for the mark in every packet of every node.
func expectSealed(ctx context.Context, app *scenario.App) {
	GinkgoHelper()
	nodes := nodesHere()
	if len(nodes) == 0 {
		Skip("SKIPPED: the nodes of this cluster are not network namespaces of this machine, so nobody here can capture their packets; run make e2e without CLUSTER=current")
	}
	canaries := canariesIn(ctx, "e2e-wire")
	token := fmt.Sprintf("marked-%d", time.Now().UnixNano())
	var captures []*capture
	for _, node := range nodes {
		captures = append(captures, listen(node, token))
	}

	// The visitor's note goes to web, from there to the API, from there to PostgreSQL, and all the way back.
	url := "https://" + app.Host + "/api/visits?marked=" + token
	for range 5 {
		answer := posted(ctx, url, fmt.Sprintf(`{"patient": "Ayesha", "note": %q}`, token))
		Expect(answer.Status).To(Equal(http.StatusCreated), answer.Body)
	}
	Expect(servedBy(ctx, cluster.Public(), url)).To(ContainSubstring(token))
	for component, port := range map[string]uint16{"web": sidecar.GatewayPort, "api": sidecar.PeerPort, "db": sidecar.PeerPort} {
		at := netip.AddrPortFrom(netip.MustParseAddr(podOf(ctx, app, v1alpha1.LiveNamespace, component).Status.PodIP), port)
		Eventually(func() (packets int) {
			for _, c := range captures {
				packets += c.packetsTo(at)
			}
			return packets
		}).Should(BeNumerically(">=", 5), "the request went to %s of %s", at, component)
	}
	for _, c := range captures {
		Expect(c.plain()).To(BeEmpty(), c.node)
		Expect(c.missed()).To(BeZero(), c.node)
	}

	// The same token in plain HTTP, asked of pods outside of every application: the capture would have seen it.
	for i, canary := range canaries {
		Expect(canary.Greet(ctx, map[string]string{"marked": token})).To(Succeed())
		Eventually(captures[i].plain).ShouldNot(BeEmpty(), "plaintext to %s on %s", canary.Address, captures[i].node)
	}
}

// nodesHere are the network namespaces of the nodes that `make cluster` made, in the order of the nodes; none for other clusters.
func nodesHere() []string {
	var found []string
	for _, name := range []string{"govpk", "govpk-2"} {
		_, err := os.Stat("/run/netns/" + name)
		if err == nil && (!cluster.Current || os.Getenv("GOVPK_PUBLIC_GATEWAY") == "127.0.0.1:18443") {
			found = append(found, name)
		}
	}
	return found
}

// capture is every packet of a node: of the pods' interfaces, of its own, of loopback.
type capture struct {
	node   string
	socket int
	mutex  sync.Mutex
	to     map[netip.AddrPort]int
	found  []string
}

// listen begins to look for a token. It ends with the spec.
func listen(node, token string) *capture {
	GinkgoHelper()
	socket, err := packetSocket("/run/netns/" + node)
	Expect(err).NotTo(HaveOccurred())
	c := &capture{node: node, socket: socket, to: map[netip.AddrPort]int{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read([]byte(token))
	}()
	DeferCleanup(func() {
		Expect(unix.Shutdown(socket, unix.SHUT_RDWR)).To(Or(Succeed(), MatchError(unix.EOPNOTSUPP), MatchError(unix.ENOTCONN)))
		c.mutex.Lock()
		c.socket = -1
		c.mutex.Unlock()
		Eventually(done).Should(BeClosed())
		Expect(unix.Close(socket)).To(Succeed())
	})
	return c
}

// packetSocket is a socket in another network namespace: it stays there when the thread comes back.
func packetSocket(namespace string) (socket int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ours, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return -1, err
	}
	defer ours.Close()
	theirs, err := os.Open(namespace)
	if err != nil {
		return -1, err
	}
	defer theirs.Close()
	if err := unix.Setns(int(theirs.Fd()), unix.CLONE_NEWNET); err != nil {
		return -1, err
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(all))
	if err == nil {
		err = errors.Join(unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
			unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000}))
	}
	return socket, errors.Join(err, unix.Setns(int(ours.Fd()), unix.CLONE_NEWNET))
}

func (c *capture) read(token []byte) {
	packet := make([]byte, 128<<10)
	for {
		n, _, err := unix.Recvfrom(c.socket, packet, 0)
		c.mutex.Lock()
		if c.socket < 0 {
			c.mutex.Unlock()
			return
		}
		if err == nil {
			from, to := endpoints(packet[:n])
			c.to[to]++
			if bytes.Contains(packet[:n], token) {
				c.found = append(c.found, fmt.Sprintf("%s → %s, %d bytes", from, to, n))
			}
		}
		c.mutex.Unlock()
	}
}

// endpoints are those of TCP over IPv4 over Ethernet, as veth pairs carry it.
func endpoints(packet []byte) (from, to netip.AddrPort) {
	const ethernet = 14
	if len(packet) < ethernet+20 || binary.BigEndian.Uint16(packet[12:]) != unix.ETH_P_IP || packet[ethernet+9] != unix.IPPROTO_TCP {
		return from, to
	}
	ip := packet[ethernet:]
	tcp := ip[int(ip[0]&15)*4:]
	if len(tcp) < 4 {
		return from, to
	}
	address := func(at int, port []byte) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[at:at+4])), binary.BigEndian.Uint16(port))
	}
	return address(12, tcp), address(16, tcp[2:])
}

func (c *capture) packetsTo(at netip.AddrPort) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.to[at]
}

// plain are the packets in which the token was read.
func (c *capture) plain() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.found
}

// missed are the packets that came too fast.
func (c *capture) missed() uint32 {
	GinkgoHelper()
	statistics, err := unix.GetsockoptTpacketStats(c.socket, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	Expect(err).NotTo(HaveOccurred())
	return statistics.Drops
}
