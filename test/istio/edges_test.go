// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"testing"

	. "github.com/onsi/gomega"
	"google.golang.org/grpc/codes"

	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// Two applications with the same components share the mesh. Only declared edges and the gateway's route are served.
func TestEdges(t *testing.T) {
	c := start(t)
	portal, other := c.launch(t, launched(portal(portalName)), 21), c.launch(t, launched(portal("other")), 22)
	as := func(s stage, component string) caller { return c.enrol(t, s.namespace, account(component)).caller(t) }
	web, api, worker, stranger := as(portal, "web"), as(portal, "api"), as(portal, "worker"), as(other, "web")
	gateway := c.gateway(t, publicGateway).caller(t)
	forgery := forged(t, portal.namespace, account("web"))

	for _, row := range []struct {
		what      string
		component string
		port      int32
		from      caller
		want      codes.Code
	}{
		{"a declared edge is served", "api", 9090, web, codes.OK},
		{"and another application's own", "worker-db", 5432, worker, codes.OK},
		{"a route is served", "web", 8080, gateway, codes.OK},
		{"plaintext is not heard", "api", 9090, plaintext, codes.Unavailable},
		{"nor at a routed port", "web", 8080, plaintext, codes.Unavailable},
		{"nor where nobody may call", "worker", 7070, plaintext, codes.Unavailable},
		{"a forged certificate is not heard", "api", 9090, forgery, codes.Unavailable},
		{"an edge to one port opens no other", "api", 9091, web, codes.PermissionDenied},
		{"an edge goes one way", "web", 8080, api, codes.PermissionDenied},
		{"an undeclared caller of the same application", "api", 9090, worker, codes.PermissionDenied},
		{"a component of the same name elsewhere", "api", 9090, stranger, codes.PermissionDenied},
		{"the gateway, where no route goes", "api", 9090, gateway, codes.PermissionDenied},
		{"a component that nobody may call", "worker", 7070, web, codes.PermissionDenied},
		{"not even by the gateway", "worker", 7070, gateway, codes.PermissionDenied},
		{"a declared host outside is reached", mesh.EgressName, portal.exits[bank.Host], web, codes.OK},
		{"and the other by the other", mesh.EgressName, portal.exits[mail.Host], api, codes.OK},
		{"a host outside that another component declares", mesh.EgressName, portal.exits[mail.Host], web, codes.PermissionDenied},
		{"and the other way round", mesh.EgressName, portal.exits[bank.Host], api, codes.PermissionDenied},
		{"a host outside by who declares none", mesh.EgressName, portal.exits[bank.Host], worker, codes.PermissionDenied},
		{"the way out of another application", mesh.EgressName, portal.exits[bank.Host], stranger, codes.PermissionDenied},
		{"a way out for the gateway", mesh.EgressName, portal.exits[bank.Host], gateway, codes.PermissionDenied},
		{"plaintext to the way out", mesh.EgressName, portal.exits[bank.Host], plaintext, codes.Unavailable},
	} {
		t.Run(row.what, func(t *testing.T) {
			NewWithT(t).Eventually(func() codes.Code { return reach(portal.address(row.component, row.port), row.from) }, settle, "50ms").
				Should(Equal(row.want), "%s to %s:%d", row.from.name, row.component, row.port)
		})
	}

	t.Run("ztunnel is told the same", func(t *testing.T) {
		NewWithT(t).Eventually(func(g Gomega) {
			all := c.told(g)
			for component, policies := range map[string][]string{
				"web": {portal.namespace + "/allow-web"}, "api": {portal.namespace + "/allow-api"}, "worker": nil,
				mesh.EgressName: {portal.namespace + "/allow-govpk-egress"},
			} {
				g.Expect(all.policies(portal.namespace, component)).To(ConsistOf(append(policies, strict)), component)
			}
			// Allowing is the action that is left out.
			g.Expect(all.Policies).To(ContainElement(policy{portal.namespace, "deny-undeclared", "NAMESPACE", ""}))
			// It knows the hosts outside and leads their names nowhere else.
			for _, host := range []string{bank.Host, mail.Host} {
				g.Expect(all.Services).To(ContainElement(Equal(service{Namespace: portal.namespace, Hostname: host})))
			}
		}, settle, "100ms").Should(Succeed(), "istiod reads what was applied")
	})

	t.Run("an edge that a release gives up is refused", func(t *testing.T) {
		app := narrowed(portalName)
		c.apply(t, launched(app))
		g := NewWithT(t)
		g.Eventually(func() codes.Code { return reach(portal.address("api", 9090), web) }, settle, "50ms").Should(Equal(codes.PermissionDenied))
		g.Eventually(func() codes.Code { return reach(portal.address(mesh.EgressName, portal.exits[bank.Host]), web) }, settle, "50ms").
			Should(Equal(codes.Unavailable), "nothing listens for that host any more")
		g.Expect(reach(portal.address(mesh.EgressName, portal.exits[mail.Host]), api)).To(Equal(codes.OK), "nor has the other one moved")
		g.Expect(reach(portal.address("web", 8080), gateway)).To(Equal(codes.OK), "the others stay")
	})
}

// strict is how istiod tells ztunnel that a workload takes no plaintext.
const strict = mesh.RootNamespace + "/istio_converted_static_strict"
