// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 5, Data Flows: every flow is encrypted. At the gateway: HTTPS only, HSTS, a certificate per host or NTC's
// wildcard (gateways.go). Between components: default-deny both ways and the declared edges alone. Until mutual TLS is proven the finding is Unknown and
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
		objects = append(objects, c.ownListeners(t)...)
	}
	return objects
}

// flows are the edges of the data-flow diagram that begin or end at a component. While a release rolls they are those of both
// releases: each was audited, and pods of both run.
func (c *Case) flows(t Target, name string) render.Flows {
	f := render.Flows{Component: v1alpha1.Component{Name: name}, Callers: map[string][]int32{}, Callees: map[string][]int32{}}
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
	}
	f.Gateways = c.gatewayFlows(t, name)
	return f
}
