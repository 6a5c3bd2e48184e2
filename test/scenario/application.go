// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// patience is for what pods, certificates and leaders are waited for. A busy machine takes its time, and who waits longer is told no less.
const patience = 3 * time.Minute

// App is one application and the people around it.
type App struct {
	*People
	cluster *Cluster
	key     types.NamespacedName
	Host    string
	// file is the manifest beneath hack/sample; empty: the one below.
	file    string
	secrets Secrets
}

// App names an application of an onboarded organization.
func (c *Cluster) App(people *People, namespace, name, host string) *App {
	return &App{People: people, cluster: c, key: types.NamespacedName{Namespace: namespace, Name: name}, Host: host}
}

// Manifest is what the organization writes: Caddy in front, a small API behind it. The variable run makes each run's
// release another one, so that a second run does not find the first one's signatures.
func (a *App) Manifest(run string) (*v1alpha1.ThirdPartyApplication, error) {
	if a.file != "" {
		return a.sample(run)
	}
	images := a.cluster.Images
	manifest := fmt.Sprintf(`
apiVersion: platform.ntc.gov.pk/v1alpha1
kind: ThirdPartyApplication
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  organization:
    name: Sehat Digital (Pvt) Ltd
    contacts:
    - {level: L2, name: Service desk, email: desk@sehat.example, phone: "+92 51 0000000"}
    - {level: L3, name: Engineering, email: eng@sehat.example, phone: "+92 51 0000001"}
  publicServiceEntity: Ministry of National Health Services
  cloudServiceProvider: ntc-islamabad
  dataClass: Restricted
  requirements:
    hardware: {cpu: "1", memory: 1Gi, storage: "0"}
    traffic: {users: 20000, requestsPerSecond: 150, peakRequestsPerSecond: 900, bandwidth: 200M}
    dataFlowDiagram: {url: "https://sehat.example/dfd.pdf", sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
  components:
  - name: web
    image: %[4]s
    ports: [{name: http, port: 8080}]
    replicas: {min: 2, max: 3}
    resources: {requests: {cpu: 20m, memory: 32Mi}, limits: {memory: 96Mi}}
    readinessProbe: {httpGet: {path: /healthz, port: http}}
    connectsTo: [{component: api, port: http}]
  - name: api
    image: %[5]s
    ports: [{name: http, port: 8080}]
    resources: {requests: {cpu: 20m, memory: 16Mi}, limits: {memory: 64Mi}}
    readinessProbe: {httpGet: {path: /healthz, port: http}}
    env: [{name: RUN, value: "%[6]s"}]
  domains:
  - {host: %[3]s, paths: [{path: /, component: web, port: http}]}
  commercial: {transactions: false, advertisements: false, thirdPartyLogos: false}
`, a.key.Namespace, a.key.Name, a.Host, images.Web, images.API, run)
	app := &v1alpha1.ThirdPartyApplication{}
	return app, yaml.UnmarshalStrict([]byte(manifest), app)
}

// Submit applies the manifest as the organization does.
func (a *App) Submit(ctx context.Context, run string) error {
	app, err := a.Manifest(run)
	if err != nil {
		return err
	}
	return a.Developer.Create(ctx, app)
}

// Get reads the application.
func (a *App) Get(ctx context.Context) (*v1alpha1.ThirdPartyApplication, error) {
	app := &v1alpha1.ThirdPartyApplication{}
	return app, a.cluster.Admin.Get(ctx, a.key, app)
}

// Release is the release of the current spec.
func (a *App) Release(ctx context.Context) (string, error) {
	app, err := a.Get(ctx)
	if err != nil {
		return "", err
	}
	return sop.Snapshot(app).Name, nil
}

// Namespace is the stage namespace.
func (a *App) Namespace(stage string) string {
	return render.Scope{Namespace: a.key.Namespace, Application: a.key.Name, Stage: stage}.StageNamespace()
}

