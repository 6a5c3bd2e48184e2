// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// pod is a pod with a network address of its own.
type pod struct {
	*corev1.Pod
	address string
}

// state is all that decides which new connections are let through.
type state struct {
	pods       []pod
	namespaces map[string]labels.Set
	policies   []*netv1.NetworkPolicy
}

// render returns an nft script that replaces the whole table in one
// transaction, so that no packet ever meets half of it.
func (s state) render() string {
	slices.SortFunc(s.pods, func(a, b pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.policies, func(a, b *netv1.NetworkPolicy) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var chains, from, to strings.Builder
	for i, p := range s.pods {
		if rules, isolated := s.side(p, netv1.PolicyTypeEgress); isolated {
			fmt.Fprintf(&chains, " chain from%d { # %s/%s\n%s  counter drop\n }\n", i, p.Namespace, p.Name, rules)
			fmt.Fprintf(&from, "  ip saddr %s jump from%d\n", p.address, i)
		}
		if rules, isolated := s.side(p, netv1.PolicyTypeIngress); isolated {
			fmt.Fprintf(&chains, " chain to%d { # %s/%s\n%s  counter drop\n }\n", i, p.Namespace, p.Name, rules)
			fmt.Fprintf(&to, "  ip daddr %s jump to%d\n", p.address, i)
		}
	}
	hook := func(name, rules string) string {
		return fmt.Sprintf(" chain %s {\n  type filter hook %s priority 0; policy accept;\n  ct state established,related accept\n%s }\n", name, name, rules)
	}
	return "table inet netpol\ndelete table inet netpol\ntable inet netpol {\n" +
		chains.String() + hook("forward", from.String()+to.String()) + hook("input", from.String()) + "}\n"
}

// side returns what the policies allow the pod in one direction, and whether
// any policy isolates it there. "return" goes on to the other side's check.
func (s state) side(p pod, direction netv1.PolicyType) (string, bool) {
	var w strings.Builder
	isolated := false
	for _, policy := range s.policies {
		if policy.Namespace != p.Namespace || !matches(&policy.Spec.PodSelector, p.Labels) || !slices.Contains(policy.Spec.PolicyTypes, direction) {
			continue
		}
		isolated = true
		if direction == netv1.PolicyTypeIngress {
			for _, r := range policy.Spec.Ingress {
				s.allow(&w, policy.Namespace, "saddr", r.From, r.Ports, &p)
			}
			continue
		}
		for _, r := range policy.Spec.Egress {
			s.allow(&w, policy.Namespace, "daddr", r.To, r.Ports, nil)
		}
	}
	return w.String(), isolated
}

// allow writes one rule of a policy. Named ports are those of target; for
// egress, where target is nil, those of each peer.
func (s state) allow(w *strings.Builder, namespace, field string, peers []netv1.NetworkPolicyPeer, ports []netv1.NetworkPolicyPort, target *pod) {
	if len(peers) == 0 {
		writePorts(w, "", ports, target)
	}
	for _, peer := range peers {
		if b := peer.IPBlock; b != nil {
			if strings.Contains(b.CIDR, ":") {
				continue // the cluster has IPv4 only
			}
			address := "ip " + field + " " + b.CIDR + " "
			if len(b.Except) > 0 {
				address += "ip " + field + " != { " + strings.Join(b.Except, ", ") + " } "
			}
			writePorts(w, address, ports, target)
			continue
		}
		for _, p := range s.pods {
			if !s.selects(peer, namespace, p) {
				continue
			}
			named := target
			if named == nil {
				named = &p
			}
			writePorts(w, "ip "+field+" "+p.address+" ", ports, named)
		}
	}
}

func (s state) selects(peer netv1.NetworkPolicyPeer, namespace string, p pod) bool {
	if peer.NamespaceSelector == nil {
		if p.Namespace != namespace {
			return false
		}
	} else if !matches(peer.NamespaceSelector, s.namespaces[p.Namespace]) {
		return false
	}
	return peer.PodSelector == nil || matches(peer.PodSelector, p.Labels)
}

func writePorts(w *strings.Builder, address string, ports []netv1.NetworkPolicyPort, named *pod) {
	if len(ports) == 0 {
		fmt.Fprintf(w, "  %sreturn\n", address)
	}
	for _, p := range ports {
		protocol := "tcp"
		if p.Protocol != nil {
			protocol = strings.ToLower(string(*p.Protocol))
		}
		if p.Port == nil {
			fmt.Fprintf(w, "  %smeta l4proto %s return\n", address, protocol)
			continue
		}
		number := int32(p.Port.IntValue())
		if p.Port.StrVal != "" {
			if number = named.port(p.Port.StrVal, protocol); number == 0 {
				continue
			}
		}
		last := ""
		if p.EndPort != nil {
			last = fmt.Sprintf("-%d", *p.EndPort)
		}
		fmt.Fprintf(w, "  %s%s dport %d%s return\n", address, protocol, number, last)
	}
}

func (p *pod) port(name, protocol string) int32 {
	if p == nil {
		return 0
	}
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		for _, x := range c.Ports {
			if x.Name == name && strings.EqualFold(string(cmp.Or(x.Protocol, corev1.ProtocolTCP)), protocol) {
				return x.ContainerPort
			}
		}
	}
	return 0
}

func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}
