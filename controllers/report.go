// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// report writes the status once, and only when it changed.
func (r *ApplicationReconciler) report(ctx context.Context, c *sop.Case, a sop.Assessment, plan sop.Plan, outcome apply.Outcome, applyErr error) error {
	app := c.Application
	before := app.DeepCopy()
	app.Status.ObservedGeneration = app.Generation
	app.Status.Stage = a.Stage
	app.Status.Release = releaseInView(a)
	app.Status.Candidate = candidate(c, a, before.Status.Candidate)
	app.Status.LaunchedReleases = c.LaunchedReleases()
	if c.Policy != nil {
		app.Status.SignOffs = c.SignOffSummaries(a.Current)
	}
	app.Status.TestHost = testHost(c, a)
	app.Status.Scaling = c.Scaling(a)
	for _, f := range a.Findings {
		setCondition(app, f.Condition, f.Status(), f.Reason, f.Message)
	}
	summarize(app, a, applyErr)
	reportErr := r.reportViolations(ctx, c, a, plan, outcome, applyErr)
	if !equality.Semantic.DeepEqual(before.Status, app.Status) {
		if err := r.Client.Status().Patch(ctx, app, client.MergeFrom(before)); err != nil {
			return errors.Join(reportErr, client.IgnoreNotFound(err))
		}
		r.announce(c, before, app)
	}
	r.announceSignOffs(c, before, app)
	return reportErr
}

func releaseInView(a sop.Assessment) string {
	switch {
	case a.Live != nil:
		return a.Live.Name
	case a.Current.CreationTimestamp.IsZero():
		return ""
	default:
		return a.Current.Name
	}
}

func testHost(c *sop.Case, a sop.Assessment) string {
	if a.Test == nil || c.Policy == nil {
		return ""
	}
	return sop.TestHost(c.Scope(v1alpha1.TestNamespace), c.Policy.Gateways.Test.Domain, 0)
}

// summarize derives the kstatus conditions: what is broken comes before what moves, and both before what waits.
// Reconciling and Stalled exist only while true.
func summarize(app *v1alpha1.ThirdPartyApplication, a sop.Assessment, applyErr error) {
	kind, reason, message := summary(app, a, applyErr)
	ready := metav1.ConditionFalse
	if kind == v1alpha1.ConditionReady {
		ready = metav1.ConditionTrue
	}
	setCondition(app, v1alpha1.ConditionReady, ready, reason, message)
	for _, abnormal := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if abnormal == kind {
			setCondition(app, kind, metav1.ConditionTrue, reason, message)
		} else {
			meta.RemoveStatusCondition(&app.Status.Conditions, abnormal)
		}
	}
}

// summary is the one condition of Ready, Reconciling and Stalled that is true, and why.
func summary(app *v1alpha1.ThirdPartyApplication, a sop.Assessment, applyErr error) (kind, reason, message string) {
	var conflict *apply.ConflictError
	switch {
	case a.Locked:
		return v1alpha1.ConditionStalled, a.Lock.Reason, a.Lock.Message
	case errors.As(applyErr, &conflict):
		return v1alpha1.ConditionStalled, v1alpha1.ReasonConflict, conflict.Error()
	case applyErr != nil:
		return v1alpha1.ConditionReconciling, v1alpha1.ReasonApplyFailed, applyErr.Error()
	case app.DeletionTimestamp != nil:
		return v1alpha1.ConditionReconciling, v1alpha1.ReasonDeleting, "removing what runs; sign-offs, signed releases and evidence stay"
	}
	if f, ok := first(a, sop.Refused); ok {
		return v1alpha1.ConditionStalled, f.Reason, f.Message
	}
	if f, ok := first(a, sop.Progressing); ok {
		return v1alpha1.ConditionReconciling, f.Reason, f.Message
	}
	if f, ok := first(a, sop.Waiting); ok && a.Stage != v1alpha1.StageLive {
		return v1alpha1.ConditionReady, string(a.Stage), f.Message
	}
	return v1alpha1.ConditionReady, string(a.Stage), findingOf(a, v1alpha1.ConditionLaunched).Message
}

