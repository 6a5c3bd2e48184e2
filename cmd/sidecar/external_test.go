// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// An egress proxy lets its callers reach one host outside, and makes sure that it is that one.
func TestExternalHost(t *testing.T) {
	const host, egress = "pay.bank.example", "egress" + hash
	ca, internet, other := newAuthority(t), newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		server pair
		change func(*tls.Config)
		served bool
		caller string
	}{
		"the declared host":           {server: internet.issue(host), served: true},
		"the declared host, TLS 1.2":  {server: internet.issue(host), change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, served: true},
		"an undeclared caller":        {server: internet.issue(host), caller: "other" + hash},
		"TLS 1.1":                     {server: internet.issue(host), change: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
		"another host's certificate":  {server: internet.issue("other.bank.example")},
		"an unknown authority":        {server: other.issue(host)},
		"the components' authority":   {server: ca.issue(host)},
		"self-signed":                 {server: selfSigned(t, host)},
		"plaintext on the other side": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t, ca.issue(egress), ca.pem)
			asked := make(chan string, 16)
			config := &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				asked <- hello.ServerName
				return nil, nil
			}}
			if c.server.key != nil {
				config.Certificates = []tls.Certificate{c.server.tls(t)}
			}
			if c.change != nil {
				c.change(config)
			}
			listen(t, p.at(4443), func(conn net.Conn) {
				defer conn.Close()
				if c.server.key != nil {
					conn = tls.Server(conn, config)
				}
				line, _ := bufio.NewReader(conn).ReadString('\n')
				fmt.Fprintf(conn, "host %s", line)
			})
			authorities := filepath.Join(p.dir, "internet.crt")
			must(t, os.WriteFile(authorities, internet.pem, 0o600))
			names := nameServer(t, p.address)
			names.set(host, p.address)
			p.start(sidecar.Proxy{Inbound: []sidecar.Inbound{{
				ServerName: "443." + egress, Port: 443, Peers: true,
				External: &sidecar.External{Host: host, Port: 4443, Authorities: authorities},
			}}}, "parse-resolv-conf", "nameserver test "+p.at(5353))
			caller := web
			if c.caller != "" {
				caller = c.caller
			}
			client := &tls.Config{ServerName: "443." + egress, RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(caller).tls(t)}}
			names.answered(host)
			if c.served {
				NewWithT(t).Eventually(func() (string, error) { return callTLS(p.at(sidecar.PeerPort), client) }, patience, 20*time.Millisecond).
					Should(Equal("host hello"), "HAProxy takes the answer of the name server a moment after it was sent")
				if name := <-asked; name != host {
					t.Errorf("asked for %q", name)
				}
				return
			}
			answer, err := callTLS(p.at(sidecar.PeerPort), client)
			judge(t, answer, err, "")
			p.logged("listener=peers", `identity="`+caller)
		})
	}
}

// In a mesh that is around the pod each exit leads to its one host, verified, and the proxy needs no certificate of its own.
func TestExit(t *testing.T) {
	const host, forged = "pay.bank.example", "forged.bank.example"
	internet := newAuthority(t)
	p := newPod(t, internet.issue(host), internet.pem)
	must(t, os.RemoveAll(p.dir+sidecar.TLSDirectory))
	must(t, os.RemoveAll(p.dir+sidecar.CADirectory))
	config := &tls.Config{Certificates: []tls.Certificate{internet.issue(host).tls(t)}, MinVersion: tls.VersionTLS12}
	listen(t, p.at(4443), func(conn net.Conn) { echo(tls.Server(conn, config), "host") })
	authorities := filepath.Join(p.dir, "internet.crt")
	must(t, os.WriteFile(authorities, internet.pem, 0o600))
	names := nameServer(t, p.address)
	names.set(host, p.address)
	names.set(forged, p.address)
	exit := func(listen int32, name string) sidecar.Exit {
		return sidecar.Exit{Listen: listen, External: sidecar.External{Host: name, Port: 4443, Authorities: authorities}}
	}
	p.start(sidecar.Proxy{Exits: []sidecar.Exit{exit(20001, host), exit(20002, forged)}}, "parse-resolv-conf", "nameserver test "+p.at(5353))
	names.answered(host)
	NewWithT(t).Eventually(func() (string, error) { return call(dialPlain(t, p.at(20001))) }, patience, 20*time.Millisecond).
		Should(Equal("host hello"), "HAProxy takes the answer of the name server a moment after it was sent")
	names.answered(forged)
	answer, err := call(dialPlain(t, p.at(20002)))
	judge(t, answer, err, "")
	p.logged("listener=exit-20002")
}

