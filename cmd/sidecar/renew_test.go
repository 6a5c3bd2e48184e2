// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// presented is the certificate with which the pod answers.
func (p *aPod) presented() *x509.Certificate {
	conn, err := tls.Dial("tcp", p.at(sidecar.GatewayPort), &tls.Config{InsecureSkipVerify: true, ServerName: "3000." + api})
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

func (p *aPod) presents(own pair) {
	p.t.Helper()
	want := own.tls(p.t).Leaf.SerialNumber
	NewWithT(p.t).Eventually(func() bool { return p.presented().SerialNumber.Cmp(want) == 0 }, 10*time.Second, 10*time.Millisecond).
		Should(BeTrue(), "the kubelet's change is noticed by the sidecar's own watch\n%s", p.logs.String())
}

// flood opens connections at a steady rate until it is stopped, and counts.
type flood struct {
	stop           chan struct{}
	done           sync.WaitGroup
	served, failed atomic.Int64
	first          atomic.Value
}

func startFlood(address string, perSecond int) *flood {
	f := &flood{stop: make(chan struct{})}
	f.done.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for {
			select {
			case <-f.stop:
				return
			case <-tick.C:
				f.done.Go(func() { f.one(address) })
			}
		}
	})
	return f
}

func (f *flood) one(address string) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err == nil {
		var answer string
		if answer, err = call(conn); err == nil && answer != "8080 hello" {
			err = fmt.Errorf("answer %q", answer)
		}
	}
	if err != nil {
		f.failed.Add(1)
		f.first.CompareAndSwap(nil, err.Error())
		return
	}
	f.served.Add(1)
}

// passes waits until so many more connections were served.
func (f *flood) passes(t *testing.T, more int64) {
	t.Helper()
	want := f.served.Load() + more
	NewWithT(t).Eventually(f.served.Load, 20*time.Second, 10*time.Millisecond).Should(BeNumerically(">=", want), "connections are counted")
}

func (f *flood) end(t *testing.T) {
	t.Helper()
	close(f.stop)
	f.done.Wait()
	if f.failed.Load() > 0 {
		t.Errorf("%d of %d connections failed, the first one with: %v", f.failed.Load(), f.failed.Load()+f.served.Load(), f.first.Load())
	}
	t.Logf("%d connections served", f.served.Load())
}

// listener is the kernel's number of the socket that listens on a port of the pod.
func (p *aPod) listener(port int32) string {
	p.t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	must(p.t, err)
	ip := net.ParseIP(p.address).To4()
	local := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], port)
	var found []string
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); fields[1] == local && fields[3] == "0A" {
			found = append(found, fields[9])
		}
	}
	return strings.Join(found, " and ")
}

func TestRenewalIsNotNoticed(t *testing.T) {
	ca := newAuthority(t)
	client, server := twoPods(t, ca)
	held := lines(t, dialPlain(t, client.at(edgePort)))
	held.exchange("before")
	f := startFlood(client.at(edgePort), 200)
	for range 3 {
		own := ca.issue(api)
		server.give(own)
		client.give(ca.issue(web))
		server.presents(own)
		f.passes(t, 100)
		held.exchange("again")
	}
	f.end(t)
	for _, p := range []*aPod{client, server} {
		NewWithT(t).Eventually(func() int { return strings.Count(p.logs.String(), "certificate renewed") }, patience, 10*time.Millisecond).
			Should(Equal(3), "a log is read as it grows\n%s", p.logs.String())
	}
}

// Old and new authority first, then certificates of the new one, then the old authority goes.
func TestAuthoritiesRotate(t *testing.T) {
	first, second := newAuthority(t), newAuthority(t)
	client, server := twoPods(t, first)
	held := lines(t, dialPlain(t, client.at(edgePort)))
	held.exchange("before")
	f := startFlood(client.at(edgePort), 50)
	trust := func(bundle []byte, times int) {
		for _, p := range []*aPod{client, server} {
			p.trust(bundle)
			NewWithT(t).Eventually(func() int { return strings.Count(p.logs.String(), "authorities renewed") }, patience, 10*time.Millisecond).
				Should(Equal(times), "a log is read as it grows\n%s", p.logs.String())
		}
		f.passes(t, 20)
	}
	listener := server.listener(sidecar.PeerPort)
	trust(append(append([]byte("# the old one and the new one\n\n"), first.pem...), append([]byte("\n\n"), second.pem...)...), 1)
	// The same socket in other hands: who waits in its queue is not lost.
	if now := server.listener(sidecar.PeerPort); now != listener {
		t.Errorf("listener %s became %s", listener, now)
	}
	own := second.issue(api)
	server.give(own)
	server.presents(own)
	f.passes(t, 20)
	client.give(second.issue(web))
	client.logged("certificate renewed")
	f.passes(t, 20)
	trust(second.pem, 2)
	held.exchange("after")
	f.end(t)

	// Who comes with a certificate of the old authority is refused now.
	config := &tls.Config{ServerName: "8080." + api, RootCAs: pool(second.pem), GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		old := first.issue(web).tls(t)
		return &old, nil
	}}
	answer, err := callTLS(server.at(sidecar.PeerPort), config)
	judge(t, answer, err, "")
}

