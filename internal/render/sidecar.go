// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// SidecarName is the container that runs beside a component. Names that begin with govpk- are the platform's.
const SidecarName = "govpk-sidecar"

// What one sidecar takes and may take. Measured: 20Mi at rest, of which 4Mi are its own; 1,000 connections take 20Mi more, and
// a change of the authorities runs two proxies for a while.
var (
	SidecarCPU           = resource.MustParse("10m")
	SidecarMemory        = resource.MustParse("64Mi")
	sidecarMemoryRequest = resource.MustParse("24Mi")
)

// Sidecar is the proxy beside a component: it takes and makes every connection of the component over mutual TLS.
type Sidecar struct {
	Image string
	// Name is the container's; empty: SidecarName. It tells a proxy that a mesh is around from one that is the mesh.
	Name string
	// Config is the proxy's configuration. It is part of the pod, so that a pod never runs with another one's.
	Config string
	// Secret holds the component's certificate; empty: it has none.
	Secret string
	// Authorities is true where the proxy reads those of the stage.
	Authorities bool
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
	c := applycore.Container().
		WithName(cmp.Or(s.Name, SidecarName)).
		WithImage(s.Image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithRestartPolicy(corev1.ContainerRestartPolicyAlways).
		WithEnv(applycore.EnvVar().WithName("SIDECAR_CONFIG").WithValue(s.Config)).
		WithResources(applycore.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: SidecarCPU, corev1.ResourceMemory: sidecarMemoryRequest}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: SidecarMemory})).
		WithSecurityContext(applycore.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithRunAsUser(sidecarUser).
			WithCapabilities(applycore.Capabilities().WithDrop("ALL"))).
		WithStartupProbe(applycore.Probe().
			WithHTTPGet(applycore.HTTPGetAction().WithPath("/healthz").WithPort(intstr.FromInt32(sidecar.HealthPort))).
			WithPeriodSeconds(1).WithFailureThreshold(60)).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError)
	if s.Secret != "" {
		c.WithVolumeMounts(mount(sidecarTLSVolume, sidecar.TLSDirectory).WithReadOnly(true))
	}
	if s.Authorities {
		c.WithVolumeMounts(mount(sidecarCAVolume, sidecar.CADirectory).WithReadOnly(true))
	}
	return c.WithVolumeMounts(mount(sidecarRunVolume, sidecar.RunDirectory))
}

// volumes are the sidecar's alone: no container of the component mounts them. The key is readable by all users of the pod's
// own mount namespaces, which are the sidecar's only.
func (s Sidecar) volumes() []*applycore.VolumeApplyConfiguration {
	var volumes []*applycore.VolumeApplyConfiguration
	if s.Secret != "" {
		volumes = append(volumes, applycore.Volume().WithName(sidecarTLSVolume).
			WithSecret(applycore.SecretVolumeSource().WithSecretName(s.Secret).WithDefaultMode(0o444)))
	}
	if s.Authorities {
		volumes = append(volumes, applycore.Volume().WithName(sidecarCAVolume).
			WithConfigMap(applycore.ConfigMapVolumeSource().WithName(AuthoritiesName)))
	}
	return append(volumes, applycore.Volume().WithName(sidecarRunVolume).WithEmptyDir(applycore.EmptyDirVolumeSource().
		WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))))
}
