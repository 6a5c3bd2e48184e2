// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworking "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// DefaultDenyName is the NetworkPolicy that stays when everything else goes.
const DefaultDenyName = "default-deny"

// DefaultDeny refuses every flow in both directions.
func DefaultDeny(s Scope) Object {
	return NewObject(applynetworking.NetworkPolicy(DefaultDenyName, s.StageNamespace()).
		WithLabels(s.Labels()).
		WithSpec(applynetworking.NetworkPolicySpec().
			WithPodSelector(applymeta.LabelSelector()).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)))
}

// Flows are the declared flows of one component.
type Flows struct {
	Component v1alpha1.Component
	// Callers are the numbers of the component's ports by the component that connects to them.
	Callers map[string][]int32
	// Callees are port numbers by the component that they belong to.
	Callees map[string][]int32
	// Gateways are numbers of the component's ports by the namespace in which the gateways' proxies run that reach them.
	Gateways map[string][]int32
	// Probes are the blocks of addresses that only the node's own kubelet has, where its probes would be refused otherwise. They
	// reach every port.
	Probes []string
}

// AllowFlows permits exactly the declared flows of a component. A component without any has no policy.
func AllowFlows(s Scope, f Flows) (Object, bool) {
	if len(f.Callers)+len(f.Callees)+len(f.Gateways)+len(f.Probes) == 0 {
		return Object{}, false
	}
	return NewObject(applynetworking.NetworkPolicy("allow-"+f.Component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(f.Component.Name)).
		WithSpec(flowsSpec(f))), true
}

func flowsSpec(f Flows) *applynetworking.NetworkPolicySpecApplyConfiguration {
	spec := applynetworking.NetworkPolicySpec().
		WithPodSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(f.Component.Name))).
		WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	for _, caller := range sortedKeys(f.Callers) {
		spec.WithIngress(applynetworking.NetworkPolicyIngressRule().
			WithFrom(componentPeer(caller)).WithPorts(ports(f.Callers[caller])...))
	}
	for _, namespace := range sortedKeys(f.Gateways) {
		spec.WithIngress(applynetworking.NetworkPolicyIngressRule().
			WithFrom(applynetworking.NetworkPolicyPeer().WithNamespaceSelector(applymeta.LabelSelector().
				WithMatchLabels(map[string]string{corev1.LabelMetadataName: namespace}))).
			WithPorts(ports(f.Gateways[namespace])...))
	}
	for _, block := range f.Probes {
		spec.WithIngress(applynetworking.NetworkPolicyIngressRule().
			WithFrom(applynetworking.NetworkPolicyPeer().WithIPBlock(applynetworking.IPBlock().WithCIDR(block))))
	}
	for _, callee := range sortedKeys(f.Callees) {
		spec.WithEgress(applynetworking.NetworkPolicyEgressRule().
			WithTo(componentPeer(callee)).WithPorts(ports(f.Callees[callee])...))
	}
	return spec
}

func componentPeer(component string) *applynetworking.NetworkPolicyPeerApplyConfiguration {
	return applynetworking.NetworkPolicyPeer().
		WithPodSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(component)))
}

func ports(numbers []int32) []*applynetworking.NetworkPolicyPortApplyConfiguration {
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	var out []*applynetworking.NetworkPolicyPortApplyConfiguration
	for _, number := range slices.Compact(numbers) {
		out = append(out, applynetworking.NetworkPolicyPort().
			WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(number)))
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
