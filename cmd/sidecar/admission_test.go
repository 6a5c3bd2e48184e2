// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

const hash = ".0123456789abcdef0123"

const (
	api, web, worker = "api" + hash, "web" + hash, "worker" + hash
	patience         = 5 * time.Second
)

// apiProxy stands before three ports: 8080 for web, 9090 for worker, 3000 for gateways.
func apiProxy() sidecar.Proxy {
	return sidecar.Proxy{Inbound: []sidecar.Inbound{
		{ServerName: "8080." + api, Port: 8080, Peers: true},
		{ServerName: "9090." + api, Port: 9090, Peers: true},
		{ServerName: "3000." + api, Port: 3000, Gateway: true},
	}}
}

func apiPod(t *testing.T, ca authority) *aPod {
	t.Helper()
	p := newPod(t, ca.issue(api), ca.pem).start(apiProxy())
	for _, port := range []int32{8080, 9090, 3000} {
		p.component(port)
	}
	return p
}

// call says hello and returns the answer; an error that says so when the other side neither serves nor refuses.
func call(conn net.Conn) (string, error) {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", fmt.Errorf("neither served nor refused: %w", err)
	}
	return strings.TrimSpace(answer), err
}

func callTLS(address string, config *tls.Config) (string, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, config)
	if err != nil {
		return "", err
	}
	return call(conn)
}

func TestWhoMayConnect(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	p := apiPod(t, ca)
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }
	notYet := func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }
	serverOnly := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
	named := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject.CommonName = name }
	}
	for name, c := range map[string]struct {
		port   int32
		name   string
		client pair
		change func(*tls.Config)
		// served is the answer, empty when the connection must be refused; logged are words of the line that says so.
		served string
		logged []string
	}{
		"declared caller":                   {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web), served: "8080 hello"},
		"another declared caller":           {port: sidecar.PeerPort, name: "9090." + api, client: ca.issue(worker), served: "9090 hello"},
		"declared caller, another port":     {port: sidecar.PeerPort, name: "9090." + api, client: ca.issue(web), logged: []string{"listener=peers", `serverName="9090.` + api, `identity="` + web}},
		"declared caller, gateways' port":   {port: sidecar.PeerPort, name: "3000." + api, client: ca.issue(web), logged: []string{`serverName="3000.` + api, `identity="` + web}},
		"undeclared caller":                 {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue("other" + hash), logged: []string{`serverName="8080.` + api, `identity="other` + hash}},
		"its twin in another namespace":     {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue("web.fedcba98765432100123"), logged: []string{`identity="web.fedcba98765432100123"`}},
		"a name that begins like it":        {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web + ".evil"), logged: []string{`identity="` + web + `.evil"`}},
		"a name in capitals":                {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(strings.ToUpper(web)), logged: []string{`identity="WEB`}},
		"the name only as an alternative":   {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web, named("other"+hash), granted()), logged: []string{`identity="other` + hash}},
		"no common name":                    {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web, named("")), logged: []string{`serverName="8080.` + api, `identity="`}},
		"unknown server name":               {port: sidecar.PeerPort, name: "8081." + api, client: ca.issue(web), logged: []string{`serverName="8081.` + api, `identity="` + web}},
		"no server name":                    {port: sidecar.PeerPort, client: ca.issue(web), logged: []string{`serverName="-"`, `identity="` + web}},
		"no certificate":                    {port: sidecar.PeerPort, name: "8080." + api, logged: []string{"msg=refused", "listener=peers", `serverName="8080.` + api}},
		"self-signed with the right name":   {port: sidecar.PeerPort, name: "8080." + api, client: selfSigned(t, web), logged: []string{"msg=refused", `identity="` + web}},
		"another authority":                 {port: sidecar.PeerPort, name: "8080." + api, client: other.issue(web), logged: []string{"msg=refused", `identity="` + web}},
		"expired":                           {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web, expired), logged: []string{"msg=refused", `identity="` + web}},
		"not valid yet":                     {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web, notYet), logged: []string{"msg=refused", `identity="` + web}},
		"for servers only":                  {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web, serverOnly), logged: []string{"msg=refused", `identity="` + web}},
		"TLS 1.2":                           {port: sidecar.PeerPort, name: "8080." + api, client: ca.issue(web), change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, logged: []string{"msg=refused", "listener=peers"}},
		"gateway":                           {port: sidecar.GatewayPort, name: "3000." + api, served: "3000 hello"},
		"gateway, a port for components":    {port: sidecar.GatewayPort, name: "8080." + api, logged: []string{"listener=gateways", `serverName="8080.` + api}},
		"gateway, with a caller's identity": {port: sidecar.GatewayPort, name: "8080." + api, client: ca.issue(web), logged: []string{"listener=gateways", `serverName="8080.` + api}},
		"gateway, unknown server name":      {port: sidecar.GatewayPort, name: "api.example", logged: []string{"listener=gateways", `serverName="api.example"`}},
		"gateway, TLS 1.2":                  {port: sidecar.GatewayPort, name: "3000." + api, change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, logged: []string{"msg=refused", "listener=gateways"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{ServerName: c.name, RootCAs: pool(ca.pem)}
			if c.name == "" || !strings.HasSuffix(c.name, hash) {
				config.InsecureSkipVerify = true // who is asked for is none of the certificate's names
			}
			if c.client.key != nil {
				certificate := c.client.tls(t)
				// Not Certificates: Go's client would keep one back that the server's list of authorities does not name.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
			}
			if c.change != nil {
				c.change(config)
			}
			p.fromHere()
			answer, err := callTLS(p.at(c.port), config)
			judge(t, answer, err, c.served)
			if c.served == "" {
				p.logged(append([]string{"client=127.0.0.1"}, c.logged...)...)
			}
		})
	}
}