// Whatever is wrong with what comes, the old certificate goes on, the log says so without a secret, and the next good one is taken.
func TestBadRenewalChangesNothing(t *testing.T) {
	ca := newAuthority(t)
	old, next := ca.issue(api), ca.issue(api)
	mixed := pair{certificate: ca.issue(api).certificate, key: ca.issue(api).key}
	weak := ca.issueWeak(api)
	for name, c := range map[string]struct {
		spoil  func(*aPod)
		logged string
	}{
		"key of another certificate": {func(p *aPod) { p.give(mixed) }, "private key does not match"},
		"no certificate":             {func(p *aPod) { p.give(pair{certificate: []byte("nothing"), key: next.key}) }, "failed to find any PEM data"},
		// Only HAProxy itself finds this one.
		"key that is too short": {func(p *aPod) { p.give(weak) }, "HAProxy refuses the new"},
		"half a key":            {func(p *aPod) { p.give(pair{certificate: next.certificate, key: next.key[:len(next.key)/2]}) }, "failed to find any PEM data"},
		"no key in the Secret": {func(p *aPod) {
			p.project(sidecar.TLSDirectory, map[string][]byte{"tls.crt": next.certificate})
		}, "tls.key: no such file"},
		"no authority":              {func(p *aPod) { p.trust([]byte("nothing")) }, "no certificate in it"},
		"an authority that is none": {func(p *aPod) { p.trust(encode("CERTIFICATE", []byte("nothing"))) }, "x509"},
		"a key among authorities":   {func(p *aPod) { p.trust(append(bytes.Clone(ca.pem), next.key...)) }, "PRIVATE KEY; authorities are certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPod(t, old, ca.pem).start(apiProxy())
			p.component(8080)
			c.spoil(p)
			p.logged("level=ERROR", "what was there goes on", "retryIn=1s", c.logged)
			p.presents(old)
			config := &tls.Config{ServerName: "8080." + api, RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(web).tls(t)}}
			answer, err := callTLS(p.at(sidecar.PeerPort), config)
			judge(t, answer, err, "8080 hello")
			p.trust(ca.pem)
			p.give(next)
			p.presents(next)
			for _, secret := range []pair{old, next, mixed, weak} {
				for line := range strings.Lines(string(secret.key)) {
					if line := strings.TrimSpace(line); !strings.HasPrefix(line, "-----") && strings.Contains(p.logs.String(), line) {
						t.Error("a key is in the log")
					}
				}
			}
		})
	}
}

// Where HAProxy refuses, or does not answer yet, the push is tried again without another change of the files.
func TestRefusedPushIsTriedAgain(t *testing.T) {
	ca := newAuthority(t)
	p := newPod(t, ca.issue(api), ca.pem).start(apiProxy())
	socket := filepath.Join(p.dir+sidecar.RunDirectory, "haproxy-1.sock")
	must(t, os.Rename(socket, socket+".away"))
	next := ca.issue(api)
	p.give(next)
	p.logged("level=ERROR", "haproxy-1.sock")
	must(t, os.Rename(socket+".away", socket))
	p.presents(next)
}

// The process that accepts connections goes on until another one can.
func TestFailedTakeoverIsTriedAgain(t *testing.T) {
	ca := newAuthority(t)
	p := apiPod(t, ca)
	socket := filepath.Join(p.dir+sidecar.RunDirectory, "haproxy-1.sock")
	must(t, os.Rename(socket, socket+".away"))
	p.trust(append(bytes.Clone(ca.pem), newAuthority(t).pem...))
	p.logged("level=ERROR", "the next HAProxy did not start", "retryIn=1s")
	config := &tls.Config{ServerName: "8080." + api, RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(web).tls(t)}}
	answer, err := callTLS(p.at(sidecar.PeerPort), config)
	judge(t, answer, err, "8080 hello")
	must(t, os.Rename(socket+".away", socket))
	p.logged("authorities renewed", "certificates=2")
	answer, err = callTLS(p.at(sidecar.PeerPort), config)
	judge(t, answer, err, "8080 hello")
}
