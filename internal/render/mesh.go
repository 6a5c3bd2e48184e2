// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	applygateway "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// AuthoritiesName is the ConfigMap in each stage namespace with the authorities of all components, as ca.crt.
const AuthoritiesName = "govpk-authorities"

// PeerSecret is the Secret that holds a component's certificate.
func PeerSecret(component string) string { return "govpk-tls-" + component }

// PeerCertificate asks cert-manager for a component's certificate. It holds for an hour, so that one that is stolen soon
// is worth nothing, and is renewed after half of it. Its organizational units are what the component may call, so that a callee
// need not know its callers, nor be restarted for a new one.
func PeerCertificate(s Scope, component, identity string, grants []string, issuer v1alpha1.IssuerReference) Object {
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1",
		"kind":       "Certificate",
		"metadata":   map[string]any{"name": component, "namespace": s.StageNamespace()},
		"spec": map[string]any{
			"secretName":           PeerSecret(component),
			"commonName":           identity,
			"dnsNames":             []any{identity, "*." + identity},
			"duration":             "1h0m0s",
			"renewBefore":          "30m0s",
			"revisionHistoryLimit": int64(1),
			"usages":               []any{"digital signature", "server auth", "client auth"},
			"privateKey":           map[string]any{"algorithm": "ECDSA", "size": int64(256), "rotationPolicy": "Always"},
			"issuerRef":            map[string]any{"group": "cert-manager.io", "kind": issuer.Kind, "name": issuer.Name},
		},
	}}
	if len(grants) > 0 {
		// cert-manager compares names with a Secret that it finds, and no units: an application that returns would keep its old ones.
		spec := u.Object["spec"].(map[string]any)
		spec["dnsNames"] = append(spec["dnsNames"].([]any), "grants-"+ShortHash(strings.Join(grants, ","))+"."+identity)
		units := make([]any, 0, len(grants))
		for _, grant := range grants {
			units = append(units, grant)
		}
		spec["subject"] = map[string]any{"organizationalUnits": units}
	}
	u.SetLabels(s.componentLabels(component))
	return Object{Unstructured: u, Owner: FieldOwner}
}

// ExternalAuthorities is the key in AuthoritiesName of those of hosts outside the cluster, where they are not the internet's. It
// follows their content: a proxy reads them when it starts, so others make another pod.
func ExternalAuthorities(bundle string) string { return "external-" + ShortHash(bundle) + ".crt" }

// Authorities is what components and gateways judge certificates of components by, and an egress proxy those of external hosts.
func Authorities(s Scope, bundle, external string) Object {
	data := map[string]string{}
	if bundle != "" {
		data["ca.crt"] = bundle
	}
	if external != "" {
		data[ExternalAuthorities(external)] = external
	}
	return NewObject(applycore.ConfigMap(AuthoritiesName, s.StageNamespace()).
		WithLabels(s.Labels()).
		WithData(data))
}

// BackendTLSPolicy makes gateways speak TLS to a port of a component, and verify who answers. Its name has a dot, which neither
// of its parts can have.
func BackendTLSPolicy(s Scope, component string, port ServicePort, hostname string) Object {
	return NewObject(applygateway.BackendTLSPolicy(component+"."+port.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component)).
		WithSpec(applygateway.BackendTLSPolicySpec().
			WithTargetRefs(applygateway.LocalPolicyTargetReferenceWithSectionName().
				WithGroup("").WithKind("Service").WithName(gatewayv1.ObjectName(component)).WithSectionName(gatewayv1.SectionName(port.Name))).
			WithValidation(applygateway.BackendTLSPolicyValidation().
				WithHostname(gatewayv1.PreciseHostname(hostname)).
				WithCACertificateRefs(applygateway.LocalObjectReference().
					WithGroup("").WithKind("ConfigMap").WithName(AuthoritiesName)))))
}
