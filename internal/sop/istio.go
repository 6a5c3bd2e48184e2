// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// ObservedIstio are the policies in Istio's root namespace and in the stage namespaces; empty where the policy names another
// carrier.
type ObservedIstio struct {
	Peers []mesh.IstioPeerAuthentication
	// Policies are those that the operator did not write.
	Policies []mesh.IstioAuthorizationPolicy
}

// istioGaps are why Istio's encryption of a target is not proven.
func (c *Case) istioGaps(t Target) []mesh.Gap {
	state := mesh.IstioState{Namespace: t.Scope.StageNamespace(), Peers: c.Istio.Peers, Policies: c.Istio.Policies}
	for _, pod := range t.Observed.Pods {
		if pod.Started && !pod.Ending {
			state.Pods = append(state.Pods, pod.Istio)
		}
	}
	for _, gateway := range c.Ingress.Gateways {
		if t.live() && gateway.Exists && c.reaches(t, gateway.GatewayReference) {
			state.Gateways = append(state.Gateways, mesh.IstioGateway{Namespace: gateway.Namespace, Name: gateway.Name, Class: gateway.Class})
		}
	}
	return mesh.IstioGaps(state)
}

// reaches is true where a Gateway serves a host of the target.
func (c *Case) reaches(t Target, gateway v1alpha1.GatewayReference) bool {
	for _, release := range t.releases() {
		for _, p := range c.places(release) {
			if p.Gateway == gateway {
				return true
			}
		}
	}
	return false
}

// gatewaysOf are, by the name of a component's port, the Gateways that reach it; while a release rolls, those of both releases.
func (c *Case) gatewaysOf(t Target, component string) map[string][]v1alpha1.GatewayReference {
	if c.Policy == nil {
		return nil
	}
	gateways := map[string][]v1alpha1.GatewayReference{}
	for _, release := range t.releases() {
		places := c.places(release)
		for _, d := range release.Spec.Domains {
			gateway := c.Policy.Gateways.Test.GatewayReference
			if t.live() {
				p, ok := places[d.Host]
				if !ok {
					continue
				}
				gateway = p.Gateway
			}
			for _, path := range d.Paths {
				if path.Component == component && !slices.Contains(gateways[path.Port], gateway) {
					gateways[path.Port] = append(gateways[path.Port], gateway)
				}
			}
		}
	}
	return gateways
}

// numbers are, by name, the ports at which pods of a component listen; while a release rolls, those of both releases.
func (t Target) numbers(component string) map[string][]int32 {
	numbers := map[string][]int32{}
	for _, release := range t.releases() {
		for name, number := range numbersOf(release)[component] {
			if !slices.Contains(numbers[name], number) {
				numbers[name] = append(numbers[name], number)
			}
		}
	}
	return numbers
}
