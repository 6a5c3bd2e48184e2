// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func testPod(namespace, name, address string) pod {
	return pod{&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		}}},
	}, address}
}

func policy(spec netv1.NetworkPolicySpec) *netv1.NetworkPolicy {
	return &netv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "p"}, Spec: spec}
}

func app(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func TestRender(t *testing.T) {
	both := []netv1.PolicyType{netv1.PolicyTypeIngress, netv1.PolicyTypeEgress}
	http, udp, end := intstr.FromString("http"), corev1.ProtocolUDP, int32(90)
	from, last := intstr.FromInt32(80), &end
	for name, c := range map[string]struct {
		spec     netv1.NetworkPolicySpec
		toWeb    string // the chain of pod a/web, without its final drop
		fromWeb  string
		isolates bool
	}{
		"no policy selects the pod": {
			spec: netv1.NetworkPolicySpec{PodSelector: *app("other"), PolicyTypes: both},
		},
		"deny both ways": {
			spec:     netv1.NetworkPolicySpec{PolicyTypes: both},
			isolates: true,
		},
		"allow everything": {
			spec: netv1.NetworkPolicySpec{
				PolicyTypes: both, Ingress: []netv1.NetworkPolicyIngressRule{{}}, Egress: []netv1.NetworkPolicyEgressRule{{}},
			},
			toWeb: "return", fromWeb: "return", isolates: true,
		},
		"a pod selector without a namespace selector means this namespace": {
			spec: netv1.NetworkPolicySpec{PodSelector: *app("web"), PolicyTypes: both, Egress: []netv1.NetworkPolicyEgressRule{{
				To: []netv1.NetworkPolicyPeer{{PodSelector: app("api")}},
			}}},
			fromWeb: "ip daddr 10.0.0.2 return", isolates: true,
		},
		"both selectors of a peer must match": {
			spec: netv1.NetworkPolicySpec{PodSelector: *app("web"), PolicyTypes: both, Ingress: []netv1.NetworkPolicyIngressRule{{
				From:  []netv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"name": "b"}}, PodSelector: app("api")}},
				Ports: []netv1.NetworkPolicyPort{{Port: &http}},
			}}},
			toWeb: "ip saddr 10.0.0.3 tcp dport 8080 return", isolates: true,
		},
		"a block with an exception, and a range of ports": {
			spec: netv1.NetworkPolicySpec{PodSelector: *app("web"), PolicyTypes: both, Egress: []netv1.NetworkPolicyEgressRule{{
				To:    []netv1.NetworkPolicyPeer{{IPBlock: &netv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16"}}}},
				Ports: []netv1.NetworkPolicyPort{{Protocol: &udp, Port: &from, EndPort: last}},
			}}},
			fromWeb: "ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 } udp dport 80-90 return", isolates: true,
		},
		"an IPv6 block opens nothing": {
			spec: netv1.NetworkPolicySpec{PodSelector: *app("web"), PolicyTypes: both, Egress: []netv1.NetworkPolicyEgressRule{{
				To: []netv1.NetworkPolicyPeer{{IPBlock: &netv1.IPBlock{CIDR: "::/0"}}},
			}}},
			isolates: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := state{
				pods: []pod{testPod("a", "web", "10.0.0.1"), testPod("a", "api", "10.0.0.2"), testPod("b", "api", "10.0.0.3")},
				namespaces: map[string]labels.Set{
					"a": {"name": "a"}, "b": {"name": "b"},
				},
				policies: []*netv1.NetworkPolicy{policy(c.spec)},
			}
			rules := s.render()
			for prefix, want := range map[string]string{"to": c.toWeb, "from": c.fromWeb} {
				got, isolated := chain(rules, prefix, "a/web", "10.0.0.1")
				if isolated != c.isolates || got != want {
					t.Errorf("%s a/web: got %q (isolated %v), want %q (%v)\n%s", prefix, got, isolated, want, c.isolates, rules)
				}
			}
		})
	}
}

// chain returns what the pod's chain lets through before its final drop. What
// comes to the pod is judged where it is forwarded; what the pod sends, where
// it is forwarded and where the node takes it in.
func chain(rules, prefix, pod, address string) (string, bool) {
	found := regexp.MustCompile(`(?s)chain ` + prefix + `(\d+) \{ # ` + pod + `\n(.*?)  counter drop\n`).FindStringSubmatch(rules)
	if found == nil {
		return "", false
	}
	field, hooks := "daddr", []string{"forward"}
	if prefix == "from" {
		field, hooks = "saddr", []string{"forward", "input"}
	}
	isolated := true
	for _, hook := range hooks {
		_, body, _ := strings.Cut(rules, "type filter hook "+hook+" ")
		body, _, _ = strings.Cut(body, "}")
		isolated = isolated && strings.Contains(body, "ip "+field+" "+address+" jump "+prefix+found[1]+"\n")
	}
	return strings.TrimSpace(found[2]), isolated
}
