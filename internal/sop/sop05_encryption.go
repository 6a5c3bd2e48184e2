// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// Clause 5, Data Flows: every flow is encrypted. At the gateway: HTTPS only, HSTS, a certificate per host or NTC's wildcard
// (gateways.go). Between components, and from the gateway to them: mutual TLS by the policy's mesh (mesh.go, internal/mesh),
// default-deny both ways and the declared edges alone; out of the cluster by a proxy of the operator's (egress.go), and
// to government data by another (data_apis.go). The finding is met on evidence only (encryption_evidence.go);
// without it the live routes are withheld, and withdrawn where it is lost. Admission: govpk-certificates, govpk-children,
// govpk-secrets, govpk-encryption, govpk-installation.
func encryption() Clause {
	return Clause{
		Source:    SOP,
		Number:    5,
		Title:     "Data Flows",
		Condition: v1alpha1.ConditionTrafficEncrypted,
		Demands:   "All data flows between application, databases and other systems or users are encrypted.",
		Assess:    assessEncryption,
		Enforce:   enforceEncryption,
		Guards:    []string{"govpk-certificates", "govpk-children", "govpk-secrets", "govpk-encryption", "govpk-installation"},
	}
}

func assessEncryption(c *Case, release *v1alpha1.Release) Finding {
	if f := assessMesh(c, release); f.Outcome != Met {
		return f
	}
	var t Target
	switch release.Name {
	case c.Live.Release:
		t = c.liveTarget(release)
	case c.Test.Release:
		t = c.testTarget(release)
	default:
		return finding(Unproven, v1alpha1.ReasonNotVerified, "nothing of %s runs, so nothing is encrypted yet", release.Name)
	}
	if c.locked() && t.live() {
		return finding(Unproven, v1alpha1.ReasonNotVerified, "%s is offline: there are no flows", release.Name)
	}
	gaps, next := c.gaps(t)
	if len(gaps) > 0 {
		return c.unencrypted(t, gaps, next)
	}
	if f, stays := c.staysWith(t); stays {
		f.Deadline = next
		return f
	}
	f := finding(Met, v1alpha1.ReasonEncrypted, "every pod of %s in %s proves itself with a current certificate, and undeclared flows are refused%s",
		release.Name, t.Scope.StageNamespace(), t.unreachable()+c.withoutData(t))
	f.Deadline = next
	return f
}

// unencrypted says what is missing, and what becomes of the live routes.
func (c *Case) unencrypted(t Target, gaps []mesh.Gap, next time.Time) Finding {
	message := gaps[0].String()
	if more := len(gaps) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more)", more)
	}
	switch {
	case !t.live() || !c.routed():
		f := finding(Progressing, v1alpha1.ReasonNotVerified, "%s", message)
		f.Deadline = next
		return f
	case c.brake():
		f := finding(Refused, v1alpha1.ReasonFleetUnencrypted,
			"%s; so many applications lost their encryption that it is taken for the platform's fault: routes stay, launches are frozen, NTC repairs the platform", message)
		f.Deadline = next
		return f
	case c.routable(t):
		f := finding(Refused, v1alpha1.ReasonEncryptionLost, "%s; the routes are withdrawn if this lasts %s", message, c.grace())
		f.Deadline = earliest(next, c.withdrawal())
		return f
	}
	f := finding(Refused, v1alpha1.ReasonEncryptionLost, "%s; the routes are withdrawn until then", message)
	f.Deadline = next
	return f
}

// assessMesh judges what the policy says of the mesh, before anything of a release runs.
func assessMesh(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	if f := c.assessDataCarrier(release); f.Outcome != Met {
		return f
	}
	if c.Policy.Mesh.Type == v1alpha1.MeshIstio {
		return c.assessIstioEgress(release)
	}
	return c.assessSidecars()
}

// assessSidecars judges what the policy says of them.
func (c *Case) assessSidecars() Finding {
	policy := c.Policy.Mesh
	switch {
	case policy.Image == "":
		return finding(Refused, v1alpha1.ReasonMeshNotConfigured, "DeploymentPolicy default spec.mesh.image is not set: NTC names the sidecar's image by digest")
	case policy.CABundle == "":
		return finding(Refused, v1alpha1.ReasonMeshNotConfigured, "DeploymentPolicy default spec.mesh.caBundle is not set: NTC names the authorities behind spec.mesh.issuer in PEM")
	case !c.Ingress.MeshIssuerExists:
		return finding(Refused, v1alpha1.ReasonIssuerMissing, "%s %s does not exist; NTC creates it or corrects DeploymentPolicy default spec.mesh.issuer",
			policy.Issuer.Kind, policy.Issuer.Name)
	}
	return Finding{}
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
	for _, o := range c.meshObjects(t) {
		if t.Offline == nil || !slices.Contains([]string{"Certificate", "BackendTLSPolicy", "ServiceEntry"}, o.GetKind()) {
			objects = append(objects, t.standing(o))
		}
	}
	if t.Offline == nil {
		for _, name := range t.componentNames() {
			if policy, ok := render.AllowFlows(t.Scope, c.carrier(t).Flows(c.flows(t, name))); ok {
				objects = append(objects, policy)
			}
		}
		if policy, ok := c.egressFlows(t); ok {
			objects = append(objects, policy)
		}
		if policy, ok := c.dataFlows(t); ok {
			objects = append(objects, policy)
		}
	}
	if t.live() {
		objects = append(objects, c.ownListeners(t)...)
	}
	return objects
}

// meshObjects are those of the stage's carrier, and what a move to another one needs before. A policy that has lost its authorities takes
// them from nobody.
func (c *Case) meshObjects(t Target) []render.Object {
	objects := c.carrier(t).Objects(c.meshStage(t))
	for _, o := range c.preparation(t) {
		if !slices.ContainsFunc(objects, func(other render.Object) bool {
			return other.GetKind() == o.GetKind() && other.GetName() == o.GetName()
		}) {
			objects = append(objects, o)
		}
	}
	for i, o := range objects {
		if o.GetKind() == "ConfigMap" && c.meshPolicy(t).Type == v1alpha1.MeshSidecar && c.wantedMesh().CABundle == "" {
			objects[i].Mode = render.Keep
		}
	}
	return objects
}

// flows are the edges of the data-flow diagram that begin or end at a component. While a release rolls they are those of both
// releases: each was audited, and pods of both run.
func (c *Case) flows(t Target, name string) render.Flows {
	f := render.Flows{Component: v1alpha1.Component{Name: name}, Callers: map[string][]int32{}, Callees: map[string][]int32{}}
	for _, release := range t.releases() {
		for _, caller := range release.Spec.Components {
			for _, edge := range caller.ConnectsTo {
				if edge.External != nil {
					if caller.Name == name && hasEgress(t) && !t.closed(*edge.External) {
						f.Callees[mesh.EgressName] = append(f.Callees[mesh.EgressName], edge.External.Port)
					}
					continue
				}
				if edge.GovernmentDataAPI != "" {
					if caller.Name == name && c.reachesData(t, edge.GovernmentDataAPI) {
						f.Callees[mesh.DataName] = append(f.Callees[mesh.DataName], sidecar.PeerPort)
					}
					continue
				}
				if caller.Name != name && edge.Component != name {
					continue
				}
				number := portNumber(release, edge.Component, edge.Port)
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
