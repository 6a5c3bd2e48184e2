// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const zoneLabel = "topology.kubernetes.io/zone"

// strandedRows: the component api has a volume that only nodes of zone a reach, as all of the provider's are.
func strandedRows(t *testing.T) []clauseRow {
	t.Helper()
	zone := func(provider, zone string) func(*Case) {
		return func(c *Case) {
			for i := range c.Nodes[provider].Ready {
				c.Nodes[provider].Ready[i].Labels = map[string]string{zoneLabel: zone}
			}
		}
	}
	with := func(changes ...func(*Case)) func(*Case) {
		return with(append([]func(*Case){zone("ntc-islamabad", "a"), moved(t), zone("other", "b")}, changes...)...)
	}
	owned := func(c *Case) {
		for _, stage := range []*ObservedStage{&c.Test, &c.Live} {
			for i := range stage.Pods {
				stage.Pods[i].User = "999:999"
			}
		}
	}
	to := func(provider string, change func(*v1alpha1.CloudServiceProviderSpec)) func(*Case) {
		return func(c *Case) {
			p := c.Providers[provider]
			change(&p.Spec)
			c.Providers[provider] = p
		}
	}
	away := func(c *Case) {
		nodes := c.Nodes["ntc-islamabad"]
		nodes.Ready, nodes.Away = nil, nodes.Ready
		c.Nodes["ntc-islamabad"] = nodes
	}
	const cannot = "PersistentVolumeClaim data-api cannot be copied: "
	return []clauseRow{
		{
			name: "moving to a provider that does not reach live's volume", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, change: with(owned), outcome: Met, reason: v1alpha1.ReasonProvisioned,
			message: []string{"its nodes do not reach the volume of api in health-portal-fab68624-live", "the component stops, and what connects to it is interrupted"},
		},
		{
			name: "moving before a pod ran", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, change: with(), outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			message: []string{"spec.components[api].storage: no node of CloudServiceProvider other that may hold Restricted data reaches its volume in health-portal-fab68624-live", cannot + "the user that its files belong to is not known", "stays where it is"},
		},
		{
			name: "moving from test's before a pod ran", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Refused, reason: v1alpha1.ReasonVolumeStranded,
			change: with(func(c *Case) { c.Test.VolumeNodes = c.Live.VolumeNodes }), message: []string{"reaches its volume in health-portal-fab68624-test"},
		},
		{
			name: "moving from nodes that are away", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, change: with(owned, away), outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			message: []string{cannot + "CloudServiceProvider ntc-islamabad: node-0, node-1, which reaches it, is not ready, cordoned or tainted; the provider readies it"},
		},
		{
			name: "moving from nodes that are gone", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change:  with(owned, func(c *Case) { c.Nodes["ntc-islamabad"] = ProviderNodes{} }),
			message: []string{cannot + "no node of a provider that a release of the application names reaches it"},
		},
		{
			name: "moving from a provider that is to be left at once", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change: with(owned, to("ntc-islamabad", func(s *v1alpha1.CloudServiceProviderSpec) {
				s.TakeOffline = &v1alpha1.OfflineOrder{Reason: "the building burns", OrderedBy: "cloud-office"}
			})),
			message: []string{cannot + "no pod may start with CloudServiceProvider ntc-islamabad", "the Cloud Office ends spec.takeOffline"},
		},
		{
			name: "moving from a provider whose day has come", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change: with(owned, to("ntc-islamabad", func(s *v1alpha1.CloudServiceProviderSpec) {
				s.Accreditation.State, s.Accreditation.EffectiveFrom, s.Accreditation.OfflineFrom = v1alpha1.AccreditationRevoked, "2026-11-01", "2026-11-02"
			})),
			message: []string{"a later spec.accreditation.offlineFrom"},
		},
		{
			name: "moving to where a new volume was bound elsewhere", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change: with(owned, func(c *Case) {
				first, next := c.Live.claim("api"), ObservedClaim{Nodes: c.Live.VolumeNodes["api"]}
				next.Name, next.CopiedFrom, next.Provider = "data-api.1", "data-api", "other"
				c.Live.Claims = map[string][]ObservedClaim{"api": {first, next}}
			}),
			message: []string{"its new PersistentVolumeClaim data-api.1 was bound where no node of CloudServiceProvider other reaches it", "WaitForFirstConsumer"},
		},
		{
			name: "moving without the image that copies", given: carriedByIstio(stored(t, liveCase(t), zoneLabel, "a")), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change: with(owned, func(c *Case) { c.Policy.Mesh.Image = "" }), message: []string{cannot + "DeploymentPolicy default spec.mesh.image is not set"},
		},
		{
			name: "to one that does", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, change: with(zone("other", "a")),
			outcome: Met, reason: v1alpha1.ReasonProvisioned,
		},
		{
			name: "to one of whose nodes one does, though it is away", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Met, reason: v1alpha1.ReasonProvisioned,
			change: with(func(c *Case) {
				nodes := c.Nodes["other"]
				nodes.Away = []Node{{Name: "node-9", Labels: map[string]string{zoneLabel: "a"}}}
				c.Nodes["other"] = nodes
			}),
		},
		{
			name: "a volume that every node reaches", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot,
			change: with(func(c *Case) { c.Live.VolumeNodes = nil }), outcome: Met, reason: v1alpha1.ReasonProvisioned,
		},
		{
			name: "a volume of a component that has none any more", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot,
			change: with(func(c *Case) { c.Application.Spec.Components[1].Storage = nil }), outcome: Met, reason: v1alpha1.ReasonProvisioned,
		},
		{
			name: "a volume that one node alone reaches, which nobody attests", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change: with(owned, zone("other", "a"), func(c *Case) {
				c.Live.VolumeNodes["api"] = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{
					{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"gone"}},
				}}}}
			}),
		},
	}
}

