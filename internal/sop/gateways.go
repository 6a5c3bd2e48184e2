// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// MaxListeners is the bound of Gateway API on spec.listeners.
const MaxListeners = 64

// ObservedIngress is what the live gateways and the application's certificates look like.
type ObservedIngress struct {
	// MissingKinds are the kinds that the cluster does not serve, such as Gateway.gateway.networking.k8s.io.
	MissingKinds []string
	// Gateways are those of the policy, in its order.
	Gateways []ObservedGateway
	// TestGateway is that of the policy's test domain; of it no more is looked at than that it exists, and its class.
	TestGateway ObservedGateway
	// Certificates are by namespace/host.
	Certificates map[string]ObservedCertificate
	// Attachments say where the live routes are attached, by host.
	Attachments map[string]Attachment
	// MeshIssuerExists is true when the issuer of components' certificates exists.
	MeshIssuerExists bool
}

// ObservedGateway is one Gateway.
type ObservedGateway struct {
	v1alpha1.GatewayReference
	Exists bool
	// Class is its GatewayClass.
	Class string
	// IssuerExists is true when the policy's issuer can issue in the Gateway's namespace.
	IssuerExists bool
	// Listeners are by name.
	Listeners map[string]ObservedListener
}

// ObservedListener is one listener of a live Gateway.
type ObservedListener struct {
	gatewayv1.Listener
	Programmed bool
	Message    string
}

// ObservedCertificate is a Certificate's own verdict.
type ObservedCertificate struct {
	Ready bool
	// Issuing is true while cert-manager works on it.
	Issuing bool
	Message string
	// Outdated is true until what was issued is what is asked for now.
	Outdated bool
	// Issuer is the name of the issuer that is asked.
	Issuer string
	// NotAfter is the end of what was issued; zero: unknown.
	NotAfter time.Time
}

// Attachment is the listener that a route is attached to.
type Attachment struct {
	Gateway  v1alpha1.GatewayReference
	Listener string
}

// place is where a live host is reached.
type place struct {
	Attachment
	// shared: the listener is NTC's wildcard, and its certificate NTC's.
	shared bool
	// standing: the listener is there.
	standing bool
	// missing: the Gateway is not.
	missing bool
}

// places say where each host of a release is reached. A host without a place finds no Gateway with room.
func (c *Case) places(release *v1alpha1.Release) map[string]place {
	room := map[v1alpha1.GatewayReference]int{}
	for _, gateway := range c.Ingress.Gateways {
		if gateway.Exists {
			room[gateway.GatewayReference] = MaxListeners - len(gateway.Listeners)
		}
	}
	places, live := map[string]place{}, c.Scope(v1alpha1.LiveNamespace).StageNamespace()
	for _, d := range release.Spec.Domains {
		p, ok := c.standing(d.Host, live)
		if !ok {
			p, ok = c.wildcard(d.Host)
		}
		if !ok {
			if p, ok = c.withRoom(d.Host, room); ok {
				room[p.Gateway]--
			}
		}
		if ok {
			places[d.Host] = p
		}
	}
	return places
}

// standing is where a host already is. It stays there, whatever appears elsewhere: with its own listener though NTC makes a
// wildcard, with a wildcard though that is not programmed at the moment, with a Gateway that is missing until the policy
// lists it no more. So no host moves but by NTC's hand.
func (c *Case) standing(host, live string) (place, bool) {
	for _, gateway := range c.Ingress.Gateways {
		if listener, ok := gateway.Listeners[host]; ok && admits(listener, corev1.LabelMetadataName, live) {
			return place{Attachment: Attachment{gateway.GatewayReference, host}, standing: true}, true
		}
	}
	at, attached := c.Ingress.Attachments[host]
	for _, gateway := range c.Ingress.Gateways {
		if !attached || gateway.GatewayReference != at.Gateway {
			continue
		}
		listener, ok := gateway.Listeners[at.Listener]
		if covers := ok && covers(listener, host); covers || !gateway.Exists {
			return place{Attachment: at, shared: covers || at.Listener != host, standing: covers, missing: !gateway.Exists}, true
		}
	}
	return place{}, false
}

// wildcard is NTC's first wildcard listener that covers a host and works.
func (c *Case) wildcard(host string) (place, bool) {
	for _, gateway := range c.Ingress.Gateways {
		for _, name := range slices.Sorted(maps.Keys(gateway.Listeners)) {
			if listener := gateway.Listeners[name]; listener.Programmed && covers(listener, host) {
				return place{Attachment: Attachment{gateway.GatewayReference, name}, shared: true, standing: true}, true
			}
		}
	}
	return place{}, false
}

