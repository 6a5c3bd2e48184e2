// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// go test ./internal/mesh -update writes testdata/istio.yaml anew. Read the difference: it is who may connect to whom.
var update = flag.Bool("update", false, "write testdata/istio.yaml")

func istioStage() Stage {
	http, grpc, admin := v1alpha1.ComponentPort{Name: "http", Port: 8080}, v1alpha1.ComponentPort{Name: "grpc", Port: 9090}, v1alpha1.ComponentPort{Name: "admin", Port: 9091}
	public, second := v1alpha1.GatewayReference{Namespace: "gateways-public", Name: "public"}, v1alpha1.GatewayReference{Namespace: "gateways-public", Name: "second"}
	return Stage{
		Scope:  render.Scope{Organization: "sehat", Namespace: "org-sehat", Application: "portal", Stage: v1alpha1.LiveNamespace},
		Policy: v1alpha1.MeshPolicy{Type: v1alpha1.MeshIstio},
		Components: []Component{
			{
				Name: "web", Ports: []v1alpha1.ComponentPort{http}, Routed: []v1alpha1.ComponentPort{http},
				Numbers:  map[string][]int32{"http": {8080}},
				Gateways: map[string][]v1alpha1.GatewayReference{"http": {second, public, public}},
				Edges:    []Edge{{Component: "api", Address: "10.96.0.7", Port: render.ServicePort{Name: "grpc", Port: 9090}}},
			},
			{
				Name: "api", Ports: []v1alpha1.ComponentPort{grpc, admin}, Callers: map[string][]string{"grpc": {"web", "default"}},
				// Release by release its port moves from 9080 to 9090.
				Numbers: map[string][]int32{"grpc": {9090, 9080}, "admin": {9091}},
			},
			{Name: "default"},
		},
		Externals: Ordered([]External{
			{v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}, []string{"web", "api"}},
			{v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 443}, []string{"api"}},
			{v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 8443}, []string{"api"}},
		}),
	}
}

func TestIstioObjects(t *testing.T) {
	var got bytes.Buffer
	for _, object := range For(v1alpha1.MeshPolicy{Type: v1alpha1.MeshIstio}).Objects(istioStage()) {
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString("---\n")
		got.Write(text)
	}
	const golden = "testdata/istio.yaml"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestIstioAttachAndFlows(t *testing.T) {
	carrier, stage := For(v1alpha1.MeshPolicy{Type: v1alpha1.MeshIstio}), istioStage()
	w := carrier.Attach(stage, stage.Components[0], render.Workload{})
	if diff := cmp.Diff([]render.Address{{Host: "10.96.0.7", Port: 9090}}, w.Addresses); diff != "" || w.ServiceAccount != "component-web" || w.Sidecar != nil {
		t.Errorf("%+v\n%s", w, diff)
	}
	flows := carrier.Flows(render.Flows{
		Callers:  map[string][]int32{"web": {9090, 9091}},
		Callees:  map[string][]int32{"db": {5432}},
		Gateways: map[string][]int32{"gateways-public": {8080}},
	})
	tunnel := []int32{15008}
	want := render.Flows{
		Callers: map[string][]int32{"web": tunnel}, Callees: map[string][]int32{"db": tunnel}, Gateways: map[string][]int32{"gateways-public": tunnel},
		Probes: []string{"169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"},
	}
	if diff := cmp.Diff(want, flows); diff != "" {
		t.Error(diff)
	}
	ports := carrier.ServicePorts(stage.Components[1])
	if diff := cmp.Diff([]render.ServicePort{{Name: "grpc", Port: 9090}, {Name: "admin", Port: 9091}}, ports); diff != "" {
		t.Error(diff)
	}
}
