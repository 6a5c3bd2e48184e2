// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const (
	// keptReleases is how many releases stay that nobody signed, launched, runs or names.
	keptReleases = 10
	// maxLaunchedReleases is how many the status holds.
	maxLaunchedReleases = 10
)

// launchedAt is when a release first was live. An annotation that says no time says nothing.
func launchedAt(release *v1alpha1.Release) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, release.Annotations[v1alpha1.LaunchedAnnotation])
	return at, err == nil
}

// launched are the releases that were live once, the newest first.
func (c *Case) launched() []*v1alpha1.Release {
	var releases []*v1alpha1.Release
	for i := range c.Releases {
		if _, ok := launchedAt(&c.Releases[i]); ok {
			releases = append(releases, &c.Releases[i])
		}
	}
	slices.SortFunc(releases, func(a, b *v1alpha1.Release) int {
		first, _ := launchedAt(a)
		second, _ := launchedAt(b)
		if n := second.Compare(first); n != 0 {
			return n
		}
		return newestFirst(&a.ObjectMeta, &b.ObjectMeta)
	})
	return releases
}

// LaunchedReleases names the releases that were live once, the newest first, at most ten.
func (c *Case) LaunchedReleases() []string {
	var names []string
	for _, release := range c.launched() {
		names = append(names, release.Name)
	}
	return names[:min(len(names), maxLaunchedReleases)]
}

// launchedNow is the release that this pass found live for the first time; empty: none.
func (c *Case) launchedNow(a Assessment) string {
	if a.Live == nil {
		return ""
	}
	if _, known := launchedAt(a.Live); known {
		return ""
	}
	for _, f := range a.Findings {
		if f.Condition == v1alpha1.ConditionLaunched && f.Outcome == Met {
			return a.Live.Name
		}
	}
	return ""
}

// obsolete are the releases that nobody can need: never signed or launched, neither running nor named, and older than the
// last ten of their like.
func (c *Case) obsolete(a Assessment) []string {
	needed := map[string]bool{
		a.Current.Name: true, c.Test.Release: true, c.Test.RolledOut: true, c.Live.Release: true, c.Live.RolledOut: true, c.wanted(): true,
	}
	for _, release := range []*v1alpha1.Release{a.Test, a.Live} {
		if release != nil {
			needed[release.Name] = true
		}
	}
	for i := range c.SignOffs {
		needed[c.SignOffs[i].Spec.Release] = true
	}
	for _, release := range c.launched() {
		needed[release.Name] = true
	}
	var others []*v1alpha1.Release
	for i := range c.Releases {
		if !needed[c.Releases[i].Name] {
			others = append(others, &c.Releases[i])
		}
	}
	slices.SortFunc(others, func(a, b *v1alpha1.Release) int { return newestFirst(&a.ObjectMeta, &b.ObjectMeta) })
	var names []string
	for _, release := range others[min(len(others), keptReleases):] {
		names = append(names, release.Name)
	}
	return names
}

// Evidence is true for a release that outlives its application: somebody signed it, or it was live.
func (c *Case) Evidence(release *v1alpha1.Release) bool {
	_, launched := launchedAt(release)
	return launched || len(c.signOffsOn(release.Name)) > 0
}

// blocking is what keeps a release from live. One that was live once comes back by its name alone, whether or not its
// approvals would be asked for in this form today: that is what a rollback needs. It does not come back by that while the
// application is offline, after a flag that it has not been tested since, or against a party's newer objection.
func (c *Case) blocking(release *v1alpha1.Release) (Finding, bool) {
	if f, frozen := c.launchFrozen(); frozen {
		return f, true
	}
	if f, held := c.heldOffline(release); held {
		return f, true
	}
	stage, f := c.stageOf(release)
	if stage == v1alpha1.StageAwaitingLaunch {
		return Finding{}, false
	}
	at, launched := launchedAt(release)
	if !launched || c.Policy == nil || c.Live.Offline != "" || len(c.openViolations()) > 0 || !c.returnBar(release).Before(at) {
		return f, true
	}
	for _, assess := range []func(*Case, *v1alpha1.Release) Finding{
		assessRequirements, assessSupport, assessDomains, assessAccreditation, assessClassification, assessAvailability, assessMesh, assessCommercial,
	} {
		if f := assess(c, release); f.Outcome != Met && !c.livesWith(assess, f) {
			return f, true
		}
	}
	for _, kind := range []v1alpha1.SignOffType{v1alpha1.SignOffArchitectureAudit, v1alpha1.SignOffEndToEndTest} {
		f := c.verdict(release, kind, c.parties(kind), time.Time{})
		if f.Reason == v1alpha1.ReasonRejected || f.Reason == v1alpha1.ReasonFindingsOpen {
			return f, true
		}
	}
	return Finding{}, false
}

// livesWith is true when what is live has the same finding: a rollback makes nothing worse then.
func (c *Case) livesWith(assess func(*Case, *v1alpha1.Release) Finding, f Finding) bool {
	live := c.release(c.Live.Release)
	if live == nil {
		return false
	}
	alike := assess(c, live)
	return alike.Reason == f.Reason && alike.Message == f.Message
}

// wantedDeadline is the next instant at which the verdict on a release that spec.launch names can change by itself.
func (c *Case) wantedDeadline() time.Time {
	var next time.Time
	release := c.release(c.wanted())
	if release == nil {
		return next
	}
	for _, gate := range gates {
		for _, assess := range gate.needs {
			next = earliest(next, assess(c, release).Deadline)
		}
	}
	return next
}

// ComparedWith is the release that a candidate is measured against: what is live, else what was launched last, else the
// newest other one that somebody signed; nil: there is none.
func (c *Case) ComparedWith(a Assessment) *v1alpha1.Release {
	if a.Live != nil {
		return a.Live
	}
	candidates := c.launched()
	signed := slices.Clone(c.Releases)
	slices.SortFunc(signed, func(a, b v1alpha1.Release) int { return newestFirst(&a.ObjectMeta, &b.ObjectMeta) })
	for i := range signed {
		if counted, _ := c.counted(&signed[i]); len(counted) > 0 {
			candidates = append(candidates, &signed[i])
		}
	}
	for _, release := range candidates {
		if release.Name != a.Current.Name {
			return release
		}
	}
	return nil
}