// Reach waits for a stage, with the application ready at it or, offline, stalled.
func (a *App) Reach(ctx context.Context, stage v1alpha1.Stage) error {
	return Eventually(ctx, patience, func() error {
		app, err := a.Get(ctx)
		if err != nil {
			return err
		}
		ready := meta.IsStatusConditionTrue(app.Status.Conditions, v1alpha1.ConditionReady)
		if app.Status.Stage != stage || ready == (stage == v1alpha1.StageOffline) || app.Status.ObservedGeneration != app.Generation {
			return fmt.Errorf("stage %s, waiting for %s:\n%s", app.Status.Stage, stage, Verdicts(app))
		}
		return nil
	})
}

// RunsInTest waits until the release of the current spec runs on the test host: nobody signs what nobody could try.
func (a *App) RunsInTest(ctx context.Context) error {
	return Eventually(ctx, patience, func() error {
		app, err := a.Get(ctx)
		if err != nil {
			return err
		}
		tested := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionEndToEndTested)
		if tested == nil || tested.ObservedGeneration != app.Generation || app.Status.TestHost == "" ||
			!strings.Contains(tested.Message, app.Status.TestHost) {
			return fmt.Errorf("not ready for the testers:\n%s", Verdicts(app))
		}
		return nil
	})
}

// Verdicts is one line for each condition.
func Verdicts(app *v1alpha1.ThirdPartyApplication) string {
	var lines []string
	for _, condition := range app.Status.Conditions {
		lines = append(lines, fmt.Sprintf("%s=%s %s: %s", condition.Type, condition.Status, condition.Reason, condition.Message))
	}
	return strings.Join(lines, "\n")
}

// Sign signs the current release for each party.
func (a *App) Sign(ctx context.Context, kind v1alpha1.SignOffType, parties ...v1alpha1.Party) error {
	release, err := a.Release(ctx)
	if err != nil {
		return err
	}
	for _, party := range parties {
		signOff := &v1alpha1.SignOff{
			ObjectMeta: metav1.ObjectMeta{Namespace: a.key.Namespace, GenerateName: a.key.Name + "-" + strings.ToLower(string(party)) + "-"},
			Spec: v1alpha1.SignOffSpec{
				Release: release, Type: kind, Party: party, Decision: v1alpha1.DecisionApproved, SignedBy: signer(party),
			},
		}
		if err := a.Signers[party].Create(ctx, signOff); err != nil {
			return fmt.Errorf("%s signs: %w", party, err)
		}
	}
	return nil
}

// Test signs the end-to-end test for all parties.
func (a *App) Test(ctx context.Context) error {
	return a.Sign(ctx, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyNITB, v1alpha1.PartyNTC, v1alpha1.PartyOrganization)
}

// Launch is the organization's decision for the current release.
func (a *App) Launch(ctx context.Context) error {
	release, err := a.Release(ctx)
	if err != nil {
		return err
	}
	return a.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = &v1alpha1.Launch{Release: release} })
}

// Edit changes the spec as the organization does.
func (a *App) Edit(ctx context.Context, change func(*v1alpha1.ThirdPartyApplicationSpec)) error {
	app, err := a.Get(ctx)
	if err != nil {
		return err
	}
	before := app.DeepCopy()
	change(&app.Spec)
	return a.Developer.Patch(ctx, app, client.MergeFrom(before))
}

// GoLive brings the application through the whole SOP.
func (a *App) GoLive(ctx context.Context, run string) error {
	if err := a.Submit(ctx, run); err != nil {
		return err
	}
	return a.Pass(ctx)
}

