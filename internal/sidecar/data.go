// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Data is what a proxy to government data APIs does: whom it serves, and what that may ask.
type Data struct {
	// Application, as namespace/name, and Stage are told to the APIs in headers that no component can set.
	Application string    `json:"application"`
	Stage       string    `json:"stage"`
	APIs        []DataAPI `json:"apis,omitempty"`
}

// DataAPI is a government data API as one application may use it. What it does not say is refused: without operations all is.
type DataAPI struct {
	Name string `json:"name"`
	// Owner is whom to ask for more, in words.
	Owner string `json:"owner"`
	// ServerName is the name by which components ask for it, and their certificates grant it as they do a port.
	ServerName string `json:"serverName"`
	// Address and Port are its Service's. It is reached by TLS 1.2 or later, with the proxy's own certificate.
	Address string `json:"address"`
	Port    int32  `json:"port"`
	// Host is the name that its certificate must bear, and Authorities the file with those that may have issued it.
	Host        string `json:"host"`
	Authorities string `json:"authorities"`
	// RequestsPerSecond is how many requests reach it.
	RequestsPerSecond int32       `json:"requestsPerSecond"`
	Operations        []Operation `json:"operations,omitempty"`
}

// Operation is what may be asked: one of the methods, at the path or beneath it, element by element.
type Operation struct {
	Methods []string `json:"methods,omitempty"`
	Path    string   `json:"path"`
}

// longestPath is in bytes. What is refused is repeated in the answer, which has to fit into one of HAProxy's buffers.
const longestPath = 2048

// Apart from what is fixed, requests pass as they are: HAProxy parses them, and writes them anew to the API, so that both see the same
// one. A message whose end two parsers could see differently never gets that far, nor one that would turn the connection into
// something else. HTTP/2 is not spoken.
const dataHead = `
frontend data
  mode http
  bind :%[1]d ssl crt %[2]s/tls.crt ca-file %[3]s/ca.crt verify required
  option disable-h2-upgrade
  timeout http-request 10s
  timeout http-keep-alive 5m
  log-format "msg=refused listener=%%f client=%%ci api=%%b identity=\"%%[ssl_c_s_dn(CN),json(utf8s)]\" method=\"%%[var(txn.method),json(utf8s)]\" path=\"%%[var(txn.path),json(utf8s)]\" status=%%ST state=%%ts error=\"%%[bc_err_str], %%[ssl_bc_err_str]\""
  error-log-format "msg=refused listener=%%f client=%%ci serverName=\"%%[ssl_fc_sni,json(utf8s)]\" identity=\"%%[ssl_c_s_dn(CN),json(utf8s)]\" error=\"%%[fc_err_str], %%[ssl_fc_err_str]\""
`

// dataChecks refuse what the API might read as another path or another method than HAProxy does: so a path has one spelling, without
// empty elements and dots, and without what a server could take for a slash, a dot, a backslash, a percent sign or the end of
// an element once it is decoded. Headers that overrule path, method or caller do not pass.
const dataChecks = `
  http-request deny deny_status 400 if { path_len gt %[1]d }
  http-request set-var(txn.method) method
  http-request set-var(txn.path) path
  http-request deny deny_status 400 %[2]s unless { url -m beg / } { path -m reg '^/[-A-Za-z0-9._~!$&()*+,=:@%%/]*$' }
  http-request deny deny_status 400 %[2]s if { path -m sub // }
  http-request deny deny_status 400 %[2]s if { path -m reg '/[.][.]?(/|$)' }
  http-request deny deny_status 400 %[2]s if { path -m reg '%%($|[^0-9A-Fa-f]|.($|[^0-9A-Fa-f]))' }
  http-request deny deny_status 400 %[2]s if { path -m reg -i '%%([01].|2[5ef]|3b|5c|7f|c[01])' }
  http-request deny deny_status 400 %[3]s if { req.fhdr_cnt(upgrade) gt 0 }
`

var overruling = []string{
	"Connection", "Forwarded", "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Original-Method", "X-Rewrite-URL",
}

