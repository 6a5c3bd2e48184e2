// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestScaling(t *testing.T) {
	type row struct {
		least, most    int32
		expected, peak int32
		change         func(*v1alpha1.Component)
		wantMost       int32
		explanation    string
	}
	for name, row := range map[string]row{
		"the release bounds it": {
			least: 2, most: 6, expected: 150, peak: 900, wantMost: 6,
			explanation: "2 pods carry the expected 150 requests/s, so the peak of 900 needs 12; the release allows 6",
		},
		"the peak bounds it": {
			least: 2, most: 20, expected: 150, peak: 900, wantMost: 12,
			explanation: "2 pods carry the expected 150 requests/s, so the peak of 900 needs 12 of the 20 that the release allows",
		},
		"exactly what the release allows": {
			least: 2, most: 12, expected: 150, peak: 900, wantMost: 12,
			explanation: "2 pods carry the expected 150 requests/s, so the peak of 900 needs 12 of the 12 that the release allows",
		},
		"rounded up": {
			least: 1, most: 9, expected: 100, peak: 101, wantMost: 2,
			explanation: "1 pod carries the expected 100 requests/s, so the peak of 101 needs 2 of the 9 that the release allows",
		},
		"no peak above the expected": {
			least: 3, most: 9, expected: 100, peak: 100, wantMost: 3,
			explanation: "3 pods carry the expected 100 requests/s, and the peak of 100 needs no more",
		},
		"a peak below the expected never goes below the minimum": {least: 3, most: 9, expected: 100, peak: 1, wantMost: 3, explanation: "3 pods carry the expected 100 requests/s, and the peak of 1 needs no more"},
		"the extremes": {
			least: 99, most: 100, expected: 1, peak: math.MaxInt32, wantMost: 100,
			explanation: "99 pods carry the expected 1 requests/s, so the peak of 2147483647 needs 212600881053; the release allows 100",
		},
		"nothing expected, which the API refuses": {least: 1, most: 9, peak: 5, wantMost: 5, explanation: "1 pod carries the expected 1 requests/s, so the peak of 5 needs 5 of the 9 that the release allows"},
		"no maximum":                 {least: 2, expected: 1, peak: 900, wantMost: 2},
		"the maximum is the minimum": {least: 2, most: 2, expected: 1, peak: 900, wantMost: 2},
		"storage":                    {least: 1, most: 6, expected: 1, peak: 900, wantMost: 1, change: func(c *v1alpha1.Component) { c.Storage = &v1alpha1.Storage{} }},
		"a Task":                     {least: 1, most: 6, expected: 1, peak: 900, wantMost: 1, change: func(c *v1alpha1.Component) { c.Type = v1alpha1.ComponentTask }},
		"a ScheduledTask":            {least: 1, most: 6, expected: 1, peak: 900, wantMost: 1, change: func(c *v1alpha1.Component) { c.Type = v1alpha1.ComponentScheduledTask }},
	} {
		t.Run(name, func(t *testing.T) {
			c := underAudit(t)
			c.Application.Spec.Requirements.Traffic.RequestsPerSecond = row.expected
			c.Application.Spec.Requirements.Traffic.PeakRequestsPerSecond = row.peak
			declared := &c.Application.Spec.Components[0]
			declared.Replicas = v1alpha1.Replicas{Min: row.least, Max: row.most}
			if row.change != nil {
				row.change(declared)
			}
			least, most, explanation := c.scaling(*declared)
			if least != row.least || most != row.wantMost || explanation != row.explanation {
				t.Errorf("from %d to %d, %q", least, most, explanation)
			}
		})
	}
}

func TestScalingInView(t *testing.T) {
	want := []v1alpha1.ComponentScaling{{
		Component: "web", MinReplicas: 2, MaxReplicas: 6,
		Explanation: "2 pods carry the expected 150 requests/s, so the peak of 900 needs 12; the release allows 6",
	}}
	for name, row := range map[string]struct {
		given *Case
		want  []v1alpha1.ComponentScaling
	}{
		"live":            {liveCase(t), want},
		"test":            {awaitingLaunch(t), want},
		"nothing in view": {underAudit(t), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, row.given.Scaling(Assess(row.given))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("live comes before test", func(t *testing.T) {
		c := liveCase(t)
		live := c.Releases[0]
		changed := candidate(c, hours(50), func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Replicas.Max = 4 })
		got := c.Scaling(Assessment{Live: &live, Test: changed})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// The ceiling is the least number that carries the peak, whatever the numbers.
func FuzzScaling(f *testing.F) {
	f.Add(int32(2), int32(6), int32(150), int32(900))
	f.Add(int32(100), int32(100), int32(1), int32(math.MaxInt32))
	f.Add(int32(99), int32(100), int32(math.MaxInt32), int32(math.MaxInt32))
	f.Fuzz(func(t *testing.T, least, most, expected, peak int32) {
		if least < 1 || least > 100 || most < least || most > 100 || expected < 1 || peak < 1 {
			t.Skip("the API refuses it")
		}
		app := &v1alpha1.ThirdPartyApplication{}
		app.Spec.Requirements.Traffic = v1alpha1.Traffic{RequestsPerSecond: expected, PeakRequestsPerSecond: peak}
		component := v1alpha1.Component{Name: "web", Type: v1alpha1.ComponentService, Replicas: v1alpha1.Replicas{Min: least, Max: most}}
		app.Spec.Components = []v1alpha1.Component{component}
		gotLeast, gotMost, explanation := (&Case{Application: app}).scaling(component)
		if gotLeast != least || gotMost < least || gotMost > most || len(explanation) > 512 {
			t.Fatalf("from %d to %d: %s", gotLeast, gotMost, explanation)
		}
		carries := func(pods int32) bool {
			return new(big.Int).Mul(big.NewInt(int64(pods)), big.NewInt(int64(expected))).
				Cmp(new(big.Int).Mul(big.NewInt(int64(least)), big.NewInt(int64(peak)))) >= 0
		}
		if gotMost < most && !carries(gotMost) {
			t.Errorf("%d pods do not carry the peak", gotMost)
		}
		if gotMost > least && carries(gotMost-1) {
			t.Errorf("%d pods would do", gotMost-1)
		}
	})
}
