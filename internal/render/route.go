// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	applygateway "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// HTTPSPort is the port of every listener that the operator makes.
const HTTPSPort = 443

// Header is a response header.
type Header struct{ Name, Value string }

// Route is one host's way from a gateway to components.
type Route struct {
	// Domain is the declared host and its paths.
	Domain v1alpha1.Domain
	// Hostname is the host that the route answers: the declared one in live, a host of the test domain in test.
	Hostname string
	Gateway  v1alpha1.GatewayReference
	// Listener is the listener to attach to; empty: whichever admits the host.
	Listener string
	// Ports are port numbers by component and port name.
	Ports map[string]map[string]int32
	// Set replaces response headers; Add leaves the application's own beside it.
	Set, Add []Header
}

// HTTPRoute exposes a host.
func HTTPRoute(s Scope, r Route) Object {
	parent := applygateway.ParentReference().
		WithGroup(gatewayv1.GroupName).WithKind("Gateway").
		WithNamespace(gatewayv1.Namespace(r.Gateway.Namespace)).
		WithName(gatewayv1.ObjectName(r.Gateway.Name))
	if r.Listener != "" {
		parent.WithSectionName(gatewayv1.SectionName(r.Listener))
	}
	spec := applygateway.HTTPRouteSpec().
		WithParentRefs(parent).
		WithHostnames(gatewayv1.Hostname(r.Hostname))
	for _, path := range r.Domain.Paths {
		spec.WithRules(applygateway.HTTPRouteRule().
			WithMatches(applygateway.HTTPRouteMatch().WithPath(applygateway.HTTPPathMatch().
				WithType(gatewayv1.PathMatchPathPrefix).WithValue(path.Path))).
			WithFilters(applygateway.HTTPRouteFilter().
				WithType(gatewayv1.HTTPRouteFilterResponseHeaderModifier).
				WithResponseHeaderModifier(applygateway.HTTPHeaderFilter().
					WithSet(headers(r.Set)...).WithAdd(headers(r.Add)...))).
			WithBackendRefs(applygateway.HTTPBackendRef().
				WithGroup("").WithKind("Service").
				WithName(gatewayv1.ObjectName(path.Component)).
				WithPort(r.Ports[path.Component][path.Port]).
				WithWeight(1)))
	}
	return NewObject(applygateway.HTTPRoute(r.Domain.Host, s.StageNamespace()).
		WithLabels(s.Labels()).
		WithSpec(spec))
}

func headers(in []Header) []*applygateway.HTTPHeaderApplyConfiguration {
	var out []*applygateway.HTTPHeaderApplyConfiguration
	for _, h := range in {
		out = append(out, applygateway.HTTPHeader().WithName(gatewayv1.HTTPHeaderName(h.Name)).WithValue(h.Value))
	}
	return out
}

// Certificate asks cert-manager for a host's certificate, in the gateway's namespace so that its key never meets a tenant.
func Certificate(s Scope, host string, gateway v1alpha1.GatewayReference, issuer v1alpha1.IssuerReference) Object {
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1",
		"kind":       "Certificate",
		"metadata":   map[string]any{"name": host, "namespace": gateway.Namespace},
		"spec": map[string]any{
			"secretName": CertificateSecret(host),
			"dnsNames":   []any{host},
			"usages":     []any{"digital signature", "server auth"},
			"privateKey": map[string]any{"algorithm": "ECDSA", "size": int64(256), "rotationPolicy": "Always"},
			"issuerRef":  map[string]any{"group": "cert-manager.io", "kind": issuer.Kind, "name": issuer.Name},
		},
	}}
	u.SetLabels(s.Labels())
	return Object{Unstructured: u, Owner: FieldOwner}
}

// CertificateSecret is the Secret that holds a host's certificate. The longest hosts leave no room for a suffix.
func CertificateSecret(host string) string {
	const suffix = "-tls"
	if len(host)+len(suffix) > validation.DNS1123SubdomainMaxLength {
		host = fmt.Sprintf("%x", sha256.Sum256([]byte(host)))
	}
	return host + suffix
}

// ListenerOwner is the field owner of a host's listener. Listeners of one Gateway have an owner each: with a shared one,
// applying the next host's listener would remove this one's.
func ListenerOwner(host string) string { return "govpk-" + ShortHash(host) }

// Listener is a host's listener on a shared Gateway. It admits the one live namespace, and only while that is exposed.
func Listener(s Scope, host string, gateway v1alpha1.GatewayReference) Object {
	object := NewObject(applygateway.Gateway(gateway.Name, gateway.Namespace).
		WithSpec(applygateway.GatewaySpec().WithListeners(applygateway.Listener().
			WithName(gatewayv1.SectionName(host)).
			WithHostname(gatewayv1.Hostname(host)).
			WithPort(HTTPSPort).
			WithProtocol(gatewayv1.HTTPSProtocolType).
			WithTLS(applygateway.ListenerTLSConfig().
				WithMode(gatewayv1.TLSModeTerminate).
				WithCertificateRefs(applygateway.SecretObjectReference().
					WithGroup("").WithKind("Secret").WithName(gatewayv1.ObjectName(CertificateSecret(host))))).
			WithAllowedRoutes(applygateway.AllowedRoutes().
				WithKinds(applygateway.RouteGroupKind().WithGroup(gatewayv1.GroupName).WithKind("HTTPRoute")).
				WithNamespaces(applygateway.RouteNamespaces().
					WithFrom(gatewayv1.NamespacesFromSelector).
					WithSelector(applymeta.LabelSelector().WithMatchLabels(map[string]string{
						corev1.LabelMetadataName: s.StageNamespace(),
						v1alpha1.ExposureLabel:   v1alpha1.LiveNamespace,
					})))))))
	object.Owner = ListenerOwner(host)
	return object
}
