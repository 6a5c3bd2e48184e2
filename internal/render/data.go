// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworking "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// DataDeployment runs the proxy through which an application reaches government data. It resolves no names.
func DataDeployment(s Scope, e Egress) Object {
	w := Workload{Component: v1alpha1.Component{Name: e.Name}, Replicas: e.Replicas, Nodes: e.Nodes, DeadlineSeconds: e.DeadlineSeconds}
	proxy := e.Sidecar.container().WithLifecycle(drain())
	proxy.RestartPolicy = nil
	pod := podSpec(w).WithContainers(proxy)
	pod.Volumes = nil
	return deployment(s, w, pod.WithVolumes(e.Sidecar.volumes()...))
}

// DataPods are those behind the Service of a government data API, and where they listen.
type DataPods struct {
	Namespace string
	Selector  map[string]string
	Port      intstr.IntOrString
}

// AllowData lets callers reach the proxy, and the proxy the pods of the government data APIs. Without either it allows nothing.
func AllowData(s Scope, name string, callers []string, peerPort int32, apis []DataPods) Object {
	spec := applynetworking.NetworkPolicySpec().
		WithPodSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(name))).
		WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	for _, caller := range callers {
		spec.WithIngress(applynetworking.NetworkPolicyIngressRule().
			WithFrom(componentPeer(caller)).WithPorts(ports([]int32{peerPort})...))
	}
	for _, api := range apis {
		spec.WithEgress(applynetworking.NetworkPolicyEgressRule().
			WithTo(applynetworking.NetworkPolicyPeer().
				WithNamespaceSelector(applymeta.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: api.Namespace})).
				WithPodSelector(applymeta.LabelSelector().WithMatchLabels(api.Selector))).
			WithPorts(applynetworking.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(api.Port)))
	}
	return NewObject(applynetworking.NetworkPolicy("allow-"+name, s.StageNamespace()).
		WithLabels(s.componentLabels(name)).
		WithSpec(spec))
}