func first(a sop.Assessment, outcome sop.Outcome) (sop.Finding, bool) {
	i := slices.IndexFunc(a.Findings, func(f sop.Finding) bool { return f.Outcome == outcome })
	if i < 0 {
		return sop.Finding{}, false
	}
	return a.Findings[i], true
}

func findingOf(a sop.Assessment, condition string) sop.Finding {
	for _, f := range a.Findings {
		if f.Condition == condition {
			return f
		}
	}
	return sop.Finding{}
}

func setCondition(app *v1alpha1.ThirdPartyApplication, kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&app.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: bounded(message), ObservedGeneration: app.Generation,
	})
}

// reportViolations records what the takedown did on every violation of the application.
func (r *ApplicationReconciler) reportViolations(ctx context.Context, c *sop.Case, a sop.Assessment, plan sop.Plan, outcome apply.Outcome, applyErr error) error {
	for i := range c.Violations {
		violation := &c.Violations[i]
		before := violation.DeepCopy()
		switch {
		case !a.Locked && violation.Spec.Lift != nil:
			setEnforced(violation, metav1.ConditionFalse, v1alpha1.ReasonLifted, "the violation is lifted and holds nothing offline")
		case plan.Takedown == nil:
			continue
		case applyErr != nil:
			setEnforced(violation, metav1.ConditionFalse, v1alpha1.ReasonEnforcing, applyErr.Error())
		case violation.Spec.Lift == nil || violation.Name == plan.Takedown.Violation:
			setEnforced(violation, metav1.ConditionTrue, v1alpha1.ReasonEnforced, enforcedMessage(plan))
		}
		if violation.Name == takedownOf(plan) {
			record(&violation.Status, outcome)
		}
		if err := r.writeViolation(ctx, before, violation); err != nil {
			return err
		}
	}
	return nil
}

// reportOrphans tells whoever flagged an application that none has that name: a slip of the pen must not look like a takedown.
func (r *ApplicationReconciler) reportOrphans(ctx context.Context, key types.NamespacedName) error {
	var violations v1alpha1.PolicyViolationList
	if err := r.Client.List(ctx, &violations, client.MatchingFields{apply.ApplicationIndex: key.String()}); err != nil {
		return err
	}
	for i := range violations.Items {
		violation := &violations.Items[i]
		if violation.Spec.Lift != nil || meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced) {
			continue
		}
		before := violation.DeepCopy()
		setEnforced(violation, metav1.ConditionFalse, v1alpha1.ReasonApplicationMissing,
			"spec.application: ThirdPartyApplication "+key.String()+" does not exist; if the name is right, what it left offline stays locked, and one that is created stays offline")
		if err := r.writeViolation(ctx, before, violation); err != nil {
			return err
		}
	}
	return nil
}

// writeViolation writes a violation's status when it changed.
func (r *ApplicationReconciler) writeViolation(ctx context.Context, before, violation *v1alpha1.PolicyViolation) error {
	violation.Status.ObservedGeneration = violation.Generation
	if equality.Semantic.DeepEqual(before.Status, violation.Status) {
		return nil
	}
	if err := r.Client.Status().Patch(ctx, violation, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("status of PolicyViolation %s: %w", violation.Name, err)
	}
	return nil
}

func takedownOf(plan sop.Plan) string {
	if plan.Takedown == nil {
		return ""
	}
	return plan.Takedown.Violation
}

func enforcedMessage(plan sop.Plan) string {
	if plan.Takedown.Namespace == "" {
		return "nothing of the application is live, and nothing can be launched"
	}
	return "namespace " + plan.Takedown.Namespace + " is locked by " + sop.GroundTitle(plan.Takedown.Violation)
}

// record keeps the first time of each step: a later pass that finds it done does not move it.
func record(status *v1alpha1.PolicyViolationStatus, outcome apply.Outcome) {
	for _, step := range outcome.Steps {
		known := slices.ContainsFunc(status.Steps, func(s v1alpha1.TakedownStep) bool { return s.Name == step.Name })
		if !known {
			status.Steps = append(status.Steps, step)
		}
	}
	if len(outcome.Evidence) > 0 {
		status.Evidence = outcome.Evidence
	}
}

func setEnforced(violation *v1alpha1.PolicyViolation, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&violation.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionEnforced, Status: status, Reason: reason, Message: bounded(message), ObservedGeneration: violation.Generation,
	})
}
