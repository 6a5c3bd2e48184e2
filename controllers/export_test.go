// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// CanaryOf is what a pass gathers of the canary.
func CanaryOf(ctx context.Context, r *ApplicationReconciler) (sop.Canary, error) {
	c := &sop.Case{}
	err := r.gatherCanary(ctx, c)
	return c.Canary, err
}

// CanaryRequests are whom a change of a canary's pod wakes.
func CanaryRequests(ctx context.Context, r *ApplicationReconciler, pod *corev1.Pod) []reconcile.Request {
	return r.canaryRequests(ctx, pod)
}

// DataServiceRequests are whom a change of a Service wakes.
func (r *ApplicationReconciler) DataServiceRequests(ctx context.Context, service *corev1.Service) []reconcile.Request {
	return r.dataServiceRequests(ctx, service)
}
