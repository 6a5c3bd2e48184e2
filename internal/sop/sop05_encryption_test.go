// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Encryption is met on evidence alone: a declaration proves nothing.
func TestEncryption(t *testing.T) {
	lost := func(change func(*Case)) *Case {
		c := liveCase(t)
		change(c)
		return c
	}
	withdrawn := hours(48).Add(5 * time.Minute)
	noSidecar := func(c *Case) { c.Live.Pods[0].Sidecar = false }
	lostAt := func(at time.Time) func(*Case) {
		return func(c *Case) { noSidecar(c); c.Live.UnencryptedSince = at }
	}
	policy := func(change func(*v1alpha1.MeshPolicy)) *Case {
		c := underAudit(t)
		change(&c.Policy.Mesh)
		return c
	}
	checkClause(t, v1alpha1.ConditionTrafficEncrypted, []string{
		v1alpha1.ReasonNotVerified, v1alpha1.ReasonEncrypted, v1alpha1.ReasonMeshNotConfigured, v1alpha1.ReasonIssuerMissing,
		v1alpha1.ReasonEncryptionLost, v1alpha1.ReasonFleetUnencrypted, v1alpha1.ReasonPolicyMissing,
	}, []clauseRow{
		{name: "nothing runs", given: underAudit(t), outcome: Unproven, reason: v1alpha1.ReasonNotVerified, message: []string{"nothing is encrypted yet"}},
		{name: "live", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "in test", given: awaitingLaunch(t), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "offline", given: flagged(t), outcome: Unproven, reason: v1alpha1.ReasonNotVerified},
		{name: "no policy", given: lost(func(c *Case) { c.Policy = nil }), outcome: Refused, reason: v1alpha1.ReasonPolicyMissing},
		{name: "no image", given: policy(func(m *v1alpha1.MeshPolicy) { m.Image = "" }), outcome: Refused, reason: v1alpha1.ReasonMeshNotConfigured, message: []string{"spec.mesh.image"}},
		{name: "no authorities", given: policy(func(m *v1alpha1.MeshPolicy) { m.CABundle = "" }), outcome: Refused, reason: v1alpha1.ReasonMeshNotConfigured, message: []string{"spec.mesh.caBundle"}},
		{name: "no issuer", given: lost(func(c *Case) { c.Ingress.MeshIssuerExists = false }), outcome: Refused, reason: v1alpha1.ReasonIssuerMissing, message: []string{"ClusterIssuer govpk-mesh", "spec.mesh.issuer"}},
		{name: "a pod without its sidecar", given: lost(noSidecar), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost,
			message: []string{"web-1", "without its sidecar", "level 1 deletes the pod", "withdrawn if this lasts 5m0s"}, deadline: withdrawn},
		{name: "within the grace", given: lost(lostAt(hours(48).Add(-4 * time.Minute))), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost,
			message: []string{"if this lasts"}, deadline: hours(48).Add(time.Minute)},
		{name: "after the grace", given: lost(lostAt(hours(47))), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"withdrawn until then"}},
		{name: "an ending pod proves nothing", given: lost(func(c *Case) { noSidecar(c); c.Live.Pods[0].Ending = true }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "a pod that did not start yet", given: lost(func(c *Case) { noSidecar(c); c.Live.Pods[0].Started = false }), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "several gaps", given: lost(func(c *Case) { noSidecar(c); c.Live.Pods[1].Sidecar = false }), outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"(and 1 more)"}, deadline: withdrawn},
		{name: "a gap in test", given: func() *Case { c := awaitingLaunch(t); c.Test.Pods[0].Sidecar = false; return c }(), outcome: Progressing, reason: v1alpha1.ReasonNotVerified, message: []string{"web-1"}},
		{name: "certificate not ready", given: lost(withCertificate(func(o *ObservedCertificate) { o.Ready, o.Message = false, "issuer is gone" })),
			outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"/api is not ready: issuer is gone", "NTC looks after"}, deadline: withdrawn},
		{name: "certificate of another issuer", given: lost(withCertificate(func(o *ObservedCertificate) { o.Issuer = "other" })),
			outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"is not of issuer govpk-mesh"}, deadline: withdrawn},
		{name: "certificate expired though it says Ready", given: lost(withCertificate(func(o *ObservedCertificate) { o.NotAfter = hours(48) })),
			outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"has expired"}, deadline: withdrawn},
		{name: "certificate that will expire", given: lost(withCertificate(func(o *ObservedCertificate) { o.NotAfter = hours(49) })),
			outcome: Met, reason: v1alpha1.ReasonEncrypted, deadline: hours(49)},
		{name: "the platform's fault", given: lost(func(c *Case) { lostAt(hours(40))(c); c.Fleet = Fleet{Live: 5, Unencrypted: 2} }),
			outcome: Refused, reason: v1alpha1.ReasonFleetUnencrypted, message: []string{"web-1", "routes stay, launches are frozen"}},
		{name: "the platform's fault, and a certificate that will expire", given: lost(func(c *Case) {
			lostAt(hours(40))(c)
			c.Fleet = Fleet{Live: 5, Unencrypted: 2}
			withCertificate(func(o *ObservedCertificate) { o.NotAfter = hours(49) })(c)
		}), outcome: Refused, reason: v1alpha1.ReasonFleetUnencrypted, deadline: hours(49)},
	})
}

