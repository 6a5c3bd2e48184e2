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

func TestCanaryGap(t *testing.T) {
	both := []string{"node-1", "node-2"}
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
		"proven on both":                 {canary: slices.Concat(newCanary("node-2"), newCanary("node-1")), nodes: both},
		"no node matters":                {},
		"a node that does not matter":    {canary: slices.Concat(newCanary("node-1"), newCanary("node-3", canaryEgressDenied)), nodes: []string{"node-1"}},
		"not installed":                  {nodes: both, want: []string{"no canary runs in namespace govpk-canary; NTC installs config/canary"}},
		"on one of two":                  {canary: newCanary("node-2"), nodes: both, want: []string{"nothing proves that node node-1 enforces NetworkPolicy: container control of the canary does not run there; look at"}},
		"on neither":                     {canary: newCanary("node-3"), nodes: both, want: []string{"node-1", "(and 1 node more)"}},
		"a container that does not run":  {canary: without(canaryEgressDenied), nodes: []string{"node-1"}, want: []string{"container egress-denied of the canary does not run"}},
		"no peer":                        {canary: without(canaryPeer), nodes: []string{"node-1"}, want: []string{"container peer of the canary does not run"}},
		"the peer is gone":               {canary: newCanary("node-1", canaryControl), nodes: []string{"node-1"}, want: []string{"nothing proves that node node-1", "flows that are allowed do not pass for pod govpk-canary/canary-node-1", "install config/canary again"}},
		"nothing answers":                {canary: newCanary("node-1", canaryControl, canaryIngressDenied, canaryEgressDenied), nodes: []string{"node-1"}, want: []string{"nothing proves"}},
		"what comes in":                  {canary: newCanary("node-1", canaryIngressDenied), nodes: []string{"node-1"}, want: []string{"node node-1 does not enforce NetworkPolicy: pod govpk-canary/canary-node-1 saw a denied flow pass (container ingress-denied); mend its network plugin, or cordon"}},
		"what goes out":                  {canary: newCanary("node-1", canaryEgressDenied), nodes: []string{"node-1"}, want: []string{"does not enforce", "canary-node-1", "(container egress-denied)"}},
		"what comes in from other nodes": {canary: newCanary("node-1", canaryPeer), nodes: []string{"node-1"}, want: []string{"does not enforce", "pod govpk-canary/peer-node-1 saw", "(container peer)"}},
		"what passes comes before what is missing": {
			canary: newCanary("node-2", canaryEgressDenied), nodes: both, want: []string{"node node-2 does not enforce", "(and 1 node more)"},
		},
		"the first of equals, whatever their order": {
			canary: slices.Concat(newCanary("node-3", canaryControl), newCanary("node-2", canaryControl), newCanary("node-1", canaryControl)),
			nodes:  []string{"node-3", "node-1", "node-2", "node-1"}, want: []string{"node node-1", "(and 2 nodes more)"},
		},
		"a pod that replaces another undoes nothing": {
			canary: slices.Concat(newCanary("node-1"), Canary{{Node: "node-1", Name: "canary-old", Ready: map[string]bool{canaryIngressDenied: false}}}),
			nodes:  []string{"node-1"}, want: []string{"canary-old saw a denied flow pass"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := row.canary.Gap(row.nodes)
			slices.Reverse(row.canary)
			if again := row.canary.Gap(row.nodes); again != got {
				t.Errorf("the order of pods changes the message: %s; %s", got, again)
			}
			if (got == "") != (row.want == nil) {
				t.Errorf("%q, want %q", got, row.want)
			}
			for _, fragment := range row.want {
				if !strings.Contains(got, fragment) {
					t.Errorf("%s\ndoes not say: %s", got, fragment)
				}
			}
		})
	}
}

func TestStageNodes(t *testing.T) {
	stage := ObservedStage{Pods: []ObservedPod{{Node: "node-1"}, {}, {Node: "node-2"}, {Node: "node-1"}}}
	if got := stage.Nodes(); !slices.Equal(got, []string{"node-1", "node-2"}) {
		t.Error(got)
	}
}