// A host that moves is followed, and one that is not found harms nothing else.
func TestExternalHostMoves(t *testing.T) {
	const host, missing, egress = "pay.bank.example", "gone.bank.example", "egress" + hash
	ca, internet := newAuthority(t), newAuthority(t)
	p := newPod(t, ca.issue(egress), ca.pem)
	first, second := p.address, newPod(t, ca.issue(egress), ca.pem).address
	for _, address := range []string{first, second} {
		config := &tls.Config{Certificates: []tls.Certificate{internet.issue(host).tls(t)}}
		listen(t, address+":4443", func(conn net.Conn) { echo(tls.Server(conn, config), address) })
	}
	authorities := filepath.Join(p.dir, "internet.crt")
	must(t, os.WriteFile(authorities, internet.pem, 0o600))
	names := nameServer(t, p.address)
	names.set(host, first)
	inbound := func(name string, port int32) sidecar.Inbound {
		return sidecar.Inbound{ServerName: fmt.Sprintf("%d.%s", port, egress), Port: port, Peers: true,
			External: &sidecar.External{Host: name, Port: 4443, Authorities: authorities}}
	}
	p.start(sidecar.Proxy{Inbound: []sidecar.Inbound{inbound(host, 8443), inbound(missing, 8444)}}, "parse-resolv-conf", "nameserver test "+p.at(5353))
	client := func(port int) *tls.Config {
		return &tls.Config{ServerName: fmt.Sprintf("%d.%s", port, egress), RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(web).tls(t)}}
	}
	reaches := func(address string) {
		t.Helper()
		NewWithT(t).Eventually(func() (string, error) { return callTLS(p.at(sidecar.PeerPort), client(8443)) }, 20*time.Second, 50*time.Millisecond).
			Should(Equal(address+" hello"), "a change of a name tells nobody\n%s", p.logs.String())
	}
	reaches(first)
	names.answered(missing)
	answer, err := callTLS(p.at(sidecar.PeerPort), client(8444))
	judge(t, answer, err, "")
	names.set(host, second)
	reaches(second)
}

// dnsServer answers for a few names at a pod's address, over UDP.
type dnsServer struct {
	t       *testing.T
	changes chan [2]string
	seen    chan string
}

func nameServer(t *testing.T, address string) *dnsServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", address+":5353")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &dnsServer{t: t, changes: make(chan [2]string, 4), seen: make(chan string, 1024)}
	go s.serve(conn)
	return s
}

func (s *dnsServer) set(host, address string) { s.changes <- [2]string{host + ".", address} }

// answered waits until HAProxy has asked for a name and was answered.
func (s *dnsServer) answered(host string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case name := <-s.seen:
			if name == host+"." {
				return
			}
		case <-deadline:
			s.t.Fatalf("nobody asks for %s", host)
		}
	}
}

func (s *dnsServer) serve(conn net.PacketConn) {
	addresses, buffer := map[string]string{}, make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		for len(s.changes) > 0 {
			change := <-s.changes
			addresses[change[0]] = change[1]
		}
		var query dnsmessage.Message
		if query.Unpack(buffer[:n]) != nil || len(query.Questions) != 1 {
			continue
		}
		question := query.Questions[0]
		answer := dnsmessage.Message{Header: dnsmessage.Header{ID: query.ID, Response: true}, Questions: query.Questions}
		address, known := addresses[question.Name.String()]
		if !known {
			answer.RCode = dnsmessage.RCodeNameError
		} else if question.Type == dnsmessage.TypeA {
			answer.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
			}}
		}
		packed, err := answer.Pack()
		if err != nil {
			return
		}
		if _, err := conn.WriteTo(packed, from); err != nil {
			return
		}
		select {
		case s.seen <- question.Name.String():
		default:
		}
	}
}
