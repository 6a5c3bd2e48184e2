// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// peerPortName is longer than the name of a component's port can be.
const peerPortName = "mutual-tls-15443"

// sidecar carries the edges by a proxy beside each component. Its peers are known by address, so no pod needs DNS.
type sidecar struct{}

func (sidecar) Labels() map[string]string { return nil }

func (sidecar) Beside() Resources { return Resources{render.SidecarCPU, render.SidecarMemory} }

func (sidecar) Images(policy v1alpha1.MeshPolicy) []string {
	if policy.Image == "" {
		return nil
	}
	return []string{policy.Image}
}

func (sidecar) Attach(s Stage, c Component, w render.Workload) render.Workload {
	proxy := Proxy{}
	for i, edge := range c.Edges {
		identity := Identity(s.Scope, edge.Component)
		listen := int32(firstEdgePort + i)
		w.Addresses = append(w.Addresses, render.Address{Host: "127.0.0.1", Port: listen})
		proxy.Outbound = append(proxy.Outbound, Outbound{
			Listen: listen, Address: edge.Address, Port: PeerPort, ServerName: serverName(edge.Port.Name, identity), Identity: identity,
		})
	}
	for _, port := range c.Ports {
		in := Inbound{
			ServerName: serverName(port.Name, Identity(s.Scope, c.Name)), Port: port.Port,
			Gateway: slices.Contains(c.Routed, port),
		}
		for _, caller := range c.Callers[port.Name] {
			in.Callers = append(in.Callers, Identity(s.Scope, caller))
		}
		if in.Gateway || len(in.Callers) > 0 {
			proxy.Inbound = append(proxy.Inbound, in)
		}
	}
	w.Sidecar = &render.Sidecar{
		Image: s.Policy.Image, Config: proxy.String(),
		Secret: render.PeerSecret(c.Name), ConfigMap: render.AuthoritiesName,
		TLSDirectory: TLSDirectory, CADirectory: CADirectory, RunDirectory: RunDirectory, HealthPort: HealthPort,
	}
	return w
}

// Flows leave open nothing but the sidecars' own ports.
func (sidecar) Flows(f render.Flows) render.Flows {
	for _, flows := range []map[string][]int32{f.Callers, f.Callees} {
		for peer := range flows {
			flows[peer] = []int32{PeerPort}
		}
	}
	for namespace := range f.Gateways {
		f.Gateways[namespace] = []int32{GatewayPort}
	}
	return f
}

func (sidecar) ServicePorts(c Component) []render.ServicePort {
	var ports []render.ServicePort
	for _, port := range c.Routed {
		ports = append(ports, render.ServicePort{Name: port.Name, Port: port.Port, Target: GatewayPort})
	}
	return append(ports, render.ServicePort{Name: peerPortName, Port: PeerPort, Target: PeerPort})
}

// Objects are a certificate for each component, the authorities, and what makes gateways speak TLS to the routed ports.
func (sidecar) Objects(s Stage) []render.Object {
	objects := []render.Object{render.Authorities(s.Scope, s.Policy.CABundle)}
	for _, c := range s.Components {
		identity := Identity(s.Scope, c.Name)
		objects = append(objects, render.PeerCertificate(s.Scope, c.Name, identity, s.Policy.Issuer))
		for _, port := range c.Routed {
			objects = append(objects, render.BackendTLSPolicy(s.Scope, c.Name,
				render.ServicePort{Name: port.Name, Port: port.Port}, serverName(port.Name, identity)))
		}
	}
	return objects
}

// serverName is how a port of a component is asked for. It has the port's name, so that a release may change the number.
func serverName(port, identity string) string { return port + "." + identity }
