// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	applybatch "k8s.io/client-go/applyconfigurations/batch/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// keepTemplate is a Job with the pod template that it was made with, since the API server refuses to change one. A task
// of a release is done as it was begun, though its provider's nodes or an edge's address have changed since.
func keepTemplate(object render.Object, current *unstructured.Unstructured) (render.Object, error) {
	var job batchv1.Job
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(current.Object, &job); err != nil {
		return object, wrap("read", current, err)
	}
	made, err := applybatch.ExtractJob(&job, object.Owner)
	if err != nil {
		return object, wrap("read", current, err)
	}
	if made.Spec == nil || made.Spec.Template == nil {
		return object, nil
	}
	template, err := runtime.DefaultUnstructuredConverter.ToUnstructured(made.Spec.Template)
	if err != nil {
		return object, wrap("read", current, err)
	}
	object.Unstructured = object.DeepCopy()
	if err := unstructured.SetNestedMap(object.Object, template, "spec", "template"); err != nil {
		return object, fmt.Errorf("template of %s: %w", describe(current), err)
	}
	return object, nil
}

// filesInUse is true while pods may mount a component's files: its workload, as it was gathered, names them or still has
// pods of an earlier template. A pod whose files are gone cannot be restarted.
func filesInUse(c *sop.Case, files *unstructured.Unstructured) bool {
	for _, kind := range []schema.GroupVersionKind{DeploymentKind, StatefulSetKind, JobKind, CronJobKind} {
		for _, workload := range children(c, kind) {
			same := workload.GetNamespace() == files.GetNamespace() &&
				workload.GetLabels()[v1alpha1.ComponentLabel] == files.GetLabels()[v1alpha1.ComponentLabel]
			if same && (mounts(&workload, files.GetName()) || rolling(&workload)) {
				return true
			}
		}
	}
	return false
}

func mounts(workload *unstructured.Unstructured, configMap string) bool {
	template := []string{"spec", "template", "spec", "volumes"}
	if workload.GroupVersionKind() == CronJobKind {
		template = append([]string{"spec", "jobTemplate"}, template...)
	}
	volumes, _, _ := unstructured.NestedSlice(workload.Object, template...)
	for _, item := range volumes {
		if volume, ok := item.(map[string]any); ok {
			if name, _, _ := unstructured.NestedString(volume, "configMap", "name"); name == configMap {
				return true
			}
		}
	}
	return false
}

// rolling is true while a workload has pods of an earlier template.
func rolling(workload *unstructured.Unstructured) bool {
	status := func(field string) int64 {
		n, _, _ := unstructured.NestedInt64(workload.Object, "status", field)
		return n
	}
	switch workload.GroupVersionKind() {
	case DeploymentKind, StatefulSetKind:
		return status("observedGeneration") < workload.GetGeneration() || status("updatedReplicas") < status("replicas")
	case CronJobKind:
		active, _, _ := unstructured.NestedSlice(workload.Object, "status", "active")
		return len(active) > 0
	}
	return false
}