func (d *Data) config(b *strings.Builder) {
	if d == nil || len(d.APIs) == 0 {
		return
	}
	fmt.Fprintf(b, dataHead, PeerPort, TLSDirectory, CADirectory)
	for _, api := range d.APIs {
		// As in inbound.
		grant, stage := Grant(api.ServerName)
		fmt.Fprintf(b, "  tcp-request content accept if { ssl_fc_sni -m str %s } { ssl_c_s_dn -m sub /OU=%s/ } { ssl_c_s_dn(CN) -m end .%s }\n",
			word(api.ServerName), word(grant), word(stage))
	}
	b.WriteString("  tcp-request content reject\n")
	for _, api := range d.APIs {
		fmt.Fprintf(b, "  use_backend %s if { ssl_fc_sni -m str %s }\n", word(api.Name), word(api.ServerName))
	}
	for _, api := range d.APIs {
		d.backend(b, api)
	}
}

func (d *Data) backend(b *strings.Builder, api DataAPI) {
	fmt.Fprintf(b, "\nbackend %s\n  mode http\n  timeout server 60s\n  stick-table type integer size 1 expire 10s store gpc0_rate(1s)", word(api.Name))
	fmt.Fprintf(b, dataChecks, longestPath,
		api.answer("the path has another form than this platform passes on: without empty elements, elements of dots, and encoded dots, slashes, backslashes, semicolons, percent signs and control characters"),
		api.answer("the request would leave HTTP/1.1"))
	for _, operation := range api.Operations {
		operation.allow(b)
	}
	fmt.Fprintf(b, "  http-request deny deny_status 403 %s unless { var(txn.allowed) -m bool }\n", api.answer(fmt.Sprintf(
		"application %s has no operation of GovernmentDataAPI %s with this method and path: NTC grants one in its spec.grants once %s, the owner of the data, agrees",
		phrase(d.Application), phrase(api.Name), phrase(api.Owner))))
	b.WriteString("  http-request track-sc0 int(0)\n")
	// Not deny, which is logged: whoever asks too often would fill the log.
	fmt.Fprintf(b, "  http-request return status 429 %s hdr Retry-After 1 if { sc0_gpc0_rate ge %d }\n", api.answer(fmt.Sprintf(
		"application %s may make %d requests a second: NTC grants more in spec.grants of GovernmentDataAPI %s", phrase(d.Application), api.RequestsPerSecond, phrase(api.Name))), api.RequestsPerSecond)
	b.WriteString("  http-request sc-inc-gpc0(0)\n  http-request del-header X-Govpk- -m beg\n  http-request del-header X-Forwarded- -m beg\n")
	for _, header := range overruling {
		fmt.Fprintf(b, "  http-request del-header %s\n", header)
	}
	fmt.Fprintf(b, `  http-request set-header X-Govpk-Application %[1]s
  http-request set-header X-Govpk-Stage %[2]s
  http-request set-header Host %[3]s
  server api %[4]s ssl ssl-min-ver TLSv1.2 verify required ca-file %[5]s crt %[6]s/tls.crt sni str(%[3]s) verifyhost %[3]s
`, word(d.Application), word(d.Stage), word(api.Host), endpoint(api.Address, api.Port), word(api.Authorities), TLSDirectory)
}

// answer tells a component's developers what was refused.
func (a DataAPI) answer(why string) string {
	return `content-type application/json lf-string '{"api":"` + word(a.Name) +
		`","method":"%[var(txn.method),json(utf8s)]","path":"%[var(txn.path),json(utf8s)]","message":"` + why + `"}'`
}

// allow is nothing where no method is named: a rule without one would be for all.
func (o Operation) allow(b *strings.Builder) {
	if len(o.Methods) == 0 {
		return
	}
	for _, method := range o.Methods {
		if !methods.MatchString(method) {
			panic(fmt.Sprintf("mesh: %q is no method", method))
		}
	}
	if !prefixes.MatchString(o.Path) {
		panic(fmt.Sprintf("mesh: %q is no path", o.Path))
	}
	path := strings.TrimSuffix(o.Path, "/")
	where := []string{"-m beg " + path + "/"}
	if path != "" {
		where = append(where, "-m str "+path)
	}
	for _, match := range where {
		fmt.Fprintf(b, "  http-request set-var(txn.allowed) bool(true) if { method %s } { path %s }\n", strings.Join(o.Methods, " "), match)
	}
}

// What may stand in rules beside words.
var (
	methods  = regexp.MustCompile(`^[A-Z]+$`)
	prefixes = regexp.MustCompile(`^/[-A-Za-z0-9._~/]*$`)
)

// phrase is text without anything that ends a quoted one, in HAProxy's configuration or in JSON, or that HAProxy reads as a variable.
func phrase(text string) string {
	return strings.Map(func(r rune) rune {
		if r != unicode.ReplacementChar && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,:()/&-", r)) {
			return r
		}
		return '?'
	}, text)
}
