// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// The base declares 4 cpu and 8Gi; a pod of web needs 100m and 128Mi, one of api 100m and 256Mi, and the sidecar of each 10m and 64Mi. So a stage books 4290m and
// 9152Mi, and test and live together 8580m and 18304Mi.
func nodeRows(t *testing.T) []clauseRow {
	t.Helper()
	nodes := func(others int, ready ...string) func(*Case) {
		return func(c *Case) {
			offered := newNodes(ready...)
			offered.Away = make([]Node, others)
			c.Nodes = map[string]ProviderNodes{"ntc-islamabad": offered}
		}
	}
	pod := func(cpu, memory string) func(*Case) {
		return func(c *Case) {
			resources := &c.Application.Spec.Components[0].Resources
			resources.Requests.CPU, resources.Limits.Memory = resource.MustParse(cpu), resource.MustParse(memory)
		}
	}
	rows := []clauseRow{
		{
			name: "nodes that hold it exactly", given: underAudit(t), change: nodes(3, "1", "16Gi", "7580m", "1920Mi"), outcome: Met, reason: v1alpha1.ReasonProvisioned,
			message: []string{"attests 2 nodes with 8580m cpu and 18304Mi memory"},
		},
		{
			name: "kubelets count in Ki", given: underAudit(t), change: nodes(0, "8500m", "32879852Ki", "80m", "1Ki"), outcome: Met, reason: v1alpha1.ReasonProvisioned,
			message: []string{"2 nodes with 8580m cpu and 32109Mi memory"},
		},
		{
			name: "no node matches", given: underAudit(t), change: nodes(0), outcome: Refused, reason: v1alpha1.ReasonNodesMissing,
			message: []string{"CloudServiceProvider ntc-islamabad has no node for pods: none matches node.platform.ntc.gov.pk/provider=ntc-islamabad; the provider readies one or NTC attests one"},
			without: []string{"stays"},
		},
		{name: "nothing is known of nodes", given: underAudit(t), change: func(c *Case) { c.Nodes = nil }, outcome: Refused, reason: v1alpha1.ReasonNodesMissing},
		{
			name: "the only node is not ready", given: underAudit(t), change: nodes(1), outcome: Refused, reason: v1alpha1.ReasonNodesMissing,
			message: []string{"the only one that matches is not ready, cordoned or tainted: node.platform.ntc.gov.pk/provider=ntc-islamabad"},
		},
		{name: "no node is ready", given: underAudit(t), change: nodes(3), outcome: Refused, reason: v1alpha1.ReasonNodesMissing, message: []string{"all 3 that match are not ready"}},
		{
			name: "a selector that cannot be read", given: underAudit(t), outcome: Refused, reason: v1alpha1.ReasonNodesMissing,
			change: func(c *Case) {
				provider := c.Providers["ntc-islamabad"]
				provider.Spec.NodeSelector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
				c.Providers["ntc-islamabad"] = provider
			},
			message: []string{"spec.nodeSelector", `"Near" is not a valid label selector operator`, "the Cloud Office corrects it"},
		},
		{
			name: "cpu", given: underAudit(t), change: nodes(0, "4", "16Gi", "4579m", "16Gi"), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"spec.requirements.hardware: test and live of the application need 8580m cpu and 18304Mi memory; CloudServiceProvider ntc-islamabad offers 8579m cpu and 32Gi memory on 2 nodes; missing: 1m cpu; the provider adds nodes, or the organization declares less"},
			without: []string{"booked", "stays"},
		},
		{name: "memory", given: underAudit(t), change: nodes(0, "64", "18303Mi"), outcome: Refused, reason: v1alpha1.ReasonCapacityMissing, message: []string{"64 cpu and 18303Mi memory on 1 node; missing: 1Mi memory;"}},
		{
			name: "a pod larger than any node", given: underAudit(t), on: onSnapshot, change: with(nodes(0, "4", "8Gi", "4", "8Gi"), pod("5", "1Gi")),
			outcome: Refused, reason: v1alpha1.ReasonCapacityMissing,
			message: []string{"spec.components[web].resources: a pod needs 5 cpu and 1Gi memory, and no node of CloudServiceProvider ntc-islamabad offers both; the most on any is 4 cpu and 8Gi memory"},
		},
		{
			name: "a pod that needs the best of two nodes at once", given: underAudit(t), on: onSnapshot, change: with(nodes(0, "64", "8Gi", "4", "64Gi"), pod("8", "16Gi")),
			outcome: Refused, reason: v1alpha1.ReasonCapacityMissing, message: []string{"the most on any is 64 cpu and 64Gi memory"},
		},
		{name: "a pod that fits one of them", given: underAudit(t), on: onSnapshot, change: with(nodes(0, "256", "1Gi", "8", "512Gi"), pod("8", "16Gi")), outcome: Met, reason: v1alpha1.ReasonProvisioned},
		{
			name: "a Task counts as any other", given: underAudit(t), on: onSnapshot,
			change: with(nodes(0, "4", "8Gi"), added(task("migrate")), func(c *Case) {
				c.Application.Spec.Components[2].Resources.Limits.Memory = resource.MustParse("9Gi")
			}),
			outcome: Refused, reason: v1alpha1.ReasonCapacityMissing, message: []string{"spec.components[migrate].resources"},
		},
		{
			name: "live keeps what runs", given: liveCase(t), change: nodes(1), outcome: Waiting, reason: v1alpha1.ReasonNodesMissing, message: []string{"; what runs stays"},
		},
		{name: "and so does test", given: awaitingLaunch(t), change: nodes(0, "1", "1Gi"), outcome: Waiting, reason: v1alpha1.ReasonCapacityMissing, message: []string{"; what runs stays"}},
	}
	return rows
}

