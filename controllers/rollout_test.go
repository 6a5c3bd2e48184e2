// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const brokenImage = "registry.ntc.gov.pk/sehat/web@sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

var _ = Describe("A rollout", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		w.app.Spec.Components = append(w.app.Spec.Components, database(w.app), migration(w.app))
		o = start()
	})

	It("runs what Tasks need, then the Tasks, then the rest", func(ctx context.Context) {
		w.held = map[string]bool{"migrate": true}
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTaskRunning))
		Expect(w.workloads(ctx, w.test())).To(ConsistOf("StatefulSet db", "Job migrate"))
		w.held = nil
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageTesting)))
		Expect(w.workloads(ctx, w.test())).To(ConsistOf("StatefulSet db", "Job migrate", "Deployment web", "Deployment api"))
		w.settle(ctx, o)
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(o.requests.take()).To(BeEmpty(), "what ran stays as it is")
	})

	It("goes back in test, holds in live, and says what the pods said", func(ctx context.Context) {
		w.goLive(ctx, o)
		good := w.release()
		w.broken = map[string]bool{brokenImage: true}
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Image = brokenImage })
		w.crash(ctx, w.test(), "web", "panic: no greeting configured")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonRolledBack))
		condition := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionEndToEndTested)
		Expect(condition.Message).To(SatisfyAll(ContainSubstring("test runs "+good+" again"), ContainSubstring("panic: no greeting configured")))
		deployment := &appsv1.Deployment{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.test(), Name: "web"}, deployment)).To(Succeed())
		Expect(deployment.Spec.Template.Spec.Containers[0].Image).NotTo(Equal(brokenImage))
		w.settle(ctx, o)
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(o.requests.take()).To(BeEmpty(), "it is not tried again by itself")

		w.broken = nil
		app := w.get(ctx)
		before := app.DeepCopy()
		app.Annotations = map[string]string{v1alpha1.RetryAnnotation: "1"}
		Expect(admin.Patch(ctx, app, client.MergeFrom(before))).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageLive))
		w.until(ctx, o, func(g Gomega) {
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.test(), Name: "web"}, deployment)).To(Succeed())
			g.Expect(deployment.Spec.Template.Spec.Containers[0].Image).To(Equal(brokenImage), "a person asked for another try")
		})

		w.signAll(ctx)
		w.broken = map[string]bool{brokenImage: true}
		w.launch(ctx)
		w.crash(ctx, w.live(), "web", "panic: not in live either")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonRolloutFailed))
		Expect(meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionLaunched).Message).To(ContainSubstring("panic: not in live either"))
		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
		Expect(namespace.Labels).To(HaveKey(v1alpha1.ExposureLabel), "the pods of the release before serve on")
		Expect(namespace.Annotations[v1alpha1.ImagesAnnotation]).To(ContainSubstring(strings.Repeat("a", 64)), "and may be replaced")
		Expect(namespace.Annotations[v1alpha1.RolledOutAnnotation]).To(Equal(good))
	})

	It("stops at a Task that fails, in live too", func(ctx context.Context) {
		w.goLive(ctx, o)
		good := w.release()
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[3].Image = brokenImage })
		w.until(ctx, o, w.candidateStage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.candidateStage(ctx, v1alpha1.StageTesting))
		w.signAll(ctx)
		w.failing = map[string]bool{"migrate": true}
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTaskFailed))
		deployment := &appsv1.Deployment{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, deployment)).To(Succeed())
		Expect(deployment.Annotations[v1alpha1.ReleaseAnnotation]).To(Equal(good), "the release does not roll")
	})

	It("is taken offline in the middle of a Task, and goes on after the return", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Image = brokenImage })
		w.until(ctx, o, w.candidateStage(ctx, v1alpha1.StageTesting))
		w.signAll(ctx)
		w.held = map[string]bool{"migrate": true}
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTaskRunning))
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectClosed(ctx, w)
		jobs := w.jobs(ctx, w.live(), "migrate")
		Expect(jobs).To(ContainElement(HaveField("Spec.Suspend", HaveValue(BeTrue()))))
		w.held = nil
		waitForNextSecond(violation.CreationTimestamp)
		w.lift(ctx, violation)
		w.signAll(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		set := &appsv1.StatefulSet{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "db"}, set)).To(Succeed())
		Expect(set.Spec.Replicas).To(HaveValue(BeEquivalentTo(1)))
	})

	It("keeps volumes when the application is deleted and meets them again", func(ctx context.Context) {
		w.goLive(ctx, o)
		claim := &corev1.PersistentVolumeClaim{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "data-db"}, claim)).To(Succeed())
		uid := claim.UID
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = nil })
		Expect(admin.Delete(ctx, w.get(ctx))).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			g.Expect(admin.Get(ctx, w.key(), &v1alpha1.ThirdPartyApplication{})).To(MatchError(apierrors.IsNotFound, "the finalizer is gone"))
		}).WithTimeout(40*time.Second).Should(Succeed(), "the namespace controller comes back for a volume after some seconds")
		Expect(w.workloads(ctx, w.live())).To(BeEmpty())
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "data-db"}, claim)).To(Succeed())
		var policies networkingv1.NetworkPolicyList
		Expect(admin.List(ctx, &policies, client.InNamespace(w.live()))).To(Succeed())
		Expect(policies.Items).To(ConsistOf(HaveField("Name", "default-deny")))
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.test()}, &corev1.Namespace{})).To(MatchError(apierrors.IsNotFound, "test goes with its volumes"))

		again := application(w.namespace, w.app.Name, w.host)
		again.Spec.Components = append(again.Spec.Components, database(again), migration(again))
		w.app = again
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageAwaitingLaunch))
		w.launch(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "data-db"}, claim)).To(Succeed())
		Expect(claim.UID).To(Equal(uid))
	})
})

