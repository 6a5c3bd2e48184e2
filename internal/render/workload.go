// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applyapps "k8s.io/client-go/applyconfigurations/apps/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Workload is what runs a component.
type Workload struct {
	Component v1alpha1.Component
	// Replicas is how many pods run; zero while the application is offline. Where an autoscaler decides, it is what that
	// decided: replicas that are left out would be one.
	Replicas int32
	// Nodes select the provider's attested nodes; one that any of them selects will do.
	Nodes []metav1.LabelSelector
	// Claim is the PersistentVolumeClaim of the component's storage; empty: the first that it was given.
	Claim string
	// Addresses are where the component finds its edges, in their order.
	Addresses []Address
	// ServiceAccount is the pods' identity; empty: the namespace's, which tells no component from another.
	ServiceAccount string
	// Sidecar runs beside the component; nil: nothing does.
	Sidecar *Sidecar
	// DeadlineSeconds bounds a rollout without progress, or a run of a task. Zero: the API server's default.
	DeadlineSeconds int32
	// Bandwidth is in bits per second for each pod and direction; it holds where the network plugin supports it. Nil: no bound.
	Bandwidth *resource.Quantity
}

// Address is what a component is told of an edge.
type Address struct {
	Host string
	Port int32
	// Alias is the IP address that the host's name leads to in the pod; empty: the host is an address itself.
	Alias string
}

// Deployment runs a component of type Service that has no storage.
func Deployment(s Scope, w Workload) Object {
	return deployment(s, w, servicePod(w))
}

func deployment(s Scope, w Workload, pod *applycore.PodSpecApplyConfiguration) Object {
	name := w.Component.Name
	pod.WithTopologySpreadConstraints(spread(name))
	pod.Affinity.WithPodAntiAffinity(applycore.PodAntiAffinity().WithPreferredDuringSchedulingIgnoredDuringExecution(otherZone(name)))
	spec := applyapps.DeploymentSpec().
		WithReplicas(w.Replicas).
		WithRevisionHistoryLimit(2).
		WithSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(name))).
		WithStrategy(applyapps.DeploymentStrategy().
			WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(applyapps.RollingUpdateDeployment().
				WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0)))).
		WithTemplate(podTemplate(s, w, pod))
	if w.DeadlineSeconds > 0 {
		spec.WithProgressDeadlineSeconds(w.DeadlineSeconds)
	}
	return NewObject(applyapps.Deployment(name, s.StageNamespace()).
		WithLabels(s.componentLabels(name)).
		WithSpec(spec))
}

// spread keeps pods of one revision on different nodes where there is room; a single node still runs them all.
func spread(component string) *applycore.TopologySpreadConstraintApplyConfiguration {
	return applycore.TopologySpreadConstraint().
		WithTopologyKey(corev1.LabelHostname).
		WithMaxSkew(1).
		WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithLabelSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(component))).
		WithMatchLabelKeys(appsv1.DefaultDeploymentUniqueLabelKey)
}

// otherZone keeps them in different zones too. As a second spread constraint it would undo the first where nodes have no
// zone: the scheduler gives no score to nodes that lack one of the labels.
func otherZone(component string) *applycore.WeightedPodAffinityTermApplyConfiguration {
	return applycore.WeightedPodAffinityTerm().
		WithWeight(100).
		WithPodAffinityTerm(applycore.PodAffinityTerm().
			WithTopologyKey(corev1.LabelTopologyZone).
			WithLabelSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(component))).
			WithMatchLabelKeys(appsv1.DefaultDeploymentUniqueLabelKey))
}

// StatefulSet runs a component with storage: never two pods at once, since both would write one volume. The volume is
// PersistentVolumeClaim's and not a template of the set, so that it can grow and outlives the set. Pods are managed in
// parallel because in order a pod that never becomes ready would hold back the revision that mends it.
func StatefulSet(s Scope, w Workload) Object {
	component := w.Component
	return NewObject(applyapps.StatefulSet(component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithSpec(applyapps.StatefulSetSpec().
			WithReplicas(min(w.Replicas, 1)).
			WithRevisionHistoryLimit(2).
			WithServiceName(component.Name).
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(component.Name))).
			WithTemplate(podTemplate(s, w, servicePod(w)))))
}

// ServicePort is a port of a component's Service and the port of its pods behind it; zero: the one of the same name.
type ServicePort struct {
	Name         string
	Port, Target int32
}

func (p ServicePort) target() intstr.IntOrString {
	if p.Target == 0 {
		return intstr.FromString(p.Name)
	}
	return intstr.FromInt32(p.Target)
}

// Service gives a component an address.
func Service(s Scope, component string, ports []ServicePort) Object {
	spec := applycore.ServiceSpec().
		WithType(corev1.ServiceTypeClusterIP).
		WithSelector(componentSelector(component))
	for _, port := range ports {
		spec.WithPorts(applycore.ServicePort().
			WithName(port.Name).WithPort(port.Port).WithProtocol(corev1.ProtocolTCP).WithTargetPort(port.target()))
	}
	return NewObject(applycore.Service(component, s.StageNamespace()).
		WithLabels(s.componentLabels(component)).
		WithSpec(spec))
}
