// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Reasons of events beside the stages and the reasons of conditions.
const (
	// EventAuditDueMoved: a holiday or an answer moved the due date of an audit.
	EventAuditDueMoved = "AuditDueMoved"
	// EventSigned: a sign-off counts.
	EventSigned = "Signed"
	// EventSignOffVoid: a sign-off does not count.
	EventSignOffVoid = "SignOffVoid"
	// EventNoObjection, followed by its state: a No Objection Certificate begins, ends, is revoked or refused.
	EventNoObjection = "NoObjection"
	// EventCutOver: the data of every component is where its release runs.
	EventCutOver = "CutOver"
)

// announce tells by events what changed: a new stage, a due date that moved, and every verdict that somebody must act on, with whom to call.
func (r *ApplicationReconciler) announce(c *sop.Case, before, after *v1alpha1.ThirdPartyApplication) {
	if before.Status.Stage != after.Status.Stage {
		r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, string(after.Status.Stage), "ChangeStage",
			"%s", shortened(meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady).Message, noteLimit))
	}
	r.announceDue(before, after)
	r.announceCutOver(before, after)
	for _, condition := range after.Status.Conditions {
		old := meta.FindStatusCondition(before.Status.Conditions, condition.Type)
		if mustAct(after, condition) && (old == nil || old.Reason != condition.Reason) {
			r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, condition.Reason, "Assess", "%s", alarm(condition.Message, c.WhomToCall()))
		}
	}
}

// mustAct is true for a condition that waits for a person: the application is stalled, or somebody else owes it something.
func mustAct(app *v1alpha1.ThirdPartyApplication, condition metav1.Condition) bool {
	stalled := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionStalled)
	switch {
	case condition.Type == v1alpha1.ConditionStalled:
		return true
	case stalled != nil && stalled.Reason == condition.Reason:
		return false
	default:
		return slices.Contains([]string{v1alpha1.ReasonOverdue, v1alpha1.ReasonNodesMissing, v1alpha1.ReasonCapacityMissing,
			v1alpha1.ReasonGuardMissing, v1alpha1.ReasonGuardWeakened, v1alpha1.ReasonBreakGlass}, condition.Reason)
	}
}

// alarm is a message and whom to call, in the length of an event's note.
func alarm(message, call string) string {
	call = "; call " + shortened(call, noteLimit/2)
	return shortened(message, noteLimit-len(call)) + call
}

func (r *ApplicationReconciler) announceDue(before, after *v1alpha1.ThirdPartyApplication) {
	old, now := before.Status.Candidate, after.Status.Candidate
	if old == nil || now == nil || old.Release != now.Release || now.AuditDue == "" {
		return
	}
	if was := lastDue(old); was != "" && was != now.AuditDue {
		r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, EventAuditDueMoved, "Assess",
			"the audit of %s is due on %s, no longer on %s", now.Release, now.AuditDue, was)
	}
}

// announceSignOffs tells of every sign-off once that it counts, or why it does not. What was there before this operator
// started is news only where the status did not know it.
func (r *ApplicationReconciler) announceSignOffs(c *sop.Case, before, after *v1alpha1.ThirdPartyApplication) {
	if c.Policy == nil {
		return
	}
	stored, again := r.announced.LoadOrStore(client.ObjectKeyFromObject(after), sets.New[types.UID]())
	announced, _ := stored.(sets.Set[types.UID])
	for i := range c.SignOffs {
		signOff := &c.SignOffs[i]
		if announced.Has(signOff.UID) {
			continue
		}
		announced.Insert(signOff.UID)
		if again || summarized(after, signOff.Name) && !summarized(before, signOff.Name) {
			r.announceSignOff(c, after, signOff)
		}
	}
}

func summarized(app *v1alpha1.ThirdPartyApplication, signOff string) bool {
	for _, summary := range app.Status.SignOffs {
		if summary.Name == signOff {
			return true
		}
	}
	return false
}

func (r *ApplicationReconciler) announceSignOff(c *sop.Case, app *v1alpha1.ThirdPartyApplication, signOff *v1alpha1.SignOff) {
	kind, reason, verdict := corev1.EventTypeNormal, EventSigned, "counts"
	if why := c.WhyVoid(signOff); why != "" {
		kind, reason, verdict = corev1.EventTypeWarning, EventSignOffVoid, "does not count: "+why
	}
	spec := signOff.Spec
	r.Recorder.Eventf(app, signOff, kind, reason, "Assess", "%s, %s: %s on %s, signed by %s in SignOff %s, %s",
		spec.Party, spec.Type, spec.Decision, spec.Release, spec.SignedBy, signOff.Name, verdict)
}
