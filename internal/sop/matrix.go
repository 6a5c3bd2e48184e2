// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// The orders of classes and levels, from the least to the most.
var (
	dataClasses    = []v1alpha1.DataClass{v1alpha1.DataClassOpen, v1alpha1.DataClassPublic, v1alpha1.DataClassRestricted, v1alpha1.DataClassSensitiveConfidential, v1alpha1.DataClassSecret}
	securityLevels = []v1alpha1.SecurityLevel{v1alpha1.SecurityBaseline, v1alpha1.SecurityIntermediate, v1alpha1.SecurityEnhanced, v1alpha1.SecurityHighest}
)

// below is true when a comes before b in an order. What is not in it comes before everything.
func below[T comparable](order []T, a, b T) bool {
	return slices.Index(order, a) < slices.Index(order, b)
}

// matrixDefaults say where data of each class may live when the policy has no rule for it. The API documents them.
var matrixDefaults = []v1alpha1.DataClassRule{
	{DataClass: v1alpha1.DataClassOpen, Level: v1alpha1.SecurityBaseline, CloudModels: shared},
	{DataClass: v1alpha1.DataClassPublic, Level: v1alpha1.SecurityBaseline, CloudModels: shared},
	{DataClass: v1alpha1.DataClassRestricted, Level: v1alpha1.SecurityIntermediate, CloudModels: government, Countries: pakistan},
	{DataClass: v1alpha1.DataClassSensitiveConfidential, Level: v1alpha1.SecurityEnhanced, CloudModels: government, Countries: pakistan},
	{DataClass: v1alpha1.DataClassSecret, Level: v1alpha1.SecurityHighest, CloudModels: government, Countries: pakistan},
}

var (
	shared     = []v1alpha1.CloudModel{v1alpha1.CloudPublic, v1alpha1.CloudGovernment, v1alpha1.CloudHybrid}
	government = []v1alpha1.CloudModel{v1alpha1.CloudGovernment}
	pakistan   = []v1alpha1.Country{"PK"}
)

// dataClassRule says where data of a class may live. Of a class that nobody knows, nowhere.
func dataClassRule(policy *v1alpha1.DeploymentPolicySpec, class v1alpha1.DataClass) v1alpha1.DataClassRule {
	for _, rules := range [][]v1alpha1.DataClassRule{policy.DataClasses, matrixDefaults} {
		if i := slices.IndexFunc(rules, func(rule v1alpha1.DataClassRule) bool { return rule.DataClass == class }); i >= 0 {
			return rules[i]
		}
	}
	return v1alpha1.DataClassRule{DataClass: class, Level: v1alpha1.SecurityHighest}
}

// admissible are the data centres of a release's provider in which its class of data may live.
func (c *Case) admissible(release *v1alpha1.Release) []v1alpha1.DataCentre {
	return slices.DeleteFunc(slices.Clone(c.Providers[release.Spec.CloudServiceProvider].Spec.DataCentres), func(d v1alpha1.DataCentre) bool {
		return !c.modelAllowed(release, d) || !c.countryAllowed(release, d)
	})
}

func (c *Case) modelAllowed(release *v1alpha1.Release, d v1alpha1.DataCentre) bool {
	return slices.Contains(dataClassRule(c.Policy, release.Spec.DataClass).CloudModels, d.CloudModel) || c.exemptedHere(v1alpha1.ExemptCloudModel, release)
}

func (c *Case) countryAllowed(release *v1alpha1.Release, d v1alpha1.DataCentre) bool {
	countries := dataClassRule(c.Policy, release.Spec.DataClass).Countries
	return len(countries) == 0 || slices.Contains(countries, d.Country) || c.exemptedHere(v1alpha1.ExemptResidency, release)
}

// narrowed are the data centres to which a release is bound where those are not all that its provider has. Where there is none at
// all the finding says so, nothing new starts, and what runs is not moved to nowhere.
func (c *Case) narrowed(release *v1alpha1.Release) []v1alpha1.DataCentre {
	if c.Policy == nil {
		return nil
	}
	places := c.admissible(release)
	if len(places) == len(c.Providers[release.Spec.CloudServiceProvider].Spec.DataCentres) {
		return nil
	}
	return places
}

// nodes are selectors of the nodes on which a release may run, any of which admits: the provider's attested ones that stand where the
// release's class of data may live. Without a provider no node matches: nothing may run where nobody attests.
func (c *Case) nodes(release *v1alpha1.Release) []metav1.LabelSelector {
	provider, ok := c.Providers[release.Spec.CloudServiceProvider]
	if !ok {
		return []metav1.LabelSelector{{MatchLabels: map[string]string{"platform.ntc.gov.pk/provider-missing": "true"}}}
	}
	places := c.narrowed(release)
	if len(places) == 0 {
		return []metav1.LabelSelector{provider.Spec.NodeSelector}
	}
	var selectors []metav1.LabelSelector
	for _, place := range places {
		selectors = append(selectors, both(provider.Spec.NodeSelector, place.NodeSelector))
	}
	return selectors
}

// nodesOf are those of a component on a target. Where its volume lies elsewhere it keeps all of the provider's nodes: a pod that runs
// beside its data, where that should not be, is better than one that ends and never starts again. The finding tells.
func (c *Case) nodesOf(t Target, component v1alpha1.Component, release *v1alpha1.Release) []metav1.LabelSelector {
	if provider, ok := c.Providers[release.Spec.CloudServiceProvider]; ok && t.Observed.elsewhere(component, c.offered(release)) {
		return []metav1.LabelSelector{provider.Spec.NodeSelector}
	}
	return c.nodes(release)
}

// both is a selector of what two select.
func both(a metav1.LabelSelector, b *metav1.LabelSelector) metav1.LabelSelector {
	if b == nil {
		return a
	}
	out := metav1.LabelSelector{MatchLabels: a.MatchLabels, MatchExpressions: slices.Clone(a.MatchExpressions)}
	for _, key := range slices.Sorted(maps.Keys(b.MatchLabels)) {
		out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{b.MatchLabels[key]}})
	}
	out.MatchExpressions = append(out.MatchExpressions, b.MatchExpressions...)
	return out
}
