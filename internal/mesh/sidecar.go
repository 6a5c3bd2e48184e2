// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// peerPortName is longer than the name of a component's port can be.
const peerPortName = "mutual-tls-15443"

const loopback = "127.0.0.1"

// sidecars carry the edges by a proxy beside each component. Its peers are known by address, so no pod needs DNS.
type sidecars struct{}

func (sidecars) Labels() map[string]string { return nil }

func (sidecars) Beside() Resources { return Resources{render.SidecarCPU, render.SidecarMemory} }

func (sidecars) Images(s Stage) []string { return image(s) }

func image(s Stage) []string {
	if s.Policy.Image == "" {
		return nil
	}
	return []string{s.Policy.Image}
}

func (sidecars) Attach(s Stage, c Component, w render.Workload) render.Workload {
	proxy := sidecar.Proxy{}
	for i, edge := range c.Edges {
		out := sidecar.Outbound{Listen: edgePort(i), Address: edge.Address, Port: sidecar.PeerPort}
		address := render.Address{Host: loopback, Port: out.Listen}
		if edge.External != nil {
			address.Host, address.Alias = edge.External.Host, loopback
			out.Identity, out.ServerName = Identity(s.Scope, EgressName), externalServerName(s.Scope, *edge.External)
		} else {
			out.Identity = Identity(s.Scope, edge.Component)
			out.ServerName = serverName(edge.Port.Name, out.Identity)
		}
		w.Addresses = append(w.Addresses, address)
		if edge.External == nil || edge.Address != "" {
			proxy.Outbound = append(proxy.Outbound, out)
		}
	}
	for _, port := range c.Ports {
		proxy.Inbound = append(proxy.Inbound, sidecar.Inbound{
			ServerName: serverName(port.Name, Identity(s.Scope, c.Name)), Port: port.Port,
			Peers: true, Gateway: slices.Contains(c.Routed, port),
		})
	}
	w.Sidecar = beside(s, c.Name, proxy)
	return w
}

// edgePort is where the i-th edge of a component listens.
func edgePort(i int) int32 { return int32(sidecar.FirstEdgePort + i) }

func beside(s Stage, component string, proxy sidecar.Proxy) *render.Sidecar {
	return &render.Sidecar{Image: s.Policy.Image, Config: proxy.String(), Secret: render.PeerSecret(component), Authorities: true}
}

// Flows leave open nothing but the sidecars' own ports.
func (sidecars) Flows(f render.Flows) render.Flows {
	for _, flows := range []map[string][]int32{f.Callers, f.Callees} {
		for peer := range flows {
			flows[peer] = []int32{sidecar.PeerPort}
		}
	}
	for namespace := range f.Gateways {
		f.Gateways[namespace] = []int32{sidecar.GatewayPort}
	}
	return f
}

func (sidecars) ServicePorts(c Component) []render.ServicePort {
	var ports []render.ServicePort
	for _, port := range c.Routed {
		ports = append(ports, render.ServicePort{Name: port.Name, Port: port.Port, Target: sidecar.GatewayPort})
	}
	return append(ports, render.ServicePort{Name: peerPortName, Port: sidecar.PeerPort, Target: sidecar.PeerPort})
}

// Objects are a certificate for each component, the authorities, and what makes gateways speak TLS to the routed ports.
func (sidecars) Objects(s Stage) []render.Object {
	objects := []render.Object{render.Authorities(s.Scope, s.Policy.CABundle, s.Authorities)}
	for _, c := range s.Components {
		identity := Identity(s.Scope, c.Name)
		objects = append(objects, render.PeerCertificate(s.Scope, c.Name, identity, c.Grants, s.Policy.Issuer))
		for _, port := range c.Routed {
			objects = append(objects, render.BackendTLSPolicy(s.Scope, c.Name,
				render.ServicePort{Name: port.Name, Port: port.Port}, serverName(port.Name, identity)))
		}
	}
	if len(s.Externals) > 0 {
		objects = append(objects, render.PeerCertificate(s.Scope, EgressName, Identity(s.Scope, EgressName), nil, s.Policy.Issuer))
	}
	return objects
}

// Grant is what a certificate says of an edge that its component may use.
func Grant(edge v1alpha1.Edge) string {
	if edge.External != nil {
		return externalPort(*edge.External) + "." + EgressName
	}
	return edge.Port + "." + edge.Component
}

// serverName is how a port of a component is asked for. It has the port's name, so that a release may change the number.
func serverName(port, identity string) string { return port + "." + identity }
