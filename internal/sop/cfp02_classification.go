// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 2, Data classes: each class of data has a least security level, cloud models and countries in which it may live. A release
// runs in those data centres of its provider alone that fit its class; its class is that of the most sensitive data that it reaches,
// and never goes down without the Cloud Office.
func classification() Clause {
	return Clause{
		Source:    CloudFirst,
		Number:    2,
		Title:     "Data classes",
		Condition: v1alpha1.ConditionDataClassified,
		Demands:   "Data of each class lives at the security level, in the cloud models and in the countries that the Cloud Office defines for it.",
		Assess:    func(c *Case, release *v1alpha1.Release) Finding { return c.withLive(release, assessClassification) },
	}
}

func assessClassification(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	name := release.Spec.CloudServiceProvider
	provider, ok := c.Providers[name]
	if !ok {
		return providerMissing(name)
	}
	for _, check := range []func(*v1alpha1.Release, v1alpha1.CloudServiceProvider) Finding{
		c.assessLowering, c.assessDataAPIClasses, c.assessLevel, c.assessDataCentres, c.assessResidency,
	} {
		if f := check(release, provider); f.Outcome != Met {
			return f
		}
	}
	f := finding(Met, v1alpha1.ReasonClassified, "CloudServiceProvider %s is accredited for data class %s", name, release.Spec.DataClass)
	if !slices.Contains(provider.Spec.Accreditation.DataClasses, release.Spec.DataClass) {
		f.Message = fmt.Sprintf("the Cloud Office exempts data class %s with CloudServiceProvider %s", release.Spec.DataClass, name)
	}
	if narrowed := c.narrowed(release); len(narrowed) > 0 {
		f.Message += "; it lives in " + places(narrowed)
	}
	return f
}

// assessLowering: what was launched handled data of its class, and the data is still there.
func (c *Case) assessLowering(release *v1alpha1.Release, _ v1alpha1.CloudServiceProvider) Finding {
	highest := release
	for _, launched := range c.launched() {
		if below(dataClasses, highest.Spec.DataClass, launched.Spec.DataClass) {
			highest = launched
		}
	}
	class := release.Spec.DataClass
	if highest == release || slices.ContainsFunc(c.exempted(v1alpha1.ExemptDataClassification), func(n v1alpha1.NoObjectionCertificate) bool {
		return n.Spec.Scope.DataClass == class
	}) {
		return Finding{}
	}
	return finding(Refused, v1alpha1.ReasonDataClassLowered,
		"spec.dataClass: %s is below %s, that of %s, which was launched; declare %s, or the Cloud Office lets it be lowered by a NoObjectionCertificate of clause %s with scope.dataClass %s",
		class, highest.Spec.DataClass, highest.Name, highest.Spec.DataClass, v1alpha1.ExemptDataClassification, class)
}

// assessDataAPIClasses: data is no less sensitive for who reads it.
func (c *Case) assessDataAPIClasses(release *v1alpha1.Release, _ v1alpha1.CloudServiceProvider) Finding {
	for _, component := range release.Spec.Components {
		for _, edge := range component.ConnectsTo {
			api, ok := c.DataAPIs[edge.GovernmentDataAPI]
			if edge.GovernmentDataAPI == "" || !ok || !below(dataClasses, release.Spec.DataClass, api.Spec.DataClass) {
				continue
			}
			return finding(Refused, v1alpha1.ReasonDataClassTooLow,
				"spec.dataClass: %s is below %s, the class of GovernmentDataAPI %s, which spec.components[%s].connectsTo names; declare %s, or remove the edge",
				release.Spec.DataClass, api.Spec.DataClass, api.Name, component.Name, api.Spec.DataClass)
		}
	}
	return Finding{}
}

