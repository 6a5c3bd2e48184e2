// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Whoever is listed under an event's name is woken by it.
func TestHostsAreFoundByWhatDecidesThem(t *testing.T) {
	app := &v1alpha1.ThirdPartyApplication{}
	app.Spec.Domains = []v1alpha1.Domain{{Host: "a.portal.health.gov.pk"}, {Host: "evil.example"}}
	want := []string{"*.portal.health.gov.pk", "a.portal.health.gov.pk", "evil.example", "health.gov.pk", "portal.health.gov.pk"}
	got := hosts(app)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("found by %q, want %q", got, want)
	}
}

func TestChangedListeners(t *testing.T) {
	listener := func(hostname string, programmed bool) sop.ObservedListener {
		return sop.ObservedListener{Listener: gatewayv1.Listener{Hostname: ptr.To(gatewayv1.Hostname(hostname)), Port: 443}, Programmed: programmed}
	}
	type set = map[string]sop.ObservedListener
	for name, row := range map[string]struct {
		before, after set
		want          []string
	}{
		"nothing":    {before: set{"w": listener("*.a.gov.pk", true)}, after: set{"w": listener("*.a.gov.pk", true)}},
		"came":       {after: set{"w": listener("*.a.gov.pk", false)}, want: []string{"*.a.gov.pk"}},
		"went":       {before: set{"w": listener("*.a.gov.pk", true)}, want: []string{"*.a.gov.pk"}},
		"programmed": {before: set{"w": listener("*.a.gov.pk", false)}, after: set{"w": listener("*.a.gov.pk", true)}, want: []string{"*.a.gov.pk"}},
		"renamed":    {before: set{"w": listener("*.a.gov.pk", true)}, after: set{"w": listener("*.b.gov.pk", true)}, want: []string{"*.a.gov.pk", "*.b.gov.pk"}},
		"one of several": {
			before: set{"a": listener("a.gov.pk", true), "b": listener("b.gov.pk", true)},
			after:  set{"a": listener("a.gov.pk", true), "b": listener("b.gov.pk", false)},
			want:   []string{"b.gov.pk"},
		},
		"a host's own, removed by somebody": {before: set{"a": listener("a.gov.pk", true)}, want: []string{"a.gov.pk"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, listener := range changedListeners(row.before, row.after) {
				got = append(got, string(*listener.Hostname))
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, row.want) {
				t.Errorf("changed %q, want %q", got, row.want)
			}
		})
	}
}
