// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"crypto/sha256"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Carrier carries mutual TLS along the declared edges of a stage.
type Carrier interface {
	// Labels are those that a stage namespace needs.
	Labels() map[string]string
	// Beside is what each pod takes beside its component: cores and bytes.
	Beside() Resources
	// Images are those of the platform that run in a stage.
	Images(s Stage) []string
	// Attach completes a workload: where it finds its peers, and what runs beside it.
	Attach(s Stage, c Component, w render.Workload) render.Workload
	// Flows turns the ports of declared flows into those that are open on the network.
	Flows(f render.Flows) render.Flows
	// ServicePorts are the ports of a component's Service.
	ServicePorts(c Component) []render.ServicePort
	// Objects are what the carrier needs in the stage namespace beside the workloads.
	Objects(s Stage) []render.Object
	// Egress completes the proxy that alone reaches the stage's external hosts, and EgressPorts are those of its Service.
	Egress(s Stage, e render.Egress) render.Egress
	EgressPorts(s Stage) []render.ServicePort
}

// Carrying is who carries the flows of a stage namespace, by its labels: they are the first that a move to another carrier changes.
func Carrying(labels map[string]string) v1alpha1.MeshType {
	if labels[dataplaneLabel] == ambient {
		return v1alpha1.MeshIstio
	}
	return v1alpha1.MeshSidecar
}

// Resources are reserved for a pod.
type Resources struct{ CPU, Memory resource.Quantity }

// For is the carrier that the policy names.
func For(policy v1alpha1.MeshPolicy) Carrier {
	if policy.Type == v1alpha1.MeshIstio {
		return istio{}
	}
	return sidecars{}
}

// Stage is what carriers know of a stage namespace.
type Stage struct {
	Scope  render.Scope
	Policy v1alpha1.MeshPolicy
	// Components are all that may run now; while a release rolls, those of both releases.
	Components []Component
	// Externals are the hosts outside the cluster that they may reach; in test there are none. Authorities are those, in PEM, that may
	// certify such hosts; empty: those of the internet.
	Externals   []External
	Authorities string
}

// Component is one component as it runs now.
type Component struct {
	Name string
	// Edges are the flows that begin here, in the order of the manifest.
	Edges []Edge
	// Grants are the edges that the component may use, as Grant says; while a release rolls, those of both releases.
	Grants []string
	// Callers are, by the name of a port of this component, the components that may connect to it; while a release rolls,
	// those of both releases.
	Callers map[string][]string
	// Ports are those that the component declares, and Routed those of them that gateways reach.
	Ports, Routed []v1alpha1.ComponentPort
	// Numbers are, by the name of a port, those at which its pods listen; while a release rolls, those of both releases.
	Numbers map[string][]int32
	// Gateways are, by the name of a port, the Gateways that reach it; while a release rolls, those of both releases.
	Gateways map[string][]v1alpha1.GatewayReference
}

// Edge is a flow to another component, or to a host outside the cluster.
type Edge struct {
	Component string
	// External is set where the flow leaves the cluster. Address is that of the egress proxy then; empty: nothing leads there.
	External *v1alpha1.ExternalHost
	// Address is the cluster IP of that component's Service, and Port its port there.
	Address string
	Port    render.ServicePort
}

// Identity is the name by which a component proves itself: unique in the cluster, within the 64 characters of a common name
// and the 63 of a DNS label's host. Eighty bits of the stage namespace's hash keep anybody from finding a twin.
func Identity(s render.Scope, component string) string {
	return component + "." + StageIdentity(s)
}

// StageIdentity is what the identities of all components of a stage namespace end with.
func StageIdentity(s render.Scope) string {
	sum := sha256.Sum256([]byte(s.StageNamespace()))
	return hex.EncodeToString(sum[:10])
}
