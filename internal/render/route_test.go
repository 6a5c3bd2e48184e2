// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var public = v1alpha1.GatewayReference{Namespace: "gateways", Name: "public"}

func newRoute() Route {
	return Route{
		Domain: v1alpha1.Domain{Host: "portal.health.gov.pk", Paths: []v1alpha1.DomainPath{
			{Path: "/", Component: "web", Port: "http"}, {Path: "/api", Component: "api", Port: "http"},
		}},
		Hostname: "portal.health.gov.pk",
		Gateway:  public,
		Listener: "portal.health.gov.pk",
		Ports:    map[string]map[string]int32{"web": {"http": 8080}, "api": {"http": 8090}},
		Set:      []Header{{"Strict-Transport-Security", "max-age=1"}},
		Add:      []Header{{"Content-Security-Policy", "default-src 'self'"}},
	}
}

func TestHTTPRoute(t *testing.T) {
	sameYAML(t, HTTPRoute(scope, newRoute()), `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: portal.health.gov.pk
  namespace: health-portal-fab68624-live
  labels: {app.kubernetes.io/managed-by: govpk-operator, platform.ntc.gov.pk/application: health-portal, platform.ntc.gov.pk/application-namespace: sehat-digital}
spec:
  hostnames: [portal.health.gov.pk]
  parentRefs: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: gateways, name: public, sectionName: portal.health.gov.pk}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    filters: &filters
    - type: ResponseHeaderModifier
      responseHeaderModifier:
        set: [{name: Strict-Transport-Security, value: max-age=1}]
        add: [{name: Content-Security-Policy, value: "default-src 'self'"}]
    backendRefs: [{group: "", kind: Service, name: web, port: 8080, weight: 1}]
  - matches: [{path: {type: PathPrefix, value: /api}}]
    filters: *filters
    backendRefs: [{group: "", kind: Service, name: api, port: 8090, weight: 1}]
`)
}

// In test the route answers the test host, keeps the declared host's name and takes whichever listener admits it.
func TestHTTPRouteInTest(t *testing.T) {
	r := newRoute()
	r.Hostname, r.Listener, r.Gateway.Name = "health-portal-fab68624.test.ntc.gov.pk", "", "vpn"
	route := decode[gatewayv1.HTTPRoute](t, HTTPRoute(scope, r))
	parent := route.Spec.ParentRefs[0]
	if route.Name != "portal.health.gov.pk" || len(route.Spec.Hostnames) != 1 || route.Spec.Hostnames[0] != gatewayv1.Hostname(r.Hostname) ||
		parent.SectionName != nil || parent.Name != "vpn" {
		t.Errorf("%s answers %v at %+v", route.Name, route.Spec.Hostnames, parent)
	}
}

func TestListener(t *testing.T) {
	o := Listener(scope, "portal.health.gov.pk", public)
	sameYAML(t, o, `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: gateways}
spec:
  listeners:
  - name: portal.health.gov.pk
    hostname: portal.health.gov.pk
    port: 443
    protocol: HTTPS
    tls:
      mode: Terminate
      certificateRefs: [{group: "", kind: Secret, name: portal.health.gov.pk-tls}]
    allowedRoutes:
      kinds: [{group: gateway.networking.k8s.io, kind: HTTPRoute}]
      namespaces:
        from: Selector
        selector: {matchLabels: {kubernetes.io/metadata.name: health-portal-fab68624-live, platform.ntc.gov.pk/exposure: live}}
`)
	if o.Owner == FieldOwner || o.Owner != ListenerOwner("portal.health.gov.pk") || o.Owner == ListenerOwner("other.health.gov.pk") {
		t.Errorf("owner %s: with a shared one the next host's apply removes this listener", o.Owner)
	}
}

func TestCertificate(t *testing.T) {
	o := Certificate(scope, "portal.health.gov.pk", public, v1alpha1.IssuerReference{Kind: "ClusterIssuer", Name: "govpk"})
	sameYAML(t, o, `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: portal.health.gov.pk
  namespace: gateways
  labels: {app.kubernetes.io/managed-by: govpk-operator, platform.ntc.gov.pk/application: health-portal, platform.ntc.gov.pk/application-namespace: sehat-digital}
spec:
  secretName: portal.health.gov.pk-tls
  dnsNames: [portal.health.gov.pk]
  usages: [digital signature, server auth]
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
  issuerRef: {group: cert-manager.io, kind: ClusterIssuer, name: govpk}
`)
}
