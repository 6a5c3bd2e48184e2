// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Node is a node that a provider attests, and what it offers.
type Node struct {
	Compute
	Name   string
	Labels map[string]string
}

// ProviderNodes are the nodes that a provider attests, and what is booked on them.
type ProviderNodes struct {
	// Ready are those that take pods, and Away those that take none: not ready, cordoned or tainted.
	Ready, Away []Node
	// Booked is what other applications have booked, and Held what this one has.
	Booked, Held Compute
}

// assessNodes judges whether the provider's nodes hold the application. It keeps a release from being tested, but takes
// nothing away from one that already runs: a node that goes for an hour is no reason to end what the others carry.
func assessNodes(c *Case, release *v1alpha1.Release) Finding {
	f := c.nodeProblem(release)
	if f.Outcome != Met && (c.Test.Release == release.Name || c.Live.Release == release.Name) {
		f.Outcome = Waiting
		f.Message += "; what runs stays"
	}
	return f
}

func (c *Case) nodeProblem(release *v1alpha1.Release) Finding {
	name := release.Spec.CloudServiceProvider
	provider := c.Providers[name]
	selector := provider.Spec.NodeSelector
	nodes := c.offered(release)
	if _, err := metav1.LabelSelectorAsSelector(&selector); err != nil {
		return finding(Refused, v1alpha1.ReasonNodesMissing, "CloudServiceProvider %s spec.nodeSelector: %v; the Cloud Office corrects it", name, err)
	}
	if len(nodes.Ready) == 0 {
		return finding(Refused, v1alpha1.ReasonNodesMissing, "CloudServiceProvider %s has no node for pods: %s %s; the provider readies one or NTC attests one by its labels",
			name, noneOf(len(nodes.Away)), c.selected(release))
	}
	for _, component := range release.Spec.Components {
		if pod := pods(component, 1); !nodes.hold(pod) {
			return finding(Refused, v1alpha1.ReasonCapacityMissing,
				"spec.components[%s].resources: a pod needs %s, and no node of CloudServiceProvider %s offers both; the most on any is %s; the provider adds a larger node, or the component asks for less",
				component.Name, pod, name, nodes.largest())
		}
	}
	if missing := c.shortage(release); !missing.none() {
		return finding(Refused, v1alpha1.ReasonCapacityMissing, "%s", c.shortageMessage(release, missing))
	}
	return finding(Met, v1alpha1.ReasonProvisioned, "%s with %s", count(len(nodes.Ready)), nodes.total())
}

// offered are the provider's nodes on which a release may run. What is booked is so with the provider, wherever its nodes stand.
func (c *Case) offered(release *v1alpha1.Release) ProviderNodes {
	nodes := c.Nodes[release.Spec.CloudServiceProvider]
	places := c.narrowed(release)
	if len(places) == 0 {
		return nodes
	}
	nodes.Ready, nodes.Away = standing(nodes.Ready, places), standing(nodes.Away, places)
	return nodes
}

// standing are the nodes that stand in one of the data centres.
func standing(nodes []Node, places []v1alpha1.DataCentre) []Node {
	var found []Node
	for _, place := range places {
		selector, err := metav1.LabelSelectorAsSelector(place.NodeSelector)
		if err != nil {
			continue
		}
		for _, node := range nodes {
			known := slices.ContainsFunc(found, func(n Node) bool { return n.Name == node.Name })
			if !known && (place.NodeSelector == nil || selector.Matches(k8slabels.Set(node.Labels))) {
				found = append(found, node)
			}
		}
	}
	return found
}

// selected says which nodes a release looks for.
func (c *Case) selected(release *v1alpha1.Release) string {
	var selectors []string
	for _, selector := range c.nodes(release) {
		selectors = append(selectors, metav1.FormatLabelSelector(&selector))
	}
	return strings.Join(selectors, " or ")
}

func noneOf(others int) string {
	switch others {
	case 0:
		return "none matches"
	case 1:
		return "the only one that matches is not ready, cordoned or tainted:"
	default:
		return fmt.Sprintf("all %d that match are not ready, cordoned or tainted:", others)
	}
}

func count(nodes int) string {
	if nodes == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", nodes)
}

// hold is true when one node offers all that a pod needs.
func (n ProviderNodes) hold(pod Compute) bool {
	for _, node := range n.Ready {
		if node.CPU.Cmp(pod.CPU) >= 0 && node.Memory.Cmp(pod.Memory) >= 0 {
			return true
		}
	}
	return false
}

func (n ProviderNodes) sum() Compute {
	var all Compute
	for _, node := range n.Ready {
		all.Add(node.Compute)
	}
	return all
}

func (n ProviderNodes) total() Compute { return n.sum().offered() }

// largest is the most cpu and the most memory that a node offers; not always the same node.
func (n ProviderNodes) largest() Compute {
	var most Compute
	for _, node := range n.Ready {
		most = most.larger(node.Compute)
	}
	return most.offered()
}

// offered writes what nodes offer as people read it, whatever the kubelets' suffixes and their order: memory in whole Mi.
func (s Compute) offered() Compute {
	s.CPU.Format = resource.DecimalSI
	s.Memory = *resource.NewQuantity(s.Memory.Value()/mebibyte*mebibyte, resource.BinarySI)
	return s
}

const mebibyte = 1 << 20

func (s Compute) String() string {
	return fmt.Sprintf("%s cpu and %s memory", s.CPU.String(), s.Memory.String())
}
