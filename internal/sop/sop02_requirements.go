// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 2, Hardware and Software Requirements: hardware, data-flow diagram, users, bandwidth and peak load are declared.
// The API server refuses an application without them; here the diagram must be the declared one, and the declared hardware
// must hold the declared components at the declared peak, with their Tasks and volumes. It becomes the quota of each
// stage. Admission: the API's own validation.
func requirements() Clause {
	return Clause{
		Source:    SOP,
		Number:    2,
		Title:     "Hardware and Software Requirements",
		Condition: v1alpha1.ConditionRequirementsDeclared,
		Demands:   "The organization declares hardware, data-flow diagram, users, bandwidth, peak load and government data.",
		Assess:    assessRequirements,
		Enforce:   enforceRequirements,
	}
}

func assessRequirements(c *Case, release *v1alpha1.Release) Finding {
	for _, check := range []func(*Case, *v1alpha1.Release) Finding{assessDiagram, assessTasks, assessSchedules, assessVolumes, assessHardware} {
		if f := check(c, release); f.Outcome != Met {
			return f
		}
	}
	extra := c.overhead(release)
	return finding(Met, v1alpha1.ReasonDeclared,
		"hardware, traffic and data-flow diagram are declared; the hardware holds the components at their peak, and the quota of each stage adds %s cpu and %s memory, for one more pod of each component while it is updated and for what runs beside them",
		extra.CPU.String(), extra.Memory.String())
}

// assessDiagram compares a diagram in the manifest with its digest; one that stands elsewhere is compared by the auditors.
func assessDiagram(c *Case, _ *v1alpha1.Release) Finding {
	diagram := c.Application.Spec.Requirements.DataFlowDiagram
	if len(diagram.Content) == 0 {
		return Finding{}
	}
	sum := sha256.Sum256(diagram.Content)
	if got := hex.EncodeToString(sum[:]); got != diagram.SHA256 {
		return finding(Refused, v1alpha1.ReasonDiagramMismatch,
			"spec.requirements.dataFlowDiagram: the SHA-256 of content is %s, but sha256 is %s; correct sha256, or supply the diagram that it belongs to", got, diagram.SHA256)
	}
	return Finding{}
}

func assessHardware(c *Case, release *v1alpha1.Release) Finding {
	peak := c.atPeak(release)
	hardware := c.Application.Spec.Requirements.Hardware
	var short []string
	if hardware.CPU.Cmp(peak.CPU) < 0 {
		short = append(short, fmt.Sprintf("cpu is %s but the components request %s at their peak", hardware.CPU.String(), peak.CPU.String()))
	}
	if hardware.Memory.Cmp(peak.Memory) < 0 {
		short = append(short, fmt.Sprintf("memory is %s but the components may use %s at their peak", hardware.Memory.String(), peak.Memory.String()))
	}
	for _, stage := range []struct {
		name     string
		observed ObservedStage
	}{{v1alpha1.TestNamespace, c.Test}, {v1alpha1.LiveNamespace, c.Live}} {
		if size, kept := stage.observed.volumes(release); hardware.Storage.Cmp(size) < 0 {
			short = append(short, fmt.Sprintf("storage is %s but the volumes take %s in %s%s", hardware.Storage.String(), size.String(), stage.name, keptOf(kept)))
			break
		}
	}
	if len(short) == 0 {
		return Finding{}
	}
	return finding(Refused, v1alpha1.ReasonHardwareTooSmall, "spec.requirements.hardware: %s; declare more hardware, fewer replicas or less storage", strings.Join(short, ", "))
}

func keptOf(components []string) string {
	if len(components) == 0 {
		return ""
	}
	return ", with what is kept of " + strings.Join(components, ", ")
}

// Compute is what pods take together, or what nodes offer them, in cores and bytes. Quantities leave 64 bits for arbitrary precision where they must, so no sum wraps.
type Compute struct{ CPU, Memory resource.Quantity }

// pods is what pods of a component take.
func pods(component v1alpha1.Component, count int32) Compute {
	return Compute{component.Resources.Requests.CPU, component.Resources.Limits.Memory}.times(count)
}

