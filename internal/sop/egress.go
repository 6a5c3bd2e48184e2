// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// notOfTheInternet are the IPv4 blocks that no host outside has (RFC 6890), and what is no single host's.
var notOfTheInternet = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
}

// externals are the hosts outside that components of the target may reach; while a release rolls, those of both releases.
// Test has no way to the internet (clause 6), so there are none.
func (t Target) externals() []mesh.External {
	if !t.live() {
		return nil
	}
	return externalsOf(t.releases()...)
}

func externalsOf(releases ...*v1alpha1.Release) []mesh.External {
	var found []mesh.External
	for _, release := range releases {
		for _, component := range release.Spec.Components {
			for _, edge := range component.ConnectsTo {
				if edge.External == nil {
					continue
				}
				i := slices.IndexFunc(found, func(e mesh.External) bool { return e.ExternalHost == *edge.External })
				if i < 0 {
					i, found = len(found), append(found, mesh.External{ExternalHost: *edge.External})
				}
				if !slices.Contains(found[i].Callers, component.Name) {
					found[i].Callers = append(found[i].Callers, component.Name)
				}
			}
		}
	}
	return mesh.Ordered(found)
}

// offersEgress is true where the mesh has a way out of the cluster.
func (c *Case) offersEgress() bool { return c.carrier().Egress(mesh.Stage{}) != nil }

// hasEgress is true for a target with a proxy to external hosts.
func (c *Case) hasEgress(t Target) bool { return len(t.externals()) > 0 && c.offersEgress() }

// egressComponent is the proxy as components are seen: what is withheld, certified and observed of them is of it too.
var egressComponent = v1alpha1.Component{Name: mesh.EgressName}

// egressObjects are the proxy and its address.
func (c *Case) egressObjects(t Target) []render.Object {
	if !c.hasEgress(t) {
		return nil
	}
	var objects []render.Object
	if t.Offline == nil || t.Observed.Addresses[mesh.EgressName] != "" {
		objects = append(objects, render.Service(t.Scope, mesh.EgressName, c.carrier().ServicePorts(mesh.Component{})))
	}
	if t.Offline == nil && c.withheld(t, egressComponent) {
		return objects
	}
	replicas := c.egressReplicas(t.releases()...)
	switch {
	case t.Offline == nil && t.Frozen:
		replicas = t.Observed.Workloads[mesh.EgressName].Replicas
	case t.Offline != nil && t.Offline.Workloads == v1alpha1.WorkloadsIsolate:
		replicas = t.Observed.Workloads[mesh.EgressName].Replicas
	case t.Offline != nil:
		replicas = 0
	}
	objects = append(objects, render.EgressDeployment(t.Scope, render.Egress{
		Name: mesh.EgressName, Replicas: replicas, Nodes: c.nodes(t.Release), Sidecar: *c.carrier().Egress(c.meshStage(t)), DeadlineSeconds: int32(c.rolloutDeadline().Seconds()),
	}))
	if t.Offline == nil {
		if budget, ok := render.PodDisruptionBudget(t.Scope, egressComponent, replicas); ok {
			objects = append(objects, budget)
		}
	}
	return objects
}

// egressReplicas is one pod for callers that run one themselves: their node is a single point of failure already. Where a caller
// bears the loss of a node, so does its way out.
func (c *Case) egressReplicas(releases ...*v1alpha1.Release) int32 {
	for _, release := range releases {
		for _, component := range release.Spec.Components {
			if least, _, _ := c.scaling(component); leaves(component) && least > 1 {
				return 2
			}
		}
	}
	return 1
}

// egressPods are what the proxy takes at most, with one more pod while it is updated. Test books it as well, though it has none:
// what was tested has room to be launched.
func (c *Case) egressPods(releases ...*v1alpha1.Release) Compute {
	if len(externalsOf(releases...)) == 0 || !c.offersEgress() {
		return Compute{}
	}
	return Compute(c.carrier().Beside()).times(c.egressReplicas(releases...) + 1)
}

// egressAddress is where the live components find the proxy; empty: there is none, or not yet.
func (t Target) egressAddress() string {
	if !t.live() {
		return ""
	}
	return t.Observed.Addresses[mesh.EgressName]
}

// leaves is true for a component with an edge out of the cluster.
func leaves(component v1alpha1.Component) bool {
	return slices.ContainsFunc(component.ConnectsTo, func(e v1alpha1.Edge) bool { return e.External != nil })
}

// egressFlows is what the network lets through to the proxy, and from it to the outside.
func (c *Case) egressFlows(t Target) (render.Object, bool) {
	if !c.hasEgress(t) {
		return render.Object{}, false
	}
	callers, outside := map[string]bool{}, []int32{}
	for _, external := range t.externals() {
		outside = append(outside, external.Port)
		for _, caller := range external.Callers {
			callers[caller] = true
		}
	}
	blocked := c.Policy.Network.Egress.BlockedCIDRs
	if len(blocked) == 0 {
		blocked = notOfTheInternet
	}
	return render.AllowEgress(t.Scope, mesh.EgressName, slices.Sorted(maps.Keys(callers)), sidecar.PeerPort, outside, blocked), true
}

// assessExternals refuses what the mesh cannot carry: a flow that it does not encrypt does not exist.
func (c *Case) assessExternals(release *v1alpha1.Release) Finding {
	if externals := externalsOf(release); len(externals) > 0 && !c.offersEgress() {
		return finding(Refused, v1alpha1.ReasonExternalUnsupported,
			"spec.components[%s].connectsTo names %s, but with spec.mesh.type %s of DeploymentPolicy default no external host is reached; remove the edge, or NTC sets type Sidecar",
			externals[0].Callers[0], externals[0].Host, c.meshPolicy().Type)
	}
	return Finding{}
}

// assessEgress says that the way out of a live release does not work, though everything else may. It holds no rollout back.
func (c *Case) assessEgress(t Target) Finding {
	proxy := t.Observed.Workloads[mesh.EgressName]
	if !c.hasEgress(t) || proxy.RolledOut {
		return Finding{}
	}
	outcome := Progressing
	if proxy.Stuck {
		outcome = Refused
	}
	return finding(outcome, v1alpha1.ReasonEgressUnavailable, "%s in %s is not fully available%s, so %s may be out of reach; NTC looks after it if this lasts",
		mesh.EgressName, t.Scope.StageNamespace(), t.Observed.words(mesh.EgressName), hosts(t.externals()))
}

// unreachable says, of test, which edges lead nowhere.
func (t Target) unreachable() string {
	if t.live() {
		return ""
	}
	if externals := externalsOf(t.releases()...); len(externals) > 0 {
		return "; test has no way to the internet, so " + hosts(externals) + " cannot be reached there"
	}
	return ""
}

func hosts(externals []mesh.External) string {
	var names []string
	for _, external := range externals {
		names = append(names, fmt.Sprintf("%s:%d", external.Host, external.Port))
	}
	return strings.Join(names, ", ")
}
