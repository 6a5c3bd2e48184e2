// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 4, Breaches: a breach is disclosed to the Cloud Office as soon as it is discovered, and the public-service entity that the
// application serves shares that duty. The Cloud Office's response takes effect here: it may suspend the provider, or take applications
// offline, which return by fresh sign-offs once the breach is closed. Admission: govpk-cloud-office, govpk-offline.
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

// assessBreaches tells of an open breach, which keeps nothing from going on by itself, and of a response that does.
func assessBreaches(c *Case, release *v1alpha1.Release) Finding {
	open := c.openBreaches(release)
	f := finding(Met, v1alpha1.ReasonClear, "no breach is open")
	switch grounds := c.breachGrounds(release); {
	case c.locked() && strings.HasPrefix(c.lockedBy(), breachGround):
		f = c.assessLock()
	case len(grounds) > 0:
		f = finding(Refused, v1alpha1.ReasonTakenDown, "%s", grounds[0].message)
	case len(open) > 0:
		f = finding(Waiting, v1alpha1.ReasonBreachOpen, "BreachReport %s (%s) is open; %s, which the application serves, shares the duty to disclose it; "+
			"the Cloud Office closes it after its response and the final report", open[0].Name, open[0].Spec.Severity, c.Application.Spec.PublicServiceEntity)
	}
	for i := range open {
		if response := open[i].Spec.Response; response != nil && response.Action == v1alpha1.BreachTakeApplicationsOffline && c.Now.Before(response.EffectiveFrom.Time) {
			f.Message += fmt.Sprintf("; the application goes offline at %s in response to BreachReport %s", instant(response.EffectiveFrom.Time), open[i].Name)
			f.Deadline = earliest(f.Deadline, response.EffectiveFrom.Time)
		}
	}
	return f
}

// openBreaches are those of the application that are not closed, by name: the application's own, and those of the provider of a
// release or of what is live.
func (c *Case) openBreaches(release *v1alpha1.Release) []v1alpha1.BreachReport {
	live := c.judgedLive()
	open := slices.DeleteFunc(slices.Clone(c.Breaches), func(b v1alpha1.BreachReport) bool {
		return b.Spec.Closure != nil || !c.concerns(b, release) && (live == nil || !c.concerns(b, live))
	})
	slices.SortFunc(open, func(a, b v1alpha1.BreachReport) int { return strings.Compare(a.Name, b.Name) })
	return open
}

// concerns is true for a breach of the application itself, and for one of all on the provider of a release.
func (c *Case) concerns(b v1alpha1.BreachReport, release *v1alpha1.Release) bool {
	if len(b.Spec.Applications) == 0 {
		return b.Spec.CloudServiceProvider == release.Spec.CloudServiceProvider
	}
	me := v1alpha1.ApplicationReference{Namespace: c.Application.Namespace, Name: c.Application.Name}
	return slices.Contains(b.Spec.Applications, me)
}

// breachGrounds are the Cloud Office's responses that keep a release offline, the newest first.
func (c *Case) breachGrounds(release *v1alpha1.Release) []ground {
	var grounds []ground
	for _, breach := range c.Breaches {
		response := breach.Spec.Response
		if breach.Spec.Closure != nil || !c.concerns(breach, release) || response == nil ||
			response.Action != v1alpha1.BreachTakeApplicationsOffline || c.Now.Before(response.EffectiveFrom.Time) {
			continue
		}
		grounds = append(grounds, ground{
			name: BreachGround(&breach), workloads: v1alpha1.WorkloadsStop, since: takenAt(&breach),
			message: fmt.Sprintf("the Cloud Office took the application offline in response to BreachReport %s: %s; it returns once that is closed", breach.Name, response.Reason),
		})
	}
	slices.SortFunc(grounds, func(a, b ground) int {
		if n := b.since.Compare(a.since); n != 0 {
			return n
		}
		return strings.Compare(a.name, b.name)
	})
	return grounds
}

// takenAt is when a response to take applications offline began to hold: never before the breach was disclosed, whatever the response says.
func takenAt(b *v1alpha1.BreachReport) time.Time {
	if b.Spec.Response.EffectiveFrom.Before(&b.CreationTimestamp) {
		return b.CreationTimestamp.Time
	}
	return b.Spec.Response.EffectiveFrom.Time
}

// heldOffline is the newest order of the Cloud Office that keeps a release offline, wherever it would be launched.
func (c *Case) heldOffline(release *v1alpha1.Release) (Finding, bool) {
	grounds := append(c.providerGrounds(release), c.breachGrounds(release)...)
	if len(grounds) == 0 {
		return Finding{}, false
	}
	return finding(Refused, v1alpha1.ReasonTakenDown, "%s", grounds[0].message), true
}

// breachBar is the newest instant at which a response took the application offline, while it was on the provider of a release or where
// it was launched last. Closed breaches count too: what was offline is tested again. So does a response that was changed since, as long
// as live carries its label.
func (c *Case) breachBar(release *v1alpha1.Release) time.Time {
	var bar time.Time
	launched := c.release(c.Live.Release)
	for i := range c.Breaches {
		b := &c.Breaches[i]
		if !c.concerns(*b, release) && (launched == nil || !c.concerns(*b, launched)) || !c.tookOffline(b) {
			continue
		}
		if at := takenAt(b); at.After(bar) {
			bar = at
		}
	}
	return bar
}

// tookOffline is true once a response took applications offline. One that was closed before it began to hold never did: its status says
// since when it is closed. Until the status says so, it counts as one that did.
func (c *Case) tookOffline(b *v1alpha1.BreachReport) bool {
	response := b.Spec.Response
	if response == nil || c.Now.Before(response.EffectiveFrom.Time) {
		return false
	}
	if closed := meta.FindStatusCondition(b.Status.Conditions, v1alpha1.ConditionClosed); b.Spec.Closure != nil && closed != nil &&
		closed.Status == metav1.ConditionTrue && closed.LastTransitionTime.Before(&response.EffectiveFrom) {
		return false
	}
	return response.Action == v1alpha1.BreachTakeApplicationsOffline || c.Live.Offline == BreachGround(b)
}
