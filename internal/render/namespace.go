// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	applyrbac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Namespace is the stage namespace. Annotations carry what the admission policies need to know of the application.
func Namespace(s Scope, labels, annotations map[string]string) Object {
	return NewObject(applycore.Namespace(s.StageNamespace()).
		WithLabels(s.Labels()).
		WithLabels(map[string]string{
			v1alpha1.OrganizationLabel:                   s.Organization,
			v1alpha1.StageLabel:                          s.Stage,
			"pod-security.kubernetes.io/enforce":         "restricted",
			"pod-security.kubernetes.io/enforce-version": "latest",
			// A container that Istio put into pods would be of no release, so that admission refused them. Its ambient mode needs none.
			"istio-injection": "disabled",
		}).
		WithLabels(labels).
		WithAnnotations(annotations))
}

// HardwareQuota is the name of the quota of a stage namespace.
const HardwareQuota = "hardware"

// ResourceQuota bounds what the stage namespace uses, and books it with a provider; empty: none. NodePorts and load balancers
// would be ways around the gateway.
func ResourceQuota(s Scope, provider string, cpu, memory, storage resource.Quantity) Object {
	labels := s.Labels()
	if provider != "" {
		labels[v1alpha1.ProviderLabel] = provider
	}
	return NewObject(applycore.ResourceQuota(HardwareQuota, s.StageNamespace()).
		WithLabels(labels).
		WithSpec(applycore.ResourceQuotaSpec().WithHard(corev1.ResourceList{
			corev1.ResourceRequestsCPU:           cpu,
			corev1.ResourceLimitsMemory:          memory,
			corev1.ResourceRequestsStorage:       storage,
			corev1.ResourceServicesNodePorts:     resource.MustParse("0"),
			corev1.ResourceServicesLoadBalancers: resource.MustParse("0"),
		})))
}

// LimitRange gives containers that state nothing (a debugging container) a small share, since the quota counts everything.
func LimitRange(s Scope) Object {
	return NewObject(applycore.LimitRange("defaults", s.StageNamespace()).
		WithLabels(s.Labels()).
		WithSpec(applycore.LimitRangeSpec().WithLimits(applycore.LimitRangeItem().
			WithType(corev1.LimitTypeContainer).
			WithDefault(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}).
			WithDefaultRequest(corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("10m"),
				corev1.ResourceMemory: resource.MustParse("64Mi"),
			}))))
}

// RoleBinding gives a group a ClusterRole in the stage namespace.
func RoleBinding(s Scope, name, clusterRole, group string) Object {
	return NewObject(applyrbac.RoleBinding(name, s.StageNamespace()).
		WithLabels(s.Labels()).
		WithRoleRef(applyrbac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(clusterRole)).
		WithSubjects(applyrbac.Subject().WithAPIGroup(rbacv1.GroupName).WithKind(rbacv1.GroupKind).WithName(group)))
}
