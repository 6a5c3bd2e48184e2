// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What the API server accepts as the resources of a pod. TestAPIHoldsTheseBounds ties it to the rules of the CRD; that the
// rules mean this is for test/admission/crd to show, on an API server.
const (
	maxCPU, maxMemory           = "1M", "1Pi"
	maxComponents, maxPods      = 20, 100
	maxQuantityLength, exponent = 32, "eE"
)

func acceptedQuantity(text, bound string) (resource.Quantity, bool) {
	if len(text) > maxQuantityLength || strings.ContainsAny(text, exponent) {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(text)
	return q, err == nil && q.Sign() > 0 && q.Cmp(resource.MustParse(bound)) <= 0
}

func FuzzPeak(f *testing.F) {
	for _, text := range []string{
		"1", "100m", "64Mi", "1M", "1Pi", "0.5Pi", "1125899906842624", "999999.999999999", "0.1n", "1n", "0.0000000000000000000000000001",
		"1E", "9E", "1E18", "1e30", "1e2147483647", "1e-2147483647", "9223372036854775807", "9223372036854775807Ei", "9000P",
		"99999999999999999999999999999P", "-1", "+1", "1.", ".5", "00000000000000000000000000001Ki", "1.7Ki", "", "much",
	} {
		f.Add(text, text)
		f.Add("1", text)
	}
	f.Fuzz(func(t *testing.T, cpuText, memoryText string) {
		cpu, ok := acceptedQuantity(cpuText, maxCPU)
		if !ok {
			return
		}
		memory, ok := acceptedQuantity(memoryText, maxMemory)
		if !ok {
			return
		}
		component := v1alpha1.Component{Replicas: v1alpha1.Replicas{Min: maxPods, Max: maxPods}}
		component.Resources.Requests.CPU, component.Resources.Limits.Memory = cpu, memory
		release := &v1alpha1.Release{}
		for i := range maxComponents {
			component.Name = fmt.Sprint("c", i)
			release.Spec.Components = append(release.Spec.Components, component)
		}
		app := &v1alpha1.ThirdPartyApplication{}
		app.Spec.Components = release.Spec.Components
		peak := (&Case{Application: app}).atPeak(release)
		requirePeak(t, cpu, peak.CPU)
		requirePeak(t, memory, peak.Memory)
		// The scheduler and the quota count cores in thousandths.
		if peak.CPU.MilliValue() <= 0 {
			t.Errorf("cpu %q: %d thousandths of a core at the peak", cpuText, peak.CPU.MilliValue())
		}
	})
}

// requirePeak: the sum is exact, fits in 64 bits, and is still the same after the API server has read it.
func requirePeak(t *testing.T, one, peak resource.Quantity) {
	t.Helper()
	written := peak.String()
	want := new(big.Rat).Mul(exact(t, one), big.NewRat(maxComponents*maxPods, 1))
	if exact(t, peak).Cmp(want) != 0 {
		t.Errorf("%s at the peak is %s, want %s", one.String(), exact(t, peak), want)
	}
	if peak.Value() <= 0 {
		t.Errorf("%s at the peak is %d", one.String(), peak.Value())
	}
	read, err := resource.ParseQuantity(written)
	if err != nil || exact(t, read).Cmp(want) != 0 {
		t.Errorf("%s at the peak is written %s: %v", one.String(), written, err)
	}
}

// exact does not trust a Quantity to compare itself. It takes a copy: AsDec changes what it is called on.
func exact(t *testing.T, q resource.Quantity) *big.Rat {
	t.Helper()
	q = q.DeepCopy()
	out, ok := new(big.Rat).SetString(q.AsDec().String())
	if !ok {
		t.Fatalf("%s is no number", q.AsDec())
	}
	return out
}

func TestAPIHoldsTheseBounds(t *testing.T) {
	crd, err := os.ReadFile("../../config/crd/platform.ntc.gov.pk_releases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The generator folds long rules.
	rules := strings.Join(strings.Fields(string(crd)), " ")
	for field, bound := range map[string]string{"requests.cpu": maxCPU, "requests.memory": maxMemory, "limits.memory": maxMemory} {
		for _, rule := range []string{
			"!string(self." + field + ").matches('[" + exponent + "]')",
			"!quantity(string(self." + field + ")).isGreaterThan(quantity('" + bound + "'))",
		} {
			if !strings.Contains(strings.ReplaceAll(rules, "''", "'"), rule) {
				t.Errorf("no rule of the CRD says %s", rule)
			}
		}
	}
}
