// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 2, Data classes: each class of data has a least security level, cloud models and countries in which it may live.
func classification() Clause {
	return Clause{
		Source:    CloudFirst,
		Number:    2,
		Title:     "Data classes",
		Condition: v1alpha1.ConditionDataClassified,
		Demands:   "Data of each class lives at the security level, in the cloud models and in the countries that the Cloud Office defines for it.",
		Assess:    assessClassification,
	}
}

func assessClassification(c *Case, release *v1alpha1.Release) Finding {
	name := release.Spec.CloudServiceProvider
	provider, ok := c.Providers[name]
	if !ok {
		return providerMissing(name)
	}
	if !slices.Contains(provider.Spec.Accreditation.DataClasses, release.Spec.DataClass) {
		return finding(Refused, v1alpha1.ReasonDataClassNotAccredited,
			"CloudServiceProvider %s is not accredited for data class %s; choose a provider that is", name, release.Spec.DataClass)
	}
	return finding(Met, v1alpha1.ReasonClassified, "CloudServiceProvider %s is accredited for data class %s", name, release.Spec.DataClass)
}
