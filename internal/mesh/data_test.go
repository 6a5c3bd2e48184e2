// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

var asking = Stage{
	Scope:  render.Scope{Namespace: "sehat-digital", Application: "health-portal", Stage: "live"},
	Policy: v1alpha1.MeshPolicy{Type: v1alpha1.MeshSidecar, Image: "sidecar", CABundle: "mesh"},
	DataAPIs: []DataAPI{
		{Name: "nadra-verification", Address: "10.96.7.7", Port: 443, ServerName: "verify.nadra.gov.pk", CABundle: "nadra", RequestsPerSecond: 10,
			Operations: []sidecar.Operation{{Methods: []string{"GET"}, Path: "/v1"}}},
		{Name: "closed"},
	},
}

// What a component asks for is what the proxy answers to, and one that is closed is told to nobody.
func TestDataProxyMeetsItsCallers(t *testing.T) {
	w := sidecars{}.Attach(asking, Component{Name: "api", Edges: []Edge{
		{Component: "db", Address: "10.96.0.8", Port: render.ServicePort{Name: "postgres"}}, {DataAPI: "nadra-verification", Address: "10.96.0.9"}, {DataAPI: "later"},
	}}, render.Workload{})
	if diff := cmp.Diff([]render.Address{{Host: "127.0.0.1", Port: 15100}, {Host: "127.0.0.1", Port: 15101}, {Host: "127.0.0.1", Port: 15102}}, w.Addresses); diff != "" {
		t.Error(diff)
	}
	out := proxyConfig(t, w.Sidecar).Outbound
	if len(out) != 2 {
		t.Fatalf("an edge without an address leads somewhere: %+v", out)
	}
	data := proxyConfig(t, DataProxy(asking)).Data
	if data.Application != "sehat-digital/health-portal" || data.Stage != "live" || len(data.APIs) != 1 || data.APIs[0].ServerName != out[1].ServerName {
		t.Errorf("%+v is asked for as %+v", data, out[1])
	}
	if out[1].Identity != Identity(asking.Scope, DataName) || out[1].Address != "10.96.0.9" || out[1].Listen != 15101 {
		t.Errorf("%+v", out[1])
	}
	if grant, _ := sidecar.Grant(out[1].ServerName); grant != Grant(v1alpha1.Edge{GovernmentDataAPI: "nadra-verification"}) {
		t.Errorf("%s is asked for", grant)
	}
}

// The authorities of an API reach its proxy in a file that follows them, and only those of open ones.
func TestDataAuthorities(t *testing.T) {
	objects := sidecars{}.Objects(asking)
	data := objects[0].Object["data"]
	file, _ := strings.CutPrefix(proxyConfig(t, DataProxy(asking)).Data.APIs[0].Authorities, sidecar.CADirectory+"/")
	if diff := cmp.Diff(map[string]any{"ca.crt": "mesh", file: "nadra"}, data); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(objects, func(o render.Object) bool { return o.GetKind() == "Certificate" && o.GetName() == DataName }) {
		t.Error("the proxy has no certificate")
	}
}

func proxyConfig(t *testing.T, s *render.Sidecar) sidecar.Proxy {
	t.Helper()
	var proxy sidecar.Proxy
	if err := json.Unmarshal([]byte(s.Config), &proxy); err != nil {
		t.Fatal(err)
	}
	return proxy
}

// With Istio the edge ends in the pod itself.
func TestDataWithIstio(t *testing.T) {
	w := istio{}.Attach(asking, Component{Name: "api", Edges: []Edge{{DataAPI: "nadra-verification", Address: "10.96.0.9"}}}, render.Workload{})
	if diff := cmp.Diff([]render.Address{{Host: "127.0.0.1", Port: 15100}}, w.Addresses); diff != "" {
		t.Error(diff)
	}
}
