// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 5, Data Flows: every flow is encrypted. At the gateway: HTTPS only, HSTS, a certificate per host. Between
// components: default-deny both ways and the declared edges alone. Until mutual TLS is proven the finding is Unknown and
// gates nothing. Admission: govpk-children, govpk-hosts.
func encryption() Clause {
	return Clause{
		Number:    5,
		Title:     "Data Flows",
		Condition: v1alpha1.ConditionTrafficEncrypted,
		Demands:   "All data flows between application, databases and other systems or users are encrypted.",
		Assess:    assessEncryption,
		Enforce:   enforceEncryption,
		Guards:    []string{"govpk-children", "govpk-hosts"},
	}
}

func assessEncryption(*Case, *v1alpha1.Release) Finding {
	return finding(Unproven, v1alpha1.ReasonNotVerified,
		"HTTPS is enforced at the gateway and undeclared flows are denied; encryption between components is not verified")
}

// transportHeaders keep browsers on HTTPS for two years.
func transportHeaders() []render.Header {
	return []render.Header{{Name: "Strict-Transport-Security", Value: "max-age=63072000"}}
}

func enforceEncryption(c *Case, t Target) []render.Object {
	objects := []render.Object{render.DefaultDeny(t.Scope)}
	if t.Release == nil || c.Policy == nil {
		return objects
	}
	if t.Offline == nil {
		for _, name := range t.componentNames() {
			if policy, ok := render.AllowFlows(t.Scope, c.flows(t, name)); ok {
				objects = append(objects, policy)
			}
		}
	}
	if t.live() {
		gateway := c.Policy.Gateways.Live[0]
		for _, d := range t.routed().Spec.Domains {
			if !c.holds(d.Host) {
				continue
			}
			objects = append(objects, render.Certificate(t.Scope, d.Host, gateway, c.Policy.Gateways.Issuer))
			if c.Ingress.Certificates[d.Host].Ready && c.Ingress.GatewayExists && c.hasRoom(d.Host) {
				objects = append(objects, render.Listener(t.Scope, d.Host, gateway))
			}
		}
	}
	return objects
}

// MaxListeners is the bound of Gateway API on spec.listeners.
const MaxListeners = 64

func (c *Case) hasRoom(host string) bool {
	_, listed := c.Ingress.Listeners[host]
	return listed || len(c.Ingress.Listeners) < MaxListeners
}

// flows are the edges of the data-flow diagram that begin or end at a component. While a release rolls they are those of both
// releases: each was audited, and pods of both run.
func (c *Case) flows(t Target, name string) render.Flows {
	f := render.Flows{Component: v1alpha1.Component{Name: name}, Callers: map[string][]int32{}, Callees: map[string][]int32{}}
	f.GatewayNamespace = c.Policy.Gateways.Test.Namespace
	if t.live() {
		f.GatewayNamespace = c.Policy.Gateways.Live[0].Namespace
	}
	for _, release := range t.releases() {
		ports := numbersOf(release)
		for _, caller := range release.Spec.Components {
			for _, edge := range caller.ConnectsTo {
				number := ports[edge.Component][edge.Port]
				if caller.Name == name {
					f.Callees[edge.Component] = append(f.Callees[edge.Component], number)
				}
				if edge.Component == name {
					f.Callers[caller.Name] = append(f.Callers[caller.Name], number)
				}
			}
		}
		for _, d := range release.Spec.Domains {
			for _, path := range d.Paths {
				if path.Component == name {
					f.GatewayPorts = append(f.GatewayPorts, ports[name][path.Port])
				}
			}
		}
	}
	return f
}
