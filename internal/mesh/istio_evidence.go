// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// IstioState is what encryption in a stage rests on where Istio carries it.
type IstioState struct {
	// Namespace is the stage namespace.
	Namespace string
	// Pods are those of its components that have not ended.
	Pods []IstioPod
	// Peers are the PeerAuthentications of the stage namespace and of RootNamespace.
	Peers []IstioPeerAuthentication
	// Policies are the AuthorizationPolicies there that the operator did not write.
	Policies []IstioAuthorizationPolicy
	// Gateways are those that reach the stage.
	Gateways []IstioGateway
}

// IstioPod is a pod as its enrolment is judged.
type IstioPod struct {
	Name                string
	Labels, Annotations map[string]string
	// Containers are the names of its containers and init containers.
	Containers []string
}

// MTLSMode is what a PeerAuthentication demands: UNSET, DISABLE, PERMISSIVE or STRICT. Empty is UNSET: what lies above holds.
type MTLSMode string

// StrictMode is the one mode that refuses plaintext.
const StrictMode MTLSMode = "STRICT"

func (m MTLSMode) unset() bool { return m == "" || m == "UNSET" }

// IstioPeerAuthentication is one policy about plaintext.
type IstioPeerAuthentication struct {
	Namespace, Name string
	Created         time.Time
	// Selector are the labels of the pods it is for; nil: all of the namespace, and in RootNamespace all of the mesh.
	Selector map[string]string
	Mode     MTLSMode
	// Ports are modes of their own, by port number.
	Ports map[int64]MTLSMode
}

func (p IstioPeerAuthentication) object() string {
	return "PeerAuthentication " + p.Namespace + "/" + p.Name
}

// IstioAuthorizationPolicy is one policy about who may connect.
type IstioAuthorizationPolicy struct {
	Namespace, Name string
	// Selector is as that of IstioPeerAuthentication.
	Selector map[string]string
	// Action is ALLOW, the default where it is empty, DENY, AUDIT or CUSTOM.
	Action string
	// Targeted is true where the policy is for gateways, waypoints or Services and not for pods.
	Targeted bool
}

// IstioGateway is a Gateway and the class whose controller runs it.
type IstioGateway struct{ Namespace, Name, Class string }

// IstioGaps are what keeps encryption in a stage from being proven, each once, in one order; none: it is proven. A pod's label
// says only what is wished for, so it does not count.
func IstioGaps(s IstioState) []Gap {
	var gaps []Gap
	add := func(found ...Gap) {
		for _, gap := range found {
			if !slices.Contains(gaps, gap) {
				gaps = append(gaps, gap)
			}
		}
	}
	for _, pod := range s.Pods {
		add(s.enrolmentGaps(pod)...)
		add(s.plaintextGaps(pod)...)
		add(s.callerGaps(pod)...)
	}
	for _, gateway := range s.Gateways {
		if gap, found := gateway.Gap(); found {
			add(gap)
		}
	}
	return gaps
}

// Gap is why a Gateway cannot reach pods in the mesh.
func (g IstioGateway) Gap() (Gap, bool) {
	return Gap{
		Object:  "Gateway " + g.Namespace + "/" + g.Name,
		Problem: fmt.Sprintf("is of class %q, whose proxy does not speak Istio's mutual TLS to pods", g.Class),
		Remedy:  "NTC names Gateways of class " + GatewayClass + " in DeploymentPolicy default spec.gateways, or sets spec.mesh.type to Sidecar",
	}, g.Class != GatewayClass
}

const (
	redirectionAnnotation   = "ambient.istio.io/redirection"
	sidecarStatusAnnotation = "sidecar.istio.io/status"
	sidecarContainer        = "istio-proxy"
)

// around are annotations that lead connections past Istio's proxies.
var around = []string{
	"ambient.istio.io/bypass-inbound-capture",
	"traffic.sidecar.istio.io/excludeInboundPorts", "traffic.sidecar.istio.io/includeInboundPorts", "traffic.sidecar.istio.io/excludeInterfaces",
	"traffic.sidecar.istio.io/excludeOutboundIPRanges", "traffic.sidecar.istio.io/includeOutboundIPRanges",
	"traffic.sidecar.istio.io/excludeOutboundPorts", "traffic.sidecar.istio.io/includeOutboundPorts",
}

// JudgedIstioAnnotations are those of a pod that enrolment is judged by.
func JudgedIstioAnnotations() []string {
	return append([]string{redirectionAnnotation, sidecarStatusAnnotation}, around...)
}

// Enrolled is true when Istio says that it carries the pod's connections.
func (p IstioPod) Enrolled() bool {
	_, injected := p.Annotations[sidecarStatusAnnotation]
	return p.Annotations[redirectionAnnotation] == "enabled" || injected && slices.Contains(p.Containers, sidecarContainer)
}

