// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// maxPreviousDues is how many due dates of an audit the status remembers.
const maxPreviousDues = 10

// candidate is the release of the spec while another one, or none, is live.
func candidate(c *sop.Case, a sop.Assessment, before *v1alpha1.Candidate) *v1alpha1.Candidate {
	if a.Live != nil && a.Live.Name == a.Current.Name || a.Current.CreationTimestamp.IsZero() {
		return nil
	}
	out := &v1alpha1.Candidate{Release: a.Current.Name, Stage: a.CurrentStage}
	if a.CurrentStage == v1alpha1.StageUnderAudit && c.Policy != nil {
		if due, _, err := c.AuditDue(a.Current); err == nil {
			out.AuditDue = due.String()
		}
	}
	out.PreviousAuditDues = previousDues(before, out)
	if other := c.ComparedWith(a); other != nil {
		material := sop.MaterialChange(other, a.Current)
		out.ComparedWith, out.MaterialChange, out.Changes = other.Name, &material, sop.Changes(other, a.Current)
	}
	return out
}

// previousDues remembers the due dates that a holiday or a question took away from the same release.
func previousDues(before, now *v1alpha1.Candidate) []string {
	if before == nil || before.Release != now.Release {
		return nil
	}
	dues := append([]string(nil), before.PreviousAuditDues...)
	moved := now.Stage == v1alpha1.StageUnderAudit && before.AuditDue != "" && before.AuditDue != now.AuditDue
	if moved && (len(dues) == 0 || dues[len(dues)-1] != before.AuditDue) {
		dues = append(dues, before.AuditDue)
	}
	if last := len(dues) - 1; last >= 0 && dues[last] == now.AuditDue {
		// The clock stood still and went on without a change.
		dues = dues[:last]
	}
	return dues[max(0, len(dues)-maxPreviousDues):]
}

// lastDue is the due date that held last; empty: none did.
func lastDue(c *v1alpha1.Candidate) string {
	if c.AuditDue == "" && len(c.PreviousAuditDues) > 0 {
		return c.PreviousAuditDues[len(c.PreviousAuditDues)-1]
	}
	return c.AuditDue
}
