// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What pods run beside components stays replaceable, whatever the policy names by now, and goes with the last of them.
func TestImagesBeside(t *testing.T) {
	const before = "registry.ntc.gov.pk/govpk/sidecar@sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"
	for name, row := range map[string]struct {
		policy string
		runs   []string
		want   []string
	}{
		"at rest":                 {policy: sidecarImage, runs: []string{sidecarImage, sidecarImage}, want: []string{sidecarImage}},
		"another image is rolled": {policy: sidecarImage, runs: []string{before, sidecarImage}, want: []string{sidecarImage, before}},
		"no pod has the old one":  {policy: sidecarImage, runs: []string{sidecarImage}, want: []string{sidecarImage}},
		"the policy names none":   {runs: []string{before}, want: []string{before}},
		"none, and nothing runs":  {},
		"the first pods are made": {policy: sidecarImage, want: []string{sidecarImage}},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			c.Policy.Mesh.Image, c.Live.Beside = row.policy, row.runs
			target := c.liveTarget(&c.Releases[0])
			images := strings.Split(enforceAvailability(c, target)[0].GetAnnotations()[v1alpha1.ImagesAnnotation], ",")
			if want := append(target.images(), row.want...); !slices.Equal(images, want) {
				t.Errorf("%q, want %q", images, want)
			}
		})
	}
}
