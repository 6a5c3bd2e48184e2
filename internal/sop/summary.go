// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// The most that a SignOffSummary holds.
const (
	maxSummarizedFindings = 50
	maxSummarizedEvidence = 20
)

// SignOffSummaries say who signed what of a release: of each type and party the approval or rejection that counts now, or
// the newest question or answer while there was neither.
func (c *Case) SignOffSummaries(release *v1alpha1.Release) []v1alpha1.SignOffSummary {
	counted, _ := c.counted(release)
	var summaries []v1alpha1.SignOffSummary
	for _, kind := range []v1alpha1.SignOffType{v1alpha1.SignOffArchitectureAudit, v1alpha1.SignOffEndToEndTest} {
		for _, party := range []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC, v1alpha1.PartyOrganization} {
			if signOff := c.newest(release, counted, kind, party); signOff != nil {
				summaries = append(summaries, summaryOf(signOff, openFindings(counted, kind, party)))
			}
		}
	}
	return summaries
}

func (c *Case) newest(release *v1alpha1.Release, counted []*v1alpha1.SignOff, kind v1alpha1.SignOffType, party v1alpha1.Party) *v1alpha1.SignOff {
	var last *v1alpha1.SignOff
	for _, signOff := range counted {
		if signOff.Spec.Type == kind && signOff.Spec.Party == party {
			last = signOff
		}
	}
	verdict := decisive(counted, kind, party, time.Time{})
	switch {
	case verdict == nil:
		return last
	case kind == v1alpha1.SignOffEndToEndTest && !verdict.CreationTimestamp.After(c.returnBar(release)):
		return nil
	case verdict.Spec.Decision == v1alpha1.DecisionApproved && c.expired(release, verdict):
		return nil
	default:
		return verdict
	}
}

func summaryOf(signOff *v1alpha1.SignOff, open []v1alpha1.Finding) v1alpha1.SignOffSummary {
	findings, evidence := labels(open), signOff.Spec.Evidence
	return v1alpha1.SignOffSummary{
		Type: signOff.Spec.Type, Party: signOff.Spec.Party, Name: signOff.Name, Decision: signOff.Spec.Decision,
		SignedBy: signOff.Spec.SignedBy, Time: signOff.CreationTimestamp,
		OpenFindings: findings[:min(len(findings), maxSummarizedFindings)],
		Evidence:     evidence[:min(len(evidence), maxSummarizedEvidence)],
	}
}

// WhyVoid says why a sign-off does not count on the release that it names; empty: it counts.
func (c *Case) WhyVoid(signOff *v1alpha1.SignOff) string {
	release := c.release(signOff.Spec.Release)
	if release == nil {
		return "Release " + signOff.Spec.Release + " does not exist"
	}
	_, void := c.counted(release)
	return void[signOff.Name]
}
