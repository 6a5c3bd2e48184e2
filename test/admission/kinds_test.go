// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// otherKinds follows the controllers of volumes, Tasks, schedules and disruption budgets.
func otherKinds(t *testing.T, operator client.Client) {
	t.Helper()
	g := NewWithT(t)
	ctx := t.Context()
	admin, err := client.New(server, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "orchard-data"}, Spec: corev1.PersistentVolumeSpec{
		Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
		AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		StorageClassName:       "by-hand",
		PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/data"}},
	}}
	g.Expect(admin.Create(ctx, volume)).To(Succeed())
	claim := &corev1.PersistentVolumeClaim{}
	g.Eventually(func() (corev1.PersistentVolumeClaimPhase, error) {
		err := operator.Get(ctx, client.ObjectKey{Namespace: orchard, Name: "data"}, claim)
		return claim.Status.Phase, err
	}).WithTimeout(patience).Should(Equal(corev1.ClaimBound), "the volume binder binds the claim")
	g.Expect(claim.Annotations).To(HaveKey("pv.kubernetes.io/bind-completed"))

	g.Eventually(func() error {
		return operator.Get(ctx, client.ObjectKey{Namespace: orchard, Name: "store-0"}, &corev1.Pod{})
	}).WithTimeout(patience).Should(Succeed(), "the StatefulSet controller makes its pod")
	g.Eventually(podsOfJob(t, operator, "migrate")).WithTimeout(patience).Should(HaveLen(1), "the Job controller makes a pod")
	missed := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"status":{"lastScheduleTime":%q}}`, time.Now().Add(-5*time.Minute).Format(time.RFC3339)))
	schedule := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: orchard, Name: "nightly"}}
	g.Expect(operator.Status().Patch(ctx, schedule, missed)).To(Succeed())
	g.Eventually(runs(t, operator)).WithTimeout(patience).ShouldNot(BeEmpty(), "the CronJob controller makes the Job of a minute that it missed")

	// An eviction books itself on the budget.
	g.Eventually(func() (int32, error) {
		ready(t, operator)
		budget := &policyv1.PodDisruptionBudget{}
		err := operator.Get(ctx, client.ObjectKey{Namespace: orchard, Name: "web"}, budget)
		return budget.Status.DisruptionsAllowed, err
	}).WithTimeout(patience).Should(BeEquivalentTo(1), "the disruption controller counts healthy pods")
	config := rest.CopyConfig(server)
	config.Impersonate = user("platform")
	platform, err := client.New(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	list := &corev1.PodList{}
	g.Expect(operator.List(ctx, list, client.InNamespace(orchard), client.MatchingLabels{"platform.ntc.gov.pk/component": "web"})).To(Succeed())
	g.Expect(platform.SubResource("eviction").Create(ctx, &list.Items[0], &policyv1.Eviction{})).To(Succeed(), "the API server books the eviction")
}

// ready stands in for the kubelet.
func ready(t *testing.T, operator client.Client) {
	t.Helper()
	g := NewWithT(t)
	list := &corev1.PodList{}
	g.Expect(operator.List(t.Context(), list, client.InNamespace(orchard), client.MatchingLabels{"platform.ntc.gov.pk/component": "web"})).To(Succeed())
	config := rest.CopyConfig(server)
	config.Impersonate = user("node")
	config.Impersonate.Groups = append(config.Impersonate.Groups, "system:masters")
	node, err := client.New(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	for i := range list.Items {
		status := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`))
		g.Expect(client.IgnoreNotFound(node.Status().Patch(t.Context(), &list.Items[i], status))).To(Succeed())
	}
}

// offlineKinds suspends Tasks and schedules under the lock: their pods end and none comes.
func offlineKinds(t *testing.T, operator client.Client) {
	t.Helper()
	g := NewWithT(t)
	ctx := t.Context()
	suspend := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"suspend":true}}`))
	schedule := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: orchard, Name: "nightly"}}
	g.Expect(operator.Patch(ctx, schedule, suspend)).To(Succeed())
	due, err := runs(t, operator)()
	g.Expect(err).NotTo(HaveOccurred())
	for _, run := range due {
		g.Expect(operator.Delete(ctx, &run, client.PropagationPolicy("Background"))).To(Succeed())
	}
	task := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: orchard, Name: "migrate"}}
	g.Expect(operator.Patch(ctx, task, suspend)).To(Succeed())
	g.Eventually(podsOfJob(t, operator, "migrate")).WithTimeout(patience).Should(BeEmpty(), "the Job controller ends the pods of a suspended Job")
	g.Eventually(runs(t, operator)).WithTimeout(patience).Should(BeEmpty())
	store := &corev1.Pod{}
	g.Expect(operator.Get(ctx, client.ObjectKey{Namespace: orchard, Name: "store-0"}, store)).To(Succeed())
	g.Expect(operator.Delete(ctx, store, client.GracePeriodSeconds(0))).To(Succeed())
	g.Consistently(func() error {
		return operator.Get(ctx, client.ObjectKeyFromObject(store), store)
	}).WithTimeout(2*time.Second).Should(Satisfy(apierrors.IsNotFound), "the StatefulSet controller brings no pod back")
}

func podsOfJob(t *testing.T, operator client.Client, job string) func() ([]corev1.Pod, error) {
	return func() ([]corev1.Pod, error) {
		list := &corev1.PodList{}
		err := operator.List(t.Context(), list, client.InNamespace(orchard), client.MatchingLabels{"batch.kubernetes.io/job-name": job})
		return list.Items, err
	}
}

// runs are the Jobs of the schedule.
func runs(t *testing.T, operator client.Client) func() ([]batchv1.Job, error) {
	return func() ([]batchv1.Job, error) {
		list := &batchv1.JobList{}
		err := operator.List(t.Context(), list, client.InNamespace(orchard))
		var controlled []batchv1.Job
		for _, job := range list.Items {
			if metav1.GetControllerOf(&job) != nil {
				controlled = append(controlled, job)
			}
		}
		return controlled, err
	}
}
