// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// stored gives the component api a volume that only nodes with a label reach.
func stored(t *testing.T, c *Case, key, value string) *Case {
	t.Helper()
	storage := &v1alpha1.Storage{MountPath: "/data"}
	storage.Size.Set(1 << 30)
	c.Application.Spec.Components[1].Storage = storage
	for i := range c.Releases {
		c.Releases[i].Spec.Components[1].Storage = storage
	}
	reached := &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}},
	}}}}
	c.Live.VolumeNodes = map[string]*corev1.NodeSelector{"api": reached}
	return c
}

func TestClassification(t *testing.T) {
	class := func(class v1alpha1.DataClass) func(*Case) {
		return func(c *Case) { c.Application.Spec.DataClass = class }
	}
	provider := func(change func(*v1alpha1.CloudServiceProviderSpec)) func(*Case) {
		return func(c *Case) {
			p := c.Providers["ntc-islamabad"]
			change(&p.Spec)
			c.Providers["ntc-islamabad"] = p
		}
	}
	abroad := provider(func(s *v1alpha1.CloudServiceProviderSpec) { s.DataCentres[0].Country = "AE" })
	launchedAs := func(class v1alpha1.DataClass) func(*Case) {
		return func(c *Case) {
			former := *c.Releases[0].DeepCopy()
			former.Name, former.Spec.DataClass = "health-portal-former", class
			launchedOn(&former, received)
			c.Releases = append(c.Releases, former)
		}
	}
	exempt := func(clause v1alpha1.ExemptClause, class v1alpha1.DataClass, provider string) func(*Case) {
		return func(c *Case) { c.Certificates = append(c.Certificates, exemption(clause, class, provider)) }
	}
	api := func(class v1alpha1.DataClass) func(*Case) {
		return func(c *Case) {
			c.Application.Spec.Components[1].ConnectsTo = []v1alpha1.Edge{{GovernmentDataAPI: "nadra"}, {GovernmentDataAPI: "unknown"}}
			registry := v1alpha1.GovernmentDataAPI{Spec: v1alpha1.GovernmentDataAPISpec{DataClass: class}}
			registry.Name = "nadra"
			c.DataAPIs = map[string]v1alpha1.GovernmentDataAPI{"nadra": registry}
		}
	}
	checkClause(t, v1alpha1.ConditionDataClassified, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonProviderMissing, v1alpha1.ReasonDataClassNotAccredited, v1alpha1.ReasonClassified, v1alpha1.ReasonSecurityLevelTooLow,
		v1alpha1.ReasonCloudModelNotAllowed, v1alpha1.ReasonResidencyNotAllowed, v1alpha1.ReasonDataClassLowered, v1alpha1.ReasonDataClassTooLow,
	}, []clauseRow{
		{
			name: "a class of the provider's", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonClassified, message: []string{"Restricted"}, without: []string{"it lives in"},
		},
		{name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil }, outcome: Refused, reason: v1alpha1.ReasonPolicyMissing},
		{
			name: "no provider", given: underAudit(t), change: func(c *Case) { c.Providers = nil },
			outcome: Refused, reason: v1alpha1.ReasonProviderMissing,
			message: []string{"spec.cloudServiceProvider", "ntc-islamabad does not exist", "kubectl get cloudserviceproviders"},
		},
		{
			name: "a class that the provider is not accredited for", given: underAudit(t), on: onSnapshot, change: class(v1alpha1.DataClassSensitiveConfidential),
			outcome: Refused, reason: v1alpha1.ReasonDataClassNotAccredited, message: []string{"data class SensitiveConfidential", "choose a provider that is"},
		},
		{
			name: "from which no exemption frees at a level that is high enough", given: underAudit(t), on: onSnapshot,
			change:  with(class(v1alpha1.DataClassSensitiveConfidential), exempt(v1alpha1.ExemptSecurityLevel, v1alpha1.DataClassSensitiveConfidential, "ntc-islamabad")),
			outcome: Refused, reason: v1alpha1.ReasonDataClassNotAccredited,
		},
		{
			name: "a level that is too low", given: underAudit(t), on: onSnapshot, change: class(v1alpha1.DataClassSecret),
			outcome: Refused, reason: v1alpha1.ReasonSecurityLevelTooLow,
			message: []string{"Secret data needs security level Highest, and CloudServiceProvider ntc-islamabad has Enhanced", "spec.cloudServiceProvider",
				"NoObjectionCertificate of clause SecurityLevel for scope.dataClass Secret and scope.provider ntc-islamabad"},
		},
		{
			name: "a level that is too low, exempted", given: underAudit(t), on: onSnapshot,
			change:  with(class(v1alpha1.DataClassSecret), exempt(v1alpha1.ExemptSecurityLevel, v1alpha1.DataClassSecret, "ntc-islamabad")),
			outcome: Met, reason: v1alpha1.ReasonClassified, message: []string{"the Cloud Office exempts data class Secret"},
		},
		{
			name: "the exemption has ended", given: underAudit(t), on: onSnapshot,
			change: with(class(v1alpha1.DataClassSecret), exempt(v1alpha1.ExemptSecurityLevel, v1alpha1.DataClassSecret, "ntc-islamabad"), func(c *Case) {
				c.Now = hours(1000)
			}),
			outcome: Refused, reason: v1alpha1.ReasonSecurityLevelTooLow,
		},
		{
			name: "a cloud model", given: underAudit(t), change: provider(func(s *v1alpha1.CloudServiceProviderSpec) { s.DataCentres[0].CloudModel = v1alpha1.CloudPublic }),
			outcome: Refused, reason: v1alpha1.ReasonCloudModelNotAllowed,
			message: []string{"Restricted data lives in cloud model Government, and CloudServiceProvider ntc-islamabad has islamabad-1 (Public, PK)", "clause CloudModel"},
		},
		{
			name: "abroad", given: underAudit(t), change: abroad, outcome: Refused, reason: v1alpha1.ReasonResidencyNotAllowed,
			message: []string{"in cloud model Government in PK, and CloudServiceProvider ntc-islamabad has islamabad-1 (Government, AE)", "clause Residency"},
		},
		{
			name: "abroad, exempted", given: underAudit(t), change: with(abroad, exempt(v1alpha1.ExemptResidency, v1alpha1.DataClassRestricted, "ntc-islamabad")),
			outcome: Met, reason: v1alpha1.ReasonClassified,
		},
		{
			name: "the right model and the right country, but not together", given: underAudit(t), outcome: Refused, reason: v1alpha1.ReasonResidencyNotAllowed,
			change: with(inTwoPlaces, provider(func(s *v1alpha1.CloudServiceProviderSpec) {
				s.DataCentres[0].Country, s.DataCentres[1].Country = "AE", "PK"
			})),
			message: []string{"islamabad (Government, AE), dubai (Public, PK)"},
		},
		{name: "one of two data centres", given: underAudit(t), change: inTwoPlaces, outcome: Met, reason: v1alpha1.ReasonClassified, message: []string{"it lives in islamabad (Government, PK)"}, without: []string{"dubai"}},

		{
			name: "a lower class than one launched", given: underAudit(t), change: launchedAs(v1alpha1.DataClassSensitiveConfidential),
			outcome: Refused, reason: v1alpha1.ReasonDataClassLowered,
			message: []string{"spec.dataClass: Restricted is below SensitiveConfidential, that of health-portal-former", "NoObjectionCertificate of clause DataClassification with scope.dataClass Restricted"},
		},
		{name: "the class of one launched", given: underAudit(t), change: launchedAs(v1alpha1.DataClassRestricted), outcome: Met, reason: v1alpha1.ReasonClassified},
		{name: "a higher one", given: underAudit(t), change: launchedAs(v1alpha1.DataClassOpen), outcome: Met, reason: v1alpha1.ReasonClassified},
		{
			name: "a lower class than one that was never launched", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonClassified,
			change: with(launchedAs(v1alpha1.DataClassSensitiveConfidential), func(c *Case) { c.Releases[1].Annotations = nil }),
		},
		{
			name: "lowered with the Cloud Office", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonClassified,
			change: with(launchedAs(v1alpha1.DataClassSensitiveConfidential), exempt(v1alpha1.ExemptDataClassification, v1alpha1.DataClassRestricted, "")),
		},
		{
			name: "lowered further than that", given: underAudit(t), outcome: Refused, reason: v1alpha1.ReasonDataClassLowered,
			change: with(launchedAs(v1alpha1.DataClassSensitiveConfidential), exempt(v1alpha1.ExemptDataClassification, v1alpha1.DataClassPublic, "")),
		},

		{
			name: "data of a higher class", given: underAudit(t), on: onSnapshot, change: api(v1alpha1.DataClassSensitiveConfidential), outcome: Refused, reason: v1alpha1.ReasonDataClassTooLow,
			message: []string{"spec.dataClass: Restricted is below SensitiveConfidential, the class of GovernmentDataAPI nadra, which spec.components[api].connectsTo names", "remove the edge"},
		},
		{name: "data of its class", given: underAudit(t), on: onSnapshot, change: api(v1alpha1.DataClassRestricted), outcome: Met, reason: v1alpha1.ReasonClassified},

		{
			name: "a volume abroad", given: stored(t, liveCase(t), centreLabel, "dubai"), change: inTwoPlaces, outcome: Refused, reason: v1alpha1.ReasonResidencyNotAllowed,
			message: []string{"component api: no node of CloudServiceProvider ntc-islamabad in islamabad (Government, PK) reaches its volume in health-portal-fab68624-live", "clause Residency or CloudModel"},
		},
		{name: "a volume at home", given: stored(t, liveCase(t), centreLabel, "islamabad"), change: inTwoPlaces, outcome: Met, reason: v1alpha1.ReasonClassified},
		{
			name: "a volume that every node reaches", given: stored(t, liveCase(t), centreLabel, "dubai"), change: with(inTwoPlaces, func(c *Case) { c.Live.VolumeNodes = nil }),
			outcome: Met, reason: v1alpha1.ReasonClassified,
		},
		{
			name: "a volume at home whose node is away", given: stored(t, liveCase(t), centreLabel, "islamabad"), outcome: Met, reason: v1alpha1.ReasonClassified,
			change: with(inTwoPlaces, func(c *Case) {
				nodes := c.Nodes["ntc-islamabad"]
				nodes.Ready, nodes.Away = nodes.Ready[1:], nodes.Ready[:1]
				c.Nodes["ntc-islamabad"] = nodes
			}),
		},
		{
			name: "live where its class may not, though another is declared", given: liveCase(t), on: onSnapshot,
			change:  with(abroad, moved(t)),
			outcome: Waiting, reason: v1alpha1.ReasonResidencyNotAllowed, message: []string{"is live still"},
		},
	})
}
