// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

func TestTestHosts(t *testing.T) {
	scope := render.Scope{Namespace: "sehat-digital", Application: "health-portal", Stage: v1alpha1.TestNamespace}
	long := render.Scope{Namespace: strings.Repeat("n", 63), Application: strings.Repeat("a", 40), Stage: v1alpha1.TestNamespace}
	for _, row := range []struct {
		scope render.Scope
		index int
		want  string
	}{
		{scope, 0, "health-portal-" + scope.Hash() + ".test.ntc.gov.pk"},
		{scope, 1, "health-portal-" + scope.Hash() + "-2.test.ntc.gov.pk"},
		{long, 9, strings.Repeat("a", 40) + "-" + long.Hash() + "-10.test.ntc.gov.pk"},
	} {
		got := TestHost(row.scope, "test.ntc.gov.pk", row.index)
		if got != row.want {
			t.Errorf("test host %s, want %s", got, row.want)
		}
		if err := domain.Validate(got); err != nil {
			t.Error(err)
		}
	}
	// The longest test domain that the policy admits still makes a name.
	longest := strings.Repeat("d.", (180-len("gov.pk"))/2) + "gov.pk"
	if err := domain.Validate(TestHost(long, longest, 9)); err != nil {
		t.Error(err)
	}
}

func TestPlaces(t *testing.T) {
	const other = "other.health.gov.pk"
	public, second := Attachment{Gateway: newGateway("public").GatewayReference}, Attachment{Gateway: newGateway("second").GatewayReference}
	at := func(a Attachment, listener string) string { return a.Gateway.Name + "/" + listener }
	type change = func(*Case)
	listen := func(gateway int, listener ObservedListener) change {
		return func(c *Case) { c.Ingress.Gateways[gateway].Listeners[string(listener.Name)] = listener }
	}
	own := func(gateway int, h string) change {
		return func(c *Case) { listen(gateway, ownListener(c, h))(c) }
	}
	full := func(gateway, room int) change {
		return func(c *Case) {
			fill(&c.Ingress.Gateways[gateway])
			for i := range room {
				delete(c.Ingress.Gateways[gateway].Listeners, fmt.Sprintf("other-%d", MaxListeners-1-i))
			}
		}
	}
	attached := func(a Attachment, listener string) change {
		return func(c *Case) { c.Ingress.Attachments = map[string]Attachment{host: {a.Gateway, listener}} }
	}
	gone := func(gateway int) change {
		return func(c *Case) {
			c.Ingress.Gateways[gateway] = ObservedGateway{GatewayReference: c.Ingress.Gateways[gateway].GatewayReference}
		}
	}
	const wildcard = "*.health.gov.pk"
	broken := wildcardListener("wild", wildcard)
	broken.Programmed = false
	for name, row := range map[string]struct {
		changes []change
		// first and other are gateway/listener of the two hosts; empty: no place.
		first, other string
	}{
		"the first Gateway with room":        {first: at(public, host), other: at(public, other)},
		"the second, if the first is full":   {changes: []change{full(0, 0)}, first: at(second, host), other: at(second, other)},
		"room is counted within the pass":    {changes: []change{full(0, 1)}, first: at(public, host), other: at(second, other)},
		"own listeners take no new room":     {changes: []change{own(0, host), own(0, other), full(0, 0)}, first: at(public, host), other: at(public, other)},
		"a host stays where its listener is": {changes: []change{own(1, host)}, first: at(second, host), other: at(public, other)},
		"another namespace's listener is not its own": {
			changes: []change{listen(1, newListener(host, host, map[string]string{corev1.LabelMetadataName: "rival-live"}))}, first: at(public, host), other: at(public, other),
		},
		"nowhere":                      {changes: []change{full(0, 0), full(1, 0)}},
		"one of two":                   {changes: []change{full(0, 0), full(1, 1)}, first: at(second, host)},
		"a missing Gateway is skipped": {changes: []change{gone(0)}, first: at(second, host), other: at(second, other)},
		"it waits where its route is":  {changes: []change{attached(second, host)}, first: at(second, host), other: at(public, other)},
		"but not where there is no room": {
			changes: []change{attached(second, host), full(1, 0)}, first: at(public, host), other: at(public, other),
		},
		"nor at a Gateway that the policy does not list": {
			changes: []change{attached(Attachment{Gateway: newGateway("third").GatewayReference}, host)}, first: at(public, host), other: at(public, other),
		},
		"it waits for the Gateway that carried it": {
			changes: []change{attached(second, host), gone(1)}, first: at(second, host), other: at(public, other),
		},
		"a wildcard before room": {changes: []change{listen(1, wildcardListener("wild", wildcard))}, first: at(second, "wild"), other: at(second, "wild")},
		"a wildcard on a full Gateway": {
			changes: []change{listen(0, wildcardListener("wild", wildcard)), full(0, 0), full(1, 0)}, first: at(public, "wild"), other: at(public, "wild"),
		},
		"the first of two wildcards": {
			changes: []change{listen(1, wildcardListener("a", wildcard)), listen(0, wildcardListener("c", wildcard)), listen(0, wildcardListener("b", wildcard))},
			first:   at(public, "b"), other: at(public, "b"),
		},
		"a wildcard that appears later moves no host with a listener": {
			changes: []change{own(1, host), listen(0, wildcardListener("wild", wildcard))}, first: at(second, host), other: at(public, "wild"),
		},
		"but one that still waits": {
			changes: []change{attached(public, host), listen(1, wildcardListener("wild", wildcard))}, first: at(second, "wild"), other: at(second, "wild"),
		},
		"a wildcard that is not programmed takes no host": {changes: []change{listen(0, broken)}, first: at(public, host), other: at(public, other)},
		"and loses none":               {changes: []change{listen(0, broken), attached(public, "wild")}, first: at(public, "wild"), other: at(public, other)},
		"a wildcard that is gone does": {changes: []change{attached(second, "wild")}, first: at(second, host), other: at(public, other)},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			c.Ingress.Gateways = []ObservedGateway{newGateway("public"), newGateway("second")}
			for _, change := range row.changes {
				change(c)
			}
			release := c.Releases[0].DeepCopy()
			release.Spec.Domains = append(release.Spec.Domains, v1alpha1.Domain{Host: other})
			got := c.places(release)
			for h, want := range map[string]string{host: row.first, other: row.other} {
				p, ok := got[h]
				if !ok && want != "" || ok && at(p.Attachment, p.Listener) != want {
					t.Errorf("%s is at %+v, want %q", h, p, want)
				}
			}
		})
	}
}

