// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// gatewaysOf are, by the name of a component's port, the Gateways that reach it; while a release rolls, those of both releases.
func (c *Case) gatewaysOf(t Target, component string) map[string][]v1alpha1.GatewayReference {
	if c.Policy == nil {
		return nil
	}
	gateways := map[string][]v1alpha1.GatewayReference{}
	for _, release := range t.releases() {
		places := c.places(release)
		for _, d := range release.Spec.Domains {
			gateway := c.Policy.Gateways.Test.GatewayReference
			if t.live() {
				p, ok := places[d.Host]
				if !ok {
					continue
				}
				gateway = p.Gateway
			}
			for _, path := range d.Paths {
				if path.Component == component && !slices.Contains(gateways[path.Port], gateway) {
					gateways[path.Port] = append(gateways[path.Port], gateway)
				}
			}
		}
	}
	return gateways
}
