// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// ObservedClaim is a PersistentVolumeClaim of a component: the one that it was given first, or a copy that a cut-over made.
type ObservedClaim struct {
	render.Claim
	// Nodes are those that reach its volume; nil: every node does, or it has no volume yet.
	Nodes *corev1.NodeSelector
}

// whole is true for a claim that a component may run with.
func (o ObservedClaim) whole() bool { return o.CopiedFrom == "" || o.Copied != "" }

// claim is the one with the component's data: the newest that is whole. One that never was is named as the first. It says whose files are in
// it: the kubelet tells that of a pod that runs, and a cut-over may come when none does.
func (o ObservedStage) claim(component string) ObservedClaim {
	found := ObservedClaim{Claim: render.Claim{Name: render.StorageName(component), Size: o.Volumes[component]}, Nodes: o.VolumeNodes[component]}
	most := -1
	for _, claim := range o.Claims[component] {
		if n := claimNumber(component, claim.Name); claim.whole() && n > most {
			found, most = claim, n
		}
	}
	found.User = cmp.Or(o.user(component), found.User)
	return found
}

// nextClaim is the claim to which a component's data is copied: one that was begun for the provider since, or a new one, which nothing
// ever wrote to. So data that was superseded once never comes back.
func (o ObservedStage) nextClaim(component v1alpha1.Component, from ObservedClaim, provider string) ObservedClaim {
	next := ObservedClaim{Claim: render.Claim{Provider: provider, Size: larger(component.Storage.Size, from.Size)}}
	begun, last := claimNumber(component.Name, from.Name), 0
	for _, claim := range o.Claims[component.Name] {
		n := claimNumber(component.Name, claim.Name)
		if n > begun && !claim.whole() && claim.Provider == provider {
			claim.Size = larger(claim.Size, next.Size)
			begun, next = n, claim
		}
		last = max(last, n)
	}
	if next.Name == "" {
		next.Name = render.CopyName(component.Name, last+1)
	}
	next.CopiedFrom, next.User = from.Name, from.User
	return next
}

// claimNumber counts a component's claims, from zero.
func claimNumber(component, name string) int {
	number, found := strings.CutPrefix(name, render.StorageName(component)+".")
	if n, err := strconv.Atoi(number); found && err == nil {
		return n
	}
	return 0
}

// Settle says, once all claims are seen, which is each component's own.
func (o *ObservedStage) Settle() {
	for component := range o.Claims {
		claim := o.claim(component)
		o.Volumes[component] = claim.Size
		if claim.Nodes != nil {
			o.VolumeNodes[component] = claim.Nodes
		}
	}
}

// superseded is what the claims take that are no component's own any more, or not yet. The platform adds it to what was declared.
func (o ObservedStage) superseded(x *cutOver) (total resource.Quantity) {
	for component, claims := range o.Claims {
		own := o.claim(component).Name
		for _, claim := range claims {
			if claim.Name != own && (x == nil || claim.Name != x.to.Name) {
				total.Add(claim.Size)
			}
		}
	}
	if x != nil {
		total.Add(x.to.Size)
	}
	return total
}

// user is what the kubelet says of the newest pod of a component that runs, as <uid>:<gid>; empty: nothing.
func (o ObservedStage) user(component string) string {
	var found ObservedPod
	for _, pod := range o.Pods {
		if pod.Component == component && pod.User != "" && (found.User == "" || newest(pod, found)) {
			found = pod
		}
	}
	return found.User
}

// elsewhere is true when no node of a provider reaches the volume of a component here. A volume that every node reaches, or that is
// not bound yet, is taken to be where the policy's storage class puts it.
func (o ObservedStage) elsewhere(component v1alpha1.Component, nodes ProviderNodes) bool {
	reachable := o.VolumeNodes[component.Name]
	if component.Storage == nil || reachable == nil || len(nodes.Ready)+len(nodes.Away) == 0 {
		return false
	}
	return !reaches(reachable, nodes)
}

func reaches(selector *corev1.NodeSelector, nodes ProviderNodes) bool {
	return len(matching(selector, slices.Concat(nodes.Ready, nodes.Away))) > 0
}

// matching are the nodes that a volume's selector admits; without one, all.
func matching(selector *corev1.NodeSelector, nodes []Node) []Node {
	if selector == nil {
		return nodes
	}
	admits, err := nodeaffinity.NewNodeSelector(selector)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool {
		return !admits.Match(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}})
	})
}

func namesOf(nodes []Node) []string {
	var names []string
	for _, node := range nodes {
		names = append(names, node.Name)
	}
	return names
}