// withRoom is the Gateway that a host waits at already, or the first with room for a listener.
func (c *Case) withRoom(host string, room map[v1alpha1.GatewayReference]int) (place, bool) {
	references := make([]v1alpha1.GatewayReference, 0, len(c.Ingress.Gateways)+1)
	if at, ok := c.Ingress.Attachments[host]; ok {
		references = append(references, at.Gateway)
	}
	for _, gateway := range c.Ingress.Gateways {
		references = append(references, gateway.GatewayReference)
	}
	for _, reference := range references {
		if room[reference] > 0 {
			return place{Attachment: Attachment{reference, host}}, true
		}
	}
	return place{}, false
}

// covers is true for a listener of NTC's that terminates TLS for exactly the names one label deep and admits what is exposed.
func covers(l ObservedListener, host string) bool {
	if l.Protocol != gatewayv1.HTTPSProtocolType || l.Hostname == nil || string(*l.Hostname) != domain.Wildcard(host) {
		return false
	}
	if l.TLS == nil || l.TLS.Mode != nil && *l.TLS.Mode != gatewayv1.TLSModeTerminate || len(l.TLS.CertificateRefs) == 0 {
		return false
	}
	return len(admitted(l)) == 1 && admits(l, v1alpha1.ExposureLabel, v1alpha1.LiveNamespace) &&
		(len(l.AllowedRoutes.Kinds) == 0 || slices.ContainsFunc(l.AllowedRoutes.Kinds, func(k gatewayv1.RouteGroupKind) bool { return k.Kind == "HTTPRoute" }))
}

// admits is true when a listener selects namespaces by a label.
func admits(l ObservedListener, label, value string) bool {
	return admitted(l)[label] == value
}

// admitted are the labels by which alone a listener selects namespaces.
func admitted(l ObservedListener) map[string]string {
	if l.AllowedRoutes == nil || l.AllowedRoutes.Namespaces == nil {
		return nil
	}
	namespaces := l.AllowedRoutes.Namespaces
	if namespaces.From == nil || *namespaces.From != gatewayv1.NamespacesFromSelector || namespaces.Selector == nil ||
		len(namespaces.Selector.MatchExpressions) > 0 {
		return nil
	}
	return namespaces.Selector.MatchLabels
}

// certificate is what is known of a host's Certificate beside a Gateway.
func (c *Case) certificate(p place, host string) ObservedCertificate {
	return c.Ingress.Certificates[p.Gateway.Namespace+"/"+host]
}

// ownListeners are a Certificate for each live host without a wildcard and, once that was ready, a listener. It stays when
// the Certificate is ready no more: an expired certificate is for the visitor to judge, a closed door for nobody.
func (c *Case) ownListeners(t Target) []render.Object {
	var objects []render.Object
	release := t.routed()
	places := c.places(release)
	for _, d := range release.Spec.Domains {
		p, ok := places[d.Host]
		if !ok || p.shared || !c.holds(d.Host) {
			continue
		}
		objects = append(objects, render.Certificate(t.Scope, d.Host, p.Gateway, c.Policy.Gateways.Issuer))
		if !p.missing && (p.standing || c.certificate(p, d.Host).Ready) {
			objects = append(objects, render.Listener(t.Scope, d.Host, p.Gateway))
		}
	}
	return objects
}

// routes lead to the hosts of a release: in live those that the application holds, at the listener that carries them.
func (c *Case) routes(t Target) []render.Object {
	release := t.routed()
	places, ports := c.places(release), portNumbers(t)
	set, add := c.browserHeaders()
	var objects []render.Object
	for i, d := range release.Spec.Domains {
		r := render.Route{
			Domain:   d,
			Hostname: TestHost(t.Scope, c.Policy.Gateways.Test.Domain, i),
			Gateway:  c.Policy.Gateways.Test.GatewayReference,
			Ports:    ports,
			Set:      append(transportHeaders(), set...),
			Add:      add,
		}
		if t.live() {
			p, ok := places[d.Host]
			if !ok || !c.holds(d.Host) {
				continue
			}
			r.Hostname, r.Gateway, r.Listener = d.Host, p.Gateway, p.Listener
		}
		objects = append(objects, render.HTTPRoute(t.Scope, r))
	}
	return objects
}

// isRouted is true for a component with a path of a host.
func isRouted(release *v1alpha1.Release, component string) bool {
	return slices.ContainsFunc(release.Spec.Domains, func(d v1alpha1.Domain) bool {
		return slices.ContainsFunc(d.Paths, func(path v1alpha1.DomainPath) bool { return path.Component == component })
	})
}

// gatewayFlows are the ports of a component that gateways reach, by the namespace of the gateways; while a release rolls those
// of both releases.
func (c *Case) gatewayFlows(t Target, component string) map[string][]int32 {
	flows := map[string][]int32{}
	for _, release := range t.releases() {
		if !isRouted(release, component) {
			continue
		}
		places := c.places(release)
		for _, d := range release.Spec.Domains {
			namespace := c.Policy.Gateways.Test.Namespace
			if t.live() {
				p, ok := places[d.Host]
				if !ok {
					continue
				}
				namespace = p.Gateway.Namespace
			}
			for _, path := range d.Paths {
				if path.Component == component {
					flows[namespace] = append(flows[namespace], portNumber(release, component, path.Port))
				}
			}
		}
	}
	return flows
}

