// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

var _ = Describe("A component with a volume that moves to another provider", func() {
	var w *world
	var o *operator
	var from, to, old string

	// until lets the pods of sets and Jobs follow too.
	until := func(ctx context.Context, condition func(Gomega)) {
		GinkgoHelper()
		w.until(ctx, o, func(g Gomega) {
			w.runSets(ctx)
			w.runCopies(ctx)
			condition(g)
		})
	}

	BeforeEach(func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		w.held = map[string]bool{mesh.CopyTargetName: true}
		from, to = "from-"+w.namespace, "to-"+w.namespace
		newProvider(ctx, from)
		newProvider(ctx, to)
		w.app.Spec.CloudServiceProvider = from
		w.app.Spec.Components = append(w.app.Spec.Components, database(w.app))
		w.goLive(ctx, o)
		bindVolume(ctx, w.live(), "data-db", "node-"+from)
		until(ctx, func(g Gomega) {
			g.Expect(w.claim(ctx, "data-db").Annotations).To(HaveKeyWithValue(v1alpha1.UserAnnotation, "999:998"), "no pod may run when somebody wants to know")
		})
		old = w.release()
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.CloudServiceProvider = to })
		until(ctx, func(g Gomega) {
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: w.release()}, &v1alpha1.Release{})).To(Succeed())
		})
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		until(ctx, func(g Gomega) {
			app := w.get(ctx)
			g.Expect(app.Status.Candidate).To(HaveValue(HaveField("Stage", v1alpha1.StageTesting)), verdicts(app))
			g.Expect(meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionInfrastructureProvisioned).Message).To(ContainSubstring("do not reach the volume of db in " + w.live()))
		})
		w.signAll(ctx)
		w.launch(ctx)
		w.until(ctx, o, func(g Gomega) { g.Expect(w.copyJobs(ctx)).To(HaveLen(1)) })
	})

	// stopped waits until the target stands and the database is told to stop, by pods that the specs make.
	stopped := func(ctx context.Context) {
		GinkgoHelper()
		until(ctx, func(g Gomega) {
			g.Expect(w.replicasOf(ctx)).To(BeZero())
			g.Expect(w.pods(ctx, mesh.CopySourceName)).To(HaveLen(1))
		})
	}

	It("is stopped, copied and started there, while the others wait, and a takedown in the middle takes nothing away", func(ctx context.Context) {
		recorder := o.Recorder.(*events.FakeRecorder)
		w.settle(ctx, o)
		Expect(w.replicasOf(ctx)).To(BeEquivalentTo(1), "nothing stops before the new volume has its pod")
		Expect(w.claimsOf(ctx)).To(Equal("data-db"))
		Expect(w.claim(ctx, "data-db.1").Annotations).To(And(HaveKeyWithValue(v1alpha1.CopiedFromAnnotation, "data-db"), Not(HaveKey(v1alpha1.CopiedAnnotation))))
		launched := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionLaunched)
		Expect(launched.Reason).To(Equal(v1alpha1.ReasonCuttingOver), launched.Message)
		Expect(launched.Message).To(ContainSubstring("it still runs, until a pod there is ready to fill the new one"))

		By("copying")
		bindVolume(ctx, w.live(), "data-db.1", "node-"+to)
		stopped(ctx)
		w.settle(ctx, o)
		Expect(webTerms(ctx, w.live())).To(Equal(boundTo(from)), "what has no volume waits where it is")
		source, target := w.pods(ctx, mesh.CopySourceName)[0], w.pods(ctx, mesh.CopyTargetName)[0]
		for pod, claim := range map[*corev1.Pod]string{&source: "data-db", &target: "data-db.1"} {
			Expect(pod.Spec.Volumes).To(ContainElement(HaveField("PersistentVolumeClaim", HaveValue(HaveField("ClaimName", claim)))))
			Expect(pod.Spec.Containers[0].SecurityContext).To(HaveValue(And(HaveField("RunAsUser", HaveValue(BeEquivalentTo(999))), HaveField("RunAsGroup", HaveValue(BeEquivalentTo(998))))))
			Expect(pod.Spec.Containers[0].VolumeMounts).To(ContainElement(And(HaveField("Name", "data"), HaveField("ReadOnly", claim == "data-db"))))
		}
		quota := &corev1.ResourceQuota{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "hardware"}, quota)).To(Succeed())
		declared := resource.MustParse("21Gi")
		Expect(quota.Spec.Hard[corev1.ResourceRequestsStorage]).To(Satisfy(func(q resource.Quantity) bool { return q.Cmp(declared) == 0 }), "both claims count")

		By("taking it offline in the middle")
		violation := w.flag(ctx, "middle")
		until(ctx, w.ready(ctx, v1alpha1.ReasonTakenDown))
		until(ctx, func(g Gomega) { g.Expect(w.copyJobs(ctx)).To(BeEmpty()) })
		Expect(w.claim(ctx, "data-db.1").Annotations).NotTo(HaveKey(v1alpha1.CopiedAnnotation))
		w.endCopyPods(ctx)
		waitForNextSecond(violation.CreationTimestamp)
		w.lift(ctx, violation)
		w.signAll(ctx)
		stopped(ctx)

		By("ending the copy")
		w.endCopy(ctx, 0, "973 files, 41943040 bytes")
		until(ctx, w.ready(ctx, string(v1alpha1.StageLive)))
		Expect(w.claim(ctx, "data-db.1").Annotations).To(HaveKeyWithValue(v1alpha1.CopiedAnnotation, "973 files, 41943040 bytes"))
		Expect(w.claimsOf(ctx)).To(Equal("data-db.1"))
		Expect(w.replicasOf(ctx)).To(BeEquivalentTo(1))
		Expect(w.claim(ctx, "data-db").DeletionTimestamp).To(BeNil(), "the old volume is kept")
		until(ctx, func(g Gomega) {
			g.Expect(webTerms(ctx, w.live())).To(Equal(boundTo(to)))
			g.Expect(w.copyJobs(ctx)).To(BeEmpty())
			for object := range w.inventory(ctx) {
				g.Expect(object).NotTo(ContainSubstring("govpk-copy"))
			}
		})
		told := drained(recorder)
		Expect(told).To(ContainElement(HavePrefix("Normal CuttingOver component db of " + w.release())))
		Expect(told).To(ContainElement(HavePrefix("Normal CutOver nothing is left to copy")))
		w.settle(ctx, o)
	})

	It("runs where it was when the copy fails, until somebody asks for another try or launches the release before", func(ctx context.Context) {
		bindVolume(ctx, w.live(), "data-db.1", "node-"+to)
		stopped(ctx)
		w.endCopy(ctx, 3, `msg="cannot be copied" error="\"null\" is a device"`)
		until(ctx, w.ready(ctx, v1alpha1.ReasonCutOverFailed))
		Expect(w.get(ctx).Status.Conditions).To(ContainElement(And(HaveField("Type", v1alpha1.ConditionLaunched), HaveField("Message", And(ContainSubstring("is a device"), ContainSubstring("it runs again where it was"))))))
		until(ctx, func(g Gomega) {
			g.Expect(w.pods(ctx, "db")).To(HaveLen(1))
			g.Expect(w.claimsOf(ctx)).To(Equal("data-db"))
		})
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch.Release = old })
		until(ctx, func(g Gomega) {
			g.Expect(w.get(ctx).Status.Release).To(Equal(old))
			g.Expect(w.copyJobs(ctx)).To(BeEmpty())
			g.Expect(w.replicasOf(ctx)).To(BeEquivalentTo(1))
		})
		Expect(w.claimsOf(ctx)).To(Equal("data-db"))
		Expect(w.claim(ctx, "data-db.1").Annotations).NotTo(HaveKey(v1alpha1.CopiedAnnotation))
	})
})

