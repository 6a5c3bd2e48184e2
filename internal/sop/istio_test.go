// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// carriedByIstio moves a case to a cluster where Istio carries the flows and nothing is wrong.
func carriedByIstio(c *Case) *Case {
	c.Policy.Mesh = v1alpha1.MeshPolicy{Type: v1alpha1.MeshIstio, Image: c.Policy.Mesh.Image}
	for i := range c.Ingress.Gateways {
		c.Ingress.Gateways[i].Class = mesh.GatewayClass
	}
	c.Ingress.TestGateway = ObservedGateway{GatewayReference: v1alpha1.GatewayReference{Namespace: "gateways", Name: "vpn"}, Exists: true, Class: mesh.GatewayClass}
	for name, stage := range map[string]*ObservedStage{v1alpha1.TestNamespace: &c.Test, v1alpha1.LiveNamespace: &c.Live} {
		stage.Certificates = nil
		for i := range stage.Pods {
			pod := &stage.Pods[i]
			pod.Sidecar = false
			pod.Istio = mesh.IstioPod{Name: pod.Name, Labels: map[string]string{v1alpha1.ComponentLabel: pod.Component}, Annotations: map[string]string{"ambient.istio.io/redirection": "enabled"}}
		}
		c.Istio.Peers = append(c.Istio.Peers, mesh.IstioPeerAuthentication{Namespace: c.Scope(name).StageNamespace(), Name: "default", Created: c.Now, Mode: mesh.StrictMode})
	}
	return c
}

func TestIstioEncryption(t *testing.T) {
	live := func(change func(*Case)) *Case {
		c := carriedByIstio(liveCase(t))
		change(c)
		return c
	}
	unenrolled := func(pods []ObservedPod) { pods[0].Istio.Annotations = nil }
	weak := mesh.IstioPeerAuthentication{Namespace: "istio-system", Name: "default", Mode: "DISABLE"}
	withdrawn := hours(48).Add(5 * time.Minute)
	checkClause(t, v1alpha1.ConditionTrafficEncrypted, []string{v1alpha1.ReasonEncrypted, v1alpha1.ReasonEncryptionLost, v1alpha1.ReasonNotVerified}, []clauseRow{
		{name: "live", given: live(func(*Case) {}), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "in test", given: carriedByIstio(awaitingLaunch(t)), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "a pod outside the mesh", given: live(func(c *Case) { unenrolled(c.Live.Pods) }), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost,
			message: []string{"-live/web-1 is not in the mesh", "istio-cni"}, deadline: withdrawn},
		{name: "one that ends", given: live(func(c *Case) { unenrolled(c.Live.Pods); c.Live.Pods[0].Ending = true }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "one that did not start", given: live(func(c *Case) { unenrolled(c.Live.Pods); c.Live.Pods[0].Started = false }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "a pod outside the mesh in test", given: func() *Case { c := carriedByIstio(awaitingLaunch(t)); unenrolled(c.Test.Pods); return c }(), outcome: Progressing, reason: v1alpha1.ReasonNotVerified, message: []string{"web-1"}},
		{name: "no policy", given: live(func(c *Case) { c.Istio.Peers = nil }), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"has no PeerAuthentication"}, deadline: withdrawn},
		{name: "a weak one of the mesh, idle", given: live(func(c *Case) { c.Istio.Peers = append(c.Istio.Peers, weak) }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "a policy that admits everybody", given: live(func(c *Case) {
			c.Istio.Policies = []mesh.IstioAuthorizationPolicy{{Namespace: "istio-system", Name: "all"}}
		}), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"AuthorizationPolicy istio-system/all"}, deadline: withdrawn},
		{name: "a gateway of another software", given: live(func(c *Case) { c.Ingress.Gateways[0].Class = "traefik" }), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost,
			message: []string{"Gateway gateways/public", "spec.gateways"}, deadline: withdrawn},
		{name: "which reaches nothing of test", given: func() *Case {
			c := carriedByIstio(awaitingLaunch(t))
			c.Ingress.Gateways[0].Class = "traefik"
			return c
		}(), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "the gateway of test, of another software", given: carriedByIstio(awaitingLaunch(t)), change: func(c *Case) { c.Ingress.TestGateway.Class = "traefik" },
			outcome: Progressing, reason: v1alpha1.ReasonNotVerified, message: []string{"Gateway gateways/vpn", "spec.gateways"}},
		{name: "which reaches nothing of live", given: live(func(c *Case) { c.Ingress.TestGateway.Class = "traefik" }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "a pod that its sidecar still carries", given: live(func(c *Case) { unenrolled(c.Live.Pods); c.Live.Pods[0].Sidecar = true }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
	})
}

// Offline what denies stays: pods that are kept as evidence take no plaintext either.
func TestIstioObjects(t *testing.T) {
	for name, c := range map[string]*Case{"live": carriedByIstio(liveCase(t)), "offline": carriedByIstio(flagged(t))} {
		t.Run(name, func(t *testing.T) {
			plan := PlanFor(c, Assess(c))
			var kept []string
			for _, object := range plan.Objects {
				if object.GetNamespace() == plan.Live && slices.Contains([]string{"PeerAuthentication", "AuthorizationPolicy", "ServiceAccount"}, object.GetKind()) {
					if (object.Mode == render.Keep) != (name == "offline") {
						t.Errorf("%s %s is written in mode %d", object.GetKind(), object.GetName(), object.Mode)
					}
					kept = append(kept, object.GetKind()+" "+object.GetName())
				}
			}
			want := []string{
				"PeerAuthentication default", "ServiceAccount component-web", "AuthorizationPolicy allow-web",
				"ServiceAccount component-api", "AuthorizationPolicy allow-api", "AuthorizationPolicy deny-undeclared",
			}
			if !slices.Equal(kept, want) {
				t.Errorf("%q, want %q", kept, want)
			}
		})
	}
}
