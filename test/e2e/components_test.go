// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const nightly = "nightly"

var _ = Describe("The sample with its database", Ordered, func() {
	var app *scenario.App
	var url, first, note string

	BeforeAll(func(ctx context.Context) {
		app = cluster.Sample(people, organization, "portal", "visits.health.gov.pk", "application.yaml",
			scenario.Secrets{"db": {"password": "known to the organization"}})
		goLive(ctx, app)
		url = "https://" + app.Host
		var err error
		first, err = app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		eventuallyServes(ctx, cluster.Public(), url+"/api/visits")
		note = fmt.Sprintf("visit %d", time.Now().UnixNano())
		addVisit(ctx, url, note)
	})

	It("lets the organization write the Secret that its release names, no other one, and lets nobody read it back", func(ctx context.Context) {
		for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
			By("trying in " + stage)
			refusal := ContainSubstring("those that spec.components[] names there, of type Opaque")
			Expect(app.WriteSecret(ctx, stage, "other", map[string]string{"password": "x"})).To(MatchError(refusal))
			pull := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: app.Namespace(stage), Name: "db"},
				Type:       corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{}}`)},
			}
			Expect(app.Developer.Create(ctx, pull)).To(MatchError(refusal))
			for who, person := range map[string]client.Client{"developer": app.Developer, "level 1": app.Operations} {
				err := person.Get(ctx, client.ObjectKeyFromObject(pull), &corev1.Secret{})
				Expect(err).To(MatchError(apierrors.IsForbidden, "IsForbidden"), who)
			}
		}
	})

	It("ran the migration before the components that do not serve it", func(ctx context.Context) {
		for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
			migrated := taskDone(ctx, app, stage, first)
			for _, name := range []string{"web", "api"} {
				deployment := &appsv1.Deployment{}
				Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(stage), Name: name}, deployment)).To(Succeed())
				Expect(deployment.CreationTimestamp.Time).NotTo(BeTemporally("<", migrated), name+" in "+stage)
			}
			db := &appsv1.StatefulSet{}
			Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(stage), Name: "db"}, db)).To(Succeed())
			Expect(db.CreationTimestamp.Time).NotTo(BeTemporally(">", migrated), "the migration needs its database")
		}
	})

	It("keeps its data when level 1 restarts the database", func(ctx context.Context) {
		old := podOf(ctx, app, v1alpha1.LiveNamespace, "db")
		Expect(app.Developer.Delete(ctx, old.DeepCopy())).To(MatchError(apierrors.IsForbidden, "IsForbidden"), "the organization asks level 1")
		Expect(app.Operations.Delete(ctx, old.DeepCopy())).To(Succeed())
		Eventually(func(g Gomega) {
			pod := podOf(ctx, app, v1alpha1.LiveNamespace, "db")
			g.Expect(pod.UID).NotTo(Equal(old.UID))
			g.Expect(pod.Status.ContainerStatuses).To(ContainElement(HaveField("Ready", true)))
		}).WithTimeout(2*time.Minute).Should(Succeed(), "the kubelet ends the old pod and starts the new one")
		eventuallyVisited(ctx, url, note)
	})

	It("rolls a release that changes the schema without failing a request", func(ctx context.Context) {
		Expect(visitNoted(ctx, url, note)).To(HaveField("Department", BeEmpty()), "schema 1 has no departments")
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[1].Image, spec.Components[2].Image = cluster.Images.APIv2, cluster.Images.APIv2
			task := spec.Components[2].DeepCopy()
			task.Name, task.Type, task.Schedule = nightly, v1alpha1.ComponentScheduledTask, "* * * * *"
			spec.Components = append(spec.Components, *task)
		})).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting)
		Expect(app.RunsInTest(ctx)).To(Succeed())
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)

		second, err := app.Release(ctx)
		Expect(err).NotTo(HaveOccurred())
		before := podOf(ctx, app, v1alpha1.LiveNamespace, "api")
		requests := keepAsking(ctx, url+"/api/visits")
		Expect(app.Launch(ctx)).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		Eventually(func() (*corev1.Pod, error) { return pod(ctx, before) }).Should(BeNil(), "it drains")
		asked, failed := requests.stop()
		Expect(failed).To(BeEmpty(), "of %d requests", asked)
		Expect(asked).To(BeNumerically(">", 20))

		migrated := taskDone(ctx, app, v1alpha1.LiveNamespace, second)
		Expect(podOf(ctx, app, v1alpha1.LiveNamespace, "api").CreationTimestamp.Time).NotTo(BeTemporally("<", migrated))
		Expect(visitNoted(ctx, url, note)).To(HaveField("Department", Equal("General")), "the column that the migration added")
	})

	It("scales the component under load, no further than the declared peak needs", func(ctx context.Context) {
		status, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(status.Status.Scaling).To(ContainElement(And(
			HaveField("Component", "api"), HaveField("MinReplicas", int32(1)), HaveField("MaxReplicas", int32(4)))))
		load := keepAsking(ctx, url+"/api/burn?milliseconds=100")
		var most int32
		Eventually(func(g Gomega) {
			deployment := &appsv1.Deployment{}
			g.Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(v1alpha1.LiveNamespace), Name: "api"}, deployment)).To(Succeed())
			most = max(most, *deployment.Spec.Replicas)
			g.Expect(deployment.Status.AvailableReplicas).To(BeNumerically(">", 1))
		}).WithTimeout(4*time.Minute).Should(Succeed(), "metrics are minutes of averages")
		_, failed := load.stop()
		Expect(failed).To(BeEmpty())
		Expect(most).To(BeNumerically("<=", 4))
		Eventually(func(g Gomega) {
			status, err := app.Get(ctx)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(status.Status.Stage).To(Equal(v1alpha1.StageLive))
		}).Should(Succeed(), "and the operator leaves the autoscaler its decision")
	})

	It("runs the scheduled task", func(ctx context.Context) {
		Eventually(func(g Gomega) {
			job := &batchv1.CronJob{}
			g.Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace(v1alpha1.LiveNamespace), Name: nightly}, job)).To(Succeed())
			g.Expect(job.Status.LastSuccessfulTime).NotTo(BeNil())
		}).WithTimeout(3*time.Minute).Should(Succeed(), "the next full minute, or the one after it where that was late")
	})

	It("goes back to a release that was live by the hand of level 1, which changes nothing else", func(ctx context.Context) {
		for what, change := range map[string]func(*v1alpha1.ThirdPartyApplication){
			"an image":           func(app *v1alpha1.ThirdPartyApplication) { app.Spec.Components[1].Image = cluster.Images.API },
			"the launch":         func(app *v1alpha1.ThirdPartyApplication) { app.Spec.Launch = nil },
			"an unknown release": func(app *v1alpha1.ThirdPartyApplication) { app.Spec.Launch.Release = "portal-00000000" },
			"a label":            func(app *v1alpha1.ThirdPartyApplication) { app.Labels = map[string]string{"a": "b"} },
			"more than a release": func(app *v1alpha1.ThirdPartyApplication) {
				app.Spec.Launch.Release, app.Spec.Components[0].Replicas.Min = first, 1
			},
		} {
			Expect(byLevel1(ctx, app, change)).To(MatchError(ContainSubstring("govpk-identity")), what)
		}
		deleted, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(app.Operations.Delete(ctx, deleted)).To(MatchError(apierrors.IsForbidden, "IsForbidden"))

		Expect(byLevel1(ctx, app, func(app *v1alpha1.ThirdPartyApplication) { app.Spec.Launch.Release = first })).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		Eventually(func(g Gomega) {
			status, err := app.Get(ctx)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(status.Status.Release).To(Equal(first))
			pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
			g.Expect(err).NotTo(HaveOccurred())
			for _, pod := range pods {
				g.Expect(pod.Spec.Containers[0].Image).NotTo(Equal(cluster.Images.APIv2), pod.Name)
			}
		}).Should(Succeed(), "kubelets end pods in their own time")
		Expect(visitNoted(ctx, url, note)).To(HaveField("Department", BeEmpty()), "the release before runs on the newer schema")
	})

	It("is not deleted while it is launched, and meets its data again when it is created anew", func(ctx context.Context) {
		before, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(app.Delete(ctx)).To(MatchError(ContainSubstring("spec.launch")))
		Expect(app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = nil })).To(Succeed())
		Expect(app.Delete(ctx)).To(Succeed())

		expectTornDown(ctx, app, first)
		again := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: before.Namespace, Name: before.Name}, Spec: before.Spec}
		Expect(app.Developer.Create(ctx, again)).To(Succeed())
		Expect(app.WriteSecrets(ctx, v1alpha1.LiveNamespace)).To(Succeed())
		Expect(app.WriteSecrets(ctx, v1alpha1.TestNamespace)).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		eventuallyVisited(ctx, url, note)
		claim := &v1alpha1.DomainClaim{}
		Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: app.Host}, claim)).To(Succeed())
		Expect(claim.Spec.State).To(Equal(v1alpha1.DomainBound))
	})
})

var _ = Describe("An application that nobody here wrote", func() {
	It("runs unchanged from its manifest to its gov.pk host", func(ctx context.Context) {
		app := cluster.Sample(people, organization, "khabar", "khabar.info.gov.pk", "miniflux/application.yaml",
			scenario.Secrets{"db": {"password": "known to the organization"}, "admin": {"password": "khabar admin"}})
		goLive(ctx, app)
		url := "https://" + app.Host
		eventuallyServes(ctx, cluster.Public(), url+"/")
		page := servedBy(ctx, cluster.Public(), url+"/")
		Expect(page).To(ContainSubstring("Miniflux"))
		Expect(page).To(ContainSubstring(`name="password"`), "its login form")
	})
})

// expectTornDown looks at what a deletion leaves: no test, an emptied and closed live namespace with its volume, the
// host in quarantine, and what was signed.
func expectTornDown(ctx context.Context, app *scenario.App, release string) {
	GinkgoHelper()
	Eventually(func() error {
		return cluster.Admin.Get(ctx, types.NamespacedName{Name: app.Namespace(v1alpha1.TestNamespace)}, &corev1.Namespace{})
	}).WithTimeout(90*time.Second).Should(MatchError(apierrors.IsNotFound, "IsNotFound"), "test goes")
	in := client.InNamespace(app.Namespace(v1alpha1.LiveNamespace))
	Eventually(livePods(ctx, app)).Should(BeEmpty(), "live is emptied")
	var policies networkingv1.NetworkPolicyList
	Expect(cluster.Admin.List(ctx, &policies, in)).To(Succeed())
	Expect(policies.Items).To(ConsistOf(HaveField("Name", "default-deny")))
	var volumes corev1.PersistentVolumeClaimList
	Expect(cluster.Admin.List(ctx, &volumes, in)).To(Succeed())
	Expect(volumes.Items).To(ConsistOf(And(HaveField("Name", "data-db"), HaveField("Status.Phase", corev1.ClaimBound), HaveField("DeletionTimestamp", BeNil()))))
	claim := &v1alpha1.DomainClaim{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: app.Host}, claim)).To(Succeed())
	Expect(claim.Spec.State).To(Equal(v1alpha1.DomainQuarantined))
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: organization, Name: release}, &v1alpha1.Release{})).To(Succeed(), "what was signed stays")
	var signOffs v1alpha1.SignOffList
	Expect(cluster.Admin.List(ctx, &signOffs, client.InNamespace(organization))).To(Succeed())
	Expect(signOffs.Items).To(ContainElement(HaveField("Spec.Release", release)))
	answered, err := cluster.Public().Status(ctx, "https://"+app.Host+"/")
	Expect(answered).NotTo(Equal(http.StatusOK), "%v", err)
}

// byLevel1 changes an application as NTC's operations do.
func byLevel1(ctx context.Context, app *scenario.App, change func(*v1alpha1.ThirdPartyApplication)) error {
	current, err := app.Get(ctx)
	if err != nil {
		return err
	}
	before := current.DeepCopy()
	change(current)
	return app.Operations.Patch(ctx, current, client.MergeFrom(before))
}

// taskDone is when the migration of a release was done in a stage.
func taskDone(ctx context.Context, app *scenario.App, stage, release string) time.Time {
	GinkgoHelper()
	job := &batchv1.Job{}
	key := types.NamespacedName{Namespace: app.Namespace(stage), Name: render.TaskName("migrate", release)}
	Expect(cluster.Admin.Get(ctx, key, job)).To(Succeed())
	Expect(job.Status.CompletionTime).NotTo(BeNil(), job.Name)
	return job.Status.CompletionTime.Time
}
