// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// ApplicationReconciler runs the one pass: gather, assess, render, apply, report.
type ApplicationReconciler struct {
	// Client reads from the cache.
	Client   client.Client
	Applier  *apply.Applier
	Recorder events.EventRecorder
	Clock    clock.PassiveClock
	// MissingKinds are those of WantedKinds that the cluster did not serve when the operator started.
	MissingKinds []string
	// Shipped are the admission policies that must be in force.
	Shipped sop.Guards
	// Fleet counts live applications.
	Fleet    Fleet
	bookings bookings
	compared compared
	// announced are the sign-offs that need no event any more: sets of UIDs by the key of their application.
	announced sync.Map
}

// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=thirdpartyapplications,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=thirdpartyapplications/status;policyviolations/status,verbs=patch
// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=releases,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=domainclaims,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=signoffs;policyviolations;deploymentpolicies;cloudserviceproviders,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces;resourcequotas;limitranges;services;configmaps,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;deletecollection
// +kubebuilder:rbac:groups="",resources=pods/log,verbs=get
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=jobs;cronjobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=rolebindings,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,resourceNames=govpk-operations;govpk-organization-support;govpk-organization-secrets;govpk-takedown,verbs=bind
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes;backendtlspolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=cert-manager.io,resources=clusterissuers;issuers,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.istio.io,resources=serviceentries,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=security.istio.io,resources=peerauthentications;authorizationpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=list;create;patch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=list;create,namespace=govpk-evidence
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=list;delete

// Reconcile runs one pass for one application.
func (r *ApplicationReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	c, err := r.gather(ctx, request.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	if c == nil {
		return ctrl.Result{}, r.reportOrphans(ctx, request.NamespacedName)
	}
	if done, err := r.ensureFinalizer(ctx, c.Application); done || err != nil {
		return ctrl.Result{}, err
	}
	assessment := sop.Assess(c)
	if c.Application.DeletionTimestamp != nil || !c.WaitsForRoom(assessment) {
		r.bookings.leave(request.NamespacedName)
	}
	plan := sop.PlanFor(c, assessment)
	outcome, applyErr := r.Applier.Run(ctx, c, plan)
	if c.Application.DeletionTimestamp != nil && applyErr == nil && outcome.Gone {
		return ctrl.Result{}, r.finalize(ctx, c)
	}
	reportErr := r.report(ctx, c, assessment, plan, outcome, applyErr)
	var conflict *apply.ConflictError
	if errors.As(applyErr, &conflict) {
		// A person removes the foreign object. Nothing of ours watches it, so look again now and then.
		return ctrl.Result{RequeueAfter: time.Minute}, reportErr
	}
	return r.next(assessment, outcome), errors.Join(applyErr, reportErr)
}

// next is the instant at which a verdict can change without any event, or at which a takedown sweeps once more.
func (r *ApplicationReconciler) next(assessment sop.Assessment, outcome apply.Outcome) ctrl.Result {
	if outcome.Sweep {
		return ctrl.Result{RequeueAfter: apply.LockSettles}
	}
	return wakeAt(assessment.Next, r.Clock.Now())
}

// ensureFinalizer adds the finalizer before anything is made. It is done with an application that goes without ever
// having had one.
func (r *ApplicationReconciler) ensureFinalizer(ctx context.Context, app *v1alpha1.ThirdPartyApplication) (bool, error) {
	if controllerutil.ContainsFinalizer(app, v1alpha1.TeardownFinalizer) {
		return false, nil
	}
	if app.DeletionTimestamp != nil {
		return true, nil
	}
	before := app.DeepCopy()
	controllerutil.AddFinalizer(app, v1alpha1.TeardownFinalizer)
	return false, r.Client.Patch(ctx, app, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// finalize forgets the releases nobody signed or launched; the others are evidence, and a re-created application meets them again.
func (r *ApplicationReconciler) finalize(ctx context.Context, c *sop.Case) error {
	for i := range c.Releases {
		if c.Evidence(&c.Releases[i]) {
			continue
		}
		if err := r.Client.Delete(ctx, &c.Releases[i]); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	app := c.Application
	r.announced.Delete(client.ObjectKeyFromObject(app))
	before := app.DeepCopy()
	controllerutil.RemoveFinalizer(app, v1alpha1.TeardownFinalizer)
	err := r.Client.Patch(ctx, app, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
