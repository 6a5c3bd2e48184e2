// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// EgressName is the only workload of an application that has a way out. It proves itself and is reached as a component is.
const EgressName = "govpk-egress"

// External is a host outside the cluster, and the components that may reach it.
type External struct {
	v1alpha1.ExternalHost
	Callers []string
}

// Ordered are externals and their callers in an order that no manifest changes: another order would restart the proxy.
func Ordered(externals []External) []External {
	for _, external := range externals {
		slices.Sort(external.Callers)
	}
	slices.SortFunc(externals, func(a, b External) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	return externals
}

// EgressResources are what one pod of the proxy takes.
func EgressResources() Resources { return Resources{render.SidecarCPU, render.SidecarMemory} }

// Egress is a sidecar without a component: behind its mutual TLS stand the external hosts.
func (sidecars) Egress(s Stage, e render.Egress) render.Egress {
	proxy := sidecar.Proxy{}
	for i, external := range s.Externals {
		outside := s.outside(external)
		proxy.Inbound = append(proxy.Inbound, sidecar.Inbound{
			ServerName: externalServerName(s.Scope, external.ExternalHost),
			// Nothing listens there: it only tells what stands behind the proxy apart.
			Port:     int32(sidecar.FirstEdgePort + i),
			Peers:    true,
			External: &outside,
		})
	}
	e.Sidecar = *beside(s, EgressName, proxy)
	return e
}

func (sidecars) EgressPorts(Stage) []render.ServicePort { return sidecars{}.ServicePorts(Component{}) }

// Egress has a port for each external host, and the mesh around it says who reaches which.
func (istio) Egress(s Stage, e render.Egress) render.Egress {
	proxy, listen := sidecar.Proxy{}, exits(s.Externals)
	for _, external := range s.Externals {
		proxy.Exits = append(proxy.Exits, sidecar.Exit{Listen: listen[external.ExternalHost], External: s.outside(external)})
	}
	e.ServiceAccount = render.AccountName(EgressName)
	e.Sidecar = render.Sidecar{Name: EgressName, Image: s.Policy.Image, Config: proxy.String(), Authorities: s.Authorities != ""}
	return e
}

func (istio) EgressPorts(s Stage) []render.ServicePort {
	var ports []render.ServicePort
	listen := exits(s.Externals)
	for _, external := range s.Externals {
		port := listen[external.ExternalHost]
		ports = append(ports, render.ServicePort{Name: externalPort(external.ExternalHost), Port: port, Target: port})
	}
	return ports
}

// outside is a host as the proxy reaches it.
func (s Stage) outside(external External) sidecar.External {
	out := sidecar.External{Host: external.Host, Port: external.Port}
	if s.Authorities != "" {
		out.Authorities = sidecar.CADirectory + "/" + render.ExternalAuthorities(s.Authorities)
	}
	return out
}

// Exits lie in a range of their own, between the mesh's ports and those that the kernel gives to connections.
const firstExit, exitCount = 16000, 16000

// exits are the ports at which a proxy in Istio's mesh leads to external hosts. A port follows its host, not its place in the list: who may
// connect is said by port, and while another proxy is rolled out the old one still leads where it led. Of two hosts that
// would have one port the later takes the next.
func exits(externals []External) map[v1alpha1.ExternalHost]int32 {
	ports, taken := map[v1alpha1.ExternalHost]int32{}, map[int32]bool{}
	for _, external := range externals {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d", external.Host, external.Port))
		offset := int32(binary.BigEndian.Uint32(sum[:4]) % exitCount)
		for taken[offset] {
			offset = (offset + 1) % exitCount
		}
		taken[offset] = true
		ports[external.ExternalHost] = firstExit + offset
	}
	return ports
}

// externalServerName is how an external host is asked for.
func externalServerName(s render.Scope, external v1alpha1.ExternalHost) string {
	return serverName(externalPort(external), Identity(s, EgressName))
}

// externalPort stands for an external host where a component has the name of a port. A name and its port do not fit a DNS
// label; 64 bits of their hash tell the few of one application apart.
func externalPort(external v1alpha1.ExternalHost) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d", external.Host, external.Port))
	return "x" + hex.EncodeToString(sum[:8])
}