// assessLevel: a provider below the level of a class cannot be accredited for the class, so that an exemption from the level is one
// from that too.
func (c *Case) assessLevel(release *v1alpha1.Release, provider v1alpha1.CloudServiceProvider) Finding {
	class, level := release.Spec.DataClass, provider.Spec.Accreditation.Level
	needed := dataClassRule(c.Policy, class).Level
	low := below(securityLevels, level, needed)
	switch {
	case low && c.exemptedHere(v1alpha1.ExemptSecurityLevel, release):
		return Finding{}
	case low:
		return finding(Refused, v1alpha1.ReasonSecurityLevelTooLow, "%s data needs security level %s, and CloudServiceProvider %s has %s; %s",
			class, needed, provider.Name, level, c.otherProvider(v1alpha1.ExemptSecurityLevel, release))
	case !slices.Contains(provider.Spec.Accreditation.DataClasses, class):
		return finding(Refused, v1alpha1.ReasonDataClassNotAccredited,
			"CloudServiceProvider %s is not accredited for data class %s; choose a provider that is: kubectl get cloudserviceproviders", provider.Name, class)
	}
	return Finding{}
}

func (c *Case) assessDataCentres(release *v1alpha1.Release, provider v1alpha1.CloudServiceProvider) Finding {
	if len(c.admissible(release)) > 0 {
		return Finding{}
	}
	rule := dataClassRule(c.Policy, release.Spec.DataClass)
	centres := provider.Spec.DataCentres
	if !slices.ContainsFunc(centres, func(d v1alpha1.DataCentre) bool { return c.modelAllowed(release, d) }) {
		return finding(Refused, v1alpha1.ReasonCloudModelNotAllowed, "%s data lives in cloud model %s, and CloudServiceProvider %s has %s; %s",
			rule.DataClass, oneOf(rule.CloudModels), provider.Name, places(centres), c.otherProvider(v1alpha1.ExemptCloudModel, release))
	}
	return finding(Refused, v1alpha1.ReasonResidencyNotAllowed, "%s data lives in cloud model %s in %s, and CloudServiceProvider %s has %s; %s",
		rule.DataClass, oneOf(rule.CloudModels), oneOf(rule.Countries), provider.Name, places(centres), c.otherProvider(v1alpha1.ExemptResidency, release))
}

// assessResidency: what a release wrote lies where its class of data may live. Where that is, attested nodes say.
func (c *Case) assessResidency(release *v1alpha1.Release, provider v1alpha1.CloudServiceProvider) Finding {
	nodes := c.offered(release)
	for _, stage := range []struct {
		name     string
		observed ObservedStage
	}{{v1alpha1.TestNamespace, c.Test}, {v1alpha1.LiveNamespace, c.Live}} {
		for _, component := range release.Spec.Components {
			if stage.observed.Workloads[component.Name].Release != release.Name || !stage.observed.elsewhere(component, nodes) {
				continue
			}
			return finding(Refused, v1alpha1.ReasonResidencyNotAllowed,
				"component %s: no node of CloudServiceProvider %s in %s reaches its volume in %s, so %s data lies where it may not; NTC moves the volume, or the Cloud Office exempts it with a NoObjectionCertificate of clause %s or %s for scope.dataClass %s and scope.provider %s",
				component.Name, provider.Name, places(c.admissible(release)), c.Scope(stage.name).StageNamespace(), release.Spec.DataClass,
				v1alpha1.ExemptResidency, v1alpha1.ExemptCloudModel, release.Spec.DataClass, provider.Name)
		}
	}
	return Finding{}
}

// otherProvider is the remedy where a provider does not fit a class.
func (c *Case) otherProvider(clause v1alpha1.ExemptClause, release *v1alpha1.Release) string {
	return fmt.Sprintf("choose another provider with spec.cloudServiceProvider, or the Cloud Office exempts it with a NoObjectionCertificate of clause %s for scope.dataClass %s and scope.provider %s",
		clause, release.Spec.DataClass, release.Spec.CloudServiceProvider)
}

// places names data centres, at most five of them.
func places(centres []v1alpha1.DataCentre) string {
	const most = 5
	var names []string
	for _, d := range centres[:min(len(centres), most)] {
		names = append(names, fmt.Sprintf("%s (%s, %s)", d.Name, d.CloudModel, d.Country))
	}
	if more := len(centres) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

func oneOf[T ~string](values []T) string {
	var names []string
	for _, value := range values {
		names = append(names, string(value))
	}
	return strings.Join(names, " or ")
}
