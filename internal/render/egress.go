// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworking "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Egress is the proxy through which an application reaches hosts outside the cluster.
type Egress struct {
	Name     string
	Replicas int32
	Nodes    []metav1.LabelSelector
	Sidecar  Sidecar
	// ServiceAccount is as a Workload's.
	ServiceAccount  string
	DeadlineSeconds int32
}

// EgressDeployment runs the proxy. It is the only pod of the application that resolves names.
func EgressDeployment(s Scope, e Egress) Object {
	w := Workload{Component: v1alpha1.Component{Name: e.Name}, Replicas: e.Replicas, Nodes: e.Nodes, ServiceAccount: e.ServiceAccount, DeadlineSeconds: e.DeadlineSeconds}
	proxy := e.Sidecar.container().WithLifecycle(drain())
	proxy.RestartPolicy = nil
	pod := podSpec(w).WithDNSPolicy(corev1.DNSClusterFirst).WithContainers(proxy)
	pod.DNSConfig, pod.Volumes = nil, nil
	return deployment(s, w, pod.WithVolumes(e.Sidecar.volumes()...))
}

// AllowEgress lets callers reach the proxy, and the proxy the cluster's DNS and, at the given ports, every address outside of the
// blocked blocks.
func AllowEgress(s Scope, f Flows, outside []int32, blocked []string) Object {
	spec := flowsSpec(f)
	spec.WithEgress(
		applynetworking.NetworkPolicyEgressRule().
			WithTo(applynetworking.NetworkPolicyPeer().
				WithNamespaceSelector(applymeta.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: metav1.NamespaceSystem})).
				WithPodSelector(applymeta.LabelSelector().WithMatchLabels(map[string]string{"k8s-app": "kube-dns"}))).
			WithPorts(dnsPort(corev1.ProtocolUDP), dnsPort(corev1.ProtocolTCP)),
		applynetworking.NetworkPolicyEgressRule().
			WithTo(applynetworking.NetworkPolicyPeer().
				WithIPBlock(applynetworking.IPBlock().WithCIDR("0.0.0.0/0").WithExcept(blocked...))).
			WithPorts(ports(outside)...))
	return NewObject(applynetworking.NetworkPolicy("allow-"+f.Component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(f.Component.Name)).
		WithSpec(spec))
}

func dnsPort(protocol corev1.Protocol) *applynetworking.NetworkPolicyPortApplyConfiguration {
	return applynetworking.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(53))
}
