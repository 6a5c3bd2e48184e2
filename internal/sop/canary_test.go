// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"
)

// newCanary is the canary on a node, ready but for some verdicts.
func newCanary(node string, fails ...string) Canary {
	holds := func(verdict string) bool { return !slices.Contains(fails, verdict) }
	return Canary{
		{Node: node, Name: "canary-" + node, Ready: map[string]bool{
			canaryControl: holds(canaryControl), canaryIngressDenied: holds(canaryIngressDenied), canaryEgressDenied: holds(canaryEgressDenied),
		}},
		{Node: node, Name: "peer-" + node, Ready: map[string]bool{canaryPeer: holds(canaryPeer)}},
	}
}

func TestCanaryGaps(t *testing.T) {
	one, both := []string{"node-1"}, []string{"node-1", "node-2"}
	without := func(container string) Canary {
		c := newCanary("node-1")
		for _, pod := range c {
			delete(pod.Ready, container)
		}
		return c
	}
	for name, row := range map[string]struct {
		canary Canary
		nodes  []string
		want   []string
	}{
		"proven on both":              {canary: slices.Concat(newCanary("node-2"), newCanary("node-1")), nodes: both},
		"no node matters":             {},
		"a node that does not matter": {canary: slices.Concat(newCanary("node-1"), newCanary("node-3", canaryEgressDenied)), nodes: one},
		"not installed": {nodes: both, want: []string{
			"namespace govpk-canary has no canary, so nothing proves that this cluster enforces NetworkPolicy; NTC installs config/canary",
		}},
		"on one of two": {canary: newCanary("node-2"), nodes: both, want: []string{
			"node node-1 is not shown to enforce NetworkPolicy: container control of the canary does not run there; NTC looks at the pods of namespace govpk-canary",
		}},
		"on neither":                    {canary: newCanary("node-3"), nodes: both, want: []string{"node node-1 is not", "node node-2 is not"}},
		"a container that does not run": {canary: without(canaryEgressDenied), nodes: one, want: []string{"container egress-denied of the canary does not run"}},
		"no peer":                       {canary: without(canaryPeer), nodes: one, want: []string{"container peer of the canary does not run"}},
		"the peer is gone": {canary: newCanary("node-1", canaryControl), nodes: one, want: []string{
			"node node-1 is not shown to enforce NetworkPolicy: flows that are allowed do not pass for pod govpk-canary/canary-node-1",
		}},
		"nothing answers": {canary: newCanary("node-1", canaryControl, canaryIngressDenied, canaryEgressDenied), nodes: one, want: []string{"is not shown"}},
		"what comes in": {canary: newCanary("node-1", canaryIngressDenied, canaryPeer), nodes: one, want: []string{
			"node node-1 does not enforce NetworkPolicy: pod govpk-canary/canary-node-1 saw a denied flow pass (container ingress-denied); NTC mends its network plugin",
		}},
		"what goes out": {canary: newCanary("node-1", canaryEgressDenied), nodes: one, want: []string{
			"node node-1 does not enforce NetworkPolicy: pod govpk-canary/canary-node-1 saw a denied flow pass (container egress-denied)",
		}},
		"what comes in from other nodes": {canary: newCanary("node-1", canaryPeer), nodes: one, want: []string{
			"node node-1 does not enforce NetworkPolicy: pod govpk-canary/peer-node-1 saw a denied flow pass (container peer)",
		}},
		"what passes comes before what is missing": {
			canary: newCanary("node-2", canaryEgressDenied), nodes: both, want: []string{"node node-2 does not enforce", "node node-1 is not shown"},
		},
		"each node once, by name": {
			canary: slices.Concat(newCanary("node-3", canaryControl), newCanary("node-2", canaryControl), newCanary("node-1", canaryControl)),
			nodes:  []string{"node-3", "node-1", "node-2", "node-1"}, want: []string{"node node-1", "node node-2", "node node-3"},
		},
		"a pod that replaces another undoes nothing": {
			canary: slices.Concat(newCanary("node-1"), Canary{{Node: "node-1", Name: "canary-old", Ready: map[string]bool{canaryIngressDenied: false}}}),
			nodes:  one, want: []string{"pod govpk-canary/canary-old saw a denied flow pass"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			gaps := row.canary.Gaps(row.nodes)
			slices.Reverse(row.canary)
			if again := row.canary.Gaps(row.nodes); !slices.Equal(again, gaps) {
				t.Errorf("the order of pods changes the gaps: %v; %v", gaps, again)
			}
			if len(gaps) != len(row.want) {
				t.Fatalf("%v, want %d", gaps, len(row.want))
			}
			for i, gap := range gaps {
				if !strings.Contains(gap.String(), row.want[i]) {
					t.Errorf("%s\ndoes not say: %s", gap, row.want[i])
				}
			}
		})
	}
}

func TestStageNodes(t *testing.T) {
	stage := ObservedStage{Pods: []ObservedPod{{Node: "node-1"}, {}, {Node: "node-2"}, {Node: "node-1"}, {Node: "node-3", Ending: true}}}
	if got := stage.Nodes(); !slices.Equal(got, []string{"node-1", "node-2"}) {
		t.Error(got)
	}
}
