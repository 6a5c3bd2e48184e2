// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func amount(cpu, memory string) Compute {
	return Compute{CPU: resource.MustParse(cpu), Memory: resource.MustParse(memory)}
}

// onNodes changes what is known of the provider's nodes.
func onNodes(change func(*ProviderNodes)) func(*Case) {
	return func(c *Case) {
		nodes := c.Nodes["ntc-islamabad"]
		change(&nodes)
		c.Nodes["ntc-islamabad"] = nodes
	}
}

func booked(cpu, memory string) func(*Case) {
	return onNodes(func(n *ProviderNodes) { n.Booked = amount(cpu, memory) })
}

// holding gives the stages quotas, and the application the booking that follows.
func holding(test, live Compute) func(*Case) {
	return func(c *Case) {
		c.Test.Quota, c.Live.Quota = test, live
		onNodes(func(n *ProviderNodes) { n.Held = Booking(test, live) })(c)
	}
}

func overcommit(cpu, memory int32) func(*Case) {
	return func(c *Case) {
		c.Policy.Capacity = v1alpha1.CapacityPolicy{CPUOvercommitPercent: cpu, MemoryOvercommitPercent: memory}
	}
}

// The nodes of the base offer 16 cpu and 32Gi, of which the application needs 8580m and 18304Mi. So others leave room while
// they have booked 7420m and 14464Mi.
func roomRows(t *testing.T) []clauseRow {
	t.Helper()
	full := booked("16", "32Gi")
	held := holding(amount("4290m", "9152Mi"), Compute{})
	declaring := func(cpu string) func(*Case) {
		return func(c *Case) { c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse(cpu) }
	}
	rows := []clauseRow{
		{name: "what others leave is just enough", given: underAudit(t), change: booked("7420m", "14464Mi"), outcome: Met, reason: v1alpha1.ReasonProvisioned, without: []string{"booked"}},
		{
			name: "cpu booked by others", given: underAudit(t), change: booked("7421m", "14464Mi"), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"spec.requirements.hardware: test and live of the application need 8580m cpu and 18304Mi memory; CloudServiceProvider ntc-islamabad offers 16 cpu and 32Gi memory on 2 nodes, " +
				"and other applications have booked 7421m cpu and 14464Mi memory; missing: 1m cpu; the provider adds nodes, other applications give up theirs, or the organization declares less"},
			without: []string{"stays"},
		},
		{
			name: "memory booked by others, to the byte", given: underAudit(t), change: booked("0", "15166603265"), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"have booked 0 cpu and 14465Mi memory; missing: 1Mi memory;"},
		},
		{
			name: "both", given: underAudit(t), change: full, outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"missing: 8580m cpu, 18304Mi memory;"},
		},
		{name: "booked beyond 64 bits", given: underAudit(t), change: booked("9223372036854775807", "9223372036854775807Gi"), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing},
		{
			name: "NTC lets more be booked", given: underAudit(t), change: with(full, overcommit(154, 156)), outcome: Met, reason: v1alpha1.ReasonProvisioned,
		},
		{
			name: "but not enough of it", given: underAudit(t), change: with(full, overcommit(153, 156)), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"on 2 nodes, spec.capacity of DeploymentPolicy default lets 153% of the cpu and 156% of the memory be booked, and other applications have booked 16 cpu and 32Gi memory; missing: 100m cpu;"},
		},
		{
			name: "or less, to keep some free", given: underAudit(t), change: overcommit(100, 50), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"50% of the memory be booked; missing: 1920Mi memory;"},
		},
		{name: "what it holds is its own", given: awaitingLaunch(t), change: with(full, held), outcome: Met, reason: v1alpha1.ReasonProvisioned},
		{
			name: "a patch that needs no more is tested", given: awaitingLaunch(t), on: onSnapshot, change: with(full, held, func(c *Case) {
				c.Application.Spec.Components[0].Image = c.Application.Spec.Components[1].Image
			}), outcome: Met, reason: v1alpha1.ReasonProvisioned,
		},
		{
			name: "one that needs more is not", given: awaitingLaunch(t), on: onSnapshot, change: with(full, held, func(c *Case) {
				c.Application.Spec.Components[0].Resources.Requests.CPU = resource.MustParse("101m")
			}), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing, message: []string{"need 8582m cpu", "have booked 16 cpu"}, without: []string{"stays"},
		},
		{
			name: "what runs stays while more is declared", given: awaitingLaunch(t), change: with(full, held, declaring("5")), outcome: Waiting, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"need 10580m cpu", "; what runs stays"},
		},
		{
			name: "nodes go from under what it holds", given: awaitingLaunch(t), change: with(full, held, onNodes(func(n *ProviderNodes) { n.Ready = n.Ready[1:] })),
			outcome: Waiting, reason: v1alpha1.ReasonCapacityMissing, message: []string{"offers 8 cpu and 16Gi memory on 1 node; missing: 580m cpu, 1920Mi memory; the provider adds nodes, or the organization declares less; what runs stays"},
			without: []string{"booked"},
		},
		{
			name: "what it holds elsewhere does not help", given: awaitingLaunch(t), on: onSnapshot, change: with(held, func(c *Case) {
				elsewhere := c.Providers["ntc-islamabad"]
				elsewhere.Name = "ntc-karachi"
				c.Providers[elsewhere.Name] = elsewhere
				nodes := newNodes("16", "32Gi")
				nodes.Booked = amount("10", "0")
				c.Nodes[elsewhere.Name] = nodes
				c.Application.Spec.CloudServiceProvider = elsewhere.Name
			}), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing, message: []string{"CloudServiceProvider ntc-karachi offers", "have booked 10 cpu"},
		},
	}
	return rows
}

