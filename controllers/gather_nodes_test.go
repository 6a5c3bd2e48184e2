// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

func readyNode(change ...func(*corev1.Node)) *corev1.Node {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: "node-1", ResourceVersion: "7", Labels: map[string]string{"provider": "a"}, Annotations: map[string]string{"long": "story"},
		},
		Spec: corev1.NodeSpec{PodCIDR: "10.0.0.0/24"},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi"), corev1.ResourcePods: resource.MustParse("110"),
			},
			Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse},
				{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastHeartbeatTime: metav1.NewTime(time.Unix(1, 0))},
			},
			Images: []corev1.ContainerImage{{Names: []string{"large"}}},
		},
	}
	for _, c := range change {
		c(node)
	}
	return node
}

func cordoned(n *corev1.Node) { n.Spec.Unschedulable = true }

func notReady(n *corev1.Node) { n.Status.Conditions[1].Status = corev1.ConditionUnknown }

func tainted(effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "k", Effect: effect}) }
}

func slimmed(t *testing.T, node *corev1.Node) *corev1.Node {
	t.Helper()
	out, err := slimNode(node)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*corev1.Node)
}

func TestSlimNode(t *testing.T) {
	want := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node-1", ResourceVersion: "7", Labels: map[string]string{"provider": "a"}},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi")},
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	if diff := cmp.Diff(want, slimmed(t, readyNode())); diff != "" {
		t.Error(diff)
	}
	if out, err := slimNode("a tombstone"); out != "a tombstone" || err != nil {
		t.Errorf("%v, %v", out, err)
	}
}

func TestProviderNodes(t *testing.T) {
	want := sop.Compute{CPU: resource.MustParse("4"), Memory: resource.MustParse("8Gi")}
	for name, row := range map[string]struct {
		change func(*corev1.Node)
		takes  bool
	}{
		"ready":                              {takes: true},
		"cordoned":                           {change: cordoned},
		"not ready":                          {change: notReady},
		"says nothing of itself":             {change: func(n *corev1.Node) { n.Status.Conditions = nil }},
		"kept from new pods":                 {change: tainted(corev1.TaintEffectNoSchedule)},
		"kept from all pods":                 {change: tainted(corev1.TaintEffectNoExecute)},
		"avoided, but taken if need be":      {change: tainted(corev1.TaintEffectPreferNoSchedule), takes: true},
		"ready, with offers of nothing else": {change: func(n *corev1.Node) { delete(n.Status.Allocatable, corev1.ResourcePods) }, takes: true},
	} {
		t.Run(name, func(t *testing.T) {
			node := readyNode()
			if row.change != nil {
				row.change(node)
			}
			got := providerNodes([]corev1.Node{*slimmed(t, node)})
			if row.takes != (len(got.Ready) == 1) || row.takes == (len(got.Away) == 1) {
				t.Fatalf("%+v", got)
			}
			if row.takes && (got.Ready[0].CPU.Cmp(want.CPU) != 0 || got.Ready[0].Memory.Cmp(want.Memory) != 0) {
				t.Errorf("%+v", got.Ready[0])
			}
		})
	}
}

// A kubelet writes its node every few seconds. Hardly any of that is a reason to wake applications.
func TestNodeChanged(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*corev1.Node)
		wakes  bool
	}{
		"a heartbeat": {change: func(n *corev1.Node) {
			n.ResourceVersion, n.Status.Conditions[1].LastHeartbeatTime = "8", metav1.NewTime(time.Unix(10, 0))
		}},
		"pressure":           {change: func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionTrue }},
		"an image":           {change: func(n *corev1.Node) { n.Status.Images = nil }},
		"an annotation":      {change: func(n *corev1.Node) { n.Annotations = nil }},
		"a soft taint":       {change: tainted(corev1.TaintEffectPreferNoSchedule)},
		"the same, in bytes": {change: func(n *corev1.Node) { n.Status.Allocatable[corev1.ResourceMemory] = resource.MustParse("8589934592") }},
		"a taint":            {change: tainted(corev1.TaintEffectNoSchedule), wakes: true},
		"a cordon":           {change: cordoned, wakes: true},
		"not ready":          {change: notReady, wakes: true},
		"a label":            {change: func(n *corev1.Node) { n.Labels = map[string]string{"provider": "b"} }, wakes: true},
		"more cpu":           {change: func(n *corev1.Node) { n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("5") }, wakes: true},
	} {
		t.Run(name, func(t *testing.T) {
			update := event.UpdateEvent{ObjectOld: slimmed(t, readyNode()), ObjectNew: slimmed(t, readyNode(row.change))}
			if got := nodeChanged().Update(update); got != row.wakes {
				t.Errorf("wakes: %v", got)
			}
		})
	}
	if !nodeChanged().Create(event.CreateEvent{Object: readyNode()}) || !nodeChanged().Delete(event.DeleteEvent{Object: readyNode()}) {
		t.Error("a node that comes or goes wakes")
	}
}
