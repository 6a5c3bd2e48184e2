// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// The images beside components are read from whatever makes pods, and from pods; a component's own is none of them.
func TestObserveBeside(t *testing.T) {
	spec := func() map[string]any {
		return map[string]any{
			"initContainers": []any{map[string]any{"name": "govpk-sidecar", "image": "sidecar@sha256:1"}},
			"containers":     []any{map[string]any{"name": "web", "image": "web@sha256:2"}},
		}
	}
	template := map[string]any{"spec": spec()}
	job := func(condition batchv1.JobConditionType) map[string]any {
		return map[string]any{"spec": map[string]any{"template": template}, "status": map[string]any{
			"conditions": []any{map[string]any{"type": string(condition), "status": "True"}},
		}}
	}
	for name, row := range map[string]struct {
		kind   string
		object map[string]any
		want   []string
	}{
		"a Deployment":           {apply.DeploymentKind.Kind, map[string]any{"spec": map[string]any{"template": template}}, []string{"sidecar@sha256:1"}},
		"a schedule":             {apply.CronJobKind.Kind, map[string]any{"spec": map[string]any{"jobTemplate": map[string]any{"spec": map[string]any{"template": template}}}}, []string{"sidecar@sha256:1"}},
		"a Job":                  {apply.JobKind.Kind, job("SuccessCriteriaMet"), []string{"sidecar@sha256:1"}},
		"one that is done":       {apply.JobKind.Kind, job(batchv1.JobComplete), nil},
		"one that failed":        {apply.JobKind.Kind, job(batchv1.JobFailed), nil},
		"what makes no pods":     {apply.ServiceKind.Kind, map[string]any{"spec": map[string]any{"template": template}}, nil},
		"the way out, by itself": {apply.DeploymentKind.Kind, map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": spec()["initContainers"]}}}}, []string{"sidecar@sha256:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			child := &unstructured.Unstructured{Object: row.object}
			group := map[string]string{"Deployment": "apps/v1", "CronJob": "batch/v1", "Job": "batch/v1", "Service": "v1"}
			child.SetAPIVersion(group[row.kind])
			child.SetKind(row.kind)
			var stage sop.ObservedStage
			if err := observeBeside(&stage, child); err != nil || !slices.Equal(stage.Beside, row.want) {
				t.Errorf("%q, %v, want %q", stage.Beside, err, row.want)
			}
		})
	}
	for phase, want := range map[corev1.PodPhase][]string{corev1.PodRunning: {"sidecar@sha256:1"}, corev1.PodFailed: {"sidecar@sha256:1"}, corev1.PodSucceeded: nil} {
		pod := &corev1.Pod{Status: corev1.PodStatus{Phase: phase}, Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "govpk-sidecar", Image: "sidecar@sha256:1", Command: []string{"x"}}},
			Containers:     []corev1.Container{{Name: "web", Image: "web@sha256:2"}},
		}}
		var stage sop.ObservedStage
		observePodBeside(&stage, slimPod(t, pod))
		if !slices.Equal(stage.Beside, want) {
			t.Errorf("a pod that is %s: %q, want %q", phase, stage.Beside, want)
		}
	}
}