// TestHost is where the index-th domain of an application is reached in test.
func TestHost(s render.Scope, testDomain string, index int) string {
	if index == 0 {
		return fmt.Sprintf("%s-%s.%s", s.Application, s.Hash(), testDomain)
	}
	return fmt.Sprintf("%s-%s-%d.%s", s.Application, s.Hash(), index+1, testDomain)
}

// assessPlaces says what NTC has to do before a release's hosts can be reached.
func (c *Case) assessPlaces(release *v1alpha1.Release) (Finding, bool) {
	places := c.places(release)
	for _, d := range release.Spec.Domains {
		p, ok := places[d.Host]
		missing := c.missingGateways()
		switch {
		case !ok && len(missing) > 0:
			return finding(Refused, v1alpha1.ReasonGatewayMissing, "Gateway %s does not exist, and %s has no other place; NTC creates it or corrects DeploymentPolicy default spec.gateways.live",
				strings.Join(missing, ", "), d.Host), false
		case !ok:
			return finding(Refused, v1alpha1.ReasonGatewayFull, "Gateway %s has no room for a listener of %s: NTC adds a Gateway to DeploymentPolicy default spec.gateways.live",
				strings.Join(c.gatewayNames(), ", "), d.Host), false
		case p.missing:
			return finding(Refused, v1alpha1.ReasonGatewayMissing, "Gateway %s, which carries %s, does not exist; NTC creates it or removes it from DeploymentPolicy default spec.gateways.live",
				nameOf(p.Gateway), d.Host), false
		case !p.shared && !c.issuerExists(p.Gateway):
			return finding(Refused, v1alpha1.ReasonIssuerMissing, "%s %s does not exist; NTC creates it or corrects DeploymentPolicy default spec.gateways.issuer",
				c.Policy.Gateways.Issuer.Kind, c.issuerName(p.Gateway)), false
		}
	}
	return Finding{}, true
}

// assessHost follows a placed host until it answers.
func (c *Case) assessHost(host string, p place) (Finding, bool) {
	certificate := c.certificate(p, host)
	var listener ObservedListener
	for _, gateway := range c.Ingress.Gateways {
		if gateway.GatewayReference == p.Gateway {
			listener = gateway.Listeners[p.Listener]
		}
	}
	switch {
	case p.shared && !listener.Programmed:
		return finding(Progressing, v1alpha1.ReasonListenerNotReady, "NTC's listener %s of Gateway %s, which carries %s, is not programmed%s",
			p.Listener, nameOf(p.Gateway), host, because(listener.Message)), false
	case !p.shared && !certificate.Ready && p.standing && !certificate.Issuing:
		return finding(Refused, v1alpha1.ReasonCertificateNotReady, "Certificate %s/%s of a live host is not ready%s; its route stays, and NTC looks after the Certificate or its issuer",
			p.Gateway.Namespace, host, because(certificate.Message)), false
	case !p.shared && !certificate.Ready:
		return finding(Progressing, v1alpha1.ReasonCertificateNotReady, "the certificate of %s is not ready%s", host, because(certificate.Message)), false
	case !listener.Programmed:
		return finding(Progressing, v1alpha1.ReasonListenerNotReady, "the listener of %s is not programmed%s", host, because(listener.Message)), false
	case !c.Live.Routes[host]:
		return finding(Progressing, v1alpha1.ReasonRouteNotReady, "the gateway has not accepted the route of %s yet", host), false
	}
	return Finding{}, true
}

func because(message string) string {
	if message == "" {
		return " yet"
	}
	return ": " + message
}

func nameOf(g v1alpha1.GatewayReference) string { return g.Namespace + "/" + g.Name }

func (c *Case) gatewayNames() []string {
	var names []string
	for _, gateway := range c.Ingress.Gateways {
		names = append(names, nameOf(gateway.GatewayReference))
	}
	return names
}

func (c *Case) missingGateways() []string {
	var names []string
	for _, gateway := range c.Ingress.Gateways {
		if !gateway.Exists {
			names = append(names, nameOf(gateway.GatewayReference))
		}
	}
	return names
}

func (c *Case) issuerExists(g v1alpha1.GatewayReference) bool {
	return slices.ContainsFunc(c.Ingress.Gateways, func(o ObservedGateway) bool { return o.GatewayReference == g && o.IssuerExists })
}

func (c *Case) issuerName(g v1alpha1.GatewayReference) string {
	if c.Policy.Gateways.Issuer.Kind == "Issuer" {
		return g.Namespace + "/" + c.Policy.Gateways.Issuer.Name
	}
	return c.Policy.Gateways.Issuer.Name
}
