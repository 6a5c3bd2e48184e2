// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// At their ceiling the base has six pods of web, which the host reaches, and one of api, which it does not.
func TestBandwidth(t *testing.T) {
	declared := func(bandwidth string) func(*Case) {
		return func(c *Case) { c.Application.Spec.Requirements.Traffic.Bandwidth = resource.MustParse(bandwidth) }
	}
	reached := func(c *Case) {
		domain := &c.Application.Spec.Domains[0]
		domain.Paths = append(domain.Paths, v1alpha1.DomainPath{Path: "/api", Component: "api", Port: "http"}, v1alpha1.DomainPath{Path: "/v2", Component: "api", Port: "http"})
	}
	for name, row := range map[string]struct {
		change    func(*Case)
		component int
		want      string
	}{
		"shared by the pods at the peak":       {change: declared("210M"), want: "35M"},
		"rounded down":                         {change: declared("200M"), want: "33333333"},
		"by all that hosts reach, each once":   {change: with(reached, declared("210M")), want: "30M"},
		"also for the other one":               {change: with(reached, declared("210M")), component: 1, want: "30M"},
		"not what hosts do not reach":          {change: declared("210M"), component: 1},
		"never less than a pod needs":          {change: declared("1500k"), want: "1M"},
		"a fraction of a bit":                  {change: declared("1m"), want: "1M"},
		"binary suffixes":                      {change: declared("6Gi"), want: "1073741824"},
		"as much as the API takes":             {change: declared("1P"), want: "166666666666666"},
		"more than the network can be told":    {change: declared("9223372036854775807"), want: "166666666666666"},
		"the network cannot limit it":          {change: func(c *Case) { c.Policy.Network.Bandwidth = v1alpha1.BandwidthUnlimited }},
		"nobody said what the network can do":  {change: func(c *Case) { c.Policy.Network.Bandwidth = "" }},
		"nothing is known of the installation": {change: func(c *Case) { c.Policy = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			c := underAudit(t)
			c.Policy.Network.Bandwidth = v1alpha1.BandwidthPodAnnotations
			row.change(c)
			release := Snapshot(c.Application)
			got := c.bandwidth(release, release.Spec.Components[row.component])
			switch {
			case row.want == "" && got != nil:
				t.Errorf("limited to %s", got)
			case row.want != "" && (got == nil || got.String() != row.want):
				t.Errorf("got %v, want %s", got, row.want)
			}
		})
	}
}

// What pods may use together is never more than declared, but for the least that each needs, and hardly less.
func FuzzBandwidth(f *testing.F) {
	f.Add(int64(200_000_000), int32(2), int32(6), int32(900))
	f.Add(int64(1), int32(100), int32(100), int32(1))
	f.Add(int64(9223372036854775807), int32(1), int32(100), int32(2147483647))
	f.Fuzz(func(t *testing.T, bandwidth int64, least, most, peak int32) {
		if bandwidth < 1 || least < 1 || most < least || most > 100 || peak < 1 {
			t.Skip("the API refuses it")
		}
		app := &v1alpha1.ThirdPartyApplication{}
		app.Spec.Requirements.Traffic = v1alpha1.Traffic{RequestsPerSecond: 1, PeakRequestsPerSecond: peak, Bandwidth: *resource.NewQuantity(bandwidth, resource.DecimalSI)}
		app.Spec.Components = []v1alpha1.Component{{Name: "web", Type: v1alpha1.ComponentService, Replicas: v1alpha1.Replicas{Min: least, Max: most}}}
		app.Spec.Domains = []v1alpha1.Domain{{Paths: []v1alpha1.DomainPath{{Component: "web"}}}}
		c := &Case{Application: app, Policy: &v1alpha1.DeploymentPolicySpec{}}
		c.Policy.Network.Bandwidth = v1alpha1.BandwidthPodAnnotations
		component := app.Spec.Components[0]
		got := c.bandwidth(Snapshot(app), component).Value()
		_, pods, _ := c.scaling(component)
		if got < leastBandwidth || got > mostBandwidth {
			t.Fatalf("%d bits per second", got)
		}
		declared := min(bandwidth, mostBandwidth)
		if all := got * int64(pods); got > leastBandwidth && (all > declared || all <= declared-int64(pods)) {
			t.Errorf("%d pods use %d of %d", pods, all, declared)
		}
	})
}
