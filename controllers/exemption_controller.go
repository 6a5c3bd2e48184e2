// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// ExemptionReconciler says on each No Objection Certificate whether it has effect now. What it lets through is the application's own pass's
// to open and close, which wakes at the same second.
type ExemptionReconciler struct {
	// Client reads from the cache, with the indexes of ApplicationReconciler.
	Client   client.Client
	Recorder events.EventRecorder
	Clock    clock.PassiveClock
}

// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=noobjectioncertificates/status,verbs=patch

// Reconcile judges one certificate, and returns at the next second at which the verdict changes.
func (r *ExemptionReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	certificate := &v1alpha1.NoObjectionCertificate{}
	if err := r.Client.Get(ctx, request.NamespacedName, certificate); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	policy, err := deploymentPolicy(ctx, r.Client)
	if err != nil {
		return ctrl.Result{}, err
	}
	application, missing, err := r.application(ctx, certificate.Spec.Application)
	if err != nil {
		return ctrl.Result{}, err
	}
	before, exemption := certificate.DeepCopy(), sop.Exemption{State: certificate.Status.State}
	condition := metav1.Condition{Type: v1alpha1.ConditionInForce, ObservedGeneration: certificate.Generation}
	if policy == nil {
		condition.Status, condition.Reason = metav1.ConditionUnknown, v1alpha1.ReasonPolicyMissing
		condition.Message = "DeploymentPolicy default does not exist; until NTC creates it nothing begins or ends"
	} else {
		exemption = sop.JudgeExemption(certificate.Spec, policy.NoObjectionCertificates, r.Clock.Now())
		condition.Status, condition.Reason = metav1.ConditionFalse, string(exemption.State)
		if exemption.State == v1alpha1.NoObjectionInForce {
			condition.Status = metav1.ConditionTrue
		}
		condition.Message = bounded(exemption.Message + missing)
	}
	certificate.Status.State, certificate.Status.ObservedGeneration = exemption.State, certificate.Generation
	meta.SetStatusCondition(&certificate.Status.Conditions, condition)
	if !equality.Semantic.DeepEqual(before.Status, certificate.Status) {
		if err := r.Client.Status().Patch(ctx, certificate, client.MergeFrom(before)); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
		r.announce(before, certificate, application, exemption)
	}
	return wakeAt(exemption.Next, r.Clock.Now()), nil
}

// application is whom a certificate is for; nil with the words that say so where there is none of that name.
func (r *ExemptionReconciler) application(ctx context.Context, reference v1alpha1.ApplicationReference) (*v1alpha1.ThirdPartyApplication, string, error) {
	application := &v1alpha1.ThirdPartyApplication{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: reference.Namespace, Name: reference.Name}, application)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Sprintf("; spec.application: ThirdPartyApplication %s does not exist, and one that is created under that name is exempted; if the name is wrong, revoke this certificate and issue another one",
			keyOf(reference)), nil
	}
	return application, "", err
}

// announce tells of every new state and of every warning before the end, on the certificate and where the organization sees it.
func (r *ExemptionReconciler) announce(before, after *v1alpha1.NoObjectionCertificate, application *v1alpha1.ThirdPartyApplication, exemption sop.Exemption) {
	kind, reason := corev1.EventTypeWarning, v1alpha1.ReasonNoCEnding
	told := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionInForce)
	switch {
	case before.Status.State != after.Status.State:
		reason = EventNoObjection + string(after.Status.State)
		if after.Status.State == v1alpha1.NoObjectionPending || after.Status.State == v1alpha1.NoObjectionInForce {
			kind = corev1.EventTypeNormal
		}
	case exemption.Warning == "" || told != nil && strings.Contains(told.Message, exemption.Warning):
		return
	}
	message := shortened(meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionInForce).Message, noteLimit/2)
	r.Recorder.Eventf(after, nil, kind, reason, "Assess", "%s", message)
	if application != nil {
		r.Recorder.Eventf(application, after, kind, reason, "Assess", "NoObjectionCertificate %s (%s) %s", after.Name, after.Spec.Clause, message)
	}
}

// SetupWithManager watches certificates, the policy, and whether applications are there.
func (r *ExemptionReconciler) SetupWithManager(mgr ctrl.Manager) error {
	spec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("noobjectioncertificate").
		For(&v1alpha1.NoObjectionCertificate{}, spec).
		Watches(&v1alpha1.DeploymentPolicy{}, mapped(func(ctx context.Context, _ client.Object) []reconcile.Request { return r.list(ctx) }), spec).
		Watches(&v1alpha1.ThirdPartyApplication{}, r.applicationEvents(), builder.WithPredicates(appearance())).
		Complete(r)
}

func (r *ExemptionReconciler) applicationEvents() handler.EventHandler {
	return mapped(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.list(ctx, client.MatchingFields{apply.ApplicationIndex: client.ObjectKeyFromObject(o).String()})
	})
}

func (r *ExemptionReconciler) list(ctx context.Context, options ...client.ListOption) []reconcile.Request {
	var certificates v1alpha1.NoObjectionCertificateList
	if err := r.Client.List(ctx, &certificates, options...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list certificates to wake")
		return nil
	}
	var requests []reconcile.Request
	for i := range certificates.Items {
		requests = append(requests, request("", certificates.Items[i].Name)...)
	}
	return requests
}
