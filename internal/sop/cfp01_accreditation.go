// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/calendar"
)

// Clause 1, Accredited providers: public-service entities are served by accredited providers alone, and every application serves
// one. A provider that is merely registered runs nothing.
func accreditation() Clause {
	return Clause{
		Source:    CloudFirst,
		Number:    1,
		Title:     "Accredited providers",
		Condition: v1alpha1.ConditionProviderAccredited,
		Demands:   "Public-service entities are served from the accredited list alone; the Cloud Office may revoke an accreditation.",
		Assess:    assessAccreditation,
	}
}

func assessAccreditation(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	name := release.Spec.CloudServiceProvider
	provider, ok := c.Providers[name]
	if !ok {
		return providerMissing(name)
	}
	accreditation := provider.Spec.Accreditation
	if accreditation.State != v1alpha1.AccreditationAccredited {
		return finding(Refused, v1alpha1.ReasonProviderNotAccredited,
			"CloudServiceProvider %s is %s; only an accredited provider may run applications", name, accreditation.State)
	}
	from, until, err := validity(accreditation, c.Policy.Calendar)
	if err != nil {
		return finding(Refused, v1alpha1.ReasonCalendarInvalid, "CloudServiceProvider %s or DeploymentPolicy default: %v", name, err)
	}
	if c.Now.Before(from) {
		f := finding(Refused, v1alpha1.ReasonProviderNotAccredited, "the accreditation of CloudServiceProvider %s begins on %s", name, accreditation.ValidFrom)
		f.Deadline = from
		return f
	}
	if !c.Now.Before(until) {
		return finding(Refused, v1alpha1.ReasonProviderNotAccredited, "the accreditation of CloudServiceProvider %s ended on %s", name, accreditation.ValidUntil)
	}
	f := finding(Met, v1alpha1.ReasonAccredited, "CloudServiceProvider %s is accredited until %s", name, accreditation.ValidUntil)
	f.Deadline = until
	return f
}

// providerGrounds keep what runs on a provider offline by the Cloud Office's order.
func (c *Case) providerGrounds(release *v1alpha1.Release) []ground {
	name := release.Spec.CloudServiceProvider
	order := c.Providers[name].Spec.TakeOffline
	if order == nil {
		return nil
	}
	return []ground{{
		name: providerGround + name, workloads: v1alpha1.WorkloadsStop,
		message: fmt.Sprintf("the Cloud Office ordered every application on CloudServiceProvider %s offline: %s; the application moves to another provider, or the Cloud Office removes spec.takeOffline",
			name, order.Reason),
	}}
}

func providerMissing(name string) Finding {
	return finding(Refused, v1alpha1.ReasonProviderMissing,
		"spec.cloudServiceProvider: CloudServiceProvider %s does not exist; kubectl get cloudserviceproviders lists the accredited ones", name)
}

// validity is the accreditation's first instant and the one at which it has ended.
func validity(a v1alpha1.Accreditation, policy v1alpha1.CalendarPolicy) (from, until time.Time, err error) {
	days, err := workingDays(policy)
	if err != nil {
		return from, until, err
	}
	zone, err := time.LoadLocation(policy.TimeZone)
	if err != nil {
		return from, until, err
	}
	if from, err = time.ParseInLocation(time.DateOnly, string(a.ValidFrom), zone); err != nil {
		return from, until, err
	}
	last, err := calendar.ParseDate(string(a.ValidUntil))
	if err != nil {
		return from, until, err
	}
	return from, days.End(last), nil
}
