// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const istioSecurity, istioNetworking = "security.istio.io/v1", "networking.istio.io/v1"

// AccountName is the ServiceAccount of a component, which is its identity in Istio. The prefix keeps a component named
// default away from the account of that name, which every namespace has.
func AccountName(component string) string { return "component-" + component }

// ServiceAccount is an identity and nothing else: no token is mounted and no role is bound to it.
func ServiceAccount(s Scope, component string) Object {
	return NewObject(applycore.ServiceAccount(AccountName(component), s.StageNamespace()).
		WithLabels(s.componentLabels(component)).
		WithAutomountServiceAccountToken(false))
}

// PeerAuthentication lets pods of the stage take nothing but mutual TLS.
func PeerAuthentication(s Scope) Object {
	return istioObject(istioSecurity, "PeerAuthentication", "default", s.StageNamespace(), s.Labels(), map[string]any{
		"mtls": map[string]any{"mode": "STRICT"},
	})
}

// Admission says who may connect to a port of a component.
type Admission struct {
	// Port is the number at which the pod listens.
	Port int32
	// Principals are identities as Istio writes them: <trust domain>/ns/<namespace>/sa/<ServiceAccount>.
	Principals []string
}

// AllowPrincipals admits exactly the given ones. Without any there is no policy: a rule that names nobody would match everybody.
func AllowPrincipals(s Scope, component string, admissions []Admission) (Object, bool) {
	var rules []any
	for _, a := range admissions {
		if len(a.Principals) == 0 {
			continue
		}
		rules = append(rules, map[string]any{
			"from": principals(a.Principals...),
			"to":   []any{map[string]any{"operation": map[string]any{"ports": []any{strconv.Itoa(int(a.Port))}}}},
		})
	}
	if len(rules) == 0 {
		return Object{}, false
	}
	return istioObject(istioSecurity, "AuthorizationPolicy", "allow-"+component, s.StageNamespace(), s.componentLabels(component), map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{v1alpha1.ComponentLabel: component}},
		"action":   "ALLOW",
		"rules":    rules,
	}), true
}

// DenyUndeclared refuses, in the whole stage, whatever no AllowPrincipals admits. It admits a principal that nobody has, since
// some data planes (gRPC's) take a policy without rules for no policy at all.
func DenyUndeclared(s Scope, nobody string) Object {
	return istioObject(istioSecurity, "AuthorizationPolicy", "deny-undeclared", s.StageNamespace(), s.Labels(), map[string]any{
		"action": "ALLOW",
		"rules":  []any{map[string]any{"from": principals(nobody)}},
	})
}

// ServiceEntry tells the mesh of a host outside, for this namespace alone, so that a mesh which lets nothing unknown out lets it out.
// It resolves nothing: the proxy does, and verifies whom it found. With resolution DNS Istio would give the host's name an address of
// its own, in other namespaces as well, since ztunnel does not heed exportTo.
func ServiceEntry(s Scope, host string, ports []int32) Object {
	var list []any
	for _, port := range ports {
		list = append(list, map[string]any{"name": "tls-" + strconv.Itoa(int(port)), "number": int64(port), "protocol": "TLS"})
	}
	return istioObject(istioNetworking, "ServiceEntry", host, s.StageNamespace(), s.Labels(), map[string]any{
		"hosts":      []any{host},
		"exportTo":   []any{"."},
		"location":   "MESH_EXTERNAL",
		"resolution": "NONE",
		"ports":      list,
	})
}

func principals(names ...string) []any {
	var list []any
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		list = append(list, name)
	}
	return []any{map[string]any{"source": map[string]any{"principals": list}}}
}

func istioObject(version, kind, name, namespace string, labels map[string]string, spec map[string]any) Object {
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": version,
		"kind":       kind,
		"metadata":   map[string]any{"name": name, "namespace": namespace},
		"spec":       spec,
	}}
	u.SetLabels(labels)
	return Object{Unstructured: u, Owner: FieldOwner}
}
