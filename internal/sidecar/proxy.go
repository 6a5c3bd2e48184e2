// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
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
	// FirstEdgePort is where the first edge listens on loopback, the next one on the next port.
	FirstEdgePort = 15100
)

// Paths in a sidecar.
const (
	// TLSDirectory holds the component's certificate: tls.crt and tls.key.
	TLSDirectory = "/etc/govpk/tls"
	// CADirectory holds ca.crt, the authorities of all components.
	CADirectory = "/etc/govpk/ca"
	// RunDirectory is the sidecar's own, in memory: its configuration and its sockets.
	RunDirectory = "/run/govpk"
	// SystemAuthorities are those of the internet, in the sidecar's image.
	SystemAuthorities = "/etc/ssl/certs/ca-certificates.crt"
)

// Proxy is what one sidecar does. Pods carry it as JSON: it says what, and the image how.
type Proxy struct {
	Inbound  []Inbound  `json:"inbound,omitempty"`
	Outbound []Outbound `json:"outbound,omitempty"`
	Exits    []Exit     `json:"exits,omitempty"`
}

// Inbound is a port of the component that the sidecar stands before.
type Inbound struct {
	// ServerName is the name by which callers ask for this port.
	ServerName string `json:"serverName"`
	// Port is where the component listens.
	Port int32 `json:"port"`
	// Peers is true where components of the same stage may connect whose certificate grants them this port: an organizational
	// unit names it, as Grant says. So what may call whom is in the callers' certificates, and no callee restarts for a new caller.
	Peers bool `json:"peers,omitempty"`
	// Gateway is true where gateways may connect without a certificate of their own.
	Gateway bool `json:"gateway,omitempty"`
	// External is set in an egress proxy: what stands behind the port is no component but a host outside the cluster.
	External *External `json:"external,omitempty"`
}

// External is a host outside the cluster, reached by TLS 1.2 or later.
type External struct {
	// Host is its full name in DNS, which its certificate must bear.
	Host string `json:"host"`
	Port int32  `json:"port"`
	// Authorities is the file with those that may have issued that certificate. Empty: SystemAuthorities.
	Authorities string `json:"authorities,omitempty"`
}

// Exit is a port of an egress proxy in a mesh that is around the pod: whoever reaches it was let through by the mesh, and it leads
// to one host.
type Exit struct {
	// Listen is the port, at every address of the pod.
	Listen int32 `json:"listen"`
	External
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
		panic(fmt.Sprintf("sidecar: %v", err))
	}
	return string(content)
}

// Config is HAProxy's configuration, for 2.6 and later, but for the socket that cmd/sidecar makes for itself. It panics over a name that is none: admission lets no such name in,
// and a space or a line end in one would be a directive.
func (p Proxy) Config() string {
	var b strings.Builder
	fmt.Fprintf(&b, configHead, HealthPort)
	p.resolvers(&b)
	p.inbound(&b)
	for i, out := range p.Outbound {
		fmt.Fprintf(&b, `
listen edge-%d
  bind 127.0.0.1:%d
  log-format "msg=failed edge=%%f serverName=%[4]s peer=%%[dst]:%%[dst_port] state=%%ts error=\"%%[bc_err_str], %%[ssl_bc_err_str]\""
  server peer %[3]s ssl verify required ca-file %[6]s/ca.crt crt %[7]s/tls.crt sni str(%[4]s) verifyhost %[5]s
`, i, out.Listen, endpoint(out.Address, out.Port), word(out.ServerName), word(out.Identity), CADirectory, TLSDirectory)
	}
	for _, exit := range p.Exits {
		fmt.Fprintf(&b, `
listen exit-%d
  bind :%d
  log-format "msg=failed listener=%%f client=%%ci state=%%ts error=\"%%[bc_err_str], %%[ssl_bc_err_str]\""
`, exit.Listen, exit.Listen)
		exit.server(&b)
	}
	return b.String()
}

// configHead is the same for all. Why it says what it says:
//   - No session is resumed, on either side: a resumed one is not verified again, and would outlive a change of authorities.
//   - Before a connection stands, half a minute is enough; then only 24 idle days end it (HAProxy's timers end soon after), so
//     that pools of database connections live. Keep-alive finds dead peers within two minutes.
//   - Only refusals and errors are logged. Not dontlognull: a refused caller has sent nothing yet.
const configHead = `global
  nbthread 1
  maxconn 512
  log stdout format raw daemon info
  tune.ssl.cachesize 0
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
  ssl-default-server-options ssl-min-ver TLSv1.3 no-tls-tickets
  ssl-load-extra-del-ext
  ssl-load-extra-files key

defaults
  mode tcp
  log global
  option dontlog-normal
  option clitcpka
  option srvtcpka
  clitcpka-idle 60s
  clitcpka-intvl 15s
  clitcpka-cnt 4
  srvtcpka-idle 60s
  srvtcpka-intvl 15s
  srvtcpka-cnt 4
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout tunnel 24d
  default-server no-ssl-reuse

frontend health
  mode http
  no log
  bind :%[1]d
  monitor-uri /healthz
`

