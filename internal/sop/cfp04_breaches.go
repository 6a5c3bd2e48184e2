// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 4, Breaches: a breach is disclosed to the Cloud Office as soon as it is discovered, and the Cloud Office's response takes
// effect here: it may suspend the provider, or take applications offline. Admission: govpk-cloud-office, govpk-offline.
func breaches() Clause {
	return Clause{
		Source:    CloudFirst,
		Number:    4,
		Title:     "Breaches",
		Condition: v1alpha1.ConditionClearOfBreaches,
		Demands:   "Any breach is disclosed to the Cloud Office as soon as it is discovered; the Cloud Office determines the response.",
		Assess:    assessBreaches,
		Guards:    []string{"govpk-cloud-office", "govpk-offline"},
	}
}

func assessBreaches(c *Case, release *v1alpha1.Release) Finding {
	open := c.openBreaches(release)
	if len(open) == 0 {
		return finding(Met, v1alpha1.ReasonClear, "no breach is open")
	}
	if grounds := c.breachGrounds(release); len(grounds) > 0 {
		return finding(Refused, v1alpha1.ReasonTakenDown, "%s", grounds[0].message)
	}
	return finding(Waiting, v1alpha1.ReasonBreachOpen, "BreachReport %s (%s) is open; the Cloud Office closes it after its response and the final report", open[0].Name, open[0].Spec.Severity)
}

// openBreaches are the reported breaches of the application, or of the provider of a release, that are not closed.
func (c *Case) openBreaches(release *v1alpha1.Release) []v1alpha1.BreachReport {
	return slices.DeleteFunc(slices.Clone(c.Breaches), func(b v1alpha1.BreachReport) bool {
		return b.Spec.Closure != nil || !c.concerns(b, release)
	})
}

// concerns is true for a breach of the application itself, and for one of all on the provider.
func (c *Case) concerns(b v1alpha1.BreachReport, release *v1alpha1.Release) bool {
	if len(b.Spec.Applications) == 0 {
		return b.Spec.CloudServiceProvider == release.Spec.CloudServiceProvider
	}
	me := v1alpha1.ApplicationReference{Namespace: c.Application.Namespace, Name: c.Application.Name}
	return slices.Contains(b.Spec.Applications, me)
}

// breachGrounds are the Cloud Office's responses that keep the application offline.
func (c *Case) breachGrounds(release *v1alpha1.Release) []ground {
	var grounds []ground
	for _, breach := range c.openBreaches(release) {
		response := breach.Spec.Response
		if response == nil || response.Action != v1alpha1.BreachTakeApplicationsOffline || c.Now.Before(response.EffectiveFrom.Time) {
			continue
		}
		grounds = append(grounds, ground{
			name: breachGround + breach.Name, workloads: v1alpha1.WorkloadsStop, since: response.EffectiveFrom.Time.Truncate(time.Second),
			message: fmt.Sprintf("the Cloud Office took the application offline in response to BreachReport %s: %s; it returns once that is closed", breach.Name, response.Reason),
		})
	}
	return grounds
}