func database(app *v1alpha1.ThirdPartyApplication) v1alpha1.Component {
	db := *app.Spec.Components[1].DeepCopy()
	db.Name, db.Image = "db", "registry.ntc.gov.pk/sehat/postgres@sha256:"+strings.Repeat("d", 64)
	db.Ports = []v1alpha1.ComponentPort{{Name: "postgres", Port: 5432}}
	db.Storage = &v1alpha1.Storage{Size: resource.MustParse("1Gi"), MountPath: "/var/lib/postgresql"}
	return db
}

func migration(app *v1alpha1.ThirdPartyApplication) v1alpha1.Component {
	return v1alpha1.Component{
		Name: "migrate", Type: v1alpha1.ComponentTask, Image: app.Spec.Components[1].Image, Resources: app.Spec.Components[1].Resources,
		Args: []string{"migrate"}, ConnectsTo: []v1alpha1.Edge{{Component: "db", Port: "postgres"}},
	}
}

// workloads are what runs in a namespace, as kind and component.
func (w *world) workloads(ctx context.Context, namespace string) []string {
	GinkgoHelper()
	var found []string
	for kind, list := range map[string]client.ObjectList{"Deployment": &appsv1.DeploymentList{}, "StatefulSet": &appsv1.StatefulSetList{}, "Job": &batchv1.JobList{}} {
		Expect(admin.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
		Expect(meta.EachListItem(list, func(o runtime.Object) error {
			found = append(found, kind+" "+o.(client.Object).GetLabels()[v1alpha1.ComponentLabel])
			return nil
		})).To(Succeed())
	}
	return found
}

func (w *world) candidateStage(ctx context.Context, stage v1alpha1.Stage) func(Gomega) {
	return func(g Gomega) {
		candidate := w.get(ctx).Status.Candidate
		g.Expect(candidate).NotTo(BeNil())
		g.Expect(candidate.Stage).To(Equal(stage))
	}
}

func (w *world) jobs(ctx context.Context, namespace, task string) []batchv1.Job {
	GinkgoHelper()
	var jobs batchv1.JobList
	Expect(admin.List(ctx, &jobs, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.ComponentLabel: task})).To(Succeed())
	return jobs.Items
}