// A wildcard is used only where NTC meant it: for exactly these names, encrypted, and for what is exposed.
func TestCovers(t *testing.T) {
	for name, row := range map[string]struct {
		host   string
		change func(*ObservedListener)
		want   bool
	}{
		"one label deep":  {host: host, want: true},
		"two labels deep": {host: "a.portal.health.gov.pk"},
		"the name itself": {host: "health.gov.pk"},
		"another name":    {host: "portal.wealth.gov.pk"},
		"the same end":    {host: "portal.ehealth.gov.pk"},
		"no hostname":     {host: host, change: func(l *ObservedListener) { l.Hostname = nil }},
		"the host itself": {host: host, change: func(l *ObservedListener) { l.Hostname = ptr.To[gatewayv1.Hostname](host) }},
		"plain HTTP":      {host: host, change: func(l *ObservedListener) { l.Protocol = gatewayv1.HTTPProtocolType }},
		"no TLS":          {host: host, change: func(l *ObservedListener) { l.TLS = nil }},
		"no certificate":  {host: host, change: func(l *ObservedListener) { l.TLS.CertificateRefs = nil }},
		"terminating":     {host: host, want: true, change: func(l *ObservedListener) { l.TLS.Mode = ptr.To(gatewayv1.TLSModeTerminate) }},
		"passing through": {host: host, change: func(l *ObservedListener) { l.TLS.Mode = ptr.To(gatewayv1.TLSModePassthrough) }},
		"for everybody":   {host: host, change: func(l *ObservedListener) { l.AllowedRoutes.Namespaces.From = ptr.To(gatewayv1.NamespacesFromAll) }},
		"by default":      {host: host, change: func(l *ObservedListener) { l.AllowedRoutes = nil }},
		"of its own": {host: host, change: func(l *ObservedListener) {
			l.AllowedRoutes.Namespaces.Selector.MatchLabels[corev1.LabelMetadataName] = "one"
		}},
		"for test": {host: host, change: func(l *ObservedListener) {
			l.AllowedRoutes.Namespaces.Selector.MatchLabels[v1alpha1.ExposureLabel] = "test"
		}},
		"more than": {host: host, change: func(l *ObservedListener) {
			l.AllowedRoutes.Namespaces.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "a", Operator: metav1.LabelSelectorOpExists}}
		}},
		"other kinds": {host: host, change: func(l *ObservedListener) { l.AllowedRoutes.Kinds = []gatewayv1.RouteGroupKind{{Kind: "GRPCRoute"}} }},
		"this kind": {host: host, want: true, change: func(l *ObservedListener) {
			l.AllowedRoutes.Kinds = []gatewayv1.RouteGroupKind{{Kind: "GRPCRoute"}, {Kind: "HTTPRoute"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			listener := wildcardListener("wild", "*.health.gov.pk")
			if row.change != nil {
				row.change(&listener)
			}
			if got := covers(listener, row.host); got != row.want {
				t.Errorf("covers %s: %v", row.host, got)
			}
		})
	}
}

// The most that the API admits: ten hosts with sixteen paths each, on the policy's sixteen Gateways.
func TestManyHosts(t *testing.T) {
	c := liveCase(t)
	c.Ingress.Gateways = nil
	for i := range 16 {
		gateway := newGateway(fmt.Sprintf("gateway-%d", i))
		fill(&gateway)
		if i >= 6 {
			delete(gateway.Listeners, "other-63")
		}
		c.Ingress.Gateways = append(c.Ingress.Gateways, gateway)
	}
	release := c.Releases[0].DeepCopy()
	release.Spec.Domains = nil
	for i := range 10 {
		d := v1alpha1.Domain{Host: fmt.Sprintf("host-%d.gov.pk", i)}
		for j := range 16 {
			d.Paths = append(d.Paths, v1alpha1.DomainPath{Path: fmt.Sprintf("/%d", j), Component: "web", Port: "http"})
		}
		release.Spec.Domains = append(release.Spec.Domains, d)
		c.Claims[d.Host] = newClaim("sehat-digital", "health-portal")
	}
	places := c.places(release)
	for i, d := range release.Spec.Domains {
		if got, want := places[d.Host].Gateway.Name, fmt.Sprintf("gateway-%d", 6+i); got != want {
			t.Errorf("%s is at %q, want %q", d.Host, got, want)
		}
	}
	routes := c.routes(Target{Scope: c.Scope(v1alpha1.LiveNamespace), Release: release})
	if len(routes) != 10 {
		t.Fatalf("%d routes", len(routes))
	}
	for _, o := range routes {
		if rules := object[gatewayv1.HTTPRoute](t, o).Spec.Rules; len(rules) != 16 {
			t.Errorf("%s has %d rules", o.GetName(), len(rules))
		}
	}
}
