// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// announce tells by events what is new of a breach: on the report what somebody must act on, and on each application that it concerns
// that there is a breach, what the Cloud Office decided, and that it is closed.
func (r *BreachReconciler) announce(b sop.Breach, before, after *v1alpha1.BreachReport) {
	for _, condition := range after.Status.Conditions {
		was := meta.FindStatusCondition(before.Status.Conditions, condition.Type)
		if news(was, condition) || condition.Reason == v1alpha1.ReasonAlarm && len(after.Status.Alarms) > len(before.Status.Alarms) {
			r.Recorder.Eventf(after, nil, severity(condition.Reason), condition.Reason, "Assess", "%s",
				shortened(title(after)+": "+condition.Message, noteLimit))
		}
		if condition.Type == v1alpha1.ConditionClosed && (was == nil || news(was, condition)) {
			r.announceToApplications(b, after, was == nil, condition)
		}
	}
}

// news is true for a verdict that says something new that somebody wants to hear. A response may be decided anew while another is in effect.
func news(was *metav1.Condition, condition metav1.Condition) bool {
	switch condition.Reason {
	case v1alpha1.ReasonLate, v1alpha1.ReasonOverdue, v1alpha1.ReasonAcknowledged, v1alpha1.ReasonSubmitted, v1alpha1.ReasonBreachClosed:
		return was == nil || was.Reason != condition.Reason
	case v1alpha1.ReasonResponseInEffect:
		return was == nil || was.Reason != condition.Reason || was.Message != condition.Message
	case v1alpha1.ReasonBreachOpen:
		return was != nil && was.Message != condition.Message
	default:
		return false
	}
}

func severity(reason string) string {
	switch reason {
	case v1alpha1.ReasonAcknowledged, v1alpha1.ReasonSubmitted, v1alpha1.ReasonBreachClosed:
		return corev1.EventTypeNormal
	default:
		return corev1.EventTypeWarning
	}
}

func (r *BreachReconciler) announceToApplications(b sop.Breach, report *v1alpha1.BreachReport, first bool, condition metav1.Condition) {
	for i := range b.Applications {
		app := &b.Applications[i]
		note := title(report) + ": " + condition.Message
		if first {
			note = fmt.Sprintf("%s concerns this application: %s; %s, which it serves, shares the duty to disclose it",
				title(report), condition.Message, app.Spec.PublicServiceEntity)
		}
		r.Recorder.Eventf(app, report, severity(condition.Reason), condition.Reason, "Assess", "%s", shortened(note, noteLimit))
	}
}

func title(report *v1alpha1.BreachReport) string {
	return fmt.Sprintf("BreachReport %s (%s)", report.Name, report.Spec.Severity)
}
