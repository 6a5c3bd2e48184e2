// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What the bandwidth plugin of container networks makes of its annotations, in bits per second: less than the first would
// starve a pod's probes, and it refuses more than the second.
const (
	leastBandwidth = 1_000_000
	mostBandwidth  = 1_000_000_000_000_000
)

// bandwidth is what each pod of a component may send and receive, in bits per second: the declared bandwidth (clause 2)
// shared by all pods at their ceiling that gov.pk hosts reach, since those carry it. nil: no limit, because visitors do not
// reach the component or the network cannot limit it.
func (c *Case) bandwidth(release *v1alpha1.Release, component v1alpha1.Component) *resource.Quantity {
	if c.Policy == nil || c.Policy.Network.Bandwidth != v1alpha1.BandwidthPodAnnotations {
		return nil
	}
	carriers := map[string]bool{}
	for _, d := range release.Spec.Domains {
		for _, path := range d.Paths {
			carriers[path.Component] = true
		}
	}
	if !carriers[component.Name] {
		return nil
	}
	var pods int64
	for _, other := range release.Spec.Components {
		if carriers[other.Name] {
			_, most, _ := c.scaling(other)
			pods += int64(most)
		}
	}
	declared := c.Application.Spec.Requirements.Traffic.Bandwidth
	all := int64(mostBandwidth)
	if declared.CmpInt64(mostBandwidth) < 0 {
		all = declared.Value()
	}
	return resource.NewQuantity(max(all/max(pods, 1), leastBandwidth), resource.DecimalSI)
}