// A node that goes takes nothing down, and no stage back.
func TestNodesGateTestingOnly(t *testing.T) {
	for name, row := range map[string]struct {
		given *Case
		stage v1alpha1.Stage
		test  bool
		live  bool
	}{
		"under audit":                {given: underAudit(t), stage: v1alpha1.StageUnderAudit},
		"audited, but never in test": {given: without(awaitingLaunch(t), func(c *Case) { c.Test = ObservedStage{} }), stage: v1alpha1.StageUnderAudit},
		"in test":                    {given: without(awaitingLaunch(t), func(c *Case) { c.SignOffs = c.SignOffs[3:] }), stage: v1alpha1.StageTesting, test: true},
		"awaiting launch":            {given: awaitingLaunch(t), stage: v1alpha1.StageAwaitingLaunch, test: true},
		"live":                       {given: liveCase(t), stage: v1alpha1.StageLive, test: true, live: true},
		"live, its test withdrawn":   {given: without(liveCase(t), func(c *Case) { c.Test = ObservedStage{} }), stage: v1alpha1.StageLive, test: true, live: true},
	} {
		t.Run(name, func(t *testing.T) {
			row.given.Nodes = nil
			a := Assess(row.given)
			if a.Stage != row.stage || (a.Test != nil) != row.test || (a.Live != nil) != row.live {
				t.Errorf("stage %s, test %v, live %v", a.Stage, a.Test, a.Live)
			}
			found := slices.ContainsFunc(a.Findings, func(f Finding) bool {
				return f.Reason == v1alpha1.ReasonNodesMissing && f.Status() == metav1.ConditionFalse
			})
			if !found {
				t.Errorf("nothing says that nodes are missing: %v", a.Findings)
			}
		})
	}
}

func without(c *Case, change func(*Case)) *Case {
	change(c)
	return c
}

// The cache lists nodes in any order, and each has suffixes of its own.
func TestNodesInAnyOrder(t *testing.T) {
	c := underAudit(t)
	nodes := newNodes("1024", "4Gi", "1Ki", "4000000Ki", "2Ki", "5G")
	var want string
	for i := range 6 {
		nodes.Ready = append(nodes.Ready[1:], nodes.Ready[0])
		if i == 3 {
			slices.Reverse(nodes.Ready)
		}
		c.Nodes["ntc-islamabad"] = nodes
		got := assessAvailability(c, &c.Releases[0]).Message
		if want != "" && got != want {
			t.Errorf("once %q, then %q", want, got)
		}
		want = got
	}
}
