// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func component(name string) []networkingv1.NetworkPolicyPeer {
	return []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.ComponentLabel: name}}}}
}

func namespace(name string) []networkingv1.NetworkPolicyPeer {
	return []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}}}
}

func tcp(numbers ...int32) []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for _, number := range numbers {
		out = append(out, networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(number))})
	}
	return out
}

// A rule without ports or without peers would open everything, so the table compares whole rules.
func TestAllowFlows(t *testing.T) {
	web := v1alpha1.Component{Name: "web"}
	for name, row := range map[string]struct {
		flows   Flows
		none    bool
		ingress []networkingv1.NetworkPolicyIngressRule
		egress  []networkingv1.NetworkPolicyEgressRule
	}{
		"none":              {flows: Flows{Component: web, Gateways: map[string][]int32{}}, none: true},
		"none, empty lists": {flows: Flows{Component: web, Callers: map[string][]int32{}, Callees: map[string][]int32{}}, none: true},
		"callers, in one order, each with its own ports": {
			flows: Flows{Component: web, Callers: map[string][]int32{"zeta": {9000}, "api": {8080, 9000}}},
			ingress: []networkingv1.NetworkPolicyIngressRule{
				{From: component("api"), Ports: tcp(8080, 9000)}, {From: component("zeta"), Ports: tcp(9000)},
			},
		},
		"ports once and sorted": {
			flows:   Flows{Component: web, Callers: map[string][]int32{"api": {9000, 8080, 9000}}},
			ingress: []networkingv1.NetworkPolicyIngressRule{{From: component("api"), Ports: tcp(8080, 9000)}},
		},
		"callees": {
			flows: Flows{Component: web, Callees: map[string][]int32{"db": {5432}, "api": {8090}}},
			egress: []networkingv1.NetworkPolicyEgressRule{
				{To: component("api"), Ports: tcp(8090)}, {To: component("db"), Ports: tcp(5432)},
			},
		},
		"gateway": {
			flows:   Flows{Component: web, Gateways: map[string][]int32{"gateways": {8080}}},
			ingress: []networkingv1.NetworkPolicyIngressRule{{From: namespace("gateways"), Ports: tcp(8080)}},
		},
		"gateways of several namespaces, each with its own ports": {
			flows: Flows{Component: web, Gateways: map[string][]int32{"lahore": {9090, 8080, 8080}, "islamabad": {8080}}},
			ingress: []networkingv1.NetworkPolicyIngressRule{
				{From: namespace("islamabad"), Ports: tcp(8080)}, {From: namespace("lahore"), Ports: tcp(8080, 9090)},
			},
		},
		"all": {
			flows: Flows{
				Component: web, Gateways: map[string][]int32{"gateways": {8080}},
				Callers: map[string][]int32{"job": {8081}}, Callees: map[string][]int32{"api": {8090}},
			},
			ingress: []networkingv1.NetworkPolicyIngressRule{
				{From: component("job"), Ports: tcp(8081)}, {From: namespace("gateways"), Ports: tcp(8080)},
			},
			egress: []networkingv1.NetworkPolicyEgressRule{{To: component("api"), Ports: tcp(8090)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, ok := AllowFlows(scope, row.flows)
			if ok == row.none {
				t.Fatalf("a policy: %v", ok)
			}
			if row.none {
				return
			}
			got := decode[networkingv1.NetworkPolicy](t, o)
			if got.Name != "allow-web" || got.Namespace != scope.StageNamespace() {
				t.Errorf("%s/%s", got.Namespace, got.Name)
			}
			want := networkingv1.NetworkPolicySpec{
				PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.ComponentLabel: "web"}},
				PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
				Ingress:     row.ingress, Egress: row.egress,
			}
			if diff := cmp.Diff(want, got.Spec); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The flows belong to the caller: a pass must not reorder what it was given.
func TestAllowFlowsLeavesItsInput(t *testing.T) {
	ports := []int32{9000, 8080}
	AllowFlows(scope, Flows{Component: v1alpha1.Component{Name: "web"}, Gateways: map[string][]int32{"gateways": ports}})
	if ports[0] != 9000 {
		t.Errorf("ports became %v", ports)
	}
}

func TestDefaultDeny(t *testing.T) {
	o := DefaultDeny(scope)
	got := decode[networkingv1.NetworkPolicy](t, o)
	want := networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}}
	if diff := cmp.Diff(want, got.Spec); diff != "" || got.Name != "default-deny" {
		t.Errorf("%s: %s", got.Name, diff)
	}
	if _, set := o.Object["spec"].(map[string]any)["podSelector"]; !set {
		t.Error("podSelector must be there and empty: it selects every pod")
	}
}
