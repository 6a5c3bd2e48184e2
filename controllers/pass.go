// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// deploymentPolicy is what NTC set; nil: there is no policy.
func deploymentPolicy(ctx context.Context, reader client.Reader) (*v1alpha1.DeploymentPolicySpec, error) {
	policy := &v1alpha1.DeploymentPolicy{}
	if err := reader.Get(ctx, types.NamespacedName{Name: v1alpha1.DeploymentPolicyName}, policy); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return &policy.Spec, nil
}

// wakeAt asks for the next pass at an instant; zero: none is needed but for an event.
func wakeAt(next, now time.Time) ctrl.Result {
	if next.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: max(next.Sub(now), time.Millisecond)}
}

// setFinding makes a condition of a finding on a generation.
func setFinding(conditions *[]metav1.Condition, generation int64, kind string, status metav1.ConditionStatus, f sop.Finding) {
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: kind, Status: status, Reason: f.Reason, Message: bounded(f.Message), ObservedGeneration: generation,
	})
}
