// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

func readyCanary(change ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: canaryNamespace, Name: "canary-x", ResourceVersion: "7"},
		Spec:       corev1.PodSpec{NodeName: "node-1"},
	}
	for _, name := range []string{"control", "ingress-denied"} {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: name, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}
	for _, c := range change {
		c(pod)
	}
	return pod
}

func slimPod(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	out, err := slim(pod)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*corev1.Pod)
}

// A canary wakes applications when a verdict changes, and by nothing else that happens to its pods.
func TestCanaryChanged(t *testing.T) {
	elsewhere := func(p *corev1.Pod) { p.Namespace = "portal-live" }
	pending := func(p *corev1.Pod) { p.Spec.NodeName, p.Status.ContainerStatuses = "", nil }
	for name, row := range map[string]struct {
		before, after func(*corev1.Pod)
		wakes         bool
	}{
		"nothing":                {},
		"a heartbeat":            {after: func(p *corev1.Pod) { p.ResourceVersion, p.Status.Message = "8", "x" }},
		"a label":                {after: func(p *corev1.Pod) { p.Labels = map[string]string{"a": "b"} }},
		"a restart that is over": {after: func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 3 }},
		"another namespace": {
			before: elsewhere, after: func(p *corev1.Pod) { elsewhere(p); p.Status.ContainerStatuses[0].Ready = false },
		},
		"a verdict lost":  {after: func(p *corev1.Pod) { p.Status.ContainerStatuses[1].Ready = false }, wakes: true},
		"a verdict found": {before: func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = false }, wakes: true},
		"a crash": {after: func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
		}, wakes: true},
		"a pod that is placed":         {before: pending, wakes: true},
		"a pod that waits for a place": {before: pending, after: pending},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := readyCanary(), readyCanary()
			if row.before != nil {
				row.before(before)
			}
			if row.after != nil {
				row.after(after)
			}
			if got := canaryChanged().Update(event.UpdateEvent{ObjectOld: slimPod(t, before), ObjectNew: slimPod(t, after)}); got != row.wakes {
				t.Errorf("wakes: %v", got)
			}
		})
	}
	for name, row := range map[string]struct {
		pod   *corev1.Pod
		start bool
		wakes bool
	}{
		"a new one that speaks":     {pod: readyCanary(), wakes: true},
		"one of before the start":   {pod: readyCanary(), start: true},
		"one that says nothing yet": {pod: readyCanary(pending)},
		"a pod of an application":   {pod: readyCanary(elsewhere)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := canaryChanged().Create(event.CreateEvent{Object: slimPod(t, row.pod), IsInInitialList: row.start}); got != row.wakes {
				t.Errorf("wakes: %v", got)
			}
			if got := canaryChanged().Delete(event.DeleteEvent{Object: slimPod(t, row.pod)}); !row.start && got != row.wakes {
				t.Errorf("wakes when it goes: %v", got)
			}
		})
	}
}
