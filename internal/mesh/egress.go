// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"cmp"
	"crypto/sha256"
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

// Egress is a sidecar without a component: behind its mutual TLS stand the external hosts.
func (sidecars) Egress(s Stage) *render.Sidecar {
	proxy := sidecar.Proxy{}
	for i, external := range s.Externals {
		in := sidecar.Inbound{
			ServerName: externalServerName(s.Scope, external.ExternalHost),
			// Nothing listens there: it only tells what stands behind the proxy apart.
			Port:     int32(sidecar.FirstEdgePort + i),
			Peers:    true,
			External: &sidecar.External{Host: external.Host, Port: external.Port},
		}
		if s.Authorities != "" {
			in.External.Authorities = sidecar.CADirectory + "/" + render.ExternalAuthorities(s.Authorities)
		}
		proxy.Inbound = append(proxy.Inbound, in)
	}
	return beside(s, EgressName, proxy)
}

// Egress is none: Istio's own way out is not used yet.
func (istio) Egress(Stage) *render.Sidecar { return nil }

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
