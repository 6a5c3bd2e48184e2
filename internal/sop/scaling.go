// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// scaling is between which numbers of pods a component of a release scales, and how that follows from what was declared
// (clause 2): the pods that carry the expected load, times the peak over it, within the release's maximum. The
// explanation is empty, and both numbers are the same, for a component that never scales.
func (c *Case) scaling(component v1alpha1.Component) (least, most int32, explanation string) {
	least, most = c.replicas(component), maxReplicas(component.Replicas)
	if component.Type != v1alpha1.ComponentService || component.Storage != nil || most <= least {
		return least, least, ""
	}
	traffic := c.Application.Spec.Requirements.Traffic
	expected, peak := max(traffic.RequestsPerSecond, 1), traffic.PeakRequestsPerSecond
	// Replicas are at most 100, so 64 bits hold the product.
	needed := (int64(least)*int64(peak) + int64(expected) - 1) / int64(expected)
	explanation = fmt.Sprintf("%s the expected %d requests/s, ", carry(least), expected)
	switch {
	case needed <= int64(least):
		return least, least, explanation + fmt.Sprintf("and the peak of %d needs no more", peak)
	case needed > int64(most):
		return least, most, explanation + fmt.Sprintf("so the peak of %d needs %d; the release allows %d", peak, needed, most)
	default:
		return least, int32(needed), explanation + fmt.Sprintf("so the peak of %d needs %d of the %d that the release allows", peak, needed, most)
	}
}

// bounds are between which numbers of pods a component scales on a target. While the provider of what runs there is not accredited
// any more, both are what runs now: pods that die are replaced and none is added, and no autoscaler takes one away that could not
// come back.
func (c *Case) bounds(t Target, component v1alpha1.Component) (least, most int32) {
	least, most, _ = c.scaling(component)
	if t.Frozen {
		workload, exists := t.Observed.Workloads[component.Name]
		running := min(workload.Replicas, most)
		if exists && workload.Release == "" && component.Storage != nil {
			// It was stopped to be cut over, and comes back.
			running = most
		}
		return running, running
	}
	return least, most
}

func carry(pods int32) string {
	if pods == 1 {
		return "1 pod carries"
	}
	return fmt.Sprintf("%d pods carry", pods)
}

// Scaling is how far the components of what is in view scale: those of live, else of test.
func (c *Case) Scaling(a Assessment) []v1alpha1.ComponentScaling {
	release := a.Live
	if release == nil {
		release = a.Test
	}
	if release == nil {
		return nil
	}
	var out []v1alpha1.ComponentScaling
	for _, component := range release.Spec.Components {
		least, most, explanation := c.scaling(component)
		if explanation != "" {
			out = append(out, v1alpha1.ComponentScaling{
				Component: component.Name, MinReplicas: least, MaxReplicas: most, Explanation: explanation,
			})
		}
	}
	return out
}
