// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// ObservedIstio is what the cluster shows of Istio; empty where its kinds are not served.
type ObservedIstio struct {
	// Peers and Policies are those in the root namespace and in the stage namespaces; Policies only those that the operator did not write.
	Peers    []mesh.IstioPeerAuthentication
	Policies []mesh.IstioAuthorizationPolicy
	// Nodes are those on which Istio's proxy is ready.
	Nodes []string
}

// istioGaps are why Istio's encryption of a target is not proven.
func (c *Case) istioGaps(t Target) []mesh.Gap {
	state := mesh.IstioState{Namespace: t.Scope.StageNamespace(), Peers: c.Istio.Peers, Policies: c.Istio.Policies, Gateways: c.istioGateways(t)}
	for _, pod := range t.Observed.Pods {
		// One that its sidecar still carries is replaced.
		if pod.Started && !pod.Ending && !pod.Sidecar {
			state.Pods = append(state.Pods, pod.Istio)
		}
	}
	return mesh.IstioGaps(state)
}

// istioGateways are the Gateways that serve a host of the target.
func (c *Case) istioGateways(t Target) []mesh.IstioGateway {
	gateways := []ObservedGateway{c.Ingress.TestGateway}
	if t.live() {
		gateways = c.Ingress.Gateways
	}
	var found []mesh.IstioGateway
	for _, gateway := range gateways {
		if gateway.Exists && (!t.live() || c.reaches(t, gateway.GatewayReference)) {
			found = append(found, mesh.IstioGateway{Namespace: gateway.Namespace, Name: gateway.Name, Class: gateway.Class})
		}
	}
	return found
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
		if !isRouted(release, component) {
			continue
		}
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
		found, _ := find(release, component)
		for _, port := range found.Ports {
			if !slices.Contains(numbers[port.Name], port.Port) {
				numbers[port.Name] = append(numbers[port.Name], port.Port)
			}
		}
	}
	return numbers
}
