// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("A takedown midway", func() {
	It("during a rollout leaves nothing running; after the lift the launched release returns whole", func(ctx context.Context) {
		app := launched(ctx, "rolling", nil)
		url := "https://" + app.Host
		eventuallyServes(ctx, cluster.Public(), url+"/api/greeting")
		before := greeting(ctx, url)
		By("launching a release whose pods take their time to become ready")
		Expect(app.Edit(ctx, func(spec *specification) {
			spec.Components[1].Image = cluster.Images.APIv2
			spec.Components[1].ReadinessProbe.InitialDelaySeconds = 5
		})).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting)
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		Expect(app.Launch(ctx)).To(Succeed())
		isNew := HaveField("Spec.Containers", ContainElement(HaveField("Image", cluster.Images.APIv2)))
		Eventually(livePods(ctx, app)).Should(ContainElement(isNew))
		// At once: where the test is slow, the new pod is ready seconds after it runs.
		Expect(greeting(ctx, url)).To(Equal(before), "the old pod serves")
		Eventually(livePods(ctx, app)).Should(ContainElement(And(isNew, HaveField("Status.Phase", corev1.PodRunning))))

		violation := flag(ctx, app, v1alpha1.WorkloadsStop)
		stopped(ctx, app)
		var deployments appsv1.DeploymentList
		Expect(cluster.Admin.List(ctx, &deployments, client.InNamespace(app.Namespace("live")))).To(Succeed())
		Expect(deployments.Items).To(HaveEach(HaveField("Spec.Replicas", HaveValue(BeZero()))))

		returns(ctx, app, violation)
		Expect(greeting(ctx, url)).NotTo(Equal(before), "what was launched is what returns")
	})

	It("during a Task ends the Task; after the lift it is done before the application returns", func(ctx context.Context) {
		app := launchedWithout(ctx, "tasked", func(spec *specification) {
			task := *spec.Components[0].DeepCopy()
			// Caddy can be kept busy for seconds by a password's hash.
			task.Name, task.Type, task.Command = "prepare", v1alpha1.ComponentTask, []string{"/caddy"}
			task.Args = []string{"hash-password", "--algorithm", "bcrypt", "--bcrypt-cost", "15", "--plaintext", "sehat"}
			task.Ports, task.ConnectsTo, task.ReadinessProbe, task.Replicas = nil, nil, nil, v1alpha1.Replicas{}
			spec.Components = append(spec.Components, task)
		})
		isTask := HaveField("Labels", HaveKeyWithValue(v1alpha1.ComponentLabel, "prepare"))
		// A busy node may say that a container runs when its work is nearly done.
		Eventually(livePods(ctx, app)).Should(ConsistOf(And(isTask, HaveField("Status.StartTime", Not(BeNil())))), "the release waits for its Task")

		violation := flag(ctx, app, v1alpha1.WorkloadsStop)
		stopped(ctx, app)
		job := func(g Gomega) *batchv1.Job {
			var jobs batchv1.JobList
			g.Expect(cluster.Admin.List(ctx, &jobs, client.InNamespace(app.Namespace("live")))).To(Succeed())
			g.Expect(jobs.Items).To(HaveLen(1))
			return &jobs.Items[0]
		}
		Eventually(func(g Gomega) {
			g.Expect(job(g).Spec.Suspend).To(HaveValue(BeTrue()))
			g.Expect(job(g).Status).To(And(HaveField("Active", BeZero()), HaveField("Succeeded", BeZero())), "it was not done")
		}).Should(Succeed())

		returns(ctx, app, violation)
		status := job(Default).Status
		Expect(status.Succeeded).To(BeEquivalentTo(1))
		AddReportEntry("tries that the takedown cost the Task", status.Failed)
	})
})

// launchedWithout launches an application and does not wait until it is live.
func launchedWithout(ctx context.Context, name string, change func(*specification)) *scenario.App {
	GinkgoHelper()
	app := underTest(ctx, exposureOrganization, name, change)
	Expect(app.Test(ctx)).To(Succeed())
	Expect(app.Reach(ctx, v1alpha1.StageAwaitingLaunch)).To(Succeed())
	Expect(app.Launch(ctx)).To(Succeed())
	return app
}

func livePods(ctx context.Context, app *scenario.App) func() ([]corev1.Pod, error) {
	return func() ([]corev1.Pod, error) { return app.Pods(ctx, v1alpha1.LiveNamespace) }
}

// returns lifts a violation, sees that this alone brings nothing back, and earns the return by fresh sign-offs.
func returns(ctx context.Context, app *scenario.App, violation *v1alpha1.PolicyViolation) {
	GinkgoHelper()
	Expect(app.Lift(ctx, violation.Name)).To(Succeed())
	isReasoned(ctx, app, v1alpha1.ConditionClearOfViolations, v1alpha1.ReasonReturnPending)
	stopped(ctx, app)
	Expect(app.Test(ctx)).To(Succeed())
	Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
	eventuallyServes(ctx, cluster.Public(), "https://"+app.Host+"/api/greeting")
}
