// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// notOfTheInternet are the IPv4 blocks that no host outside has (RFC 6890), and what is no single host's.
var notOfTheInternet = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
}

// externals are the hosts outside that components of the target may reach; while a release rolls, those of both releases.
// Test has no way to the internet (clause 6), so there are none; nor are commercial ones without a certificate (clause 10).
func (t Target) externals() []mesh.External {
	return slices.DeleteFunc(t.declaredExternals(), func(e mesh.External) bool { return t.closed(e.ExternalHost) })
}

// declaredExternals are those that a certificate could open as well.
func (t Target) declaredExternals() []mesh.External {
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

// hasEgress is true for a target with a proxy to external hosts.
func hasEgress(t Target) bool { return len(t.externals()) > 0 }

// hasEgressAddress is true for a target whose components know the proxy's address, also while nothing is open behind it: so the beginning
// and the end of a certificate restart no component.
func hasEgressAddress(t Target) bool { return len(t.declaredExternals()) > 0 }

// egressComponent is the proxy as components are seen: what is withheld, certified and observed of them is of it too.
var egressComponent = v1alpha1.Component{Name: mesh.EgressName}

// egressObjects are the proxy and its address.
func (c *Case) egressObjects(t Target) []render.Object {
	if !hasEgressAddress(t) {
		return nil
	}
	var objects []render.Object
	if t.Offline == nil || t.Observed.Addresses[mesh.EgressName] != "" {
		stage := c.meshStage(t)
		stage.Externals = t.declaredExternals()
		objects = append(objects, render.Service(t.Scope, mesh.EgressName, c.carrier(t).EgressPorts(stage)))
	}
	isolated := t.Offline != nil && t.Offline.Workloads == v1alpha1.WorkloadsIsolate
	if !hasEgress(t) && !isolated || t.Offline == nil && c.withheld(t, egressComponent) {
		return objects
	}
	replicas := c.egressReplicas(t.releases()...)
	switch {
	case isolated, t.Offline == nil && t.Frozen:
		replicas = t.Observed.Workloads[mesh.EgressName].Replicas
	case t.Offline != nil:
		replicas = 0
	}
	proxy := render.EgressDeployment(t.Scope, c.carrier(t).Egress(c.meshStage(t), render.Egress{
		Name: mesh.EgressName, Replicas: replicas, Nodes: c.nodes(t.Release), DeadlineSeconds: int32(c.rolloutDeadline().Seconds()),
	}))
	if isolated {
		// What is kept for forensics stays as it is, also when a certificate ends meanwhile.
		proxy.Mode = render.Keep
	}
	objects = append(objects, proxy)
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
	if len(externalsOf(releases...)) == 0 {
		return Compute{}
	}
	return Compute(mesh.EgressResources()).times(c.egressReplicas(releases...) + 1)
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
	if !hasEgress(t) {
		return render.Object{}, false
	}
	flows, outside := render.Flows{Component: egressComponent, Callers: map[string][]int32{}}, []int32{}
	for _, external := range t.externals() {
		outside = append(outside, external.Port)
		for _, caller := range external.Callers {
			flows.Callers[caller] = append(flows.Callers[caller], external.Port)
		}
	}
	blocked := c.Policy.Network.Egress.BlockedCIDRs
	if len(blocked) == 0 {
		blocked = notOfTheInternet
	}
	return render.AllowEgress(t.Scope, c.carrier(t).Flows(flows), outside, blocked), true
}

// assessIstioEgress: Istio itself needs no image, and the proxy to external hosts does.
func (c *Case) assessIstioEgress(releases ...*v1alpha1.Release) Finding {
	externals := externalsOf(releases...)
	if len(externals) == 0 || c.wantedMesh().Image != "" {
		return Finding{}
	}
	return finding(Refused, v1alpha1.ReasonMeshNotConfigured,
		"DeploymentPolicy default spec.mesh.image is not set, and spec.components[%s].connectsTo names %s: the proxy that leads there runs that image with Istio too; NTC names it by digest",
		externals[0].Callers[0], externals[0].Host)
}

// assessEgress says that the way out of a live release does not work, though everything else may. It holds no rollout back.
func (c *Case) assessEgress(t Target) Finding {
	proxy := t.Observed.Workloads[mesh.EgressName]
	if !hasEgress(t) || proxy.RolledOut {
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