// A release that is tested and signed is not launched away from a volume that cannot be copied, and the one that is live stays.
func TestNothingHalfMoves(t *testing.T) {
	for name, row := range map[string]struct {
		zone     string
		eligible bool
	}{"the other provider reaches the volume": {"a", true}, "it does not": {"b", false}} {
		t.Run(name, func(t *testing.T) {
			c := stored(t, liveCase(t), zoneLabel, "a")
			c.Application.Spec.Requirements.Hardware.Storage.Set(10 << 30)
			moved(t)(c)
			for i := range c.Nodes["other"].Ready {
				c.Nodes["other"].Ready[i].Labels = map[string]string{zoneLabel: row.zone}
			}
			moved := candidate(c, hours(33), func(*v1alpha1.ThirdPartyApplicationSpec) {})
			before := c.Live.Release
			c.SignOffs = append(c.SignOffs, append(tested(moved.Name, hours(36)), audited(moved.Name, hours(34)))...)
			c.Application.Spec.Launch.Release = moved.Name
			stage, blocking := c.stageOf(moved)
			a := Assess(c)
			if row.eligible {
				if stage != v1alpha1.StageAwaitingLaunch || a.Live.Name != moved.Name {
					t.Fatalf("stage %s, %s is live: %s", stage, a.Live.Name, blocking.Message)
				}
				return
			}
			if stage != v1alpha1.StageTesting || blocking.Reason != v1alpha1.ReasonVolumeStranded || a.Live.Name != before {
				t.Fatalf("stage %s, %s is live, %s: %s", stage, a.Live.Name, blocking.Reason, blocking.Message)
			}
			launched := a.Findings[6]
			if launched.Condition != v1alpha1.ConditionLaunched || !strings.Contains(launched.Message, "is not eligible, "+before+" stays live: spec.components[api].storage") {
				t.Errorf("%s: %s", launched.Condition, launched.Message)
			}
		})
	}
}

// The policy moves a class out of a data centre while a volume is there: the pods of its component stay with it, the others go.
func TestPodsStayWithTheirVolume(t *testing.T) {
	c := stored(t, liveCase(t), centreLabel, "dubai")
	inTwoPlaces(c)
	release := &c.Releases[0]
	target := c.liveTarget(release)
	for component, terms := range map[int]string{0: "islamabad", 1: ""} {
		selectors := c.nodesOf(target, release.Spec.Components[component], release)
		bound := ""
		if expressions := selectors[0].MatchExpressions; len(expressions) > 0 {
			bound = expressions[0].Values[0]
		}
		if len(selectors) != 1 || bound != terms {
			t.Errorf("component %d is bound to %v", component, selectors)
		}
	}
}
