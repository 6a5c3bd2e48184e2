// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applyautoscaling "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	applypolicy "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// utilization is the share of the requested CPU, in percent, above which pods are added.
const utilization = 80

// HorizontalPodAutoscaler scales a component's Deployment between two bounds. It ignores a Deployment of zero replicas,
// so that it brings nothing back that is offline.
func HorizontalPodAutoscaler(s Scope, component v1alpha1.Component, minReplicas, maxReplicas int32) Object {
	return NewObject(applyautoscaling.HorizontalPodAutoscaler(component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithSpec(applyautoscaling.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(applyautoscaling.CrossVersionObjectReference().
				WithAPIVersion(appsv1.SchemeGroupVersion.String()).WithKind("Deployment").WithName(component.Name)).
			WithMinReplicas(minReplicas).
			WithMaxReplicas(maxReplicas).
			WithMetrics(applyautoscaling.MetricSpec().
				WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(applyautoscaling.ResourceMetricSource().
					WithName(corev1.ResourceCPU).
					WithTarget(applyautoscaling.MetricTarget().
						WithType(autoscalingv2.UtilizationMetricType).WithAverageUtilization(utilization))))))
}

// PodDisruptionBudget lets a drained node take one pod of a component at a time; false when fewer than two run at the
// minimum: one at a time is then all of them, and there is nothing to protect. Pods that are not ready hold no drain back.
func PodDisruptionBudget(s Scope, component v1alpha1.Component, minReplicas int32) (Object, bool) {
	if minReplicas < 2 {
		return Object{}, false
	}
	return NewObject(applypolicy.PodDisruptionBudget(component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithSpec(applypolicy.PodDisruptionBudgetSpec().
			WithSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(component.Name))).
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow))), true
}
