// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sidecar

import (
	"strings"
	"testing"
)

// data puts one text wherever the configuration of a proxy to data APIs has one; those of owned are words for people.
func data(text string) (proxies, owned []Proxy) {
	for i := range 11 {
		api := DataAPI{
			Name: "nadra", Owner: "NADRA", ServerName: "nadra.data.stage", Address: "10.96.7.7", Port: 443, Host: "verify.nadra.gov.pk", Authorities: "/ca.crt",
			RequestsPerSecond: 1, Operations: []Operation{{Methods: []string{"GET"}, Path: "/v1"}},
		}
		d := Data{Application: "org/app", Stage: "live"}
		switch i {
		case 0:
			d.Application = text
		case 1:
			d.Stage = text
		case 2:
			api.Name = text
		case 3:
			api.ServerName = text
		case 4:
			api.ServerName = text + ".data.stage"
		case 5:
			api.Address = text
		case 6:
			api.Host = text
		case 7:
			api.Authorities = text
		case 8:
			api.Operations[0].Path = "/" + text
		case 9:
			api.Operations[0].Methods = []string{"GET", text}
		case 10:
			api.Owner = text
			d.APIs = []DataAPI{api}
			return proxies, []Proxy{{Data: &d}}
		}
		d.APIs = []DataAPI{api}
		proxies = append(proxies, Proxy{Data: &d})
	}
	return proxies, nil
}

// FuzzData: whatever a text is, it is refused, or stands in the configuration as one word or within one phrase, and changes nothing beside.
func FuzzData(f *testing.F) {
	for _, text := range []string{
		"nadra", "NADRA", "a b", "a\n  http-request allow", "/v1 } or { always_true", "'", `"`, `\`, "$HOME", "#", "%[src]", "%", "{", "}", "", "\x00", "\u2028", "نادرا", "ü",
		"-m", "-i", "~_", "GET POST", "get", "O'Neil", "National Database & Registration Authority, Islamabad (G-5/2)",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		proxies, owned := data(text)
		plain, _ := data("GET")
		for i, p := range proxies {
			got, made := config(p)
			if !made {
				continue
			}
			if text == "" && i != 4 && i != 8 || strings.ContainsAny(text, " \t\r\n\"'\\$#{}(),%\x00") {
				t.Fatalf("%d: %q was taken for a name", i, text)
			}
			if want := plain[i].Config(); text != "" && (strings.Count(got, "\n") != strings.Count(want, "\n") || len(strings.Fields(got)) != len(strings.Fields(want))) {
				t.Errorf("%d: %q made other lines or words", i, text)
			}
		}
		got, made := config(owned[0])
		want := Proxy{Data: &Data{Application: "org/app", Stage: "live", APIs: []DataAPI{owned[0].Data.APIs[0]}}}
		want.Data.APIs[0].Owner = "NADRA"
		for _, special := range "\n'\"\\%$" {
			if plain := want.Config(); !made || strings.Count(got, string(special)) != strings.Count(plain, string(special)) {
				t.Errorf("an owner %q brings %q into the configuration", text, special)
			}
		}
	})
}

// Rules are written for what is declared alone.
func TestDataFailsClosed(t *testing.T) {
	api := DataAPI{Name: "nadra", ServerName: "nadra.data.stage", Address: "10.96.7.7", Port: 443, Host: "verify.nadra.gov.pk", Authorities: "/ca.crt"}
	text := Proxy{Data: &Data{Application: "org/app", Stage: "live", APIs: []DataAPI{api}}}.Config()
	if strings.Contains(text, "txn.allowed) bool") || !strings.Contains(text, "unless { var(txn.allowed) -m bool }") || !strings.Contains(text, "if { sc0_gpc0_rate ge 0 }") {
		t.Error(text)
	}
	if text := (Proxy{Data: &Data{Application: "org/app", Stage: "live"}}).Config(); text != (Proxy{}).Config() {
		t.Error(text)
	}
}