func judge(t *testing.T, answer string, err error, want string) {
	t.Helper()
	switch {
	case want != "" && (err != nil || answer != want):
		t.Fatalf("got %q, %v; want %q", answer, err, want)
	case want == "" && err == nil:
		t.Fatalf("served with %q, want a refusal", answer)
	case want == "" && errors.Is(err, os.ErrDeadlineExceeded):
		t.Fatal(err)
	}
}

func TestPlaintextIsRefused(t *testing.T) {
	p := apiPod(t, newAuthority(t))
	for _, port := range []int32{sidecar.PeerPort, sidecar.GatewayPort} {
		conn, err := net.Dial("tcp", p.at(port))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := call(conn)
		judge(t, answer, err, "")
	}
	p.logged("msg=refused", "listener=peers", "client=127.0.0.1")
	p.logged("msg=refused", "listener=gateways", "client=127.0.0.1")
}

// Nothing of what is served is logged: with each connection in it, the log would be the largest cost of the sidecar.
func TestServedConnectionsAreNotLogged(t *testing.T) {
	ca := newAuthority(t)
	p := apiPod(t, ca)
	config := &tls.Config{ServerName: "8080." + api, RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(web).tls(t)}}
	for range 20 {
		answer, err := callTLS(p.at(sidecar.PeerPort), config)
		judge(t, answer, err, "8080 hello")
	}
	// What comes later is there: so what came before would be.
	config.ServerName = "9090." + api
	answer, err := callTLS(p.at(sidecar.PeerPort), config)
	judge(t, answer, err, "")
	p.logged("listener=peers")
	if n := strings.Count(p.logs.String(), "client="); n != 1 {
		t.Errorf("%d lines about connections, want the refusal alone:\n%s", n, p.logs.String())
	}
}

// A component may have many edges, and its neighbours' names in its own are none of them.
func TestManyGrants(t *testing.T) {
	ca := newAuthority(t)
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("port-%d.callee-%d", i, i))
	}
	p := apiPod(t, ca)
	for name, c := range map[string]struct {
		grants []string
		served string
	}{
		"the last of many":        {append(many, "8080.api"), "8080 hello"},
		"many others":             {many, ""},
		"one that ends like it":   {[]string{"x8080.api", "a.8080.api"}, ""},
		"one that begins like it": {[]string{"8080.api.x", "8080.apis"}, ""},
		"none":                    {nil, ""},
	} {
		config := &tls.Config{ServerName: "8080." + api, RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(web, granted(c.grants...)).tls(t)}}
		answer, err := callTLS(p.at(sidecar.PeerPort), config)
		t.Log(name)
		judge(t, answer, err, c.served)
	}
}

func granted(grants ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.OrganizationalUnit = grants }
}

// A resumed session would not be verified again: it would outlive its certificate and its authority.
func TestSessionsAreNotResumed(t *testing.T) {
	ca := newAuthority(t)
	p := apiPod(t, ca)
	config := &tls.Config{
		ServerName: "8080." + api, RootCAs: pool(ca.pem), Certificates: []tls.Certificate{ca.issue(web).tls(t)},
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	for range 3 {
		conn, err := tls.Dial("tcp", p.at(sidecar.PeerPort), config)
		if err != nil {
			t.Fatal(err)
		}
		if conn.ConnectionState().DidResume {
			t.Error("a session was resumed")
		}
		answer, err := call(conn)
		judge(t, answer, err, "8080 hello")
	}
}

// Whoever is refused chooses the server name that the log repeats.
func TestLogIsNotForged(t *testing.T) {
	p := apiPod(t, newAuthority(t))
	for _, name := range []string{"x\nmsg=forged", "x\" msg=forged", "x\r\nmsg=forged"} {
		answer, err := callTLS(p.at(sidecar.GatewayPort), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		judge(t, answer, err, "")
	}
	answer, err := callTLS(p.at(sidecar.GatewayPort), &tls.Config{ServerName: "last", InsecureSkipVerify: true})
	judge(t, answer, err, "")
	p.logged(`serverName="last"`)
	if log := p.logs.String(); strings.Contains(log, "\nmsg=forged") || strings.Contains(strings.ReplaceAll(log, `\"`, ""), `" msg=forged`) || strings.Contains(log, "\r") {
		t.Errorf("a server name made words of its own:\n%s", log)
	}
}