func drained(recorder *events.FakeRecorder) []string {
	var told []string
	for {
		select {
		case event := <-recorder.Events:
			told = append(told, event)
		default:
			return told
		}
	}
}

func (w *world) claim(ctx context.Context, name string) *corev1.PersistentVolumeClaim {
	GinkgoHelper()
	claim := &corev1.PersistentVolumeClaim{}
	Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: name}, claim)).To(Succeed())
	return claim
}

func (w *world) database(ctx context.Context) *appsv1.StatefulSet {
	GinkgoHelper()
	set := &appsv1.StatefulSet{}
	Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "db"}, set)).To(Succeed())
	return set
}

func (w *world) replicasOf(ctx context.Context) int32 {
	GinkgoHelper()
	return *w.database(ctx).Spec.Replicas
}

// claimsOf is the claim that the database mounts.
func (w *world) claimsOf(ctx context.Context) string {
	GinkgoHelper()
	var claims []string
	for _, volume := range w.database(ctx).Spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			claims = append(claims, volume.PersistentVolumeClaim.ClaimName)
		}
	}
	return strings.Join(claims, ",")
}

func (w *world) copyJobs(ctx context.Context) []batchv1.Job {
	GinkgoHelper()
	return w.jobs(ctx, w.live(), mesh.CopyTargetName)
}

func (w *world) pods(ctx context.Context, component string) []corev1.Pod {
	GinkgoHelper()
	var pods corev1.PodList
	Expect(admin.List(ctx, &pods, client.InNamespace(w.live()), client.MatchingLabels{v1alpha1.ComponentLabel: component})).To(Succeed())
	return pods.Items
}

