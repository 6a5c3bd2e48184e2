// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Whatever the message and the contacts, the note fits, is text, and still says whom to call.
func TestAlarm(t *testing.T) {
	if got := alarm("nodes are gone", "L1: NTC"); got != "nodes are gone; call L1: NTC" {
		t.Errorf("got %q", got)
	}
	for _, message := range []string{"", "short", strings.Repeat("m", 5000), strings.Repeat("پ", 3000), "a" + strings.Repeat("پ", 3000)} {
		for _, call := range []string{"L1: NTC", "L1: " + strings.Repeat("ن", 600)} {
			got := alarm(message, call)
			if len(got) > noteLimit || !utf8.ValidString(got) || !strings.Contains(got, "; call L1: ") {
				t.Errorf("%d bytes: %q", len(got), got)
			}
		}
	}
}

func TestMustAct(t *testing.T) {
	stalled := metav1.Condition{Type: v1alpha1.ConditionStalled, Reason: v1alpha1.ReasonNodesMissing}
	for name, row := range map[string]struct {
		condition metav1.Condition
		beside    []metav1.Condition
		want      bool
	}{
		"stalled":                 {condition: stalled, beside: []metav1.Condition{stalled}, want: true},
		"said already":            {condition: metav1.Condition{Type: v1alpha1.ConditionInfrastructureProvisioned, Reason: v1alpha1.ReasonNodesMissing}, beside: []metav1.Condition{stalled}},
		"nodes while it runs":     {condition: metav1.Condition{Type: v1alpha1.ConditionInfrastructureProvisioned, Reason: v1alpha1.ReasonNodesMissing}, want: true},
		"capacity while it runs":  {condition: metav1.Condition{Type: v1alpha1.ConditionInfrastructureProvisioned, Reason: v1alpha1.ReasonCapacityMissing}, want: true},
		"the auditor is late":     {condition: metav1.Condition{Type: v1alpha1.ConditionArchitectureAudited, Reason: v1alpha1.ReasonOverdue}, want: true},
		"waiting, as it should":   {condition: metav1.Condition{Type: v1alpha1.ConditionArchitectureAudited, Reason: v1alpha1.ReasonAwaitingSignOff}},
		"everything is all right": {condition: metav1.Condition{Type: v1alpha1.ConditionReady, Reason: "Live"}},
	} {
		t.Run(name, func(t *testing.T) {
			app := &v1alpha1.ThirdPartyApplication{}
			app.Status.Conditions = slices.Concat(row.beside, []metav1.Condition{row.condition})
			if got := mustAct(app, row.condition); got != row.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
