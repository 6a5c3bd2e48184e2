// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// The containers of the canary's pods carry its verdicts by their readiness; see internal/canary.
const (
	// canaryControl: flows that are allowed pass, so that refused ones mean something.
	canaryControl = "control"
	// canaryIngressDenied and canaryEgressDenied: no denied flow has passed, of those to the pod's neighbour and of its own.
	canaryIngressDenied = "ingress-denied"
	canaryEgressDenied  = "egress-denied"
	// canaryPeer: no denied flow has come in from anywhere.
	canaryPeer = "peer"
)

// Canary is what the platform's canary says of the nodes: the pods of namespace govpk-canary, in any order. Empty: none is there.
type Canary []CanaryPod

// CanaryPod is one pod of the canary.
type CanaryPod struct {
	Node, Name string
	// Ready are its running containers by name, and whether they are ready.
	Ready map[string]bool
}

// Gaps are the nodes of these on which it is not proven that the cluster refuses a flow that no NetworkPolicy allows. Where one
// was seen to pass comes before where proof is merely missing; then by name.
func (c Canary) Gaps(nodes []string) []mesh.Gap {
	if len(nodes) > 0 && len(c) == 0 {
		return []mesh.Gap{{
			Object: "namespace govpk-canary", Problem: "has no canary, so nothing proves that this cluster enforces NetworkPolicy", Remedy: "NTC installs config/canary",
		}}
	}
	var passed, unproven []mesh.Gap
	for _, node := range slices.Compact(slices.Sorted(slices.Values(nodes))) {
		verdicts := c.on(node)
		if gap, found := verdicts.unproven(node); found {
			unproven = append(unproven, gap)
		} else if gap, found := verdicts.passed(node); found {
			passed = append(passed, gap)
		}
	}
	return append(passed, unproven...)
}

// canaryVerdict is one on one node, and the pod that carries it.
type canaryVerdict struct {
	pod   string
	holds bool
}

type canaryVerdicts map[string]canaryVerdict

func (c Canary) on(node string) canaryVerdicts {
	verdicts := canaryVerdicts{}
	for _, pod := range c {
		if pod.Node != node {
			continue
		}
		for name, holds := range pod.Ready {
			// While a pod is replaced there may be two. What one saw pass is not undone by the other.
			if other, known := verdicts[name]; !known || other.holds && !holds || other.holds == holds && pod.Name < other.pod {
				verdicts[name] = canaryVerdict{pod.Name, holds}
			}
		}
	}
	return verdicts
}

func (v canaryVerdicts) unproven(node string) (mesh.Gap, bool) {
	gap := mesh.Gap{Object: "node " + node}
	for _, name := range []string{canaryControl, canaryIngressDenied, canaryEgressDenied, canaryPeer} {
		if _, known := v[name]; !known {
			gap.Problem = "is not shown to enforce NetworkPolicy: container " + name + " of the canary does not run there"
			gap.Remedy = "NTC looks at the pods of namespace govpk-canary on it"
			return gap, true
		}
	}
	if control := v[canaryControl]; !control.holds {
		gap.Problem = "is not shown to enforce NetworkPolicy: flows that are allowed do not pass for pod govpk-canary/" + control.pod +
			", or it has just started, so refused ones mean nothing"
		gap.Remedy = "if this lasts, NTC mends the node's network or installs config/canary again"
		return gap, true
	}
	return gap, false
}

func (v canaryVerdicts) passed(node string) (mesh.Gap, bool) {
	for _, name := range []string{canaryIngressDenied, canaryPeer, canaryEgressDenied} {
		if verdict := v[name]; !verdict.holds {
			return mesh.Gap{
				Object:  "node " + node,
				Problem: fmt.Sprintf("does not enforce NetworkPolicy: pod govpk-canary/%s saw a denied flow pass (container %s)", verdict.pod, name),
				Remedy:  "NTC mends its network plugin, or cordons it and moves its pods; if NetworkPolicies of govpk-canary were changed, NTC installs config/canary again",
			}, true
		}
	}
	return mesh.Gap{}, false
}
