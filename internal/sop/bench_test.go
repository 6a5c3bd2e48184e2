// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// BenchmarkPass is the pure part of a pass over a live application: verdict and plan.
func BenchmarkPass(b *testing.B) {
	for _, size := range []struct{ components, hosts int }{{3, 1}, {20, 10}} {
		b.Run(fmt.Sprintf("components=%d/hosts=%d", size.components, size.hosts), func(b *testing.B) {
			c := benchCase(b, size.components, size.hosts)
			b.ReportAllocs()
			for b.Loop() {
				if a := Assess(c); len(PlanFor(c, a).Objects) == 0 {
					b.Fatal("nothing planned")
				}
			}
		})
	}
}

// TestBenchCaseIsLive holds the benchmark to what it says it measures: a case that is refused early would be fast.
func TestBenchCaseIsLive(t *testing.T) {
	for _, size := range [][2]int{{3, 1}, {20, 10}} {
		c := benchCase(t, size[0], size[1])
		a := Assess(c)
		if a.Stage != v1alpha1.StageLive {
			t.Fatalf("%v: stage %s, findings %+v", size, a.Stage, a.Findings)
		}
		kinds := map[string]int{}
		for _, object := range PlanFor(c, a).Objects {
			kinds[object.GetKind()+" "+object.GetNamespace()]++
		}
		for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
			namespace := c.Scope(stage).StageNamespace()
			if got := kinds["Deployment "+namespace]; got != size[0] {
				t.Errorf("%v: %d Deployments in %s", size, got, namespace)
			}
			if got := kinds["HTTPRoute "+namespace]; got != size[1] {
				t.Errorf("%v: %d HTTPRoutes in %s", size, got, namespace)
			}
		}
	}
}

// benchCase is a live application whose components stand in a row, each calling the next, and share the hosts.
func benchCase(t testing.TB, components, hosts int) *Case {
	t.Helper()
	c := underAudit(t)
	spec := &c.Application.Spec
	template := spec.Components[1]
	spec.Components, spec.Domains = nil, nil
	for i := range components {
		component := *template.DeepCopy()
		component.Name = fmt.Sprintf("part-%d", i)
		if i+1 < components {
			component.ConnectsTo = []v1alpha1.Edge{{Component: fmt.Sprintf("part-%d", i+1), Port: "http"}}
		}
		spec.Components = append(spec.Components, component)
	}
	for i := range hosts {
		name := fmt.Sprintf("host-%d.health.gov.pk", i)
		spec.Domains = append(spec.Domains, v1alpha1.Domain{Host: name, Paths: []v1alpha1.DomainPath{
			{Path: "/", Component: fmt.Sprintf("part-%d", i%components), Port: "http"},
		}})
		c.Claims[name] = newClaim("sehat-digital", "health-portal")
	}
	c.Releases = []v1alpha1.Release{newRelease(c.Application, received)}
	release := &c.Releases[0]
	launchedOn(release, hours(32))
	spec.Launch = &v1alpha1.Launch{Release: release.Name}
	c.SignOffs = append(tested(release.Name, hours(30)), audited(release.Name, hours(20)))
	c.Test, c.Live = running(release), running(release)
	c.Live.Exposed = true
	c.Ingress.Certificates = map[string]ObservedCertificate{}
	for _, d := range spec.Domains {
		c.Ingress.Gateways[0].Listeners[d.Host] = ownListener(c, d.Host)
		c.Ingress.Certificates["gateways/"+d.Host] = ObservedCertificate{Ready: true}
	}
	return c
}
