// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// A stage that runs moves from one carrier to the other as a whole, once all that it needs there is seen; until then it is rendered as
// before. It moves by an ordinary rollout. Meanwhile pods of both kinds run, and NetworkPolicy is what keeps plaintext from passing: each
// carrier opens ports at which nothing but mutual TLS is understood, and no pod listens at those of the other.

// staysWith is true while a stage keeps its carrier though the policy names another one; the finding says what is missing there.
func (c *Case) staysWith(t Target) (Finding, bool) {
	wanted, current := c.wantedMesh().Type, t.Observed.Mesh
	if current == "" || current == wanted || c.Policy == nil || t.Release == nil || t.Offline != nil {
		return Finding{}, false
	}
	f := c.readyForSidecars(t)
	if wanted == v1alpha1.MeshIstio {
		f = c.readyForIstio(t)
	}
	if f.Outcome == Met {
		return Finding{}, false
	}
	f.Message += "; until then " + t.Scope.StageNamespace() + " stays as it is, with spec.mesh.type " + string(current)
	return f, true
}

// readyForSidecars: every component has its certificate, so that no pod has to wait for one.
func (c *Case) readyForSidecars(t Target) Finding {
	if f := c.assessSidecars(); f.Outcome != Met {
		return f
	}
	for _, component := range c.certified(t) {
		gap, found, _ := c.certificateGap(t, component.Name)
		if found {
			return finding(Progressing, v1alpha1.ReasonCertificateNotReady, "%s", gap)
		}
		if t.Observed.Certificates[component.Name].Outdated {
			return finding(Progressing, v1alpha1.ReasonCertificateNotReady, "%s is being issued anew", gap.Object)
		}
	}
	return Finding{}
}

// readyForIstio: its gateways reach the stage, and its proxy runs on each node where the stage does. That its kinds are served, frozen
// looks after.
func (c *Case) readyForIstio(t Target) Finding {
	if f := c.assessIstioEgress(t.releases()...); f.Outcome != Met {
		return f
	}
	for _, gateway := range c.istioGateways(t) {
		if gap, found := gateway.Gap(); found {
			return finding(Refused, v1alpha1.ReasonMeshNotConfigured, "%s", gap)
		}
	}
	nodes := t.Observed.Nodes()
	slices.Sort(nodes)
	for _, node := range nodes {
		if !slices.Contains(c.Istio.Nodes, node) {
			return finding(Refused, v1alpha1.ReasonMeshNotConfigured,
				"node %s has no ready pod labelled %s in namespace %s, so nothing would carry flows there; NTC installs Istio's ambient mode with ztunnel and istio-cni on it",
				node, mesh.NodeProxyLabel, mesh.RootNamespace)
		}
	}
	return Finding{}
}

// certified are the components of a target that prove themselves by a certificate where sidecars carry its flows.
func (c *Case) certified(t Target) []v1alpha1.Component {
	components := t.running()
	if hasEgress(t) {
		components = append(components, egressComponent)
	}
	return components
}

// preparation is what sidecars need before the first of them starts, while Istio still carries the flows: it changes nothing for those.
func (c *Case) preparation(t Target) []render.Object {
	if _, stays := c.staysWith(t); !stays || c.wantedMesh().Type != v1alpha1.MeshSidecar || c.assessSidecars().Outcome != Met {
		return nil
	}
	stage := c.meshStage(t)
	stage.Policy = c.wantedMesh()
	return slices.DeleteFunc(mesh.For(stage.Policy).Objects(stage), func(o render.Object) bool {
		return !slices.Contains([]string{"Certificate", "ConfigMap"}, o.GetKind())
	})
}

// moving is true until every workload of a stage has rolled out with the carrier that it has by now. What the other one needs stays
// until then, for the pods that still run with it.
func (c *Case) moving(t Target) bool {
	carrier := c.meshPolicy(t).Type
	if t.Observed.Mesh != "" && t.Observed.Mesh != carrier {
		return true
	}
	left := len(t.Observed.Certificates) > 0
	if carrier == v1alpha1.MeshSidecar {
		left = slices.ContainsFunc(c.Istio.Peers, func(p mesh.IstioPeerAuthentication) bool { return p.Namespace == t.Scope.StageNamespace() })
	}
	if !left {
		return false
	}
	for _, workload := range t.Observed.Workloads {
		if !workload.RolledOut {
			return true
		}
	}
	return false
}
