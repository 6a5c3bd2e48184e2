// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// DataAPIReconciler says of each government data API whether it can be reached and how many applications use it, and keeps one that is
// deleted until nobody does. It uses the indexes of the ApplicationReconciler.
type DataAPIReconciler struct {
	// Client reads from the cache.
	Client   client.Client
	Recorder events.EventRecorder
}

// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=governmentdataapis,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=governmentdataapis/status,verbs=patch

// Reconcile runs one pass for one government data API.
func (r *DataAPIReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	api := &v1alpha1.GovernmentDataAPI{}
	if err := r.Client.Get(ctx, request.NamespacedName, api); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	service, err := dataService(ctx, r.Client, api)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("service of %s: %w", api.Name, err)
	}
	users, err := usersBy(ctx, r.Client, client.MatchingFields{dataAPIIndex: api.Name})
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("applications of %s: %w", api.Name, err)
	}
	if api.DeletionTimestamp != nil && len(users) == 0 {
		return ctrl.Result{}, setInUse(ctx, r.Client, api, controllerutil.RemoveFinalizer)
	}
	if api.DeletionTimestamp == nil {
		if err := setInUse(ctx, r.Client, api, controllerutil.AddFinalizer); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.report(ctx, api, service, users)
}

// report writes the status, once and on change, and tells of what turned.
func (r *DataAPIReconciler) report(ctx context.Context, api *v1alpha1.GovernmentDataAPI, service *corev1.Service, users []string) error {
	before := api.DeepCopy()
	count := int32(min(len(users), 1<<30)) //nolint:gosec // bounded
	api.Status.Applications, api.Status.ObservedGeneration = &count, api.Generation
	available := sop.AssessDataAPI(api, service)
	setFinding(&api.Status.Conditions, api.Generation, v1alpha1.ConditionAvailable, available.Status(), available)
	if waits := sop.AssessDeletion(api, users); waits.Outcome != sop.Met {
		setFinding(&api.Status.Conditions, api.Generation, v1alpha1.ConditionDeletionBlocked, metav1.ConditionTrue, waits)
	} else {
		meta.RemoveStatusCondition(&api.Status.Conditions, v1alpha1.ConditionDeletionBlocked)
	}
	if equality.Semantic.DeepEqual(before.Status, api.Status) {
		return nil
	}
	if err := r.Client.Status().Patch(ctx, api, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("status of GovernmentDataAPI %s: %w", api.Name, err)
	}
	for _, condition := range api.Status.Conditions {
		old := meta.FindStatusCondition(before.Status.Conditions, condition.Type)
		if old != nil && old.Reason == condition.Reason {
			continue
		}
		kind := corev1.EventTypeWarning
		if condition.Reason == v1alpha1.ReasonAvailable {
			kind = corev1.EventTypeNormal
		}
		r.Recorder.Eventf(api, nil, kind, condition.Reason, "Assess", "%s", shortened(condition.Message, noteLimit))
	}
	return nil
}

// SetupWithManager watches what can change a verdict: the API, its Service, and who uses it.
func (r *DataAPIReconciler) SetupWithManager(mgr ctrl.Manager) error {
	spec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("governmentdataapi").
		For(&v1alpha1.GovernmentDataAPI{}, spec).
		Watches(object(apply.ServiceKind), mapped(func(ctx context.Context, o client.Object) []reconcile.Request {
			return named(dataAPIsOf(ctx, r.Client, o))
		}), builder.WithPredicates(othersServiceChanged())).
		Watches(&v1alpha1.ThirdPartyApplication{}, mapped(func(_ context.Context, o client.Object) []reconcile.Request {
			return named(dataAPIs(o.(*v1alpha1.ThirdPartyApplication).Spec.Components))
		}), spec).
		Watches(&v1alpha1.Release{}, mapped(func(_ context.Context, o client.Object) []reconcile.Request {
			return named(dataAPIs(o.(*v1alpha1.Release).Spec.Components))
		})).
		WatchesMetadata(metadata(apply.NamespaceKind), mapped(r.stageRequests)).
		Complete(r)
}

func named(names []string) []reconcile.Request {
	var requests []reconcile.Request
	for _, name := range names {
		requests = append(requests, request("", name)...)
	}
	return requests
}

// stageRequests are the APIs of the releases of which a stage runs one.
func (r *DataAPIReconciler) stageRequests(ctx context.Context, namespace client.Object) []reconcile.Request {
	application := namespace.GetLabels()[v1alpha1.ApplicationLabel]
	if application == "" {
		return nil
	}
	var releases v1alpha1.ReleaseList
	if err := r.Client.List(ctx, &releases, client.InNamespace(namespace.GetLabels()[v1alpha1.ApplicationNamespaceLabel]),
		client.MatchingFields{apply.ApplicationIndex: application}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list releases of a stage", "namespace", namespace.GetName())
		return nil
	}
	var names []string
	for i := range releases.Items {
		names = append(names, dataAPIs(releases.Items[i].Spec.Components)...)
	}
	return named(names)
}
