// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// tunnelPort is where ztunnel takes what it carries for a pod.
const tunnelPort = 15008

// istio leaves the edges to Istio in ambient mode.
type istio struct{}

func (istio) Labels() map[string]string {
	return map[string]string{"istio.io/dataplane-mode": "ambient"}
}

// Images are none: ztunnel runs on the node.
func (istio) Images(v1alpha1.MeshPolicy) []string { return nil }

func (istio) Attach(_ Stage, c Component, w render.Workload) render.Workload {
	for _, edge := range c.Edges {
		w.Addresses = append(w.Addresses, render.Address{Host: edge.Address, Port: edge.Port.Port})
	}
	return w
}

func (istio) Flows(f render.Flows) render.Flows {
	for _, flows := range []map[string][]int32{f.Callers, f.Callees, f.Gateways} {
		for peer := range flows {
			flows[peer] = []int32{tunnelPort}
		}
	}
	return f
}

func (istio) ServicePorts(c Component) []render.ServicePort {
	var ports []render.ServicePort
	for _, port := range c.Ports {
		ports = append(ports, render.ServicePort{Name: port.Name, Port: port.Port, Target: port.Port})
	}
	return ports
}

func (istio) Objects(Stage) []render.Object { return nil }