// inboundLog names the caller and what it asked for. Both are its own words: json keeps them from making others.
const inboundLog = `
  log-format "msg=failed listener=%f client=%ci serverName=\"%[ssl_fc_sni,json(utf8s)]\" identity=\"%[ssl_c_s_dn(CN),json(utf8s)]\" state=%ts error=\"%[bc_err_str]\""
  error-log-format "msg=refused listener=%f client=%ci serverName=\"%[ssl_fc_sni,json(utf8s)]\" identity=\"%[ssl_c_s_dn(CN),json(utf8s)]\" error=\"%[fc_err_str], %[ssl_fc_err_str]\""
`

func (p Proxy) inbound(b *strings.Builder) {
	var peers, gateways []Inbound
	for _, in := range p.Inbound {
		if in.Peers {
			peers = append(peers, in)
		}
		if in.Gateway {
			gateways = append(gateways, in)
		}
	}
	if len(peers) > 0 {
		fmt.Fprintf(b, "\nfrontend peers\n  bind :%d ssl crt %s/tls.crt ca-file %s/ca.crt verify required", PeerPort, TLSDirectory, CADirectory)
		b.WriteString(inboundLog)
		for _, in := range peers {
			// The subject is written /OU=a/OU=b/CN=c, and no name has a slash.
			grant, stage := Grant(in.ServerName)
			fmt.Fprintf(b, "  tcp-request content accept if { ssl_fc_sni -m str %s } { ssl_c_s_dn -m sub /OU=%s/ } { ssl_c_s_dn(CN) -m end .%s }\n",
				word(in.ServerName), word(grant), word(stage))
		}
		forward(b, peers)
	}
	if len(gateways) > 0 {
		fmt.Fprintf(b, "\nfrontend gateways\n  bind :%d ssl crt %s/tls.crt", GatewayPort, TLSDirectory)
		b.WriteString(inboundLog)
		for _, in := range gateways {
			fmt.Fprintf(b, "  tcp-request content accept if { ssl_fc_sni -m str %s }\n", word(in.ServerName))
		}
		forward(b, gateways)
	}
	for _, in := range p.Inbound {
		fmt.Fprintf(b, "\nbackend port-%d\n", in.Port)
		if in.External == nil {
			fmt.Fprintf(b, "  server component 127.0.0.1:%d\n", in.Port)
			continue
		}
		in.External.server(b)
	}
}

// Grant parts a server name into what a caller's certificate says of it, <port>.<component>, and the stage that both are of.
func Grant(serverName string) (grant, stage string) {
	i := strings.LastIndexByte(serverName, '.')
	return serverName[:max(i, 0)], serverName[i+1:]
}

func forward(b *strings.Builder, inbound []Inbound) {
	b.WriteString("  tcp-request content reject\n")
	for _, in := range inbound {
		fmt.Fprintf(b, "  use_backend port-%d if { ssl_fc_sni -m str %s }\n", in.Port, word(in.ServerName))
	}
}

// resolvers are those of the pod, asked only where a host outside the cluster is to be found.
func (p Proxy) resolvers(b *strings.Builder) {
	if len(p.Exits) > 0 || slices.ContainsFunc(p.Inbound, func(in Inbound) bool { return in.External != nil }) {
		b.WriteString("\nresolvers pod\n  parse-resolv-conf\n  accepted_payload_size 4096\n")
	}
}

func (e External) server(b *strings.Builder) {
	authorities := e.Authorities
	if authorities == "" {
		authorities = SystemAuthorities
	}
	host := word(e.Host)
	// Both families may answer, but clusters without IPv6 are more than those without IPv4.
	fmt.Fprintf(b, "  server external %s ssl ssl-min-ver TLSv1.2 verify required ca-file %s sni str(%s) verifyhost %s resolvers pod resolve-prefer ipv4 init-addr none\n",
		endpoint(e.Host, e.Port), word(authorities), host, host)
}

func endpoint(host string, port int32) string {
	return net.JoinHostPort(word(host), strconv.Itoa(int(port)))
}

// words are names, addresses and paths: nothing that HAProxy reads as a quote, a space, a variable or a comment.
var words = regexp.MustCompile(`^[A-Za-z0-9./:][-A-Za-z0-9./:]*$`)

func word(s string) string {
	if !words.MatchString(s) {
		panic(fmt.Sprintf("mesh: %q cannot stand in a proxy's configuration", s))
	}
	return s
}
