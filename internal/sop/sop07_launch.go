// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 7, Go Live: once testing succeeded the organization decides and launches. Two keys: the parties make a release
// eligible, the organization names it in spec.launch. Live runs the digests that were tested. Admission: govpk-identity,
// govpk-images, govpk-namespaces, govpk-break-glass.
func goLive() Clause {
	return Clause{
		Source:    SOP,
		Number:    7,
		Title:     "Go Live",
		Condition: v1alpha1.ConditionLaunched,
		Demands:   "After successful testing the organization makes its own decision and launches.",
		Assess:    assessLaunch,
		Guards:    []string{"govpk-break-glass", "govpk-identity", "govpk-images", "govpk-namespaces"},
	}
}

func assessLaunch(c *Case, release *v1alpha1.Release) Finding {
	wanted := c.wanted()
	if wanted == "" {
		if c.eligible(release) {
			return finding(Waiting, v1alpha1.ReasonAwaitingLaunch, "%s is eligible; the organization launches it with spec.launch.release: %s", release.Name, release.Name)
		}
		return finding(Waiting, v1alpha1.ReasonNotEligible, "%s is not eligible yet", release.Name)
	}
	target := c.release(wanted)
	if target == nil {
		return finding(Refused, v1alpha1.ReasonUnknownRelease, "spec.launch.release: %s does not exist%s; kubectl get releases -n %s lists them",
			wanted, c.stays(), c.Application.Namespace)
	}
	if c.locked() || c.liveRelease() != target {
		if blocking, ok := c.blocking(target); ok {
			return finding(Refused, v1alpha1.ReasonNotEligible, "spec.launch.release: %s is not eligible%s: %s", wanted, c.stays(), blocking.Message)
		}
		return finding(Refused, v1alpha1.ReasonTakenDown, "spec.launch.release: %s is eligible; it goes live once nothing keeps the application offline: %s", wanted, c.assessLock().Message)
	}
	return c.assessExposure(target)
}

// stays names the release that goes on running while another one is refused.
func (c *Case) stays() string {
	live := c.liveRelease()
	switch {
	case live == nil:
		return ""
	case c.locked():
		return ", " + live.Name + " stays offline"
	default:
		return ", " + live.Name + " stays live"
	}
}

func (c *Case) wanted() string {
	if c.Application.Spec.Launch == nil {
		return ""
	}
	return c.Application.Spec.Launch.Release
}

// liveRelease is the release that live runs after this pass. A launched release stays launched, whatever is signed later;
// another one must be eligible, and so must the same one that returns after a takedown.
func (c *Case) liveRelease() *v1alpha1.Release {
	launched := c.release(c.Live.Release)
	if c.locked() {
		return launched
	}
	wanted := c.release(c.wanted())
	switch {
	case c.wanted() == "":
		return nil
	case wanted != nil && (wanted == launched || c.eligible(wanted)):
		return wanted
	default:
		return launched
	}
}

func (c *Case) eligible(release *v1alpha1.Release) bool {
	_, blocked := c.blocking(release)
	return !blocked
}

// assessExposure follows a launched release until its hosts answer.
func (c *Case) assessExposure(release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	if f, ok := c.assessPlaces(release); !ok {
		return f
	}
	if f := c.rollout(c.liveTarget(release)); f.Outcome != Met {
		return f
	}
	places := c.places(release)
	for _, d := range release.Spec.Domains {
		if f, done := c.assessHost(d.Host, places[d.Host]); !done {
			return f
		}
	}
	if f := c.assessEgress(c.liveTarget(release)); f.Outcome != Met {
		return f
	}
	if f := c.assessDataFlows(c.liveTarget(release)); f.Outcome != Met {
		return f
	}
	f := finding(Met, v1alpha1.ReasonLaunched, "https://%s serves %s", release.Spec.Domains[0].Host, release.Name)
	if missing := c.missingGateways(); len(missing) > 0 {
		f.Message += "; Gateway " + strings.Join(missing, ", ") + " of DeploymentPolicy default spec.gateways.live does not exist"
	}
	return f
}
