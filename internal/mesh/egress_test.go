// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

var leaving = Stage{
	Scope:  render.Scope{Namespace: "sehat-digital", Application: "health-portal", Stage: "live"},
	Policy: v1alpha1.MeshPolicy{Type: v1alpha1.MeshSidecar, Image: "sidecar"},
}

func proxyOf(t *testing.T, s render.Sidecar) sidecar.Proxy {
	t.Helper()
	var proxy sidecar.Proxy
	if err := json.Unmarshal([]byte(s.Config), &proxy); err != nil {
		t.Fatal(err)
	}
	if config := proxy.Config(); strings.Count(config, "\nbackend ") != len(proxy.Inbound) {
		t.Errorf("not one backend for each port:\n%s", config)
	}
	return proxy
}

// What a component asks for is what the egress proxy answers to, for no other component, and under no other name.
func TestEgressMeetsItsCallers(t *testing.T) {
	mail, pay := v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}, v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 443}
	stage := leaving
	stage.Externals = Ordered([]External{{mail, []string{"web", "api"}}, {pay, []string{"api"}}})
	egress := proxyOf(t, sidecars{}.Egress(stage, render.Egress{}).Sidecar)

	w := sidecars{}.Attach(stage, Component{Name: "api", Edges: []Edge{
		{External: &mail, Address: "10.96.0.9"}, {Component: "db", Address: "10.96.0.8", Port: render.ServicePort{Name: "postgres"}}, {External: &pay, Address: "10.96.0.9"},
	}}, render.Workload{})
	if diff := cmp.Diff([]render.Address{{Host: mail.Host, Port: 15100, Alias: "127.0.0.1"}, {Host: "127.0.0.1", Port: 15101}, {Host: pay.Host, Port: 15102, Alias: "127.0.0.1"}}, w.Addresses); diff != "" {
		t.Error(diff)
	}
	out := proxyOf(t, *w.Sidecar).Outbound
	label := regexp.MustCompile(`^x[0-9a-f]{16}[.]govpk-egress[.][0-9a-f]{20}$`)
	for i, external := range map[int]v1alpha1.ExternalHost{0: mail, 2: pay} {
		if out[i].Identity != Identity(stage.Scope, EgressName) || out[i].Address != "10.96.0.9" || !label.MatchString(out[i].ServerName) {
			t.Errorf("%s is asked for as %+v", external.Host, out[i])
		}
		if grant, _ := sidecar.Grant(out[i].ServerName); grant != Grant(v1alpha1.Edge{External: &external}) {
			t.Errorf("a certificate grants %s for an edge that is asked for as %s", Grant(v1alpha1.Edge{External: &external}), out[i].ServerName)
		}
		found := 0
		for _, in := range egress.Inbound {
			if in.ServerName != out[i].ServerName {
				continue
			}
			found++
			if !in.Peers || in.Gateway || *in.External != (sidecar.External{Host: external.Host, Port: external.Port}) {
				t.Errorf("%+v leads to %+v", in, in.External)
			}
		}
		if found != 1 {
			t.Errorf("%d ports answer to %s", found, out[i].ServerName)
		}
	}
}

// Two ports of a host, two hosts at a port, and a host whose name runs into its port are asked for by different names.
func TestExternalServerNames(t *testing.T) {
	seen := map[string]bool{}
	for _, external := range []v1alpha1.ExternalHost{{Host: "a.example", Port: 443}, {Host: "a.example", Port: 4430}, {Host: "b.example", Port: 443}, {Host: "a.example4", Port: 43}} {
		seen[externalServerName(leaving.Scope, external)] = true
	}
	if len(seen) != 4 {
		t.Errorf("names %v", seen)
	}
}

// In test there is no proxy: the port that the component is told leads nowhere, and so does the name.
func TestExternalEdgeWithoutProxy(t *testing.T) {
	edges := []Edge{{External: &v1alpha1.ExternalHost{Host: "a.example", Port: 443}}}
	for name, carrier := range map[string]Carrier{"sidecars": sidecars{}, "istio": istio{}} {
		w := carrier.Attach(leaving, Component{Name: "api", Edges: edges}, render.Workload{})
		if got := w.Addresses; len(got) != 1 || got[0].Host != "a.example" || got[0].Port == 443 || got[0].Alias != "127.0.0.1" {
			t.Errorf("%s: %+v", name, got)
		}
		if w.Sidecar != nil && len(proxyOf(t, *w.Sidecar).Outbound) != 0 {
			t.Errorf("%s: %s", name, w.Sidecar.Config)
		}
	}
	if objects := (sidecars{}).Objects(leaving); len(objects) != 1 {
		t.Errorf("%d objects without a component or a host", len(objects))
	}
	if objects := (istio{}).Objects(leaving); len(objects) != 2 || len((istio{}).Images(leaving)) != 0 {
		t.Errorf("%d objects without a component or a host", len(objects))
	}
}

