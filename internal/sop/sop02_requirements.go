// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	extra := overhead(release)
	return finding(Met, v1alpha1.ReasonDeclared,
		"hardware, traffic and data-flow diagram are declared; the hardware holds the components at their peak, and the quota of each stage adds %s cpu and %s memory, one more pod of each component, for rolling updates",
		extra.cpu.String(), extra.memory.String())
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
	if hardware.CPU.Cmp(peak.cpu) < 0 {
		short = append(short, fmt.Sprintf("cpu is %s but the components request %s at their peak", hardware.CPU.String(), peak.cpu.String()))
	}
	if hardware.Memory.Cmp(peak.memory) < 0 {
		short = append(short, fmt.Sprintf("memory is %s but the components may use %s at their peak", hardware.Memory.String(), peak.memory.String()))
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

// compute is what pods take together.
type compute struct{ cpu, memory resource.Quantity }

// add counts pods of a component. Quantities leave 64 bits for arbitrary precision where they must, so no sum wraps.
func (s *compute) add(component v1alpha1.Component, pods int32) {
	cpu, memory := component.Resources.Requests.CPU.DeepCopy(), component.Resources.Limits.Memory.DeepCopy()
	cpu.Mul(int64(pods))
	memory.Mul(int64(pods))
	s.cpu.Add(cpu)
	s.memory.Add(memory)
}

// atPeak is what a release takes when every component runs at its ceiling and every Task beside them.
func (c *Case) atPeak(release *v1alpha1.Release) compute {
	var sum compute
	for _, component := range release.Spec.Components {
		_, most, _ := c.scaling(component)
		sum.add(component, most)
	}
	return sum
}

// overhead is what the platform adds to the declared hardware: one more pod of each component, which a rolling update
// starts before it ends an old one.
func overhead(release *v1alpha1.Release) compute {
	var sum compute
	for _, component := range release.Spec.Components {
		sum.add(component, 1)
	}
	return sum
}

// enforceRequirements makes the quota: the declared hardware and the platform's overhead. A declaration that shrinks below
// what a release needs is a finding and takes nothing from what already runs.
func enforceRequirements(c *Case, t Target) []render.Object {
	hardware := c.Application.Spec.Requirements.Hardware
	quota := compute{cpu: hardware.CPU.DeepCopy(), memory: hardware.Memory.DeepCopy()}
	storage := hardware.Storage.DeepCopy()
	if t.Release != nil {
		peak, extra := c.atPeak(t.Release), overhead(t.Release)
		quota.cpu, quota.memory = larger(quota.cpu, peak.cpu), larger(quota.memory, peak.memory)
		quota.cpu.Add(extra.cpu)
		quota.memory.Add(extra.memory)
		size, _ := t.Observed.volumes(t.Release)
		storage = larger(storage, size)
	}
	return []render.Object{render.ResourceQuota(t.Scope, quota.cpu, quota.memory, storage), render.LimitRange(t.Scope)}
}

func larger(a, b resource.Quantity) resource.Quantity {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}
