// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strconv"
	"strings"

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

// Workload is what a Deployment needs beside its component.
type Workload struct {
	Component v1alpha1.Component
	// Replicas is how many pods run; zero while the application is offline.
	Replicas int32
	// Nodes selects the provider's attested nodes.
	Nodes metav1.LabelSelector
	// Peers are the edges' addresses by component.
	Peers map[string]Peer
}

// Peer is where a component is reached.
type Peer struct {
	Address string
	// Ports are the numbers of the peer's ports by name.
	Ports map[string]int32
}

// Deployment runs a component.
func Deployment(s Scope, w Workload) Object {
	component := w.Component
	return NewObject(applyapps.Deployment(component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithSpec(applyapps.DeploymentSpec().
			WithReplicas(w.Replicas).
			WithRevisionHistoryLimit(2).
			WithSelector(applymeta.LabelSelector().WithMatchLabels(componentSelector(component.Name))).
			WithStrategy(applyapps.DeploymentStrategy().
				WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(applyapps.RollingUpdateDeployment().
					WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0)))).
			WithTemplate(applycore.PodTemplateSpec().
				WithLabels(s.componentLabels(component.Name)).
				WithSpec(podSpec(w)))))
}

const (
	// temporaryStorage bounds /tmp, the only place that a component may write to.
	temporaryStorage = "64Mi"
	// drainSeconds is how long a pod that ends goes on serving while gateways and nodes learn that it does, so that a
	// rolling update fails no request. A takedown gives one second in all.
	drainSeconds = 3
)

// podSpec is Pod Security "restricted" and more: no token, no name resolution, no service links, since the only addresses
// that a component needs are handed to it.
func podSpec(w Workload) *applycore.PodSpecApplyConfiguration {
	return applycore.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithDNSPolicy(corev1.DNSNone).
		WithDNSConfig(applycore.PodDNSConfig().WithNameservers("127.0.0.1")).
		WithSecurityContext(applycore.PodSecurityContext().
			WithRunAsNonRoot(true).
			WithSeccompProfile(applycore.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithAffinity(applycore.Affinity().WithNodeAffinity(applycore.NodeAffinity().
			WithRequiredDuringSchedulingIgnoredDuringExecution(applycore.NodeSelector().
				WithNodeSelectorTerms(nodeSelectorTerm(w.Nodes))))).
		WithVolumes(applycore.Volume().WithName("tmp").WithEmptyDir(applycore.EmptyDirVolumeSource().
			WithSizeLimit(resource.MustParse(temporaryStorage)))).
		WithContainers(container(w))
}

func container(w Workload) *applycore.ContainerApplyConfiguration {
	component := w.Component
	requests, limits := component.Resources.Requests, component.Resources.Limits
	c := applycore.Container().
		WithName(component.Name).
		WithImage(component.Image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithCommand(component.Command...).
		WithArgs(component.Args...).
		WithEnv(environment(w)...).
		WithResources(applycore.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: requests.CPU, corev1.ResourceMemory: requests.Memory}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: limits.Memory})).
		WithSecurityContext(applycore.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(applycore.Capabilities().WithDrop("ALL"))).
		WithLifecycle(applycore.Lifecycle().WithPreStop(applycore.LifecycleHandler().
			WithSleep(applycore.SleepAction().WithSeconds(drainSeconds)))).
		WithVolumeMounts(applycore.VolumeMount().WithName("tmp").WithMountPath("/tmp"))
	for _, port := range component.Ports {
		c.WithPorts(applycore.ContainerPort().
			WithName(port.Name).WithContainerPort(port.Port).WithProtocol(corev1.ProtocolTCP))
	}
	if probe := component.ReadinessProbe; probe != nil && probe.HTTPGet != nil {
		c.WithReadinessProbe(applycore.Probe().
			WithHTTPGet(applycore.HTTPGetAction().
				WithPath(probe.HTTPGet.Path).WithPort(intstr.FromString(probe.HTTPGet.Port))).
			WithPeriodSeconds(2))
	}
	return c
}

// environment gives the component <NAME>_HOST and <NAME>_PORT of each edge, then its own variables.
func environment(w Workload) []*applycore.EnvVarApplyConfiguration {
	var env []*applycore.EnvVarApplyConfiguration
	for _, edge := range w.Component.ConnectsTo {
		prefix := EdgeVariable(edge)
		peer := w.Peers[edge.Component]
		env = append(env,
			applycore.EnvVar().WithName(prefix+"_HOST").WithValue(peer.Address),
			applycore.EnvVar().WithName(prefix+"_PORT").WithValue(strconv.Itoa(int(peer.Ports[edge.Port]))))
	}
	for _, variable := range w.Component.Env {
		env = append(env, applycore.EnvVar().WithName(variable.Name).WithValue(variable.Value))
	}
	return env
}

// EdgeVariable is the prefix of the two variables of an edge.
func EdgeVariable(edge v1alpha1.Edge) string {
	name := edge.Name
	if name == "" {
		name = edge.Component
	}
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func nodeSelectorTerm(selector metav1.LabelSelector) *applycore.NodeSelectorTermApplyConfiguration {
	term := applycore.NodeSelectorTerm()
	for _, key := range sortedKeys(selector.MatchLabels) {
		term.WithMatchExpressions(applycore.NodeSelectorRequirement().
			WithKey(key).WithOperator(corev1.NodeSelectorOpIn).WithValues(selector.MatchLabels[key]))
	}
	for _, expression := range selector.MatchExpressions {
		term.WithMatchExpressions(applycore.NodeSelectorRequirement().
			WithKey(expression.Key).WithOperator(corev1.NodeSelectorOperator(expression.Operator)).WithValues(expression.Values...))
	}
	return term
}

// Service gives a component an address.
func Service(s Scope, component v1alpha1.Component) Object {
	spec := applycore.ServiceSpec().
		WithType(corev1.ServiceTypeClusterIP).
		WithSelector(componentSelector(component.Name))
	for _, port := range component.Ports {
		spec.WithPorts(applycore.ServicePort().
			WithName(port.Name).WithPort(port.Port).WithProtocol(corev1.ProtocolTCP).WithTargetPort(intstr.FromString(port.Name)))
	}
	return NewObject(applycore.Service(component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithSpec(spec))
}
