// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestLaunch(t *testing.T) {
	release := underAudit(t).Releases[0].Name
	launch := func(name string) func(*Case) {
		return func(c *Case) { c.Application.Spec.Launch = &v1alpha1.Launch{Release: name} }
	}
	patched := func(c *Case) *v1alpha1.Release { return candidate(c, hours(40), otherImage) }

	checkClause(t, v1alpha1.ConditionLaunched, []string{
		v1alpha1.ReasonNotEligible, v1alpha1.ReasonAwaitingLaunch, v1alpha1.ReasonUnknownRelease, v1alpha1.ReasonPolicyMissing,
		v1alpha1.ReasonGatewayMissing, v1alpha1.ReasonIssuerMissing, v1alpha1.ReasonRollingOut, v1alpha1.ReasonCertificateNotReady,
		v1alpha1.ReasonGatewayFull, v1alpha1.ReasonListenerNotReady, v1alpha1.ReasonRouteNotReady, v1alpha1.ReasonLaunched, v1alpha1.ReasonTakenDown,
	}, []clauseRow{
		{name: "not eligible yet", given: underAudit(t), outcome: Waiting, reason: v1alpha1.ReasonNotEligible, message: []string{release}},
		{
			name: "eligible: the organization decides", given: awaitingLaunch(t), outcome: Waiting, reason: v1alpha1.ReasonAwaitingLaunch,
			message: []string{"spec.launch.release: " + release},
		},
		{
			name: "an unknown release", given: awaitingLaunch(t), change: launch("health-portal-00000000"),
			outcome: Refused, reason: v1alpha1.ReasonUnknownRelease,
			message: []string{"spec.launch.release: health-portal-00000000 does not exist;", "kubectl get releases -n sehat-digital"},
		},
		{
			name: "an unknown release keeps the live one", given: liveCase(t), change: launch("health-portal-00000000"),
			outcome: Refused, reason: v1alpha1.ReasonUnknownRelease, message: []string{release + " stays live"},
		},
		{
			name: "an ineligible release, and why", given: underAudit(t), change: launch(release),
			outcome: Refused, reason: v1alpha1.ReasonNotEligible, message: []string{release + " is not eligible: ", "ArchitectureAudit SignOff of NITB"},
		},
		{
			name: "an ineligible release keeps the live one", given: liveCase(t),
			change:  func(c *Case) { launch(patched(c).Name)(c) },
			outcome: Refused, reason: v1alpha1.ReasonNotEligible, message: []string{release + " stays live", "EndToEndTest SignOff"},
		},
		{name: "live", given: liveCase(t), outcome: Met, reason: v1alpha1.ReasonLaunched, message: []string{"https://" + host + " serves " + release}},
		{
			name: "launched stays launched, whatever is signed later", given: liveCase(t),
			change: func(c *Case) {
				c.SignOffs = append(c.SignOffs, newSignOff(release, e2eType, v1alpha1.PartyNTC, hours(45), rejected))
			},
			outcome: Met, reason: v1alpha1.ReasonLaunched,
		},
		{
			name: "launched stays launched without its provider", given: liveCase(t), change: func(c *Case) { c.Providers = nil },
			outcome: Met, reason: v1alpha1.ReasonLaunched,
		},
		{
			name: "live beside a candidate under test", given: liveCase(t), change: func(c *Case) { patched(c) },
			on:      func(c *Case) *v1alpha1.Release { return &c.Releases[1] },
			outcome: Met, reason: v1alpha1.ReasonLaunched, message: []string{release},
		},
		{
			name: "withdrawn: the decision is open again", given: liveCase(t), change: func(c *Case) { c.Application.Spec.Launch = nil },
			outcome: Waiting, reason: v1alpha1.ReasonAwaitingLaunch,
		},
		{
			name: "no policy", given: liveCase(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "no Gateway", given: liveCase(t), change: func(c *Case) {
				c.Ingress.Gateways[0] = ObservedGateway{GatewayReference: c.Ingress.Gateways[0].GatewayReference}
			},
			outcome: Refused, reason: v1alpha1.ReasonGatewayMissing, message: []string{"Gateway gateways/public", "spec.gateways.live"},
		},
		{
			name: "no issuer", given: liveCase(t), change: func(c *Case) { c.Ingress.Gateways[0].IssuerExists = false },
			outcome: Refused, reason: v1alpha1.ReasonIssuerMissing, message: []string{"ClusterIssuer govpk", "spec.gateways.issuer"},
		},
		{
			name: "the namespace is not written yet", given: liveCase(t), change: func(c *Case) { c.Live = ObservedStage{} },
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{release + " begins to roll out"},
		},
		{
			name: "pods are not available", given: liveCase(t), change: func(c *Case) { c.Live.Workloads = nil },
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{"component web", "-live"},
		},
		{
			name: "no certificate yet", given: liveCase(t), change: func(c *Case) {
				c.Ingress.Certificates = nil
				delete(c.Ingress.Gateways[0].Listeners, host)
			},
			outcome: Progressing, reason: v1alpha1.ReasonCertificateNotReady, message: []string{host + " is not ready yet"},
		},
		{
			name: "the issuer refuses, in its own words", given: liveCase(t),
			change: func(c *Case) {
				c.Ingress.Certificates["gateways/"+host] = ObservedCertificate{Message: "rate limited"}
				delete(c.Ingress.Gateways[0].Listeners, host)
			},
			outcome: Progressing, reason: v1alpha1.ReasonCertificateNotReady, message: []string{host, ": rate limited"},
		},
		{
			name: "a certificate that expired in service is for NTC", given: liveCase(t),
			change:  func(c *Case) { c.Ingress.Certificates["gateways/"+host] = ObservedCertificate{Message: "expired"} },
			outcome: Refused, reason: v1alpha1.ReasonCertificateNotReady,
			message: []string{"Certificate gateways/" + host, ": expired", "its route stays", "NTC looks after"},
		},
		{
			name: "one that is issued anew is on its way", given: liveCase(t),
			change: func(c *Case) {
				c.Ingress.Certificates["gateways/"+host] = ObservedCertificate{Issuing: true, Message: "Secret is gone"}
			},
			outcome: Progressing, reason: v1alpha1.ReasonCertificateNotReady, message: []string{"Secret is gone"},
		},
		{
			name: "a renewal is no finding", given: liveCase(t),
			change: func(c *Case) {
				c.Ingress.Certificates["gateways/"+host] = ObservedCertificate{Ready: true, Issuing: true}
			},
			outcome: Met, reason: v1alpha1.ReasonLaunched, without: []string{"Certificate"},
		},
		{
			name: "the Gateway is full", given: liveCase(t), change: func(c *Case) {
				delete(c.Ingress.Gateways[0].Listeners, host)
				fill(&c.Ingress.Gateways[0])
			},
			outcome: Refused, reason: v1alpha1.ReasonGatewayFull, message: []string{"Gateway gateways/public", host, "NTC adds a Gateway"},
		},
		{
			name: "room is not asked for what already has it", given: liveCase(t),
			change:  func(c *Case) { fill(&c.Ingress.Gateways[0]) },
			outcome: Met, reason: v1alpha1.ReasonLaunched,
		},
		{
			name: "the listener is not programmed", given: liveCase(t),
			change: func(c *Case) {
				listener := ownListener(c, host)
				listener.Programmed, listener.Message = false, "no such Secret"
				c.Ingress.Gateways[0].Listeners[host] = listener
			},
			outcome: Progressing, reason: v1alpha1.ReasonListenerNotReady, message: []string{host, ": no such Secret"},
		},
		{
			name: "the route is not accepted", given: liveCase(t), change: func(c *Case) { c.Live.Routes = nil },
			outcome: Progressing, reason: v1alpha1.ReasonRouteNotReady, message: []string{host},
		},
		{
			name: "flagged in this pass: nothing is said to be served", given: liveCase(t),
			change:  func(c *Case) { c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40))} },
			outcome: Refused, reason: v1alpha1.ReasonNotEligible, message: []string{release + " stays offline", "EndToEndTest SignOff"},
			without: []string{"https://"},
		},
		{
			name: "tested again, but the flag stands", given: flagged(t),
			change:  func(c *Case) { c.SignOffs = append(c.SignOffs, tested(release, hours(41))...) },
			outcome: Refused, reason: v1alpha1.ReasonTakenDown, message: []string{"is eligible", "once nothing keeps the application offline: PolicyViolation leak"},
		},
		{
			name: "lifted, and why it does not return", given: flagged(t, lifted),
			outcome: Refused, reason: v1alpha1.ReasonNotEligible, message: []string{"stays offline", "EndToEndTest SignOff of NITB, NTC, Organization"},
		},
	})
}

