// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

func (r *ApplicationReconciler) gatherStages(ctx context.Context, c *sop.Case) error {
	var pods corev1.PodList
	key := c.Application.Namespace + "/" + c.Application.Name
	if err := r.Client.List(ctx, &pods, client.MatchingFields{apply.ApplicationIndex: key}); err != nil {
		return err
	}
	for stage, observed := range map[string]*sop.ObservedStage{v1alpha1.TestNamespace: &c.Test, v1alpha1.LiveNamespace: &c.Live} {
		name := c.Scope(stage).StageNamespace()
		*observed = newStage()
		if err := r.observeNamespace(ctx, name, observed); err != nil {
			return err
		}
		for i := range c.Children {
			if child := &c.Children[i]; child.GetNamespace() == name {
				if err := errors.Join(observe(observed, child), r.observeClaim(ctx, observed, child)); err != nil {
					return fmt.Errorf("%s %s: %w", child.GetKind(), child.GetName(), err)
				}
			}
		}
		observed.Settle()
		for i := range pods.Items {
			if pod := &pods.Items[i]; pod.Namespace == name {
				observed.Pods = append(observed.Pods, observedPod(pod))
				observePodBeside(observed, pod)
			}
		}
	}
	return nil
}

func newStage() sop.ObservedStage {
	return sop.ObservedStage{
		Addresses: map[string]string{}, Workloads: map[string]sop.ObservedWorkload{}, Tasks: map[string]sop.ObservedTask{},
		Claims: map[string][]sop.ObservedClaim{}, Volumes: map[string]resource.Quantity{}, VolumeNodes: map[string]*corev1.NodeSelector{}, Routes: map[string]bool{}, Certificates: map[string]sop.ObservedCertificate{},
	}
}

func (r *ApplicationReconciler) observeNamespace(ctx context.Context, name string, observed *sop.ObservedStage) error {
	namespace, err := r.namespace(ctx, name)
	if err != nil || namespace == nil {
		return err
	}
	observed.Exists = true
	observed.Terminating = namespace.DeletionTimestamp != nil
	if !observed.Terminating {
		observed.Release = namespace.Annotations[v1alpha1.ReleaseAnnotation]
		if observed.Release != "" {
			observed.Mesh = mesh.Carrying(namespace.Labels)
		}
		observed.RolledOut = namespace.Annotations[v1alpha1.RolledOutAnnotation]
		observed.Failed = namespace.Annotations[v1alpha1.FailedAnnotation]
		observed.Failure = namespace.Annotations[v1alpha1.FailureAnnotation]
		// One that says no time says nothing: the loss is recorded again.
		observed.UnencryptedSince, _ = time.Parse(time.RFC3339, namespace.Annotations[v1alpha1.UnencryptedSinceAnnotation])
	}
	observed.Incident = namespace.Labels[v1alpha1.BreakGlassLabel]
	observed.Offline = namespace.Labels[v1alpha1.OfflineLabel]
	observed.OfflineSince, _ = time.Parse(time.RFC3339, namespace.Annotations[v1alpha1.OfflineSinceAnnotation])
	observed.Enforced = namespace.Annotations[v1alpha1.EnforcedAnnotation]
	_, observed.Exposed = namespace.Labels[v1alpha1.ExposureLabel]
	return nil
}

func observe(stage *sop.ObservedStage, child *unstructured.Unstructured) error {
	component := child.GetLabels()[v1alpha1.ComponentLabel]
	if err := observeBeside(stage, child); err != nil {
		return err
	}
	switch child.GroupVersionKind() {
	case apply.QuotaKind:
		amount, err := quotaAmount(child)
		stage.Quota = amount
		return err
	case apply.ServiceKind:
		address, _, err := unstructured.NestedString(child.Object, "spec", "clusterIP")
		stage.Addresses[component] = address
		return err
	case apply.DeploymentKind:
		deployment, err := typed[appsv1.Deployment](child)
		stage.Workloads[component] = deploymentStatus(deployment)
		return err
	case apply.StatefulSetKind:
		set, err := typed[appsv1.StatefulSet](child)
		stage.Workloads[component] = statefulSetStatus(set)
		return err
	case apply.CertificateKind:
		stage.Certificates[component] = certificate(child)
	case apply.JobKind:
		job, err := typed[batchv1.Job](child)
		stage.Tasks[job.Name] = jobStatus(job)
		return err
	case apply.HTTPRouteKind:
		route, err := typed[gatewayv1.HTTPRoute](child)
		for _, parent := range route.Status.Parents {
			if meta.IsStatusConditionTrue(parent.Conditions, string(gatewayv1.RouteConditionAccepted)) {
				stage.Routes[route.Name] = true
			}
		}
		return err
	}
	return nil
}

func typed[T any](child *unstructured.Unstructured) (*T, error) {
	out := new(T)
	return out, runtime.DefaultUnstructuredConverter.FromUnstructured(child.Object, out)
}

