// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// BreachReconciler runs the clock of each BreachReport: what is late, what is due, whom to alarm, whom it concerns. What a response
// does to applications is ApplicationReconciler's.
type BreachReconciler struct {
	// Client reads from the cache, by the indexes of ApplicationReconciler.
	Client   client.Client
	Recorder events.EventRecorder
	Clock    clock.PassiveClock
}

// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=breachreports/status,verbs=patch

// Reconcile brings the status of one report up to date.
func (r *BreachReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	report := &v1alpha1.BreachReport{}
	if err := r.Client.Get(ctx, request.NamespacedName, report); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	b := sop.Breach{Now: r.Clock.Now(), Report: report}
	if err := r.gather(ctx, &b); err != nil {
		return ctrl.Result{}, fmt.Errorf("gather BreachReport %s: %w", report.Name, err)
	}
	verdict := sop.AssessBreach(b)
	if err := r.report(ctx, b, verdict); err != nil {
		return ctrl.Result{}, fmt.Errorf("status of BreachReport %s: %w", report.Name, err)
	}
	return wakeAt(verdict.Next, b.Now), nil
}

func (r *BreachReconciler) gather(ctx context.Context, b *sop.Breach) error {
	var err error
	if b.Policy, err = deploymentPolicy(ctx, r.Client); err != nil {
		return err
	}
	spec := b.Report.Spec
	if name := spec.CloudServiceProvider; name != "" {
		err := r.Client.Get(ctx, types.NamespacedName{Name: name}, &v1alpha1.CloudServiceProvider{})
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil {
			b.Missing = append(b.Missing, "CloudServiceProvider "+name)
		}
	}
	keys, err := r.concerned(ctx, spec)
	if err != nil {
		return err
	}
	for _, key := range keys {
		app := v1alpha1.ThirdPartyApplication{}
		switch err := r.Client.Get(ctx, key, &app); {
		case err == nil:
			b.Applications = append(b.Applications, app)
		case client.IgnoreNotFound(err) != nil:
			return err
		case len(spec.Applications) > 0:
			b.Missing = append(b.Missing, "ThirdPartyApplication "+key.String())
		}
	}
	return nil
}

// concerned are the applications that a report names; where it names none, those that name the provider or run there, live or else
// in the release that their status tells of.
func (r *BreachReconciler) concerned(ctx context.Context, spec v1alpha1.BreachReportSpec) ([]types.NamespacedName, error) {
	var keys []types.NamespacedName
	for _, named := range spec.Applications {
		keys = append(keys, types.NamespacedName{Namespace: named.Namespace, Name: named.Name})
	}
	if len(keys) > 0 {
		return keys, nil
	}
	provider := client.MatchingFields{providerIndex: spec.CloudServiceProvider}
	var apps v1alpha1.ThirdPartyApplicationList
	if err := r.Client.List(ctx, &apps, provider, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range apps.Items {
		keys = append(keys, client.ObjectKeyFromObject(&apps.Items[i]))
	}
	var releases v1alpha1.ReleaseList
	if err := r.Client.List(ctx, &releases, provider, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range releases.Items {
		key := types.NamespacedName{Namespace: releases.Items[i].Namespace, Name: releases.Items[i].Spec.Application}
		app := &v1alpha1.ThirdPartyApplication{}
		if err := r.Client.Get(ctx, key, app); client.IgnoreNotFound(err) != nil {
			return nil, err
		}
		if app.Status.Release == releases.Items[i].Name && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// report writes the status once, when it changed, and then tells what is new.
func (r *BreachReconciler) report(ctx context.Context, b sop.Breach, verdict sop.BreachVerdict) error {
	before, after := b.Report, b.Report.DeepCopy()
	after.Status = verdict.Status(b)
	for _, f := range verdict.Findings {
		meta.SetStatusCondition(&after.Status.Conditions, metav1.Condition{
			Type: f.Condition, Status: f.Status(), Reason: f.Reason, Message: bounded(f.Message), ObservedGeneration: after.Generation,
			LastTransitionTime: metav1.NewTime(b.Now),
		})
	}
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	if err := r.Client.Status().Patch(ctx, after, client.MergeFrom(before)); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.announce(b, before, after)
	return nil
}

// SetupWithManager watches what can change whom a breach concerns and when something is due.
func (r *BreachReconciler) SetupWithManager(mgr ctrl.Manager) error {
	spec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("breachreport").
		For(&v1alpha1.BreachReport{}, spec).
		Watches(&v1alpha1.DeploymentPolicy{}, mapped(r.ofPolicy), spec).
		Watches(&v1alpha1.CloudServiceProvider{}, mapped(r.ofProvider), builder.WithPredicates(appearance())).
		Watches(&v1alpha1.ThirdPartyApplication{}, mapped(r.ofApplication), builder.WithPredicates(moved)).
		Complete(r)
}

func (r *BreachReconciler) ofPolicy(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.open(ctx, func(v1alpha1.BreachReportSpec) bool { return true })
}

func (r *BreachReconciler) ofProvider(ctx context.Context, o client.Object) []reconcile.Request {
	return r.open(ctx, func(spec v1alpha1.BreachReportSpec) bool { return spec.CloudServiceProvider == o.GetName() })
}

// ofApplication are the breaches that name an application, and those of all on a provider: it may have come there, or left.
func (r *BreachReconciler) ofApplication(ctx context.Context, o client.Object) []reconcile.Request {
	me := v1alpha1.ApplicationReference{Namespace: o.GetNamespace(), Name: o.GetName()}
	return r.open(ctx, func(spec v1alpha1.BreachReportSpec) bool {
		return len(spec.Applications) == 0 || slices.Contains(spec.Applications, me)
	})
}

// open are the reports that are not closed, of those that are meant.
func (r *BreachReconciler) open(ctx context.Context, meant func(v1alpha1.BreachReportSpec) bool) []reconcile.Request {
	var reports v1alpha1.BreachReportList
	if err := r.Client.List(ctx, &reports, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list breaches to wake")
		return nil
	}
	var requests []reconcile.Request
	for i := range reports.Items {
		if spec := reports.Items[i].Spec; spec.Closure == nil && meant(spec) {
			requests = append(requests, request("", reports.Items[i].Name)...)
		}
	}
	return requests
}

// moved lets an application through that came, went, or may be somewhere else or serve another entity.
var moved = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.ThirdPartyApplication), e.ObjectNew.(*v1alpha1.ThirdPartyApplication)
		return before.Spec.CloudServiceProvider != after.Spec.CloudServiceProvider || before.Status.Release != after.Status.Release ||
			before.Spec.PublicServiceEntity != after.Spec.PublicServiceEntity
	},
}