// runSets gives each set of live its pod, or ends it: what its controller and a kubelet do.
func (w *world) runSets(ctx context.Context) {
	GinkgoHelper()
	var sets appsv1.StatefulSetList
	Expect(admin.List(ctx, &sets, client.InNamespace(w.live()))).To(Succeed())
	for i := range sets.Items {
		set := &sets.Items[i]
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: set.Name + "-0", Labels: set.Spec.Template.Labels}, Spec: set.Spec.Template.Spec}
		if *set.Spec.Replicas == 0 {
			Expect(client.IgnoreNotFound(admin.Delete(ctx, pod, client.GracePeriodSeconds(0)))).To(Succeed())
			continue
		}
		w.runAs(ctx, "statefulset-controller", pod)
	}
}

// runCopies gives each Job that copies its pod, and ends those of Deployments and Jobs that are gone.
func (w *world) runCopies(ctx context.Context) {
	GinkgoHelper()
	jobs := w.copyJobs(ctx)
	for i := range jobs {
		if len(jobs[i].Status.Conditions) == 0 {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.live(), Name: jobs[i].Name + "-x", Labels: jobs[i].Spec.Template.Labels}, Spec: jobs[i].Spec.Template.Spec}
			w.runAs(ctx, "job-controller", pod)
		}
	}
	source := admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: mesh.CopySourceName}, &appsv1.Deployment{})
	for component, gone := range map[string]bool{mesh.CopyTargetName: len(jobs) == 0, mesh.CopySourceName: apierrors.IsNotFound(source)} {
		for _, pod := range w.pods(ctx, component) {
			if gone {
				Expect(client.IgnoreNotFound(admin.Delete(ctx, &pod, client.GracePeriodSeconds(0)))).To(Succeed())
			}
		}
	}
}

// runAs makes a pod as a controller would, and says of it what a kubelet does: also as whom it runs.
func (w *world) runAs(ctx context.Context, controller string, pod *corev1.Pod) {
	GinkgoHelper()
	err := as("system:serviceaccount:kube-system:"+controller).Create(ctx, pod)
	if apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		return
	}
	Expect(err).NotTo(HaveOccurred())
	run(ctx, pod)
	before := pod.DeepCopy()
	for i := range pod.Status.ContainerStatuses {
		pod.Status.ContainerStatuses[i].User = &corev1.ContainerUser{Linux: &corev1.LinuxContainerUser{UID: 999, GID: 998}}
	}
	Expect(client.IgnoreNotFound(as("system:serviceaccount:kube-system:node-controller").Status().Patch(ctx, pod, client.MergeFrom(before)))).To(Succeed())
}

// endCopyPods does what follows a Job's deletion.
func (w *world) endCopyPods(ctx context.Context) {
	GinkgoHelper()
	for _, component := range []string{mesh.CopyTargetName, mesh.CopySourceName, "db"} {
		for _, pod := range w.pods(ctx, component) {
			Expect(client.IgnoreNotFound(admin.Delete(ctx, &pod, client.GracePeriodSeconds(0)))).To(Succeed())
		}
	}
}

// endCopy ends the pod that fills the new volume, and its Job, as a kubelet and the Job's controller do.
func (w *world) endCopy(ctx context.Context, status int32, words string) {
	GinkgoHelper()
	controller := as("system:serviceaccount:kube-system:job-controller")
	pod := w.pods(ctx, mesh.CopyTargetName)[0]
	pod.Status.Phase = corev1.PodSucceeded
	pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: status, Reason: "Ended", Message: words}}
	pod.Status.ContainerStatuses[0].Ready = false
	Expect(as("system:serviceaccount:kube-system:node-controller").Status().Update(ctx, &pod)).To(Succeed())
	job := w.copyJobs(ctx)[0]
	now := metav1.Now()
	job.Status = batchv1.JobStatus{StartTime: &job.CreationTimestamp, CompletionTime: &now, Succeeded: 1, UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{}, Conditions: ended(batchv1.JobSuccessCriteriaMet, batchv1.JobComplete, "")}
	if status != 0 {
		job.Status = batchv1.JobStatus{StartTime: &job.CreationTimestamp, Failed: 1, UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{}, Conditions: ended(batchv1.JobFailureTarget, batchv1.JobFailed, "exit code 3 matches a rule")}
	}
	Expect(controller.Status().Update(ctx, &job)).To(Succeed())
}

// bindVolume gives a claim a volume that one node alone reaches, as the binder of volumes would.
func bindVolume(ctx context.Context, namespace, name, node string) {
	GinkgoHelper()
	claim := &corev1.PersistentVolumeClaim{}
	Expect(admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, claim)).To(Succeed())
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name}, Spec: corev1.PersistentVolumeSpec{
		Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("20Gi")},
		AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		ClaimRef:               &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
		PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/mnt/" + name}},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
		}}}},
	}}
	Expect(admin.Create(ctx, volume)).To(Succeed())
	claim.Spec.VolumeName = volume.Name
	Expect(as("system:serviceaccount:kube-system:persistent-volume-binder").Update(ctx, claim)).To(Succeed())
	DeferCleanup(func(ctx context.Context) { Expect(client.IgnoreNotFound(admin.Delete(ctx, volume))).To(Succeed()) })
}