func TestLiveRelease(t *testing.T) {
	for name, row := range map[string]struct {
		given  *Case
		change func(*Case)
		// live is the index of the release that runs live; -1: none.
		live int
	}{
		"nothing is launched by itself": {given: awaitingLaunch(t), live: -1},
		"launched":                      {given: liveCase(t)},
		"withdrawn by unsetting launch": {given: liveCase(t), change: func(c *Case) { c.Application.Spec.Launch = nil }, live: -1},
		"flagged: the fact stays":       {given: flagged(t)},
		"flagged and withdrawn: the fact stays": {
			given: flagged(t), change: func(c *Case) { c.Application.Spec.Launch = nil },
		},
		"an eligible other one is launched": {given: liveCase(t), live: 1, change: func(c *Case) {
			patch := candidate(c, hours(40), otherImage)
			c.SignOffs = append(c.SignOffs, tested(patch.Name, hours(42))...)
			c.Application.Spec.Launch.Release = patch.Name
		}},
		"an ineligible other one is not": {given: liveCase(t), change: func(c *Case) {
			c.Application.Spec.Launch.Release = candidate(c, hours(40), otherImage).Name
		}},
		"back to an older one that is still eligible": {given: liveCase(t), change: func(c *Case) {
			c.Live.Release = candidate(c, hours(40), otherImage).Name
		}},
		"what ran is unknown and what is wanted is not eligible": {given: liveCase(t), live: -1, change: func(c *Case) {
			c.SignOffs, c.Live.Release = nil, "health-portal-00000000"
			c.Releases[0].Annotations = nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if row.change != nil {
				row.change(row.given)
			}
			got := row.given.liveRelease()
			if row.live < 0 && got != nil || row.live >= 0 && got != &row.given.Releases[row.live] {
				t.Errorf("live is %v", got)
			}
		})
	}
}

// A release that somebody removed is no withdrawal: what runs is left as it is.
func TestLostRelease(t *testing.T) {
	c := liveCase(t)
	c.Releases = nil
	a := Assess(c)
	plan := PlanFor(c, a)
	if plan.Prune {
		t.Error("what runs would be pruned")
	}
	for _, object := range plan.Objects {
		if object.GetNamespace() == plan.Live || object.GetName() == plan.Live {
			t.Errorf("%s %s would be written in live", object.GetKind(), object.GetName())
		}
	}
	for _, f := range a.Findings {
		if f.Condition == v1alpha1.ConditionLaunched && f.Reason != v1alpha1.ReasonUnknownRelease {
			t.Errorf("the finding is %s: %s", f.Reason, f.Message)
		}
	}
}
