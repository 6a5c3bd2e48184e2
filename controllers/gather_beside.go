// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// templates are where the pods of workloads are described.
var templates = map[string][]string{
	apply.DeploymentKind.Kind: {"spec", "template", "spec"}, apply.StatefulSetKind.Kind: {"spec", "template", "spec"},
	apply.JobKind.Kind: {"spec", "template", "spec"}, apply.CronJobKind.Kind: {"spec", "jobTemplate", "spec", "template", "spec"},
}

// observeBeside adds the platform's images of a workload that may still make pods.
func observeBeside(stage *sop.ObservedStage, child *unstructured.Unstructured) error {
	path, ok := templates[child.GetKind()]
	if !ok {
		return nil
	}
	if child.GroupVersionKind() == apply.JobKind {
		job, err := typed[batchv1.Job](child)
		if err != nil {
			return err
		}
		if status := jobStatus(job); status.Succeeded || status.Failed {
			return nil
		}
	}
	for _, list := range []string{"initContainers", "containers"} {
		containers, _, err := unstructured.NestedFieldNoCopy(child.Object, append(slices.Clone(path), list)...)
		if err != nil {
			return err
		}
		items, _ := containers.([]any)
		for _, item := range items {
			container, _ := item.(map[string]any)
			name, _ := container["name"].(string)
			if image, _ := container["image"].(string); platforms(name) {
				stage.Beside = append(stage.Beside, image)
			}
		}
	}
	return nil
}

// platforms is true for the platform's own containers; no component has a name like theirs.
func platforms(container string) bool { return strings.HasPrefix(container, "govpk-") }

// observePodBeside adds the platform's images of a pod. One that is ending counts: its successor may be another of its kind.
func observePodBeside(stage *sop.ObservedStage, pod *corev1.Pod) {
	if pod.Status.Phase == corev1.PodSucceeded {
		return
	}
	for _, container := range slimPlatform(slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)) {
		stage.Beside = append(stage.Beside, container.Image)
	}
}

// slimPlatform keeps the names and images of the platform's own containers.
func slimPlatform(containers []corev1.Container) []corev1.Container {
	var kept []corev1.Container
	for _, container := range containers {
		if platforms(container.Name) {
			kept = append(kept, corev1.Container{Name: container.Name, Image: container.Image})
		}
	}
	return kept
}
