// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// nodeName is the one node of testdata/platform.yaml.
const nodeName = "node-1"

// meshed is the policy's mesh. Nothing runs the image, and nobody reads the authorities.
const meshed = `{"spec":{"mesh":{
	"image":"registry.ntc.gov.pk/govpk/sidecar@sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
	"caBundle":"-----BEGIN CERTIFICATE-----\n"}}}`

// enrolPlatform names the mesh in the policy, as NTC does, and runs the canary: without either no live route is made.
func enrolPlatform(ctx context.Context, admin client.Client) error {
	policy := &v1alpha1.DeploymentPolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DeploymentPolicyName}}
	if err := admin.Patch(ctx, policy, client.RawPatch(types.MergePatchType, []byte(meshed))); err != nil {
		return err
	}
	const namespace = "govpk-canary"
	for _, name := range []string{"canary", "peer"} {
		set := &appsv1.DaemonSet{}
		if err := admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, set); err != nil {
			return err
		}
		if err := runPod(ctx, admin, admin, admin, newPod(namespace, name+"-"+nodeName, set.Spec.Template)); err != nil {
			return err
		}
	}
	return nil
}

// enrol does for a Deployment what its ReplicaSet, the scheduler and a kubelet would. One pod stands for all replicas; one of
// an older template goes once that of the new one runs.
func (p *player) enrol(ctx context.Context, d *appsv1.Deployment) error {
	template, err := d.Spec.Template.Marshal()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(template)
	wanted := d.Name + "-" + hex.EncodeToString(sum[:5])
	var pods corev1.PodList
	if err := p.admin.List(ctx, &pods, client.InNamespace(d.Namespace), client.MatchingLabels(d.Spec.Selector.MatchLabels)); err != nil {
		return err
	}
	var others []corev1.Pod
	there := false
	for _, pod := range pods.Items {
		if pod.Name == wanted && *d.Spec.Replicas > 0 {
			there = true
			continue
		}
		others = append(others, pod)
	}
	if !there && *d.Spec.Replicas > 0 {
		// Admission learns of a namespace a moment later.
		err := scenario.Eventually(ctx, 5*time.Second, func() error {
			return runPod(ctx, p.replicaSet, p.scheduler, p.node, newPod(d.Namespace, wanted, d.Spec.Template))
		})
		if err != nil {
			return p.unless(ctx, d, err)
		}
	}
	for i := range others {
		if err := p.admin.Delete(ctx, &others[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// unless forgives the refusal of a pod that nobody wants any more: its Deployment is gone, or newer.
func (p *player) unless(ctx context.Context, d *appsv1.Deployment, refusal error) error {
	now := &appsv1.Deployment{}
	err := p.admin.Get(ctx, client.ObjectKeyFromObject(d), now)
	if apierrors.IsNotFound(err) || err == nil && now.Generation != d.Generation {
		return nil
	}
	return fmt.Errorf("pod of Deployment %s/%s: %w", d.Namespace, d.Name, refusal)
}

func newPod(namespace, name string, template corev1.PodTemplateSpec) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: template.Labels, Annotations: template.Annotations}, Spec: template.Spec,
	}
}

// runPod makes a pod on the node whose every container started.
func runPod(ctx context.Context, controller, scheduler, kubelet client.Client, pod *corev1.Pod) error {
	if err := controller.Create(ctx, pod); err != nil {
		return err
	}
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: nodeName},
	}
	if err := scheduler.SubResource("binding").Create(ctx, pod, binding); err != nil {
		return client.IgnoreNotFound(err)
	}
	if err := kubelet.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
		return client.IgnoreNotFound(err)
	}
	status := func(containers []corev1.Container) []corev1.ContainerStatus {
		var out []corev1.ContainerStatus
		for _, c := range containers {
			started := true
			out = append(out, corev1.ContainerStatus{
				Name: c.Name, Image: c.Image, ImageID: c.Image, Started: &started, Ready: true,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
			})
		}
		return out
	}
	pod.Status.Phase = corev1.PodRunning
	pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = status(pod.Spec.InitContainers), status(pod.Spec.Containers)
	return client.IgnoreNotFound(kubelet.Status().Update(ctx, pod))
}