// Other authorities make another proxy, which reads them from a file that the ConfigMap has.
func TestExternalAuthorities(t *testing.T) {
	stage := leaving
	stage.Externals, stage.Authorities = []External{{v1alpha1.ExternalHost{Host: "a.example", Port: 443}, []string{"api"}}}, "pem"
	file := proxyOf(t, sidecars{}.Egress(stage, render.Egress{}).Sidecar).Inbound[0].External.Authorities
	data := sidecars{}.Objects(stage)[0].Object["data"].(map[string]any)
	if data[strings.TrimPrefix(file, sidecar.CADirectory+"/")] != "pem" {
		t.Errorf("%s is not in %v", file, data)
	}
	stage.Authorities = "other"
	if other := proxyOf(t, sidecars{}.Egress(stage, render.Egress{}).Sidecar).Inbound[0].External.Authorities; other == file {
		t.Errorf("%s holds both", file)
	}
}

// With Istio the proxy has a port for each host, where its callers are told to find it and nobody else is admitted.
func TestIstioEgress(t *testing.T) {
	mail, pay, admin := v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}, v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 443}, v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 8443}
	stage := leaving
	stage.Externals = Ordered([]External{{mail, []string{"web", "api"}}, {pay, []string{"api"}}, {admin, []string{"worker"}}})
	egress := istio{}.Egress(stage, render.Egress{})
	if egress.ServiceAccount != "component-govpk-egress" || egress.Sidecar.Secret != "" || egress.Sidecar.Authorities || egress.Sidecar.Image != "sidecar" || egress.Sidecar.Name == render.SidecarName {
		t.Errorf("%+v", egress)
	}
	if images := (istio{}).Images(stage); len(images) != 1 || images[0] != "sidecar" {
		t.Errorf("images %v", images)
	}
	w := istio{}.Attach(stage, Component{Name: "api", Edges: []Edge{{External: &mail, Address: "10.96.0.9"}, {External: &pay, Address: "10.96.0.9"}}}, render.Workload{})
	told := map[v1alpha1.ExternalHost]int32{mail: w.Addresses[0].Port, pay: w.Addresses[1].Port}
	if w.Addresses[0].Host != mail.Host || w.Addresses[0].Alias != "10.96.0.9" {
		t.Errorf("%+v", w.Addresses[0])
	}
	served := map[int32]bool{}
	for _, port := range (istio{}).EgressPorts(stage) {
		served[port.Port] = port.Port == port.Target
	}
	exits := proxyOf(t, egress.Sidecar).Exits
	if len(exits) != 3 || len(served) != 3 {
		t.Fatalf("%+v, %v", exits, served)
	}
	for _, exit := range exits {
		host := v1alpha1.ExternalHost{Host: exit.Host, Port: exit.External.Port}
		if port, ok := told[host]; ok && port != exit.Listen || !served[exit.Listen] {
			t.Errorf("%v is told to be at %d and is at %d", host, port, exit.Listen)
		}
	}

	// A host that is added moves no other.
	more := stage
	more.Externals = Ordered(append([]External{{v1alpha1.ExternalHost{Host: "a.example", Port: 443}, []string{"web"}}}, stage.Externals...))
	for _, exit := range proxyOf(t, istio{}.Egress(more, render.Egress{}).Sidecar).Exits {
		if port, ok := told[v1alpha1.ExternalHost{Host: exit.Host, Port: exit.External.Port}]; ok && port != exit.Listen {
			t.Errorf("%s moved from %d to %d", exit.Host, port, exit.Listen)
		}
	}
}

// Two hosts whose names fall on one port have two.
func TestExitsAreDistinct(t *testing.T) {
	var externals []External
	for i := range 500 {
		externals = append(externals, External{ExternalHost: v1alpha1.ExternalHost{Host: fmt.Sprintf("h%d.example", i), Port: 443}})
	}
	seen, fallen := map[int32]bool{}, 0
	for _, external := range externals {
		port := exits(externals)[external.ExternalHost]
		if seen[port] || port < 16000 || port > 31999 {
			t.Fatalf("%s at %d", external.Host, port)
		}
		seen[port] = true
		if exits([]External{external})[external.ExternalHost] != port {
			fallen++
		}
	}
	if fallen == 0 {
		t.Error("no two of these hosts fall on one port: the test shows nothing")
	}
}
