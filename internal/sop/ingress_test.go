// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// newClaim is bound since before anything else.
func newClaim(namespace, name string, change ...func(*v1alpha1.DomainClaim)) v1alpha1.DomainClaim {
	claim := v1alpha1.DomainClaim{Spec: v1alpha1.DomainClaimSpec{
		Application: v1alpha1.ApplicationReference{Namespace: namespace, Name: name}, Organization: namespace, State: v1alpha1.DomainBound,
	}}
	claim.CreationTimestamp = metav1.NewTime(received)
	for _, c := range change {
		c(&claim)
	}
	return claim
}

func ending(state v1alpha1.DomainClaimState, at time.Time) func(*v1alpha1.DomainClaim) {
	return func(claim *v1alpha1.DomainClaim) {
		claim.Spec.State, claim.Spec.Expires = state, &metav1.Time{Time: at}
	}
}

func claimedAt(at time.Time) func(*v1alpha1.DomainClaim) {
	return func(claim *v1alpha1.DomainClaim) { claim.CreationTimestamp = metav1.NewTime(at) }
}

// newGateway is a live Gateway in namespace gateways with nothing but NTC's own listener.
func newGateway(name string) ObservedGateway {
	return ObservedGateway{
		GatewayReference: v1alpha1.GatewayReference{Namespace: "gateways", Name: name},
		Exists:           true, IssuerExists: true,
		Listeners: map[string]ObservedListener{"ntc": {Programmed: true}},
	}
}

func fill(g *ObservedGateway) {
	for i := len(g.Listeners); i < MaxListeners; i++ {
		g.Listeners[fmt.Sprintf("other-%d", i)] = ObservedListener{Programmed: true}
	}
}

func newListener(name, hostname string, admits map[string]string) ObservedListener {
	return ObservedListener{Programmed: true, Listener: gatewayv1.Listener{
		Name: gatewayv1.SectionName(name), Hostname: ptr.To(gatewayv1.Hostname(hostname)), Port: 443, Protocol: gatewayv1.HTTPSProtocolType,
		TLS: &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "certificate"}}},
		AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{
			From: ptr.To(gatewayv1.NamespacesFromSelector), Selector: &metav1.LabelSelector{MatchLabels: admits},
		}},
	}}
}

func ownListener(c *Case, h string) ObservedListener {
	return newListener(h, h, map[string]string{
		corev1.LabelMetadataName: c.Scope(v1alpha1.LiveNamespace).StageNamespace(), v1alpha1.ExposureLabel: v1alpha1.LiveNamespace,
	})
}

func wildcardListener(name, hostname string) ObservedListener {
	return newListener(name, hostname, map[string]string{v1alpha1.ExposureLabel: v1alpha1.LiveNamespace})
}

// goldenClaim is namespace/name of its holder, or more of it.
type goldenClaim struct {
	// Holder is namespace/name.
	Holder       string
	Organization string
	State        v1alpha1.DomainClaimState
	At           metav1.Time
	Expires      *metav1.Time
}

func (g *goldenClaim) UnmarshalJSON(content []byte) error {
	if json.Unmarshal(content, &g.Holder) == nil {
		return nil
	}
	type plain goldenClaim
	return json.Unmarshal(content, (*plain)(g))
}

func (g goldenClaim) observed(name string) v1alpha1.DomainClaim {
	namespace, holder, _ := strings.Cut(g.Holder, "/")
	return newClaim(namespace, holder, func(claim *v1alpha1.DomainClaim) {
		claim.Name, claim.UID, claim.ResourceVersion = name, "uid-of-"+types.UID(name), "7"
		if g.Organization != "" {
			claim.Spec.Organization = g.Organization
		}
		if g.State != "" {
			claim.Spec.State, claim.Spec.Expires = g.State, g.Expires
		}
		if !g.At.IsZero() {
			claim.CreationTimestamp = g.At
		}
	})
}

// goldenGateway is one of the policy's Gateways.
type goldenGateway struct {
	Missing, NoIssuer bool
	// Full: other listeners fill it.
	Full bool
	// Programmed are the application's own listeners; Wildcards are NTC's, by name, as is Broken, which is not programmed.
	Programmed        []string
	Wildcards, Broken map[string]string
}

func (g goldenGateway) observed(c *Case, reference v1alpha1.GatewayReference) ObservedGateway {
	out := newGateway(reference.Name)
	out.GatewayReference, out.Exists, out.IssuerExists = reference, !g.Missing, !g.NoIssuer
	if g.Missing {
		out.Listeners = nil
		return out
	}
	for _, h := range g.Programmed {
		out.Listeners[h] = ownListener(c, h)
	}
	for name, hostname := range g.Wildcards {
		out.Listeners[name] = wildcardListener(name, hostname)
	}
	for name, hostname := range g.Broken {
		listener := wildcardListener(name, hostname)
		listener.Programmed, listener.Message = false, "its certificate expired"
		out.Listeners[name] = listener
	}
	if g.Full {
		fill(&out)
	}
	return out
}

func (i goldenIngress) observed(c *Case) ObservedIngress {
	out := ObservedIngress{MeshIssuerExists: i.MeshIssuerExists, MissingKinds: i.MissingKinds, Certificates: map[string]ObservedCertificate{}, Attachments: map[string]Attachment{}}
	if len(i.Gateways) == 0 {
		i.Gateways = []goldenGateway{{Missing: !i.GatewayExists, NoIssuer: !i.IssuerExists, Programmed: i.Programmed}}
	}
	if c.Policy == nil {
		return out
	}
	for n, reference := range c.Policy.Gateways.Live {
		out.Gateways = append(out.Gateways, i.Gateways[n].observed(c, reference))
		for _, h := range i.Certified {
			out.Certificates[reference.Namespace+"/"+h] = ObservedCertificate{Ready: true}
		}
		for h, message := range i.Uncertified {
			out.Certificates[reference.Namespace+"/"+h] = ObservedCertificate{Message: message}
		}
	}
	for h, at := range i.Attached {
		parts := slices.Concat(strings.Split(at, "/"), []string{""})
		out.Attachments[h] = Attachment{Gateway: v1alpha1.GatewayReference{Namespace: parts[0], Name: parts[1]}, Listener: parts[2]}
	}
	return out
}
