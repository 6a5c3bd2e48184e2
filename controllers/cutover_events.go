// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// announceCutOver tells of each stage when the copying of volumes begins there and when it has ended; that it failed is an alarm of its own.
func (r *ApplicationReconciler) announceCutOver(before, after *v1alpha1.ThirdPartyApplication) {
	for _, kind := range []string{v1alpha1.ConditionEndToEndTested, v1alpha1.ConditionLaunched} {
		old, now := meta.FindStatusCondition(before.Status.Conditions, kind), meta.FindStatusCondition(after.Status.Conditions, kind)
		if now == nil {
			continue
		}
		was := old != nil && old.Reason == v1alpha1.ReasonCuttingOver
		switch {
		case now.Reason == v1alpha1.ReasonCuttingOver && !was:
			r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, v1alpha1.ReasonCuttingOver, "CutOver", "%s", shortened(now.Message, noteLimit))
		case was && now.Reason != v1alpha1.ReasonCuttingOver && now.Reason != v1alpha1.ReasonCutOverFailed:
			r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, EventCutOver, "CutOver", "%s", shortened("nothing is left to copy: "+now.Message, noteLimit))
		}
	}
}