func deploymentStatus(d *appsv1.Deployment) sop.ObservedWorkload {
	observed := sop.ObservedWorkload{Release: d.Annotations[v1alpha1.ReleaseAnnotation]}
	if d.Spec.Replicas == nil || d.Status.ObservedGeneration < d.Generation {
		observed.Replicas = pointed(d.Spec.Replicas)
		return observed
	}
	want := *d.Spec.Replicas
	observed.Replicas = want
	observed.RolledOut = d.Status.UpdatedReplicas == want && d.Status.Replicas == want && d.Status.AvailableReplicas == want
	observed.Stuck = slices.ContainsFunc(d.Status.Conditions, func(condition appsv1.DeploymentCondition) bool {
		return condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse
	})
	return observed
}

func statefulSetStatus(s *appsv1.StatefulSet) sop.ObservedWorkload {
	observed := sop.ObservedWorkload{Release: s.Annotations[v1alpha1.ReleaseAnnotation], Replicas: pointed(s.Spec.Replicas)}
	observed.Idle = s.Status.ObservedGeneration >= s.Generation && s.Status.Replicas == 0
	observed.RolledOut = s.Status.ObservedGeneration >= s.Generation && s.Status.UpdateRevision == s.Status.CurrentRevision &&
		s.Status.Replicas == observed.Replicas && s.Status.AvailableReplicas == observed.Replicas
	return observed
}

func pointed(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

func jobStatus(j *batchv1.Job) sop.ObservedTask {
	observed := sop.ObservedTask{}
	for _, condition := range j.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			observed.Succeeded = true
		case batchv1.JobFailed:
			observed.Failed, observed.Message = true, condition.Message
		}
	}
	return observed
}

func observedPod(pod *corev1.Pod) sop.ObservedPod {
	observed := sop.ObservedPod{
		Component: pod.Labels[v1alpha1.ComponentLabel], Name: pod.Name, Created: pod.CreationTimestamp.Time, Trouble: trouble(pod),
		Node: pod.Spec.NodeName, Ending: pod.DeletionTimestamp != nil,
	}
	observed.Istio = mesh.ObservedIstioPod(pod)
	for _, container := range pod.Status.InitContainerStatuses {
		if container.Name == render.SidecarName {
			observed.Sidecar = container.Started != nil && *container.Started
		}
	}
	for _, container := range pod.Status.ContainerStatuses {
		observed.Restarts = max(observed.Restarts, container.RestartCount)
		observed.Started = observed.Started || container.State.Running != nil
		if ended := container.State.Terminated; ended != nil && ended.ExitCode == 0 && platforms(container.Name) {
			observed.Said = ended.Message
		}
		if user := container.User; user != nil && user.Linux != nil && container.Name == observed.Component {
			observed.User = fmt.Sprintf("%d:%d", user.Linux.UID, user.Linux.GID)
		}
		if container.Name == render.SidecarName {
			// The egress proxy has no component beside it.
			observed.Sidecar = container.State.Running != nil
		}
	}
	return observed
}

// trouble is why a pod does not run as it should, in its own words or in those of the scheduler and the kubelet.
func trouble(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if waiting := container.State.Waiting; waiting != nil && waiting.Reason != "ContainerCreating" && waiting.Reason != "PodInitializing" {
			if ended := container.LastTerminationState.Terminated; ended != nil {
				return ending(ended)
			}
			return waiting.Reason + ": " + waiting.Message
		}
		if ended := container.State.Terminated; ended != nil && ended.ExitCode != 0 {
			return ending(ended)
		}
	}
	if pod.Status.Phase == corev1.PodFailed {
		return pod.Status.Reason + ": " + pod.Status.Message
	}
	return ""
}

func ending(ended *corev1.ContainerStateTerminated) string {
	return fmt.Sprintf("exit code %d (%s) %s", ended.ExitCode, ended.Reason, ended.Message)
}

// slim keeps of a pod in the cache what is judged.
func slim(o any) (any, error) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return o, nil
	}
	kept := &corev1.Pod{}
	kept.Name, kept.Namespace, kept.UID, kept.ResourceVersion = pod.Name, pod.Namespace, pod.UID, pod.ResourceVersion
	kept.Labels, kept.CreationTimestamp, kept.DeletionTimestamp = pod.Labels, pod.CreationTimestamp, pod.DeletionTimestamp
	kept.Status.Phase, kept.Status.Reason, kept.Status.Message = pod.Status.Phase, pod.Status.Reason, pod.Status.Message
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled {
			kept.Status.Conditions = append(kept.Status.Conditions, condition)
		}
	}
	for _, annotation := range mesh.JudgedIstioAnnotations() {
		if value, ok := pod.Annotations[annotation]; ok {
			metav1.SetMetaDataAnnotation(&kept.ObjectMeta, annotation, value)
		}
	}
	kept.Spec.NodeName = pod.Spec.NodeName
	kept.Spec.InitContainers, kept.Spec.Containers = slimPlatform(pod.Spec.InitContainers), slimPlatform(pod.Spec.Containers)
	kept.Status.InitContainerStatuses = slimContainers(pod.Status.InitContainerStatuses)
	kept.Status.ContainerStatuses = slimContainers(pod.Status.ContainerStatuses)
	return kept, nil
}

func slimContainers(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	var kept []corev1.ContainerStatus
	for _, status := range statuses {
		kept = append(kept, corev1.ContainerStatus{
			Name: status.Name, Ready: status.Ready, Started: status.Started, State: status.State, LastTerminationState: status.LastTerminationState, RestartCount: status.RestartCount, User: status.User,
		})
	}
	return kept
}
