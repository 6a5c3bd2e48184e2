// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 1, Accredited providers: public-service entities are served by accredited providers alone, and every application serves
// one. A provider that is merely registered runs nothing. Where an accreditation is suspended or ends, what is live there stays as it
// is and has a day by which to move; where it is revoked, another day on which it goes offline.
func accreditation() Clause {
	return Clause{
		Source:    CloudFirst,
		Number:    1,
		Title:     "Accredited providers",
		Condition: v1alpha1.ConditionProviderAccredited,
		Demands:   "Public-service entities are served from the accredited list alone; the Cloud Office may revoke an accreditation.",
		Assess:    func(c *Case, release *v1alpha1.Release) Finding { return c.withLive(release, assessAccreditation) },
	}
}

// withLive judges a release, and what is live beside it: an application that is on its way to another provider still has a day by
// which to be there, and data that lies where it may not.
func (c *Case) withLive(release *v1alpha1.Release, assess func(*Case, *v1alpha1.Release) Finding) Finding {
	f := assess(c, release)
	live := c.judgedLive()
	if live == nil || live.Name == release.Name {
		return f
	}
	left := assess(c, live)
	next := earliest(f.Deadline, left.Deadline)
	if f.Outcome == Met && left.Outcome != Met {
		f = left
		f.Message = live.Name + " is live still: " + left.Message
		if left.Reason != v1alpha1.ReasonMigrationOverdue {
			f.Outcome = Waiting
		}
	}
	f.Deadline = next
	return f
}

// assessAccreditation refuses to test and launch a release on a provider that is not accredited. What is live there stays.
func assessAccreditation(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	name := release.Spec.CloudServiceProvider
	provider, ok := c.Providers[name]
	if !ok {
		return providerMissing(name)
	}
	s, err := StandingOf(&provider, c.Breaches, c.Policy, c.Now)
	if err != nil {
		return finding(Refused, v1alpha1.ReasonCalendarInvalid, "CloudServiceProvider %s or DeploymentPolicy default: %v", name, err)
	}
	f := s.finding(&provider)
	f.Deadline = s.Next
	return f
}

var lostReasons = map[v1alpha1.ProviderState]string{
	v1alpha1.ProviderSuspended: v1alpha1.ReasonProviderSuspended,
	v1alpha1.ProviderExpired:   v1alpha1.ReasonProviderExpired,
	v1alpha1.ProviderRevoked:   v1alpha1.ReasonProviderRevoked,
}

// finding says where a provider stands, and what follows for an application.
func (s Standing) finding(provider *v1alpha1.CloudServiceProvider) Finding {
	name, accreditation := provider.Name, provider.Spec.Accreditation
	switch s.State {
	case v1alpha1.ProviderRegistered:
		return finding(Refused, v1alpha1.ReasonProviderNotAccredited,
			"CloudServiceProvider %s is Registered; only an accredited provider may run applications, and kubectl get cloudserviceproviders lists them", name)
	case v1alpha1.ProviderPending:
		return finding(Refused, v1alpha1.ReasonProviderNotAccredited, "the accreditation of CloudServiceProvider %s begins on %s", name, accreditation.ValidFrom)
	case v1alpha1.ProviderAccredited:
		return finding(Met, v1alpha1.ReasonAccredited, "CloudServiceProvider %s is accredited until %s", name, accreditation.ValidUntil)
	}
	message := fmt.Sprintf("CloudServiceProvider %s is %s", name, s.State)
	if s.Why != "" {
		message += " (" + s.Why + ")"
	}
	reason := lostReasons[s.State]
	const move = "set spec.cloudServiceProvider to an accredited one, which kubectl get cloudserviceproviders lists, and launch that release"
	switch {
	case s.Offline:
		return finding(Refused, reason, "%s: since %s nothing is live there; %s", message, s.OfflineFrom, move)
	case s.Overdue:
		return finding(Refused, v1alpha1.ReasonMigrationOverdue, "%s: what runs there was to leave by %s; %s at once", message, s.MigrateBy, move)
	case s.State == v1alpha1.ProviderRevoked:
		return finding(Refused, reason, "%s: what runs there stays as it is until %s and goes offline on %s, and nothing new starts; %s before", message, s.MigrateBy, s.OfflineFrom, move)
	default:
		return finding(Refused, reason, "%s: what runs there stays as it is, and nothing new starts; %s by %s", message, move, s.MigrateBy)
	}
}

// providerGrounds keep what runs on a provider offline: the Cloud Office's order, or a revocation whose day has come.
func (c *Case) providerGrounds(release *v1alpha1.Release) []ground {
	name := release.Spec.CloudServiceProvider
	provider := c.Providers[name]
	g := ground{name: providerGround + name, workloads: v1alpha1.WorkloadsStop}
	if order := provider.Spec.TakeOffline; order != nil {
		g.message = fmt.Sprintf("the Cloud Office ordered every application on CloudServiceProvider %s offline: %s; the application moves to another provider, or the Cloud Office removes spec.takeOffline",
			name, order.Reason)
		return []ground{g}
	}
	if provider.Spec.Accreditation.State != v1alpha1.AccreditationRevoked {
		return nil
	}
	s, known := c.providerStanding(release)
	if !known || !s.Offline {
		return nil
	}
	g.message = s.finding(&provider).Message
	return []ground{g}
}

func providerMissing(name string) Finding {
	return finding(Refused, v1alpha1.ReasonProviderMissing,
		"spec.cloudServiceProvider: CloudServiceProvider %s does not exist; kubectl get cloudserviceproviders lists the accredited ones", name)
}