// Pass brings a submitted application through the whole SOP.
func (a *App) Pass(ctx context.Context) error {
	for _, step := range []func() error{
		func() error { return a.Reach(ctx, v1alpha1.StageUnderAudit) },
		func() error { return a.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB) },
		func() error { return a.WriteSecrets(ctx, v1alpha1.TestNamespace) },
		func() error { return a.Reach(ctx, v1alpha1.StageTesting) },
		func() error { return a.Test(ctx) },
		func() error { return a.Reach(ctx, v1alpha1.StageAwaitingLaunch) },
		func() error { return a.Launch(ctx) },
		func() error { return a.WriteSecrets(ctx, v1alpha1.LiveNamespace) },
		func() error { return a.Reach(ctx, v1alpha1.StageLive) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Flag takes the application offline as the security team does.
func (a *App) Flag(ctx context.Context, name string) (*v1alpha1.PolicyViolation, error) {
	violation := &v1alpha1.PolicyViolation{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.PolicyViolationSpec{
		Application: v1alpha1.ApplicationReference{Namespace: a.key.Namespace, Name: a.key.Name},
		Category:    "SecurityLeakage", Severity: "Critical", Reason: "Patient records answered without authentication at /export", FlaggedBy: SecurityUser,
	}}
	return violation, a.Security.Create(ctx, violation)
}

// Lift lifts a violation as the security team does.
func (a *App) Lift(ctx context.Context, name string) error {
	violation := &v1alpha1.PolicyViolation{}
	if err := a.Security.Get(ctx, types.NamespacedName{Name: name}, violation); err != nil {
		return err
	}
	if violation.Spec.Lift != nil {
		return nil
	}
	before := violation.DeepCopy()
	violation.Spec.Lift = &v1alpha1.Lift{Reason: "The export answers to authenticated users only", LiftedBy: SecurityUser}
	return a.Security.Patch(ctx, violation, client.MergeFrom(before))
}

// Clear removes what an earlier run left: its violations are lifted, its application withdrawn and deleted.
func (a *App) Clear(ctx context.Context) error {
	var violations v1alpha1.PolicyViolationList
	if err := a.cluster.Admin.List(ctx, &violations); err != nil {
		return err
	}
	for i := range violations.Items {
		reference := violations.Items[i].Spec.Application
		if reference.Namespace == a.key.Namespace && reference.Name == a.key.Name {
			if err := a.Lift(ctx, violations.Items[i].Name); err != nil {
				return err
			}
		}
	}
	if err := a.unlock(ctx); err != nil {
		return err
	}
	if _, err := a.Get(ctx); apierrors.IsNotFound(err) {
		return nil
	}
	if err := a.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = nil }); err != nil {
		return err
	}
	return a.Delete(ctx)
}

// unlock earns the return of an application that an interrupted run left offline: there is no other way out of the lock.
func (a *App) unlock(ctx context.Context) error {
	live := &corev1.Namespace{}
	err := a.cluster.Admin.Get(ctx, types.NamespacedName{Name: a.Namespace(v1alpha1.LiveNamespace)}, live)
	if apierrors.IsNotFound(err) || err == nil && live.Labels[v1alpha1.OfflineLabel] == "" {
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.Submit(ctx, "return"); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	release, err := a.Release(ctx)
	if err != nil {
		return err
	}
	if err := Eventually(ctx, patience, func() error {
		return a.cluster.Admin.Get(ctx, types.NamespacedName{Namespace: a.key.Namespace, Name: release}, &v1alpha1.Release{})
	}); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return a.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB) },
		func() error { return a.Test(ctx) },
		func() error { return a.Launch(ctx) },
		func() error { return a.WriteSecrets(ctx, v1alpha1.LiveNamespace) },
		func() error { return a.Reach(ctx, v1alpha1.StageLive) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Delete deletes the application as the organization does and waits until it is gone.
func (a *App) Delete(ctx context.Context) error {
	app, err := a.Get(ctx)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	if err := a.Developer.Delete(ctx, app); err != nil {
		return err
	}
	return Eventually(ctx, patience, func() error {
		app, err := a.Get(ctx)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("still there: %s", Verdicts(app)))
	})
}

// Pods are the pods of a stage.
func (a *App) Pods(ctx context.Context, stage string) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := a.cluster.Admin.List(ctx, &pods, client.InNamespace(a.Namespace(stage)))
	return pods.Items, err
}
