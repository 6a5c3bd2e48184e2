// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/calendar"
)

// Standing is where a provider stands at an instant. Days begin and end in the policy's time zone.
type Standing struct {
	State v1alpha1.ProviderState
	// Since is when the provider lost its accreditation; zero while it has not. Why says for what reason.
	Since time.Time
	Why   string
	// MigrateBy is the last day on which applications may still be there, and OfflineFrom the day on which those that are go
	// offline; zero: none.
	MigrateBy, OfflineFrom calendar.Date
	// Overdue is true once MigrateBy has passed, and Offline once OfflineFrom is reached.
	Overdue, Offline bool
	// Next is the next instant at which any of this changes by itself; zero: never.
	Next time.Time
}

// Lost is true for a provider that was accredited and is not any more.
func (s Standing) Lost() bool { return !s.Since.IsZero() }

// loss is what takes an accreditation away from an instant on.
type loss struct {
	state v1alpha1.ProviderState
	at    time.Time
	why   string
}

// gravity orders the states of a lost accreditation: of several losses the gravest names the state, and the earliest begins the clock.
var gravity = map[v1alpha1.ProviderState]int{
	v1alpha1.ProviderSuspended: 1, v1alpha1.ProviderExpired: 2, v1alpha1.ProviderRevoked: 3,
}

// StandingOf judges a provider by the Cloud Office's verdict, by the Cloud Office's response to breaches, and by the clock. The error
// says what of the policy's calendar or of the provider's days cannot be read.
func StandingOf(provider *v1alpha1.CloudServiceProvider, breaches []v1alpha1.BreachReport, policy *v1alpha1.DeploymentPolicySpec, now time.Time) (Standing, error) {
	a := provider.Spec.Accreditation
	switch a.State {
	case v1alpha1.AccreditationAccredited, v1alpha1.AccreditationSuspended, v1alpha1.AccreditationRevoked:
	default:
		return Standing{State: v1alpha1.ProviderRegistered}, nil
	}
	days, err := workingDays(policy.Calendar)
	if err != nil {
		return Standing{}, err
	}
	first, err := calendar.ParseDate(string(a.ValidFrom))
	if err != nil {
		return Standing{}, err
	}
	losses, err := lossesOf(provider, breaches, days)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{State: v1alpha1.ProviderAccredited}
	if from := days.Start(first); now.Before(from) {
		s.State, s.Next = v1alpha1.ProviderPending, from
	}
	for _, l := range losses {
		if now.Before(l.at) {
			continue
		}
		s.Since = earliest(s.Since, l.at)
		if gravity[l.state] > gravity[s.State] {
			s.State, s.Why, s.Next = l.state, l.why, time.Time{}
		}
	}
	for _, l := range losses {
		if now.Before(l.at) && gravity[l.state] > gravity[s.State] {
			s.Next = earliest(s.Next, l.at)
		}
	}
	if s.Lost() {
		err = s.migration(a, policy.Providers, days, now)
	}
	return s, err
}

func lossesOf(provider *v1alpha1.CloudServiceProvider, breaches []v1alpha1.BreachReport, days *calendar.Calendar) ([]loss, error) {
	a := provider.Spec.Accreditation
	last, err := calendar.ParseDate(string(a.ValidUntil))
	if err != nil {
		return nil, err
	}
	losses := []loss{{v1alpha1.ProviderExpired, days.End(last), "its accreditation ended on " + string(a.ValidUntil)}}
	if a.State != v1alpha1.AccreditationAccredited {
		day, err := calendar.ParseDate(string(a.EffectiveFrom))
		if err != nil {
			return nil, err
		}
		losses = append(losses, loss{v1alpha1.ProviderState(a.State), days.Start(day), a.Reason})
	}
	for i := range breaches {
		spec := breaches[i].Spec
		if spec.CloudServiceProvider != provider.Name || spec.Closure != nil || spec.Response == nil || spec.Response.Action != v1alpha1.BreachSuspendProvider {
			continue
		}
		losses = append(losses, loss{
			v1alpha1.ProviderSuspended, spec.Response.EffectiveFrom.Time,
			fmt.Sprintf("the response to BreachReport %s, until that is closed: %s", breaches[i].Name, spec.Response.Reason),
		})
	}
	return losses, nil
}

// migration is the clock of those that must leave. The day of the loss is not counted.
func (s *Standing) migration(a v1alpha1.Accreditation, policy v1alpha1.ProviderPolicy, days *calendar.Calendar, now time.Time) error {
	s.MigrateBy = days.Date(s.Since).AddDays(int(policy.MigrationDays))
	if s.State == v1alpha1.ProviderRevoked {
		day, err := offlineFrom(a, policy)
		if err != nil {
			return err
		}
		s.OfflineFrom = day
		from := days.Start(day)
		s.Offline = !now.Before(from)
		if !s.Offline {
			s.Next = earliest(s.Next, from)
		}
		if from.Before(days.End(s.MigrateBy)) {
			s.MigrateBy = day.AddDays(-1)
		}
	}
	end := days.End(s.MigrateBy)
	s.Overdue = !now.Before(end)
	if !s.Overdue {
		s.Next = earliest(s.Next, end)
	}
	return nil
}

// offlineFrom is the day that the Cloud Office names, or the policy's days after the revocation.
func offlineFrom(a v1alpha1.Accreditation, policy v1alpha1.ProviderPolicy) (calendar.Date, error) {
	if a.OfflineFrom != "" {
		return calendar.ParseDate(string(a.OfflineFrom))
	}
	day, err := calendar.ParseDate(string(a.EffectiveFrom))
	if err != nil || policy.RevocationDays == nil {
		return day, err
	}
	return day.AddDays(int(*policy.RevocationDays)), nil
}

// providerStanding is that of a release's provider; false when the provider, the policy or its calendar is not known.
func (c *Case) providerStanding(release *v1alpha1.Release) (Standing, bool) {
	provider, ok := c.Providers[release.Spec.CloudServiceProvider]
	if !ok || c.Policy == nil {
		return Standing{}, false
	}
	s, err := StandingOf(&provider, c.Breaches, c.Policy, c.Now)
	return s, err == nil
}
