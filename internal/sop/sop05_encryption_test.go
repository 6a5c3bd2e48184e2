// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"maps"
	"slices"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Nothing proves mutual TLS yet, so nothing may say that it is there.
func TestEncryption(t *testing.T) {
	checkClause(t, 5, []string{v1alpha1.ReasonNotVerified}, []clauseRow{
		{name: "under audit", given: underAudit(t), outcome: Unproven, reason: v1alpha1.ReasonNotVerified, message: []string{"between components is not verified"}},
		{name: "live", given: liveCase(t), outcome: Unproven, reason: v1alpha1.ReasonNotVerified},
	})
}

func TestEncryptionObjects(t *testing.T) {
	const deny, web, api = "NetworkPolicy default-deny", "NetworkPolicy allow-web", "NetworkPolicy allow-api"
	certificate, listener := "Certificate "+host, "Gateway public"
	for _, row := range []struct {
		name   string
		stage  string
		change func(*Case, *Target)
		want   []string
	}{
		{name: "test has no public certificate", stage: v1alpha1.TestNamespace, want: []string{deny, web, api}},
		{name: "live", want: []string{deny, web, api, certificate, listener}},
		{
			name: "no listener before a certificate",
			change: func(c *Case, _ *Target) {
				c.Ingress.Certificates = nil
				delete(c.Ingress.Gateways[0].Listeners, host)
			},
			want: []string{deny, web, api, certificate},
		},
		{
			name: "a certificate that expired keeps its listener", change: func(c *Case, _ *Target) { c.Ingress.Certificates = nil },
			want: []string{deny, web, api, certificate, listener},
		},
		{
			name: "without a Gateway the certificate stays",
			change: func(c *Case, _ *Target) {
				gateway := &c.Ingress.Gateways[0]
				gateway.Exists, gateway.Listeners = false, nil
				c.Ingress.Attachments = map[string]Attachment{host: {gateway.GatewayReference, host}}
			},
			want: []string{deny, web, api, certificate},
		},
		{
			name: "nothing for a host that finds no room, and no gateway reaches its component",
			change: func(c *Case, _ *Target) {
				delete(c.Ingress.Gateways[0].Listeners, host)
				fill(&c.Ingress.Gateways[0])
			},
			want: []string{deny, web, api},
		},
		{
			name: "no certificate for a host of another", change: func(c *Case, _ *Target) { c.Claims[host] = newClaim("rival", "rival") },
			want: []string{deny, web, api},
		},
		{
			name: "offline denies everything", change: func(_ *Case, t *Target) { t.Offline = &Takedown{} },
			want: []string{deny, certificate, listener},
		},
		{name: "no release", change: func(_ *Case, t *Target) { t.Release = nil }, want: []string{deny}},
		{name: "no policy", change: func(c *Case, _ *Target) { c.Policy = nil }, want: []string{deny}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := liveCase(t)
			if row.stage == "" {
				row.stage = v1alpha1.LiveNamespace
			}
			target := Target{Scope: c.Scope(row.stage), Observed: c.Live, Release: &c.Releases[0]}
			if row.change != nil {
				row.change(c, &target)
			}
			var got []string
			for _, o := range enforceEncryption(c, target) {
				got = append(got, o.GetKind()+" "+o.GetName())
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// The flows are the data-flow diagram and nothing else.
func TestFlows(t *testing.T) {
	c := liveCase(t)
	release := c.Releases[0].DeepCopy()
	release.Spec.Components[1].Ports = append(release.Spec.Components[1].Ports, v1alpha1.ComponentPort{Name: "admin", Port: 9000})
	for stage, namespace := range map[string]string{v1alpha1.TestNamespace: "vpn-gateways", v1alpha1.LiveNamespace: "gateways"} {
		c.Policy.Gateways.Test.Namespace = "vpn-gateways"
		target := Target{Scope: c.Scope(stage), Release: release}
		web, api := c.flows(target, release.Spec.Components[0].Name), c.flows(target, release.Spec.Components[1].Name)
		if len(web.Callers) != 0 || !slices.Equal(web.Callees["api"], []int32{8090}) || !maps.EqualFunc(web.Gateways, map[string][]int32{namespace: {8080}}, slices.Equal) {
			t.Errorf("web in %s: %+v", stage, web)
		}
		if len(api.Callees) != 0 || len(api.Gateways) != 0 || !slices.Equal(api.Callers["web"], []int32{8090}) {
			t.Errorf("api, whose port admin nobody calls: %+v", api)
		}
	}
}
