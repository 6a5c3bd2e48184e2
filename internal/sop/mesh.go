// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// wantedMesh is what the policy says. What runs may not have moved there yet: see meshPolicy.
func (c *Case) wantedMesh() v1alpha1.MeshPolicy {
	if c.Policy == nil {
		return v1alpha1.MeshPolicy{Type: v1alpha1.MeshSidecar}
	}
	return c.Policy.Mesh
}

// meshPolicy is the policy with the carrier that a target has: the policy's, or the one that it stays with.
func (c *Case) meshPolicy(t Target) v1alpha1.MeshPolicy {
	policy := c.wantedMesh()
	if _, stays := c.staysWith(t); stays {
		policy.Type = t.Observed.Mesh
	}
	return policy
}

func (c *Case) carrier(t Target) mesh.Carrier { return mesh.For(c.meshPolicy(t)) }

// imagesBeside are those that the policy's carrier runs in a stage, and those that run there now: a pod that still has another
// one, while it is replaced or because the policy names none, must itself be replaceable.
func (c *Case) imagesBeside(t Target) []string {
	images := append(c.carrier(t).Images(mesh.Stage{Policy: c.meshPolicy(t), Externals: t.externals()}), t.Observed.Beside...)
	slices.Sort(images)
	return slices.Compact(images)
}

// beside is what each pod takes beside its component. Sidecars count for as long as one runs.
func (c *Case) beside() Compute {
	policy := c.wantedMesh()
	for _, stage := range []*ObservedStage{&c.Test, &c.Live} {
		if stage.Mesh == v1alpha1.MeshSidecar || slices.ContainsFunc(stage.Pods, func(pod ObservedPod) bool { return pod.Sidecar }) {
			policy.Type = v1alpha1.MeshSidecar
		}
	}
	return Compute(mesh.For(policy).Beside())
}

// meshStage is the target as the carrier of its flows sees it: components as they run now, with the flows of all releases that
// may run.
func (c *Case) meshStage(t Target) mesh.Stage {
	stage := mesh.Stage{Scope: t.Scope, Policy: c.meshPolicy(t), Externals: t.externals()}
	if c.Policy != nil && len(stage.Externals) > 0 {
		stage.Authorities = c.Policy.Network.Egress.CABundle
	}
	stage.DataAPIs = c.dataAPIs(t)
	numbers := portNumbers(t)
	for _, component := range t.running() {
		stage.Components = append(stage.Components, c.meshComponent(t, component, numbers))
	}
	return stage
}

// running are all components that may run now, each as it runs now.
func (t Target) running() []v1alpha1.Component {
	var components []v1alpha1.Component
	parts := t.parts()
	for _, name := range t.componentNames() {
		if i := slices.IndexFunc(parts, func(p part) bool { return p.Name == name }); i >= 0 {
			components = append(components, parts[i].Component)
			continue
		}
		for _, release := range t.releases() {
			if component, ok := find(release, name); ok {
				components = append(components, component)
				break
			}
		}
	}
	return components
}

func find(release *v1alpha1.Release, name string) (v1alpha1.Component, bool) {
	for _, component := range release.Spec.Components {
		if component.Name == name {
			return component, true
		}
	}
	return v1alpha1.Component{}, false
}

// meshComponent is a component as carriers see it; numbers are the ports of all.
func (c *Case) meshComponent(t Target, component v1alpha1.Component, numbers map[string]map[string]int32) mesh.Component {
	out := mesh.Component{Name: component.Name, Ports: component.Ports, Callers: map[string][]string{}, Numbers: t.numbers(component.Name), Gateways: c.gatewaysOf(t, component.Name)}
	for _, edge := range component.ConnectsTo {
		if edge.External != nil {
			out.Edges = append(out.Edges, mesh.Edge{External: edge.External, Address: t.egressAddress()})
			continue
		}
		if edge.GovernmentDataAPI != "" {
			out.Edges = append(out.Edges, mesh.Edge{DataAPI: edge.GovernmentDataAPI, Address: c.dataAddress(t)})
			continue
		}
		out.Edges = append(out.Edges, mesh.Edge{
			Component: edge.Component,
			Address:   t.Observed.Addresses[edge.Component],
			Port:      render.ServicePort{Name: edge.Port, Port: numbers[edge.Component][edge.Port]},
		})
	}
	routed := map[string]bool{}
	for _, release := range t.releases() {
		for _, caller := range release.Spec.Components {
			for _, edge := range caller.ConnectsTo {
				if grant := mesh.Grant(edge); caller.Name == component.Name && !slices.Contains(out.Grants, grant) {
					out.Grants = append(out.Grants, grant)
				}
				if edge.Component == component.Name && !slices.Contains(out.Callers[edge.Port], caller.Name) {
					out.Callers[edge.Port] = append(out.Callers[edge.Port], caller.Name)
				}
			}
		}
		for _, d := range release.Spec.Domains {
			for _, path := range d.Paths {
				routed[path.Port] = routed[path.Port] || path.Component == component.Name
			}
		}
	}
	slices.Sort(out.Grants)
	for _, port := range component.Ports {
		if routed[port.Name] {
			out.Routed = append(out.Routed, port)
		}
	}
	return out
}

// withheld is true while a component cannot be started so that its flows are encrypted: a peer has no address, or its own
// certificate is not there. What runs stays as it is.
func (c *Case) withheld(t Target, component v1alpha1.Component) bool {
	if t.holds(component) {
		return true
	}
	if len(missingPeers(t, component)) > 0 || hasEgressAddress(t) && t.egressAddress() == "" && leaves(component) {
		return true
	}
	if c.awaitsData(t, component) {
		return true
	}
	policy := c.meshPolicy(t)
	certificate := t.Observed.Certificates[component.Name]
	if policy.Type == v1alpha1.MeshIstio {
		return component.Name == mesh.EgressName && policy.Image == ""
	}
	return policy.Image == "" || !certificate.Ready || certificate.Outdated
}