func withCertificate(change func(*ObservedCertificate)) func(*Case) {
	return func(c *Case) {
		certificate := c.Live.Certificates["api"]
		change(&certificate)
		c.Live.Certificates["api"] = certificate
	}
}

// The routes of a live application stand only as long as its encryption does, but for a grace and for faults of the platform.
func TestRoutesNeedEncryption(t *testing.T) {
	gap := func(c *Case) { c.Live.Pods[0].Sidecar = false }
	for name, row := range map[string]struct {
		change         func(*Case)
		routed, marked bool
	}{
		"encrypted":                {func(*Case) {}, true, false},
		"lost just now":            {gap, true, true},
		"within the grace":         {func(c *Case) { gap(c); c.Live.UnencryptedSince = hours(48).Add(-time.Minute) }, true, true},
		"after the grace":          {func(c *Case) { gap(c); c.Live.UnencryptedSince = hours(47) }, false, true},
		"found again":              {func(c *Case) { c.Live.UnencryptedSince = hours(47) }, true, false},
		"without any grace":        {func(c *Case) { gap(c); c.Policy.Mesh.GraceSeconds = new(int32) }, false, true},
		"withdrawn before":         {func(c *Case) { gap(c); c.Live.Routes, c.Live.UnencryptedSince = nil, hours(47) }, false, true},
		"first launch":             {func(c *Case) { gap(c); c.Live.Routes = nil }, false, false},
		"first launch, no pod yet": {func(c *Case) { c.Live.Routes, c.Live.Pods = nil, nil }, false, false},
		"a new component without its certificate yet": {func(c *Case) { delete(c.Live.Certificates, "api"); c.Live.Pods = c.Live.Pods[:1] }, true, false},
		"the platform's fault":                        {func(c *Case) { gap(c); c.Live.UnencryptedSince = hours(40); c.Fleet = Fleet{Live: 5, Unencrypted: 2} }, true, true},
		"one alone is no fleet":                       {func(c *Case) { gap(c); c.Live.UnencryptedSince = hours(40); c.Fleet = Fleet{Live: 1, Unencrypted: 1} }, false, true},
		"within the share":                            {func(c *Case) { gap(c); c.Live.UnencryptedSince = hours(40); c.Fleet = Fleet{Live: 10, Unencrypted: 2} }, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			row.change(c)
			target := c.liveTarget(&c.Releases[0])
			routed := slices.ContainsFunc(enforceDeployment(c, target), func(o render.Object) bool { return o.GetKind() == "HTTPRoute" })
			_, marked := enforceAvailability(c, target)[0].GetAnnotations()[v1alpha1.UnencryptedSinceAnnotation]
			if routed != row.routed || marked != row.marked {
				t.Errorf("routed %v, recorded %v", routed, marked)
			}
		})
	}
}

