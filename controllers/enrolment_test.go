// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// What the policy of these tests names for the mesh.
const (
	meshImage       = "registry.ntc.gov.pk/govpk/sidecar@sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
	meshAuthorities = "-----BEGIN CERTIFICATE-----\n"
)

// configureMesh completes the policy that config/default installs, as NTC does.
func configureMesh(ctx context.Context) {
	GinkgoHelper()
	policy := &v1alpha1.DeploymentPolicy{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
	policy.Spec.Mesh.Image, policy.Spec.Mesh.CABundle = meshImage, meshAuthorities
	Expect(admin.Update(ctx, policy)).To(Succeed())
}

// enrol makes one pod of a Deployment as its controller would, whose sidecar and component run. No kubelet is there to do it.
func enrol(ctx context.Context, d *appsv1.Deployment) {
	GinkgoHelper()
	template := d.Spec.Template.Spec
	if *d.Spec.Replicas == 0 || len(template.InitContainers) == 0 && template.Containers[0].Name != render.SidecarName {
		return
	}
	enrolAs(ctx, d, d.Name+"-1", "")
}

// enrolAs makes a pod of that name, and binds it to the node if there is one.
func enrolAs(ctx context.Context, d *appsv1.Deployment, name, node string) {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: name, Labels: d.Spec.Template.Labels, Annotations: d.Spec.Template.Annotations},
		Spec:       d.Spec.Template.Spec,
	}
	err := as("system:serviceaccount:kube-system:replicaset-controller").Create(ctx, pod)
	if apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return
	}
	Expect(err).NotTo(HaveOccurred())
	if node != "" {
		schedule(ctx, pod, node)
	}
	run(ctx, pod)
}

// schedule is what the scheduler does.
func schedule(ctx context.Context, pod *corev1.Pod, node string) {
	GinkgoHelper()
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
	Expect(as("system:kube-scheduler").SubResource("binding").Create(ctx, pod, binding)).To(Succeed())
	Expect(admin.Get(ctx, client.ObjectKeyFromObject(pod), pod)).To(Succeed())
}

// run is what a kubelet says of a pod whose every container started.
func run(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	yes := true
	started := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	for _, c := range pod.Spec.InitContainers {
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, Started: &yes, Ready: true, State: started})
	}
	for _, c := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, Started: &yes, Ready: true, State: started})
	}
	pod.Status.Phase = corev1.PodRunning
	err := as("system:serviceaccount:kube-system:node-controller").Status().Update(ctx, pod)
	Expect(client.IgnoreNotFound(err)).To(Succeed())
}
