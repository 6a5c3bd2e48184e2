// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// ProviderReconciler says of each provider where it stands, what ends when and who runs there, and keeps one that is deleted until
// nobody does. What follows for applications is ApplicationReconciler's, whose indexes it uses.
type ProviderReconciler struct {
	// Client reads from the cache.
	Client   client.Client
	Recorder events.EventRecorder
	Clock    clock.PassiveClock
}

// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=cloudserviceproviders,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=cloudserviceproviders/status,verbs=patch

// Reconcile brings the status of one provider up to date.
func (r *ProviderReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	provider := &v1alpha1.CloudServiceProvider{}
	if err := r.Client.Get(ctx, request.NamespacedName, provider); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	p := sop.Provider{Now: r.Clock.Now(), Object: provider}
	for _, read := range []func(context.Context, *sop.Provider) error{r.gatherPolicy, r.gatherBreaches, r.gatherUsers, r.gatherNodes} {
		if err := read(ctx, &p); err != nil {
			return ctrl.Result{}, fmt.Errorf("gather CloudServiceProvider %s: %w", provider.Name, err)
		}
	}
	if provider.DeletionTimestamp != nil && len(p.Applications) == 0 {
		return ctrl.Result{}, setInUse(ctx, r.Client, provider, controllerutil.RemoveFinalizer)
	}
	if provider.DeletionTimestamp == nil {
		if err := setInUse(ctx, r.Client, provider, controllerutil.AddFinalizer); err != nil {
			return ctrl.Result{}, err
		}
	}
	verdict := sop.AssessProvider(p)
	if err := r.report(ctx, p, verdict); err != nil {
		return ctrl.Result{}, err
	}
	return wakeAt(verdict.Next, p.Now), nil
}

func (r *ProviderReconciler) gatherPolicy(ctx context.Context, p *sop.Provider) (err error) {
	p.Policy, err = deploymentPolicy(ctx, r.Client)
	return err
}

func (r *ProviderReconciler) gatherBreaches(ctx context.Context, p *sop.Provider) error {
	var breaches v1alpha1.BreachReportList
	err := r.Client.List(ctx, &breaches, client.MatchingFields{providerIndex: p.Object.Name})
	p.Breaches = breaches.Items
	return err
}

// gatherUsers reads who names the provider, and on whose stages a release runs that does.
func (r *ProviderReconciler) gatherUsers(ctx context.Context, p *sop.Provider) (err error) {
	p.Applications, err = usersBy(ctx, r.Client, client.MatchingFields{providerIndex: p.Object.Name})
	return err
}

// gatherNodes reads which of the provider's nodes stand in none of its data centres.
func (r *ProviderReconciler) gatherNodes(ctx context.Context, p *sop.Provider) error {
	selector, err := metav1.LabelSelectorAsSelector(&p.Object.Spec.NodeSelector)
	if err != nil {
		// The applications' findings say so.
		return nil //nolint:nilerr // it selects none
	}
	var nodes corev1.NodeList
	if err := r.Client.List(ctx, &nodes, client.MatchingLabelsSelector{Selector: selector}, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	p.Unplaced = sop.Unplaced(p.Object, providerNodes(nodes.Items))
	return nil
}

// report writes the status once, when it changed, and then tells what is new.
func (r *ProviderReconciler) report(ctx context.Context, p sop.Provider, verdict sop.ProviderVerdict) error {
	before, after := p.Object, p.Object.DeepCopy()
	after.Status = verdict.Status(p)
	after.Status.Conditions = slices.Clone(before.Status.Conditions)
	for _, f := range verdict.Findings {
		setFinding(&after.Status.Conditions, after.Generation, f.Condition, f.Status(), f)
	}
	meta.RemoveStatusCondition(&after.Status.Conditions, v1alpha1.ConditionDeletionBlocked)
	if verdict.Deletion.Outcome != sop.Met {
		if told := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionDeletionBlocked); told != nil {
			after.Status.Conditions = append(after.Status.Conditions, *told)
		}
		setFinding(&after.Status.Conditions, after.Generation, v1alpha1.ConditionDeletionBlocked, metav1.ConditionTrue, verdict.Deletion)
	}
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	if err := r.Client.Status().Patch(ctx, after, client.MergeFrom(before)); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.announce(before, after)
	return nil
}

// announce tells of every new verdict, and of each of the policy's warnings before an end: its words are new then.
func (r *ProviderReconciler) announce(before, after *v1alpha1.CloudServiceProvider) {
	for _, condition := range after.Status.Conditions {
		old := meta.FindStatusCondition(before.Status.Conditions, condition.Type)
		same := old != nil && old.Reason == condition.Reason
		switch condition.Type {
		case v1alpha1.ConditionAccredited, v1alpha1.ConditionAttestationsCurrent:
			same = same && old.Message == condition.Message
		default:
			accredited := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionAccredited)
			same = same || condition.Type == v1alpha1.ConditionReady && accredited != nil && accredited.Reason == condition.Reason
		}
		if same || old == nil && condition.Reason == v1alpha1.ReasonCurrent {
			continue
		}
		kind := corev1.EventTypeWarning
		if condition.Reason == v1alpha1.ReasonAccredited || condition.Reason == v1alpha1.ReasonCurrent {
			kind = corev1.EventTypeNormal
		}
		r.Recorder.Eventf(after, nil, kind, condition.Reason, "Assess", "%s", shortened(condition.Message, noteLimit))
	}
}
