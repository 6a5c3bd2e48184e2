// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
)

// SidecarName is the container that runs beside a component. Names that begin with govpk- are the platform's.
const SidecarName = "govpk-sidecar"

// What one sidecar may take. It asks for little and its memory is bounded, since it is part of every pod.
var (
	SidecarCPU    = resource.MustParse("10m")
	SidecarMemory = resource.MustParse("48Mi")
)

// Sidecar is the proxy beside a component: it takes and makes every connection of the component over mutual TLS.
type Sidecar struct {
	Image string
	// Config is the proxy's configuration. It is part of the pod, so that a pod never runs with another one's.
	Config string
	// Secret holds the component's certificate, in TLSDirectory; ConfigMap the authorities, in CADirectory.
	Secret, ConfigMap                       string
	TLSDirectory, CADirectory, RunDirectory string
	HealthPort                              int32
}

const (
	sidecarTLSVolume = "govpk-tls"
	sidecarCAVolume  = "govpk-authorities"
	sidecarRunVolume = "govpk-run"
	sidecarUser      = 65532
)

// container is a restartable init container: it is ready before the component starts, ends after it, and a Job ends although
// it runs.
func (s Sidecar) container() *applycore.ContainerApplyConfiguration {
	mount := func(volume, path string) *applycore.VolumeMountApplyConfiguration {
		return applycore.VolumeMount().WithName(volume).WithMountPath(path)
	}
	return applycore.Container().
		WithName(SidecarName).
		WithImage(s.Image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithRestartPolicy(corev1.ContainerRestartPolicyAlways).
		WithEnv(applycore.EnvVar().WithName("SIDECAR_CONFIG").WithValue(s.Config)).
		WithResources(applycore.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: SidecarCPU, corev1.ResourceMemory: SidecarMemory}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: SidecarMemory})).
		WithSecurityContext(applycore.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithRunAsUser(sidecarUser).
			WithCapabilities(applycore.Capabilities().WithDrop("ALL"))).
		WithStartupProbe(applycore.Probe().
			WithHTTPGet(applycore.HTTPGetAction().WithPath("/healthz").WithPort(intstr.FromInt32(s.HealthPort))).
			WithPeriodSeconds(1).WithFailureThreshold(60)).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithVolumeMounts(
			mount(sidecarTLSVolume, s.TLSDirectory).WithReadOnly(true),
			mount(sidecarCAVolume, s.CADirectory).WithReadOnly(true),
			mount(sidecarRunVolume, s.RunDirectory))
}

// volumes are the sidecar's alone: no container of the component mounts them. The key is readable by all users of the pod's
// own mount namespaces, which are the sidecar's only.
func (s Sidecar) volumes() []*applycore.VolumeApplyConfiguration {
	return []*applycore.VolumeApplyConfiguration{
		applycore.Volume().WithName(sidecarTLSVolume).WithSecret(applycore.SecretVolumeSource().WithSecretName(s.Secret).WithDefaultMode(0o444)),
		applycore.Volume().WithName(sidecarCAVolume).WithConfigMap(applycore.ConfigMapVolumeSource().WithName(s.ConfigMap)),
		applycore.Volume().WithName(sidecarRunVolume).WithEmptyDir(applycore.EmptyDirVolumeSource().
			WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))),
	}
}
