// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The ports of a sidecar. Components may not listen on 15000 to 15999.
const (
	// PeerPort takes mutual TLS from components; the server name says which port is meant.
	PeerPort = 15443
	// GatewayPort takes TLS from gateways, without a client certificate; the server name says which port is meant.
	GatewayPort = 15444
	// HealthPort answers the kubelet.
	HealthPort = 15020
	// firstEdgePort is where the first edge listens on loopback, the next one on the next port.
	firstEdgePort = 15100
)

// Paths in a sidecar.
const (
	// TLSDirectory holds the component's certificate: tls.crt and tls.key.
	TLSDirectory = "/etc/govpk/tls"
	// CADirectory holds ca.crt, the authorities of all components.
	CADirectory = "/etc/govpk/ca"
	// RunDirectory is the sidecar's own, in memory: its configuration and its socket.
	RunDirectory = "/run/govpk"
)

// Proxy is what one sidecar does. Pods carry it as JSON: it says what, and the image how.
type Proxy struct {
	Inbound  []Inbound  `json:"inbound,omitempty"`
	Outbound []Outbound `json:"outbound,omitempty"`
}

// Inbound is a port of the component that the sidecar stands before.
type Inbound struct {
	// ServerName is the name by which callers ask for this port.
	ServerName string `json:"serverName"`
	// Port is where the component listens.
	Port int32 `json:"port"`
	// Callers are the identities that may connect.
	Callers []string `json:"callers,omitempty"`
	// Gateway is true where gateways may connect without a certificate of their own.
	Gateway bool `json:"gateway,omitempty"`
}

// Outbound is an edge.
type Outbound struct {
	// Listen is the port on loopback that the component connects to.
	Listen int32 `json:"listen"`
	// Address and Port are where the peer's sidecar is reached.
	Address string `json:"address"`
	Port    int32  `json:"port"`
	// ServerName says which port of the peer is meant, and Identity which certificate it must present.
	ServerName string `json:"serverName"`
	Identity   string `json:"identity"`
}

// String is the proxy as pods carry it.
func (p Proxy) String() string {
	content, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("mesh: %v", err))
	}
	return string(content)
}

// Config is HAProxy's configuration, for 2.6 and later.
func (p Proxy) Config() string {
	var b strings.Builder
	fmt.Fprintf(&b, `global
  nbthread 1
  maxconn 4096
  log stdout format raw daemon notice
  stats socket %[1]s/haproxy.sock mode 600 level admin
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
  ssl-default-server-options ssl-min-ver TLSv1.3 no-tls-tickets
  ssl-load-extra-del-ext
  ssl-load-extra-files key

defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h

frontend health
  mode http
  bind :%[2]d
  monitor-uri /healthz
`, RunDirectory, HealthPort)
	p.inbound(&b)
	for i, out := range p.Outbound {
		fmt.Fprintf(&b, `
listen edge-%d
  bind 127.0.0.1:%d
  server peer %s:%d ssl verify required ca-file %s/ca.crt crt %s/tls.crt sni str(%s) verifyhost %s
`, i, out.Listen, out.Address, out.Port, CADirectory, TLSDirectory, out.ServerName, out.Identity)
	}
	return b.String()
}

func (p Proxy) inbound(b *strings.Builder) {
	var peers, gateways []Inbound
	for _, in := range p.Inbound {
		if len(in.Callers) > 0 {
			peers = append(peers, in)
		}
		if in.Gateway {
			gateways = append(gateways, in)
		}
	}
	if len(peers) > 0 {
		fmt.Fprintf(b, "\nfrontend peers\n  bind :%d ssl crt %s/tls.crt ca-file %s/ca.crt verify required\n  tcp-request inspect-delay 5s\n", PeerPort, TLSDirectory, CADirectory)
		for _, in := range peers {
			fmt.Fprintf(b, "  tcp-request content accept if { ssl_fc_sni -m str %s } { ssl_c_s_dn(CN) -m str %s }\n", in.ServerName, strings.Join(in.Callers, " "))
		}
		b.WriteString("  tcp-request content reject\n")
		forward(b, peers)
	}
	if len(gateways) > 0 {
		fmt.Fprintf(b, "\nfrontend gateways\n  bind :%d ssl crt %s/tls.crt\n", GatewayPort, TLSDirectory)
		forward(b, gateways)
	}
	for _, in := range p.Inbound {
		fmt.Fprintf(b, "\nbackend port-%d\n  server component 127.0.0.1:%d\n", in.Port, in.Port)
	}
}

func forward(b *strings.Builder, inbound []Inbound) {
	for _, in := range inbound {
		fmt.Fprintf(b, "  use_backend port-%d if { ssl_fc_sni -m str %s }\n", in.Port, in.ServerName)
	}
}
