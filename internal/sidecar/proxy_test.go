// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"strings"
	"testing"
)

// named puts one name wherever a configuration has a name.
func named(name string) []Proxy {
	return []Proxy{
		{Inbound: []Inbound{{ServerName: name + "." + name, Port: 8080, Peers: true}}},
		{Inbound: []Inbound{{ServerName: name, Port: 8080, Gateway: true}}},
		{Inbound: []Inbound{{ServerName: "http.api.stage", Port: 8080, Peers: true, External: &External{Host: name, Port: 443}}}},
		{Inbound: []Inbound{{ServerName: "http.api.stage", Port: 8080, Peers: true, External: &External{Host: "host", Port: 443, Authorities: name}}}},
		{Exits: []Exit{{Listen: 20443, External: External{Host: name, Port: 443, Authorities: "/ca.crt"}}}},
		{Exits: []Exit{{Listen: 20443, External: External{Host: "host", Port: 443, Authorities: name}}}},
		{Outbound: []Outbound{{Listen: 15100, Address: name, Port: 15443, ServerName: "api", Identity: "api"}}},
		{Outbound: []Outbound{{Listen: 15100, Address: "10.96.0.1", Port: 15443, ServerName: name, Identity: "api"}}},
		{Outbound: []Outbound{{Listen: 15100, Address: "10.96.0.1", Port: 15443, ServerName: "api", Identity: name}}},
	}
}

// config is the configuration, or false where a name is refused.
func config(p Proxy) (text string, made bool) {
	defer func() {
		if recover() != nil {
			text, made = "", false
		}
	}()
	return p.Config(), true
}

// FuzzNames: whatever a name is, it is refused, or stands in the configuration as one word and changes no line beside its own.
func FuzzNames(f *testing.F) {
	for _, name := range []string{
		"8080.api.0123456789abcdef0123", "api\n  tcp-request content accept", "web }\n", "web } or { always_true", "a b", "a\tb", `"`, `'`, `\`, "$HOME", "${A}", "#",
		"", "{", "}", "(", ")", ",", "a,upper", "%[src]", "\r", "\x00", "\u2028", "ü", "-m", "-f", "--", "-i", "::1", "/etc/passwd",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		plain := named("name")
		for i, p := range named(name) {
			got, made := config(p)
			if !made {
				continue
			}
			if name == "" && (len(p.Exits) > 0 || len(p.Inbound) > 0 && p.Inbound[0].External != nil) {
				continue // the image's own authorities
			}
			if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \t\r\n\"'\\$#{}(),%\x00") {
				t.Fatalf("%d: %q was taken for a name", i, name)
			}
			want := plain[i].Config()
			if lines, more := strings.Count(want, "\n"), strings.Count(got, "\n"); lines != more {
				t.Errorf("%d: %q made %d lines of %d", i, name, more, lines)
			}
			if words, more := len(strings.Fields(want)), len(strings.Fields(got)); words != more {
				t.Errorf("%d: %q made %d words of %d", i, name, more, words)
			}
		}
	})
}

// The names of real components must not be among those that are refused.
func TestNamesThatStand(t *testing.T) {
	for _, name := range []string{"8080.api.0123456789abcdef0123", "xn--4gbrim.example", "pay.bank.example", "10.96.0.1", "fd00::1"} {
		for i, p := range named(name) {
			if _, made := config(p); !made {
				t.Errorf("%d: %s is refused", i, name)
			}
		}
	}
}

// A proxy without ports or edges is a health endpoint and nothing else.
func TestEmptyProxy(t *testing.T) {
	text := Proxy{}.Config()
	if n := strings.Count(text, "bind :") + strings.Count(text, "bind 1"); n != 1 {
		t.Errorf("%d listeners:\n%s", n, text)
	}
}