// crash makes a pod of a component that says why it cannot run.
func (w *world) crash(ctx context.Context, namespace, component, words string) {
	GinkgoHelper()
	images := &corev1.Namespace{}
	Expect(admin.Get(ctx, types.NamespacedName{Name: namespace}, images)).To(Succeed())
	image, _, _ := strings.Cut(images.Annotations[v1alpha1.ImagesAnnotation], ",")
	labels := w.scope("").Labels()
	labels[v1alpha1.ComponentLabel] = component
	no, yes := false, true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: component + "-", Labels: labels},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{Name: component, Image: image, SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			}}},
		},
	}
	Expect(as("system:serviceaccount:kube-system:replicaset-controller").Create(ctx, pod)).To(Succeed())
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: component, RestartCount: 4, Image: image, ImageID: image,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 40s"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2, Reason: "Error", Message: words}},
	}}
	Expect(as("system:serviceaccount:kube-system:node-controller").Status().Update(ctx, pod)).To(Succeed())
}

// stall is a Deployment that made no progress within its deadline.
func stall(ctx context.Context, d *appsv1.Deployment) {
	GinkgoHelper()
	if d.Status.ObservedGeneration == d.Generation && len(d.Status.Conditions) > 0 {
		return
	}
	replicas := *d.Spec.Replicas
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: replicas + 1, UpdatedReplicas: 1, ReadyReplicas: replicas, AvailableReplicas: replicas,
		UnavailableReplicas: 1,
		Conditions:          []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"}},
	}
	err := clusterController.Status().Update(ctx, d)
	Expect(err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
}

func rollOutSets(ctx context.Context, namespace string) {
	GinkgoHelper()
	var sets appsv1.StatefulSetList
	Expect(admin.List(ctx, &sets, client.InNamespace(namespace))).To(Succeed())
	for i := range sets.Items {
		set := &sets.Items[i]
		replicas := *set.Spec.Replicas
		if set.Status.ObservedGeneration == set.Generation && set.Status.Replicas == replicas {
			continue
		}
		set.Status = appsv1.StatefulSetStatus{
			ObservedGeneration: set.Generation, Replicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
			CurrentReplicas: replicas, UpdatedReplicas: replicas, CurrentRevision: "r", UpdateRevision: "r",
		}
		err := as("system:serviceaccount:kube-system:statefulset-controller").Status().Update(ctx, set)
		Expect(err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
	}
}

// runTasks ends the Jobs that nothing suspends or holds.
func (w *world) runTasks(ctx context.Context, namespace string) {
	GinkgoHelper()
	var jobs batchv1.JobList
	Expect(admin.List(ctx, &jobs, client.InNamespace(namespace))).To(Succeed())
	for i := range jobs.Items {
		job := &jobs.Items[i]
		task := job.Labels[v1alpha1.ComponentLabel]
		if w.held[task] || *job.Spec.Suspend || len(job.Status.Conditions) > 0 {
			continue
		}
		now := metav1.Now()
		job.Status = batchv1.JobStatus{StartTime: &job.CreationTimestamp, CompletionTime: &now, Succeeded: 1, UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{},
			Conditions: ended(batchv1.JobSuccessCriteriaMet, batchv1.JobComplete, "")}
		if w.failing[task] {
			job.Status = batchv1.JobStatus{StartTime: &job.CreationTimestamp, Failed: 1, UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{},
				Conditions: ended(batchv1.JobFailureTarget, batchv1.JobFailed, "Job has reached the specified backoff limit")}
		}
		err := as("system:serviceaccount:kube-system:job-controller").Status().Update(ctx, job)
		Expect(err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
	}
}

func ended(target, end batchv1.JobConditionType, message string) []batchv1.JobCondition {
	now := metav1.Now()
	return []batchv1.JobCondition{
		{Type: target, Status: corev1.ConditionTrue, Message: message, LastTransitionTime: now},
		{Type: end, Status: corev1.ConditionTrue, Message: message, LastTransitionTime: now},
	}
}
