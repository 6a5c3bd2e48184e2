// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// drainSeconds is how long a pod that ends goes on serving while gateways and nodes learn that it does, so that a
// rolling update fails no request. A takedown gives one second in all.
const drainSeconds = 5

func podTemplate(s Scope, w Workload, spec *applycore.PodSpecApplyConfiguration) *applycore.PodTemplateSpecApplyConfiguration {
	template := applycore.PodTemplateSpec().
		WithLabels(s.componentLabels(w.Component.Name)).
		WithSpec(spec)
	if w.Bandwidth != nil {
		template.WithAnnotations(map[string]string{
			"kubernetes.io/ingress-bandwidth": w.Bandwidth.String(),
			"kubernetes.io/egress-bandwidth":  w.Bandwidth.String(),
		})
	}
	return template
}

// servicePod runs until it is ended, and then goes on serving for a moment.
func servicePod(w Workload) *applycore.PodSpecApplyConfiguration {
	c := container(w).WithLifecycle(drain())
	for _, port := range w.Component.Ports {
		c.WithPorts(applycore.ContainerPort().
			WithName(port.Name).WithContainerPort(port.Port).WithProtocol(corev1.ProtocolTCP))
	}
	return podSpec(w).WithContainers(withProbes(c, w.Component))
}

func drain() *applycore.LifecycleApplyConfiguration {
	return applycore.Lifecycle().WithPreStop(applycore.LifecycleHandler().
		WithSleep(applycore.SleepAction().WithSeconds(drainSeconds)))
}

// taskPod runs to its end. A failed one is kept beside the next attempt, so that its words can be read.
func taskPod(w Workload) *applycore.PodSpecApplyConfiguration {
	return podSpec(w).WithContainers(container(w)).WithRestartPolicy(corev1.RestartPolicyNever)
}

// podSpec is Pod Security "restricted" and more: no token, no name resolution, no service links, since the only addresses
// that a component needs are handed to it.
func podSpec(w Workload) *applycore.PodSpecApplyConfiguration {
	spec := applycore.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithDNSPolicy(corev1.DNSNone).
		WithDNSConfig(applycore.PodDNSConfig().WithNameservers("127.0.0.1")).
		WithSecurityContext(podSecurity(w.Component)).
		WithAffinity(applycore.Affinity().WithNodeAffinity(applycore.NodeAffinity().
			WithRequiredDuringSchedulingIgnoredDuringExecution(applycore.NodeSelector().
				WithNodeSelectorTerms(nodeSelectorTerms(w.Nodes)...)))).
		WithVolumes(volumes(w.Component, w.Claim)...)
	for _, secret := range w.Component.ImagePullSecrets {
		spec.WithImagePullSecrets(applycore.LocalObjectReference().WithName(secret.Name))
	}
	if w.ServiceAccount != "" {
		spec.WithServiceAccountName(w.ServiceAccount)
	}
	names := aliases(w.Addresses)
	for _, ip := range sortedKeys(names) {
		spec.WithHostAliases(applycore.HostAlias().WithIP(ip).WithHostnames(names[ip]...))
	}
	if w.Sidecar != nil {
		spec.WithInitContainers(w.Sidecar.container()).WithVolumes(w.Sidecar.volumes()...)
	}
	return spec
}

// aliases are the names by which a component knows hosts outside, by the address through which it reaches them.
func aliases(addresses []Address) map[string][]string {
	names := map[string][]string{}
	for _, address := range addresses {
		if address.Alias != "" && !slices.Contains(names[address.Alias], address.Host) {
			names[address.Alias] = append(names[address.Alias], address.Host)
		}
	}
	return names
}

func podSecurity(component v1alpha1.Component) *applycore.PodSecurityContextApplyConfiguration {
	security := applycore.PodSecurityContext().
		WithRunAsNonRoot(true).
		WithSeccompProfile(applycore.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
	if component.Storage != nil {
		// Once the volume is the group's, its modes are left alone: databases refuse files that a group may write.
		security.WithFSGroup(storageGroup).WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch)
	}
	return security
}

func container(w Workload) *applycore.ContainerApplyConfiguration {
	component := w.Component
	requests, limits := component.Resources.Requests, component.Resources.Limits
	return applycore.Container().
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
		// A finding quotes the pod's own words.
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithVolumeMounts(mounts(component)...)
}

func nodeSelectorTerms(selectors []metav1.LabelSelector) []*applycore.NodeSelectorTermApplyConfiguration {
	if len(selectors) == 0 {
		// A term without requirements matches no node.
		return []*applycore.NodeSelectorTermApplyConfiguration{applycore.NodeSelectorTerm()}
	}
	var terms []*applycore.NodeSelectorTermApplyConfiguration
	for _, selector := range selectors {
		terms = append(terms, nodeSelectorTerm(selector))
	}
	return terms
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
