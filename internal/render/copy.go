// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	applybatch "k8s.io/client-go/applyconfigurations/batch/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
)

// copyRetries is how often a copy may be killed before it has failed. Evictions and lost nodes are not counted.
const copyRetries = 20

// CopyWorkload is one of the two pods that copy a component's volume. It runs as whoever owns the files.
type CopyWorkload struct {
	Workload
	// Directory is where it finds the volume.
	Directory   string
	User, Group int64
}

// CopySource serves a volume, which it cannot write.
func CopySource(s Scope, w CopyWorkload) Object {
	return deployment(s, w.Workload, w.pod(true))
}

// CopyTarget fills a volume from a source. It is not tried again once it ended with the refused status.
func CopyTarget(s Scope, w CopyWorkload, name string, refused int32) Object {
	pod := w.pod(false).WithRestartPolicy(corev1.RestartPolicyNever)
	return NewObject(applybatch.Job(name, s.StageNamespace()).
		WithLabels(s.componentLabels(w.Component.Name)).
		WithSpec(applybatch.JobSpec().
			WithBackoffLimit(copyRetries).
			// Two pods would write one volume.
			WithPodReplacementPolicy(batchv1.Failed).
			WithPodFailurePolicy(applybatch.PodFailurePolicy().WithRules(
				applybatch.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionFailJob).
					WithOnExitCodes(applybatch.PodFailurePolicyOnExitCodesRequirement().
						WithContainerName(w.Component.Name).WithOperator(batchv1.PodFailurePolicyOnExitCodesOpIn).WithValues(refused)),
				applybatch.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionIgnore).
					WithOnPodConditions(applybatch.PodFailurePolicyOnPodConditionsPattern().
						WithType(corev1.DisruptionTarget).WithStatus(corev1.ConditionTrue)))).
			WithTemplate(podTemplate(s, w.Workload, pod))))
}

func (w CopyWorkload) pod(readOnly bool) *applycore.PodSpecApplyConfiguration {
	c := container(w.Workload).WithVolumeMounts(applycore.VolumeMount().WithName(storageVolume).WithMountPath(w.Directory).WithReadOnly(readOnly))
	c.SecurityContext.WithRunAsUser(w.User).WithRunAsGroup(w.Group)
	for _, port := range w.Component.Ports {
		c.WithPorts(applycore.ContainerPort().WithName(port.Name).WithContainerPort(port.Port).WithProtocol(corev1.ProtocolTCP))
	}
	pod := podSpec(w.Workload).WithContainers(c).WithVolumes(applycore.Volume().WithName(storageVolume).
		WithPersistentVolumeClaim(applycore.PersistentVolumeClaimVolumeSource().WithClaimName(w.Claim)))
	pod.SecurityContext.WithFSGroup(storageGroup).WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch)
	return pod
}