func TestBooking(t *testing.T) {
	for name, row := range map[string]struct{ test, live, want Compute }{
		"nothing":                              {},
		"in test, and may be launched":         {test: amount("2", "1Gi"), want: amount("4", "2Gi")},
		"live as it was tested":                {amount("2", "1Gi"), amount("2", "1Gi"), amount("4", "2Gi")},
		"a larger candidate":                   {amount("3", "1Gi"), amount("2", "2Gi"), amount("6", "3Gi")},
		"a smaller candidate":                  {amount("1", "1Gi"), amount("2", "1Gi"), amount("3", "2Gi")},
		"live alone, its test is elsewhere":    {live: amount("2", "1Gi"), want: amount("2", "1Gi")},
		"what nobody can run, but may declare": {amount("9223372036854775807", "0"), amount("0", "0"), amount("18446744073709551614", "0")},
	} {
		t.Run(name, func(t *testing.T) {
			got := Booking(row.test, row.live)
			if got.CPU.Cmp(row.want.CPU) != 0 || got.Memory.Cmp(row.want.Memory) != 0 {
				t.Errorf("books %s, want %s", got, row.want)
			}
		})
	}
}

// An organization declares more hardware at any time, and no auditor sees it: it is not given where others have booked it.
func TestQuotaGrowsWithinTheRoom(t *testing.T) {
	small := amount("4290m", "9152Mi")
	for name, row := range map[string]struct {
		change     func(*Case)
		test, live string
	}{
		"there is room":                     {with(holding(small, small), booked("1", "1Gi")), "6290m", "6290m"},
		"there is none":                     {with(holding(small, small), booked("16", "1Gi")), "4290m", "4290m"},
		"live is larger already":            {with(holding(small, amount("5", "9152Mi")), booked("16", "1Gi")), "4290m", "5"},
		"live is to come":                   {with(holding(small, Compute{}), booked("16", "1Gi")), "4290m", "4290m"},
		"it needs no more than it has":      {with(holding(amount("6290m", "9152Mi"), small), booked("16", "1Gi")), "6290m", "6290m"},
		"less than the components need":     {with(holding(amount("10m", "1Mi"), amount("10m", "1Mi")), booked("16", "1Gi")), "990m", "990m"},
		"the policy is gone: nothing known": {with(holding(small, small), booked("16", "1Gi"), func(c *Case) { c.Policy = nil }), "6290m", "6290m"},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse("6")
			row.change(c)
			for _, stage := range []struct {
				target Target
				want   string
			}{{c.testTarget(&c.Releases[0]), row.test}, {c.liveTarget(&c.Releases[0]), row.live}} {
				quota := enforceRequirements(c, stage.target)[0]
				got, _, err := unstructured.NestedString(quota.Object, "spec", "hard", "requests.cpu")
				if err != nil || got != stage.want {
					t.Errorf("requests.cpu in %s is %q (%v), want %s", stage.target.Scope.Stage, got, err, stage.want)
				}
				if provider := quota.GetLabels()[v1alpha1.ProviderLabel]; provider != "ntc-islamabad" {
					t.Errorf("booked with %q", provider)
				}
			}
		})
	}
}

func TestNothingIsBookedForAStageThatRunsNothing(t *testing.T) {
	c := liveCase(t)
	if provider, ok := enforceRequirements(c, c.liveTarget(nil))[0].GetLabels()[v1alpha1.ProviderLabel]; ok {
		t.Errorf("booked with %q", provider)
	}
}

func TestWaitsForRoom(t *testing.T) {
	full := booked("16", "32Gi")
	for name, row := range map[string]struct {
		given  *Case
		change func(*Case)
		want   bool
	}{
		"there is room":          {given: underAudit(t), change: booked("0", "0")},
		"there is none":          {given: underAudit(t), change: full, want: true},
		"live, with what it has": {given: liveCase(t), change: with(full, holding(amount("4290m", "9152Mi"), amount("4290m", "9152Mi")))},
		"live, and wants more": {given: liveCase(t), change: with(full, holding(amount("4290m", "9152Mi"), amount("4290m", "9152Mi")), func(c *Case) {
			c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse("5")
		}), want: true},
		"an older release is to be launched, at a provider without room": {given: liveCase(t), change: func(c *Case) {
			c.Releases[0].Spec.CloudServiceProvider = "ntc-karachi"
		}, want: true},
		"no policy: nothing is known": {given: underAudit(t), change: with(full, func(c *Case) { c.Policy = nil })},
	} {
		t.Run(name, func(t *testing.T) {
			row.change(row.given)
			if got := row.given.WaitsForRoom(Assess(row.given)); got != row.want {
				t.Errorf("waits: %v", got)
			}
		})
	}
}