func (s IstioState) enrolmentGaps(pod IstioPod) []Gap {
	var gaps []Gap
	object := "pod " + s.Namespace + "/" + pod.Name
	for _, annotation := range around {
		if value, ok := pod.Annotations[annotation]; ok && value != "false" {
			gaps = append(gaps, Gap{
				Object:  object,
				Problem: fmt.Sprintf("has annotation %s=%q, which leads connections past Istio", annotation, value),
				Remedy:  "NTC operations delete the pod and find who annotated it: no component can ask for this",
			})
		}
	}
	_, injected := pod.Annotations[sidecarStatusAnnotation]
	gap := Gap{Object: object}
	switch redirection := pod.Annotations[redirectionAnnotation]; {
	case pod.Enrolled():
		return gaps
	case redirection != "":
		gap.Problem = fmt.Sprintf("is not in the mesh yet: annotation %s is %q", redirectionAnnotation, redirection)
		gap.Remedy = "NTC looks at ztunnel and istio-cni on the pod's node"
	case injected:
		gap.Problem = "says that it has an Istio sidecar and has no container " + sidecarContainer
		gap.Remedy = "NTC operations delete the pod, so that it is made anew"
	default:
		gap.Problem = "is not in the mesh: Istio has not set annotation " + redirectionAnnotation
		gap.Remedy = "NTC installs Istio's ambient mode with istio-cni and ztunnel on the pod's node, and the pod is deleted where that came later than the pod"
	}
	return append(gaps, gap)
}

// outcome is a mode and the policy that sets it; no policy: Istio's own default.
type outcome struct {
	mode   MTLSMode
	policy *IstioPeerAuthentication
}

// plaintextGaps are the policies by which a pod takes plaintext. Of policies at one level the oldest holds; where several are
// equally old, ztunnel and sidecars may choose differently, so none of them may be weak.
func (s IstioState) plaintextGaps(pod IstioPod) []Gap {
	outcomes := []outcome{{mode: "PERMISSIVE"}}
	for _, level := range s.levels(pod) {
		oldest := oldest(level)
		if len(oldest) == 0 {
			continue
		}
		var next []outcome
		for i := range oldest {
			if oldest[i].Mode.unset() {
				next = append(next, outcomes...)
				continue
			}
			next = append(next, outcome{oldest[i].Mode, &oldest[i]})
		}
		outcomes = next
	}
	var gaps []Gap
	for _, found := range outcomes {
		if found.mode != StrictMode {
			gaps = append(gaps, found.gap(s.Namespace))
		}
	}
	// Only policies with a selector have ports.
	for _, policy := range oldest(s.selecting(pod)) {
		for _, port := range slices.Sorted(maps.Keys(policy.Ports)) {
			if mode := policy.Ports[port]; !mode.unset() && mode != StrictMode {
				gaps = append(gaps, weak(policy, fmt.Sprintf("sets portLevelMtls.%d.mode to %s", port, mode)))
			}
		}
	}
	return gaps
}

func (o outcome) gap(namespace string) Gap {
	if o.policy != nil {
		return weak(*o.policy, fmt.Sprintf("sets mtls.mode to %s", o.mode))
	}
	return Gap{
		Object:  "namespace " + namespace,
		Problem: "has no PeerAuthentication that demands mutual TLS, so its pods take plaintext",
		Remedy:  "none: the operator writes it; where it does not return, conditions of the application say who holds it",
	}
}

func weak(policy IstioPeerAuthentication, problem string) Gap {
	return Gap{Object: policy.object(), Problem: problem + ", so pods take plaintext", Remedy: "NTC removes that policy: the operator's own demands STRICT"}
}

// levels are the policies that may hold for a pod, the later ones over the earlier ones: of the mesh, of the namespace, with a
// selector. In RootNamespace a selector makes a policy one for nobody outside.
func (s IstioState) levels(pod IstioPod) [][]IstioPeerAuthentication {
	var mesh, namespace []IstioPeerAuthentication
	for _, policy := range s.Peers {
		switch {
		case policy.Namespace == RootNamespace && policy.Selector == nil:
			mesh = append(mesh, policy)
		case policy.Namespace == s.Namespace && len(policy.Selector) == 0:
			namespace = append(namespace, policy)
		}
	}
	return [][]IstioPeerAuthentication{mesh, namespace, s.selecting(pod)}
}

func (s IstioState) selecting(pod IstioPod) []IstioPeerAuthentication {
	return slices.DeleteFunc(slices.Clone(s.Peers), func(p IstioPeerAuthentication) bool {
		return p.Namespace != s.Namespace || len(p.Selector) == 0 || !selects(p.Selector, pod)
	})
}

func oldest(policies []IstioPeerAuthentication) []IstioPeerAuthentication {
	if len(policies) == 0 {
		return nil
	}
	first := slices.MinFunc(policies, func(a, b IstioPeerAuthentication) int { return a.Created.Compare(b.Created) }).Created
	return slices.DeleteFunc(slices.Clone(policies), func(p IstioPeerAuthentication) bool { return !p.Created.Equal(first) })
}

func selects(selector map[string]string, pod IstioPod) bool {
	for key, value := range selector {
		if have, ok := pod.Labels[key]; !ok || have != value {
			return false
		}
	}
	return true
}

// callerGaps are the policies of others that admit callers to a pod: Istio adds up what it is told to allow.
func (s IstioState) callerGaps(pod IstioPod) []Gap {
	var gaps []Gap
	for _, policy := range s.Policies {
		ours := policy.Namespace == s.Namespace || policy.Namespace == RootNamespace
		if !ours || policy.Targeted || !selects(policy.Selector, pod) || !strings.EqualFold(policy.Action, "ALLOW") && policy.Action != "" {
			continue
		}
		gaps = append(gaps, Gap{
			Object:  "AuthorizationPolicy " + policy.Namespace + "/" + policy.Name,
			Problem: "admits callers that no release declares",
			Remedy:  "NTC removes it, or gives it a selector that matches no component",
		})
	}
	return gaps
}
