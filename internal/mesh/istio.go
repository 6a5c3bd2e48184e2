// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// What the operator takes for granted of NTC's Istio: its own defaults.
const (
	// TrustDomain begins every identity. In a mesh with another one nobody is admitted.
	TrustDomain = "cluster.local"
	// RootNamespace is where policies for the whole mesh are.
	RootNamespace = "istio-system"
	// GatewayClass is that of Istio's own gateways, the only ones that speak its tunnel to pods.
	GatewayClass = "istio"
	// NodeProxyLabel is that of ztunnel's pods, one on each node, in RootNamespace.
	NodeProxyLabel = "app=ztunnel"
)

// tunnelPort is where ztunnel takes what it carries for a pod.
const tunnelPort = 15008

// probeSources are the addresses that Istio gives to the kubelet's probes on their way into a pod of the mesh. They are
// link-local: no other node has them.
var probeSources = []string{"169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"}

// istio leaves the edges to Istio in ambient mode. Every component has a ServiceAccount, its identity.
type istio struct{}

const dataplaneLabel, ambient = "istio.io/dataplane-mode", "ambient"

func (istio) Labels() map[string]string { return map[string]string{dataplaneLabel: ambient} }

// Beside is nothing: ztunnel runs on the node.
func (istio) Beside() Resources { return Resources{} }

// Attach leaves edges where they are: the node's proxy takes them from there. What leaves the cluster goes to the egress proxy under the
// host's own name; where there is none it ends in the pod itself, where nothing listens.
func (istio) Attach(s Stage, c Component, w render.Workload) render.Workload {
	listen := exits(s.Externals)
	for _, edge := range c.Edges {
		if edge.External == nil {
			w.Addresses = append(w.Addresses, render.Address{Host: edge.Address, Port: edge.Port.Port})
			continue
		}
		port, ok := listen[*edge.External]
		if !ok {
			port = exits([]External{{ExternalHost: *edge.External}})[*edge.External]
		}
		w.Addresses = append(w.Addresses, render.Address{Host: edge.External.Host, Port: port, Alias: cmp.Or(edge.Address, loopback)})
	}
	w.ServiceAccount = render.AccountName(c.Name)
	return w
}

// Flows leave open nothing but the tunnel, and the kubelet's probes.
func (istio) Flows(f render.Flows) render.Flows {
	for _, flows := range []map[string][]int32{f.Callers, f.Callees, f.Gateways} {
		for peer := range flows {
			flows[peer] = []int32{tunnelPort}
		}
	}
	f.Probes = probeSources
	return f
}

// ServicePorts lead to pods by the port's name: while a release rolls, pods may listen at different numbers.
func (istio) ServicePorts(c Component) []render.ServicePort {
	var ports []render.ServicePort
	for _, port := range c.Ports {
		ports = append(ports, render.ServicePort{Name: port.Name, Port: port.Port})
	}
	return ports
}

// Images are the egress proxy's alone: ztunnel runs on the node.
func (istio) Images(s Stage) []string {
	if len(s.Externals) == 0 {
		return nil
	}
	return image(s)
}

// Objects refuse plaintext and admit the declared flows alone. What admits comes before what refuses the rest, so that a
// stage that moves to Istio does not stand still between them.
func (istio) Objects(s Stage) []render.Object {
	objects := []render.Object{render.PeerAuthentication(s.Scope)}
	for _, c := range s.Components {
		objects = append(objects, render.ServiceAccount(s.Scope, c.Name))
		if policy, ok := render.AllowPrincipals(s.Scope, c.Name, admissions(s.Scope, c)); ok {
			objects = append(objects, policy)
		}
	}
	objects = append(objects, egressObjects(s)...)
	return append(objects, render.DenyUndeclared(s.Scope, principal(s.Scope.StageNamespace(), "nobody")))
}

// egressObjects admit to each port of the egress proxy those that declare its host, and tell the mesh of the hosts.
func egressObjects(s Stage) []render.Object {
	if len(s.Externals) == 0 {
		return nil
	}
	listen, ports := exits(s.Externals), map[string][]int32{}
	var admissions []render.Admission
	for _, external := range s.Externals {
		ports[external.Host] = append(ports[external.Host], external.Port)
		admission := render.Admission{Port: listen[external.ExternalHost]}
		for _, caller := range external.Callers {
			admission.Principals = append(admission.Principals, principal(s.Scope.StageNamespace(), render.AccountName(caller)))
		}
		admissions = append(admissions, admission)
	}
	objects := []render.Object{render.ServiceAccount(s.Scope, EgressName)}
	if policy, ok := render.AllowPrincipals(s.Scope, EgressName, admissions); ok {
		objects = append(objects, policy)
	}
	if s.Authorities != "" {
		objects = append(objects, render.Authorities(s.Scope, s.Policy.CABundle, s.Authorities))
	}
	for _, host := range slices.Sorted(maps.Keys(ports)) {
		objects = append(objects, render.ServiceEntry(s.Scope, host, ports[host]))
	}
	return objects
}

func admissions(s render.Scope, c Component) []render.Admission {
	var admissions []render.Admission
	for _, port := range slices.Sorted(maps.Keys(c.Numbers)) {
		var principals []string
		for _, caller := range c.Callers[port] {
			principals = append(principals, principal(s.StageNamespace(), render.AccountName(caller)))
		}
		for _, gateway := range c.Gateways[port] {
			principals = append(principals, gatewayPrincipal(gateway))
		}
		for _, number := range c.Numbers[port] {
			admissions = append(admissions, render.Admission{Port: number, Principals: principals})
		}
	}
	return admissions
}

func principal(namespace, account string) string {
	return TrustDomain + "/ns/" + namespace + "/sa/" + account
}

// gatewayPrincipal is the account under which Istio runs the proxy that it makes for a Gateway.
func gatewayPrincipal(gateway v1alpha1.GatewayReference) string {
	return principal(gateway.Namespace, gateway.Name+"-"+GatewayClass)
}
