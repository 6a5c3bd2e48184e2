// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 2, Hardware and Software Requirements: hardware, data-flow diagram, users, bandwidth and peak load are declared.
// The API server refuses an application without them; here the declared hardware must hold the declared components at
// their peak, and becomes the quota of each stage. Admission: the API's own validation.
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
	cpu, memory := atPeak(release)
	hardware := c.Application.Spec.Requirements.Hardware
	var short []string
	if hardware.CPU.Cmp(cpu) < 0 {
		short = append(short, fmt.Sprintf("cpu is %s but the components request %s at their maximum", hardware.CPU.String(), cpu.String()))
	}
	if hardware.Memory.Cmp(memory) < 0 {
		short = append(short, fmt.Sprintf("memory is %s but the components may use %s at their maximum", hardware.Memory.String(), memory.String()))
	}
	if len(short) > 0 {
		return finding(Refused, v1alpha1.ReasonHardwareTooSmall, "spec.requirements.hardware: %s; declare more hardware or fewer replicas", strings.Join(short, ", "))
	}
	return finding(Met, v1alpha1.ReasonDeclared, "hardware, traffic and data-flow diagram are declared; the hardware holds the components at their peak")
}

func atPeak(release *v1alpha1.Release) (cpu, memory resource.Quantity) {
	for _, component := range release.Spec.Components {
		for range maxReplicas(component.Replicas) {
			cpu.Add(component.Resources.Requests.CPU)
			memory.Add(component.Resources.Limits.Memory)
		}
	}
	return cpu, memory
}

// enforceRequirements adds the platform's overhead to the declared hardware: one more pod of each component, which a
// rolling update starts before it ends an old one. A declaration that shrinks below what a release needs is a finding and
// takes nothing from what already runs.
func enforceRequirements(c *Case, t Target) []render.Object {
	hardware := c.Application.Spec.Requirements.Hardware
	cpu, memory := hardware.CPU.DeepCopy(), hardware.Memory.DeepCopy()
	if t.Release != nil {
		peakCPU, peakMemory := atPeak(t.Release)
		if cpu.Cmp(peakCPU) < 0 {
			cpu = peakCPU
		}
		if memory.Cmp(peakMemory) < 0 {
			memory = peakMemory
		}
		for _, component := range t.Release.Spec.Components {
			cpu.Add(component.Resources.Requests.CPU)
			memory.Add(component.Resources.Limits.Memory)
		}
	}
	return []render.Object{render.ResourceQuota(t.Scope, cpu, memory, hardware.Storage), render.LimitRange(t.Scope)}
}