// While the platform is at fault nothing new goes live, and what is live stays.
func TestLaunchFrozen(t *testing.T) {
	c := awaitingLaunch(t)
	c.Application.Spec.Launch = &v1alpha1.Launch{Release: c.Releases[0].Name}
	c.Fleet = Fleet{Live: 10, Unencrypted: 3}
	if c.liveRelease() != nil {
		t.Error("a release goes live while launches are frozen")
	}
	if f := assessLaunch(c, &c.Releases[0]); f.Outcome != Refused || !strings.Contains(f.Message, "launches are frozen") {
		t.Errorf("%+v", f)
	}
	c = liveCase(t)
	c.Fleet = Fleet{Live: 10, Unencrypted: 3}
	if c.liveRelease() == nil {
		t.Error("what was live is live no more")
	}
}

// What cannot be encrypted is not started, and what runs stays.
func TestWithheld(t *testing.T) {
	for name, change := range map[string]func(*Case){
		"no certificate": func(c *Case) { c.Live.Certificates = nil },
		"no image":       func(c *Case) { c.Policy.Mesh.Image = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			change(c)
			target := c.liveTarget(&c.Releases[0])
			for _, o := range enforceDeployment(c, target) {
				if o.GetKind() == "Deployment" {
					t.Errorf("Deployment %s is written", o.GetName())
				}
			}
			if got := c.withholds(target); !slices.Equal(got, []string{"web", "api"}) {
				t.Errorf("withheld %q; what runs of the others would be pruned", got)
			}
		})
	}
}

func TestEncryptionObjects(t *testing.T) {
	const deny, web, api = "NetworkPolicy default-deny", "NetworkPolicy allow-web", "NetworkPolicy allow-api"
	const authorities, tls = "ConfigMap govpk-authorities", "BackendTLSPolicy web.http"
	mesh := []string{deny, authorities, "Certificate web", tls, "Certificate api"}
	certificate, listener := "Certificate "+host, "Gateway public"
	for _, row := range []struct {
		name   string
		stage  string
		change func(*Case, *Target)
		want   []string
	}{
		{name: "test has no public certificate", stage: v1alpha1.TestNamespace, want: append(slices.Clone(mesh), web, api)},
		{name: "live", want: append(slices.Clone(mesh), web, api, certificate, listener)},
		{
			name: "no listener before a certificate",
			change: func(c *Case, _ *Target) {
				c.Ingress.Certificates = nil
				delete(c.Ingress.Gateways[0].Listeners, host)
			},
			want: append(slices.Clone(mesh), web, api, certificate),
		},
		{
			name: "a certificate that expired keeps its listener", change: func(c *Case, _ *Target) { c.Ingress.Certificates = nil },
			want: append(slices.Clone(mesh), web, api, certificate, listener),
		},
		{
			name: "without a Gateway the certificate stays",
			change: func(c *Case, _ *Target) {
				gateway := &c.Ingress.Gateways[0]
				gateway.Exists, gateway.Listeners = false, nil
				c.Ingress.Attachments = map[string]Attachment{host: {gateway.GatewayReference, host}}
			},
			want: append(slices.Clone(mesh), web, api, certificate),
		},
		{
			name: "nothing for a host that finds no room, and no gateway reaches its component",
			change: func(c *Case, _ *Target) {
				delete(c.Ingress.Gateways[0].Listeners, host)
				fill(&c.Ingress.Gateways[0])
			},
			want: append(slices.Clone(mesh), web, api),
		},
		{
			name: "no certificate for a host of another", change: func(c *Case, _ *Target) { c.Claims[host] = newClaim("rival", "rival") },
			want: append(slices.Clone(mesh), web, api),
		},
		{
			name: "offline denies everything", change: func(_ *Case, t *Target) { t.Offline = &Takedown{} },
			want: []string{deny, authorities, certificate, listener},
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
