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
	return []clauseRow{
		{
			name: "moving to a provider that does not reach live's volume", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, change: with(), outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			message: []string{"spec.components[api].storage: its volume in health-portal-fab68624-live lies where no node of CloudServiceProvider other", "cut over"},
		},
		{
			name: "moving to a provider that does not reach test's", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Refused, reason: v1alpha1.ReasonVolumeStranded,
			change: with(func(c *Case) { c.Test.VolumeNodes = c.Live.VolumeNodes }), message: []string{"its volume in health-portal-fab68624-test"},
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
			name: "a volume that one node alone reaches", given: stored(t, liveCase(t), zoneLabel, "a"), on: onSnapshot, outcome: Waiting, reason: v1alpha1.ReasonVolumeStranded,
			change: with(zone("other", "a"), func(c *Case) {
				c.Live.VolumeNodes["api"] = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{
					{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"gone"}},
				}}}}
			}),
		},
	}
}

// A release that is tested and signed is not launched away from its volume, and the one that is live stays.
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
