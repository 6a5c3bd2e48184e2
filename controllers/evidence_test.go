// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
)

var _ = Describe("Evidence of logs", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) { w, o = liveWorld(ctx) })

	It("names the log that no kubelet gave", func(ctx context.Context) {
		runPod(ctx, w, o, 1, "nowhere")
		violation := takenDown(ctx, w, o)
		evidence := keptEvidence(ctx, violation)
		Expect(evidence.Pods).To(HaveLen(1), "they are read before they are stopped")
		Expect(evidence.Logs).To(BeEmpty())
		Expect(evidence.Gaps).To(ContainElement(And(HavePrefix("log of c-0 of pod web-a: "), ContainSubstring("nowhere"))))
		var pod corev1.Pod
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web-a"}, &pod)).To(Succeed())
		Expect(pod.DeletionGracePeriodSeconds).To(HaveValue(BeEquivalentTo(1)), "the kubelet of a node ends it with one second of grace")
	})

	It("keeps several MiB of logs in several parts", func(ctx context.Context) {
		const containers = 60
		// Made before the evidence's three seconds begin. It is longer than what a compressor looks back, so that sixty times the same is not little.
		noise := make([]byte, 48<<10)
		for i := range noise {
			noise[i] = byte(rand.Uint32())
		}
		text := base64.StdEncoding.EncodeToString(noise)
		o.Applier.Logs = func(context.Context, string, string, *corev1.PodLogOptions) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}
		runPod(ctx, w, o, containers, "")
		violation := takenDown(ctx, w, o)
		Expect(len(violation.Status.Evidence)).To(BeNumerically(">", 2))
		evidence := keptEvidence(ctx, violation)
		Expect(evidence.Gaps).To(BeEmpty())
		Expect(evidence.Logs).To(HaveLen(containers))
		for _, log := range evidence.Logs {
			Expect(log.Text).To(HaveLen(64 << 10))
		}
	})

	It("takes offline in time while logs hang, and reads them behind the lock", func(ctx context.Context) {
		locked := make(chan string, 1)
		o.Applier.Logs = func(reading context.Context, _, _ string, _ *corev1.PodLogOptions) (io.ReadCloser, error) {
			defer GinkgoRecover()
			expectClosed(ctx, w)
			select {
			case locked <- lockedBy(ctx, w):
			default:
			}
			<-reading.Done()
			return nil, reading.Err()
		}
		runPod(ctx, w, o, 1, "")
		violation := takenDown(ctx, w, o)
		Expect(locked).To(Receive(Equal(violation.Name)))
		var begin, end time.Time
		for _, step := range violation.Status.Steps {
			switch step.Name {
			case v1alpha1.StepLock:
				begin = step.Time.Time
			case v1alpha1.StepStopWorkloads:
				end = step.Time.Time
			}
		}
		Expect(end.Sub(begin)).To(BeNumerically("<", 4*time.Second), "evidence has three seconds, and the rest takes little")
		Expect(keptEvidence(ctx, violation).Gaps).To(ContainElement(ContainSubstring("log of c-0 of pod web-a: context deadline exceeded")))
		expectNoPods(ctx, w)
	})

	It("ends the runs of schedules and leaves Tasks to the plan", func(ctx context.Context) {
		task, run := job(w, "migrate"), job(w, "nightly-1")
		controller := true
		run.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: "nightly", UID: "u", Controller: &controller}}
		for _, object := range []client.Object{task, run} {
			Expect(as("system:serviceaccount:kube-system:cronjob-controller").Create(ctx, object)).To(Succeed())
		}
		takenDown(ctx, w, o)
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(run), run)).To(Satisfy(apierrors.IsNotFound))
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(task), task)).To(Succeed())
	})
})

func takenDown(ctx context.Context, w *world, o *operator) *v1alpha1.PolicyViolation {
	GinkgoHelper()
	violation := w.flag(ctx, "leak")
	w.until(ctx, o, func(g Gomega) {
		g.Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		g.Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
	})
	return violation
}

// keptEvidence joins the parts in the order of their names.
func keptEvidence(ctx context.Context, violation *v1alpha1.PolicyViolation) apply.Evidence {
	GinkgoHelper()
	var content bytes.Buffer
	for _, name := range violation.Status.Evidence {
		part := &corev1.ConfigMap{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: "govpk-evidence", Name: name}, part)).To(Succeed())
		content.Write(part.BinaryData[apply.EvidenceKey])
	}
	zipped, err := gzip.NewReader(&content)
	Expect(err).NotTo(HaveOccurred())
	var evidence apply.Evidence
	Expect(json.NewDecoder(zipped).Decode(&evidence)).To(Succeed())
	return evidence
}

func expectNoPods(ctx context.Context, w *world) {
	GinkgoHelper()
	var pods corev1.PodList
	Expect(admin.List(ctx, &pods, client.InNamespace(w.live()))).To(Succeed())
	Expect(pods.Items).To(BeEmpty())
}

// runPod stands in for the ReplicaSet controller: its pod is the only one in live. No kubelet runs what it makes.
func runPod(ctx context.Context, w *world, o *operator, containers int, node string) {
	GinkgoHelper()
	w.alone = true
	Expect(admin.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(w.live()), client.GracePeriodSeconds(0))).To(Succeed())
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.live(), Name: "web-a"}, Spec: podSpec(w, containers)}
	Expect(as("system:serviceaccount:kube-system:replicaset-controller").Create(ctx, pod)).To(Succeed())
	if node != "" {
		schedule(ctx, pod, node)
	}
	Eventually(func(g Gomega) {
		var pods corev1.PodList
		g.Expect(o.Client.List(ctx, &pods, client.InNamespace(w.live()))).To(Succeed())
		g.Expect(pods.Items).To(BeEmpty())
	}).Should(Succeed(), "the operator's cache follows a moment later; it holds no pod without the operator's label")
}

func job(w *world, name string) *batchv1.Job {
	spec := podSpec(w, 1)
	spec.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.live(), Name: name},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: spec}},
	}
}

func podSpec(w *world, containers int) corev1.PodSpec {
	no, yes := false, true
	var spec corev1.PodSpec
	for i := range containers {
		spec.Containers = append(spec.Containers, corev1.Container{
			Name: fmt.Sprintf("c-%d", i), Image: w.app.Spec.Components[0].Image,
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("1Mi")},
				Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Mi")},
			},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no, RunAsNonRoot: &yes,
				Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		})
	}
	return spec
}
