// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
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

// Gap says on which of the nodes it is not proven that the cluster refuses a flow that no NetworkPolicy allows, why, and what
// helps; empty: it is proven on all. A flow that passes comes before proofs that are merely missing; of several nodes the
// first by name is told, and the others are counted.
func (c Canary) Gap(nodes []string) string {
	if len(nodes) > 0 && len(c) == 0 {
		return "nothing proves that this cluster enforces NetworkPolicy: no canary runs in namespace govpk-canary; NTC installs config/canary"
	}
	var worst nodeGap
	others := 0
	for _, node := range slices.Compact(slices.Sorted(slices.Values(nodes))) {
		gap := c.gapOn(node)
		if gap.severity == proven {
			continue
		}
		if worst.severity != proven {
			others++
		}
		if gap.severity > worst.severity {
			worst = gap
		}
	}
	if others > 0 {
		return fmt.Sprintf("%s (and %s more)", worst.message, count(others))
	}
	return worst.message
}

type severity int

const (
	proven severity = iota
	unproven
	refuted
)

type nodeGap struct {
	severity severity
	message  string
}

func (c Canary) gapOn(node string) nodeGap {
	pods := map[string]string{}
	ready := map[string]bool{}
	for _, pod := range c {
		if pod.Node != node {
			continue
		}
		for verdict, holds := range pod.Ready {
			// While a pod is replaced there may be two. What one saw pass is not undone by the other.
			if name, known := pods[verdict]; !known || ready[verdict] && !holds || ready[verdict] == holds && pod.Name < name {
				pods[verdict], ready[verdict] = pod.Name, holds
			}
		}
	}
	for _, verdict := range []string{canaryControl, canaryIngressDenied, canaryEgressDenied, canaryPeer} {
		if pods[verdict] == "" {
			return nodeGap{unproven, fmt.Sprintf(
				"nothing proves that node %s enforces NetworkPolicy: container %s of the canary does not run there; look at the pods of namespace govpk-canary on it", node, verdict)}
		}
	}
	if !ready[canaryControl] {
		return nodeGap{unproven, fmt.Sprintf(
			"nothing proves that node %s enforces NetworkPolicy: flows that are allowed do not pass for pod govpk-canary/%s, or it has just started, so refused ones mean nothing; if this lasts, mend the node's network or install config/canary again",
			node, pods[canaryControl])}
	}
	for _, verdict := range []string{canaryIngressDenied, canaryPeer, canaryEgressDenied} {
		if !ready[verdict] {
			return nodeGap{refuted, fmt.Sprintf(
				"node %s does not enforce NetworkPolicy: pod govpk-canary/%s saw a denied flow pass (container %s); mend its network plugin, or cordon it and move its pods; if NetworkPolicies of govpk-canary were changed, install config/canary again",
				node, pods[verdict], verdict)}
		}
	}
	return nodeGap{}
}