// Add adds to an amount.
func (s *Compute) Add(more Compute) {
	s.CPU.Add(more.CPU)
	s.Memory.Add(more.Memory)
}

func (s Compute) larger(other Compute) Compute {
	return Compute{larger(s.CPU, other.CPU), larger(s.Memory, other.Memory)}
}

// sum adds up the components of releases that run beside each other while one replaces the other: of a component that
// several of them have, the largest counts.
func sum(releases []*v1alpha1.Release, of func(v1alpha1.Component) Compute) Compute {
	byName := map[string]Compute{}
	for _, release := range releases {
		for _, component := range release.Spec.Components {
			byName[component.Name] = byName[component.Name].larger(of(component))
		}
	}
	var total Compute
	// In a fixed order: a sum is written with the suffix of its first part.
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		total.Add(byName[name])
	}
	return total
}

// atPeak is what releases take when every component runs at its ceiling and every Task beside them.
func (c *Case) atPeak(releases ...*v1alpha1.Release) Compute {
	return sum(releases, func(component v1alpha1.Component) Compute {
		_, most, _ := c.scaling(component)
		return pods(component, most)
	})
}

// overhead is what the platform adds to the declared hardware: one more pod of each component, which a rolling update
// starts before it ends an old one, what the mesh runs beside each pod, and the proxies to hosts outside and to government data.
func (c *Case) overhead(releases ...*v1alpha1.Release) Compute {
	beside := c.beside()
	total := sum(releases, func(component v1alpha1.Component) Compute {
		extra := pods(component, 1)
		_, most, _ := c.scaling(component)
		extra.Add(beside.times(most + 1))
		return extra
	})
	total.Add(c.egressPods(releases...))
	total.Add(dataPods(releases...))
	return total
}

// enforceRequirements makes the quota: the declared hardware and the platform's overhead. A declaration that shrinks below
// what a release needs is a finding and takes nothing from what already runs; one that grows beyond the provider's room
// (clause 3) gives nothing either. The quota names the provider of what runs here, on whose nodes it is booked.
func enforceRequirements(c *Case, t Target) []render.Object {
	storage := c.Application.Spec.Requirements.Hardware.Storage.DeepCopy()
	provider := ""
	if releases := t.releases(); len(releases) > 0 {
		size, _ := t.Observed.volumes(releases...)
		storage = larger(storage, size)
		storage.Add(t.Observed.superseded(t.CutOver))
		provider = t.Release.Spec.CloudServiceProvider
	}
	quota := c.granted(t)
	return []render.Object{render.ResourceQuota(t.Scope, provider, quota.CPU, quota.Memory, storage), render.LimitRange(t.Scope)}
}

// quota is what a stage is to have: what was declared, or the components' peak where that is more, and the overhead.
func (c *Case) quota(t Target) Compute {
	hardware := c.Application.Spec.Requirements.Hardware
	quota := Compute{hardware.CPU.DeepCopy(), hardware.Memory.DeepCopy()}
	if releases := t.releases(); len(releases) > 0 {
		quota = quota.larger(c.atPeak(releases...))
		quota.Add(c.overhead(releases...))
	}
	return quota
}

// granted is the quota of a stage: while the provider has no room for more, what it is now. What runs keeps what it needs.
func (c *Case) granted(t Target) Compute {
	quota := c.quota(t)
	if t.Release == nil || c.shortage(t.Release).none() {
		return quota
	}
	held := c.Test.Quota
	if t.live() {
		held = held.larger(c.Live.Quota)
	}
	needed := c.atPeak(t.releases()...)
	needed.Add(c.overhead(t.releases()...))
	return quota.smaller(held).larger(needed)
}

func (s Compute) smaller(other Compute) Compute {
	return Compute{smaller(s.CPU, other.CPU), smaller(s.Memory, other.Memory)}
}

func larger(a, b resource.Quantity) resource.Quantity {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

func smaller(a, b resource.Quantity) resource.Quantity {
	if b.Cmp(a) < 0 {
		return b
	}
	return a
}
