// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// edgePort is where the component of these tests finds its edge.
const edgePort = 15100

// edgeTo is a proxy with one edge, to port 8080 of api behind that address.
func edgeTo(address string) sidecar.Proxy {
	return sidecar.Proxy{Outbound: []sidecar.Outbound{{
		Listen: edgePort, Address: address, Port: sidecar.PeerPort, ServerName: "8080." + api, Identity: api,
	}}}
}

// twoPods are web with an edge to api.
func twoPods(t *testing.T, ca authority, change ...string) (webPod, apiPod *aPod) {
	t.Helper()
	server := newPod(t, ca.issue(api), ca.pem).start(apiProxy(), change...)
	server.component(8080)
	return newPod(t, ca.issue(web), ca.pem).start(edgeTo(server.address), change...), server
}

func dialPlain(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestEdge(t *testing.T) {
	client, _ := twoPods(t, newAuthority(t))
	answer, err := call(dialPlain(t, client.at(edgePort)))
	judge(t, answer, err, "8080 hello")
}

// What the component sends must reach nobody but the peer that was declared.
func TestEdgeRefusesAnotherPeer(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }
	clientOnly := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	tls12 := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }
	for name, c := range map[string]struct {
		peer   pair
		change func(*tls.Config)
		served string
	}{
		"the declared one":                {peer: ca.issue(api), served: "peer hello"},
		"another identity":                {peer: ca.issue("other" + hash)},
		"its twin in another namespace":   {peer: ca.issue("api.fedcba98765432100123")},
		"another authority":               {peer: other.issue(api)},
		"self-signed with the right name": {peer: selfSigned(t, api)},
		"expired":                         {peer: ca.issue(api, expired)},
		"for clients only":                {peer: ca.issue(api, clientOnly)},
		"TLS 1.2":                         {peer: ca.issue(api), change: tls12},
		"plaintext":                       {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // HAProxy tries three times more, a second apart
			client := newPod(t, ca.issue(web), ca.pem)
			config := &tls.Config{ClientAuth: tls.RequireAnyClientCert}
			if c.peer.key != nil {
				config.Certificates = []tls.Certificate{c.peer.tls(t)}
			}
			if c.change != nil {
				c.change(config)
			}
			heard := make(chan string, 16)
			listen(t, client.at(sidecar.PeerPort), func(conn net.Conn) {
				defer conn.Close()
				if c.peer.key != nil {
					conn = tls.Server(conn, config)
				}
				line, _ := bufio.NewReader(conn).ReadString('\n')
				heard <- line
				fmt.Fprintf(conn, "peer %s", line)
			})
			client.start(edgeTo(client.address))
			answer, err := call(dialPlain(t, client.at(edgePort)))
			judge(t, answer, err, c.served)
			if c.served != "" {
				return
			}
			client.logged("msg=failed", "edge=edge-0", "serverName=8080."+api)
			for range len(heard) {
				if line := <-heard; strings.Contains(line, "hello") {
					t.Errorf("the peer heard %q", line)
				}
			}
		})
	}
}

// A component that has said all it has to say still gets its answer.
func TestHalfClosedConnection(t *testing.T) {
	client, _ := twoPods(t, newAuthority(t))
	conn := dialPlain(t, client.at(edgePort))
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err := io.WriteString(conn, "hello\n")
	must(t, err)
	must(t, conn.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(conn)
	must(t, err)
	if string(answer) != "8080 hello\n8080 ends\n" {
		t.Errorf("got %q", answer)
	}
}

// Pools of database connections are idle for hours: only what never became a connection runs into the short timeouts.
func TestIdleConnectionsStay(t *testing.T) {
	client, server := twoPods(t, newAuthority(t), "client 30s", "client 500ms", "server 30s", "server 500ms")
	idle := dialPlain(t, client.at(edgePort))
	session := lines(t, idle)
	session.exchange("before")
	half := dialPlain(t, client.at(edgePort))
	halfSession := lines(t, half)
	halfSession.exchange("before")
	silent := dialPlain(t, server.at(sidecar.PeerPort))
	must(t, silent.SetReadDeadline(time.Now().Add(patience)))
	// Who begins no handshake is cut after the short timeout: the others have then been idle for as long.
	for range 3 {
		if _, err := silent.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Fatalf("a connection that says nothing stays: %v", err)
		}
		silent = dialPlain(t, server.at(sidecar.PeerPort))
		must(t, silent.SetReadDeadline(time.Now().Add(patience)))
	}
	session.exchange("after")
	halfSession.exchange("after")
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// session is a connection that is used again and again.
type session struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func lines(t *testing.T, conn net.Conn) session {
	return session{t: t, conn: conn, reader: bufio.NewReader(conn)}
}

func (s session) exchange(word string) {
	s.t.Helper()
	must(s.t, s.conn.SetDeadline(time.Now().Add(patience)))
	_, err := fmt.Fprintln(s.conn, word)
	must(s.t, err)
	answer, err := s.reader.ReadString('\n')
	must(s.t, err)
	if answer != "8080 "+word+"\n" {
		s.t.Fatalf("got %q", answer)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
