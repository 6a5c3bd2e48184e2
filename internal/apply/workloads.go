// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	applybatch "k8s.io/client-go/applyconfigurations/batch/v1"

	"github.com/ntc-gov-pk/govpk-operator/internal/render"
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
