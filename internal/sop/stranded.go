// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// immovable says that volumes lie where a release that is to come does not reach them, and cannot be copied from there. Test's volumes keep
// it from being tested, and live's from being launched.
func (c *Case) immovable(release *v1alpha1.Release) (Finding, bool) {
	for _, stage := range []struct {
		target  Target
		outcome Outcome
	}{{c.testTarget(release), Refused}, {c.liveTarget(release), Waiting}} {
		observed := stage.target.Observed
		if observed.Release == release.Name {
			continue
		}
		for _, component := range c.stranded(stage.target, release.Spec.Components) {
			from := observed.claim(component.Name)
			to := observed.nextClaim(component, from, release.Spec.CloudServiceProvider)
			if obstacle := c.obstacle(stage.target, from, to); obstacle != "" {
				return finding(stage.outcome, v1alpha1.ReasonVolumeStranded,
					"spec.components[%s].storage: no node of CloudServiceProvider %s that may hold %s data reaches its volume in %s, and PersistentVolumeClaim %s cannot be copied: %s; until then the application stays where it is",
					component.Name, release.Spec.CloudServiceProvider, release.Spec.DataClass, stage.target.Scope.StageNamespace(), from.Name, obstacle), true
			}
		}
	}
	return Finding{}, false
}

// gateVolumes keeps a release from being launched away from its volumes.
func gateVolumes(c *Case, release *v1alpha1.Release) Finding {
	f, _ := c.immovable(release)
	return f
}

// moves says how volumes come to a release: where a cut-over is, or that there will be one.
func (c *Case) moves(release *v1alpha1.Release) string {
	var ahead []string
	for _, t := range []Target{c.testTarget(release), c.liveTarget(release)} {
		if t.Observed.Release == release.Name {
			if t.CutOver != nil {
				return "; " + c.cutOverFinding(t).Message
			}
			continue
		}
		for _, component := range c.stranded(t, release.Spec.Components) {
			ahead = append(ahead, component.Name+" in "+t.Scope.StageNamespace())
		}
	}
	if len(ahead) == 0 {
		return ""
	}
	return fmt.Sprintf("; its nodes do not reach the volume of %s: when the release comes there the component stops, and what connects to it is interrupted, until its data is copied and verified", strings.Join(ahead, ", of "))
}
