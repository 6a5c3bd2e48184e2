// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Outcome is what a finding means for the application.
type Outcome int

const (
	// Met: the clause is satisfied.
	Met Outcome = iota
	// Waiting: a party or the organization takes its time, as the SOP foresees.
	Waiting
	// Progressing: the cluster is on its way; no person need act.
	Progressing
	// Refused: somebody must correct something.
	Refused
	// Unproven: nothing is known either way.
	Unproven
)

// Finding is a clause's verdict on one application and release.
type Finding struct {
	Condition string
	Outcome   Outcome
	Reason    string
	Message   string
	// Deadline is the instant at which this verdict can change by itself; zero: never.
	Deadline time.Time
}

// Status is the condition status of the finding.
func (f Finding) Status() metav1.ConditionStatus {
	switch f.Outcome {
	case Met:
		return metav1.ConditionTrue
	case Unproven:
		return metav1.ConditionUnknown
	default:
		return metav1.ConditionFalse
	}
}

func finding(outcome Outcome, reason, format string, args ...any) Finding {
	return Finding{Outcome: outcome, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func policyMissing() Finding {
	return finding(Refused, v1alpha1.ReasonPolicyMissing,
		"DeploymentPolicy default does not exist; NTC creates it (an empty spec is a complete policy)")
}
