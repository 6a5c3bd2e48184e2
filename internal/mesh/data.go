// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// DataName is the only workload of an application that reaches government data. It proves itself and is reached as a component is.
const DataName = "govpk-data"

// DataAPI is a government data API as the components of a stage may use it. Without an address it is closed.
type DataAPI struct {
	Name, Owner string
	// Address and Port are its Service's, ServerName is the name that its certificate bears, and CABundle are those, in PEM, that may
	// have issued it.
	Address              string
	Port                 int32
	ServerName, CABundle string
	RequestsPerSecond    int32
	Operations           []sidecar.Operation
}

// DataResources are what one pod of the proxy takes.
func DataResources() Resources { return Resources{render.SidecarCPU, render.SidecarMemory} }

// DataPorts are those of the proxy's Service.
func DataPorts() []render.ServicePort { return sidecars{}.ServicePorts(Component{}) }

// DataProxy is a sidecar without a component: behind its mutual TLS stand the stage's government data APIs.
func DataProxy(s Stage) *render.Sidecar {
	data := &sidecar.Data{Application: s.Scope.Namespace + "/" + s.Scope.Application, Stage: s.Scope.Stage}
	for _, api := range s.DataAPIs {
		if api.Address == "" {
			continue
		}
		data.APIs = append(data.APIs, sidecar.DataAPI{
			Name: api.Name, Owner: api.Owner, ServerName: dataServerName(s.Scope, api.Name), Address: api.Address, Port: api.Port, Host: api.ServerName,
			Authorities: sidecar.CADirectory + "/" + render.ExternalAuthorities(api.CABundle), RequestsPerSecond: api.RequestsPerSecond, Operations: api.Operations,
		})
	}
	return beside(s, DataName, sidecar.Proxy{Data: data})
}

// dataAuthorities are those of the data APIs that are open.
func (s Stage) dataAuthorities() []string {
	var bundles []string
	for _, api := range s.DataAPIs {
		if api.Address != "" {
			bundles = append(bundles, api.CABundle)
		}
	}
	return bundles
}

// dataServerName is how a government data API is asked for.
func dataServerName(s render.Scope, api string) string { return serverName(api, Identity(s, DataName)) }
