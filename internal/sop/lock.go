// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What the value of label offline begins with where no violation locks. No violation's name has a dot.
const (
	providerGround = "provider."
	breachGround   = "breach."
)

// ground is why an application must be offline: a violation (clause 9), the provider it runs on, or the Cloud Office's response
// to a breach (Cloud First Policy).
type ground struct {
	// name is the value of label offline.
	name      string
	workloads v1alpha1.WorkloadAction
	since     time.Time
	message   string
}

// grounds are those that hold now, the newest first.
func (c *Case) grounds() []ground {
	var grounds []ground
	for _, violation := range c.openViolations() {
		grounds = append(grounds, ground{
			name: violation.Name, workloads: violation.Spec.Workloads, since: violation.CreationTimestamp.Time,
			message: fmt.Sprintf("PolicyViolation %s (%s, %s) took the application offline; its owners lift it once the cause is resolved",
				violation.Name, violation.Spec.Category, violation.Spec.Severity),
		})
	}
	if release := c.judgedLive(); release != nil {
		grounds = append(grounds, c.providerGrounds(release)...)
		grounds = append(grounds, c.breachGrounds(release)...)
	}
	slices.SortStableFunc(grounds, func(a, b ground) int { return b.since.Compare(a.since) })
	return grounds
}

// judgedLive is the release by which the provider of the live stage is judged: the one that spec.launch names once it may go live,
// so that an application returns by moving to another provider, else the launched one.
func (c *Case) judgedLive() *v1alpha1.Release {
	launched, wanted := c.release(c.Live.Release), c.release(c.wanted())
	if wanted != nil && launched != nil && wanted.Spec.CloudServiceProvider != launched.Spec.CloudServiceProvider && c.eligible(wanted) {
		return wanted
	}
	return launched
}

// locked is true while the application must be offline: there is a ground for it, or live carries the label and has not earned
// its return. A label whose violation is missing still holds.
func (c *Case) locked() bool {
	if len(c.grounds()) > 0 {
		return true
	}
	if c.Live.Offline == "" {
		return false
	}
	if c.violationMissing() || c.breachMissing() {
		return true
	}
	wanted := c.release(c.wanted())
	return wanted == nil || !c.eligible(wanted)
}

// lockedBy is what the label names: the newest ground, or the one that ended and whose return is not earned.
func (c *Case) lockedBy() string {
	if grounds := c.grounds(); len(grounds) > 0 {
		return grounds[0].name
	}
	return c.Live.Offline
}

// assessLock says why a locked application is offline.
func (c *Case) assessLock() Finding {
	if grounds := c.grounds(); len(grounds) > 0 {
		return finding(Refused, v1alpha1.ReasonTakenDown, "%s", grounds[0].message)
	}
	if c.violationMissing() {
		return finding(Refused, v1alpha1.ReasonViolationMissing, "live is locked by PolicyViolation %s, which no longer exists; the security team creates it again and lifts it",
			c.Live.Offline)
	}
	if c.breachMissing() {
		return finding(Refused, v1alpha1.ReasonBreachMissing, "live is locked by %s, which no longer exists; the Cloud Office discloses it again and closes it",
			GroundTitle(c.Live.Offline))
	}
	return finding(Waiting, v1alpha1.ReasonReturnPending, "%s; live returns once spec.launch names a release that all parties tested and signed after the flag",
		ended(c.Live.Offline))
}

// OfViolation is true for a value of label offline that names a violation.
func OfViolation(ground string) bool { return !strings.Contains(ground, ".") }

// ended tells of a ground that holds no more.
func ended(ground string) string {
	if name, ok := strings.CutPrefix(ground, providerGround); ok {
		return fmt.Sprintf("CloudServiceProvider %s keeps the application offline no more", name)
	}
	if name, ok := strings.CutPrefix(ground, breachGround); ok {
		return fmt.Sprintf("BreachReport %s keeps the application offline no more", name)
	}
	return fmt.Sprintf("PolicyViolation %s is lifted", ground)
}

// BreachGround is the value of label offline where a breach locks.
func BreachGround(b *v1alpha1.BreachReport) string { return breachGround + b.Name }

// GroundTitle is the object that a value of label offline names.
func GroundTitle(ground string) string {
	if name, ok := strings.CutPrefix(ground, providerGround); ok {
		return "CloudServiceProvider " + name
	}
	if name, ok := strings.CutPrefix(ground, breachGround); ok {
		return "BreachReport " + name
	}
	return "PolicyViolation " + ground
}

func (c *Case) violation(name string) *v1alpha1.PolicyViolation {
	for i := range c.Violations {
		if c.Violations[i].Name == name {
			return &c.Violations[i]
		}
	}
	return nil
}

func (c *Case) violationMissing() bool {
	return OfViolation(c.Live.Offline) && c.violation(c.Live.Offline) == nil
}

// breachMissing is true while live is locked by a breach that nobody can close any more: reports are never deleted.
func (c *Case) breachMissing() bool {
	name, ok := strings.CutPrefix(c.Live.Offline, breachGround)
	return ok && !slices.ContainsFunc(c.Breaches, func(b v1alpha1.BreachReport) bool { return b.Name == name })
}

// workloads says what happens to pods while offline. One ground that asks to stop them decides.
func (c *Case) workloads() v1alpha1.WorkloadAction {
	grounds := c.grounds()
	if len(grounds) == 0 {
		if v := c.violation(c.Live.Offline); v != nil {
			return v.Spec.Workloads
		}
		return v1alpha1.WorkloadsStop
	}
	if slices.ContainsFunc(grounds, func(g ground) bool { return g.workloads != v1alpha1.WorkloadsIsolate }) {
		return v1alpha1.WorkloadsStop
	}
	return v1alpha1.WorkloadsIsolate
}
