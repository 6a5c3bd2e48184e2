// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 3, No Objection Certificates: a deviation is legitimate for exactly what a certificate names, and for exactly as long.
// NITB exempts from clause 10 of the SOP and the Cloud Office from the Cloud First Policy, which the API binds; nobody exempts from
// audit, domain or encryption. What a certificate lets through is with the rule that it exempts from: clause 10 of the SOP
// (sop10_commercial.go), and the data classes (cfp02_classification.go). Admission: govpk-cloud-office.
func exemptions() Clause {
	return Clause{
		Source:    CloudFirst,
		Number:    3,
		Title:     "No Objection Certificates",
		Condition: v1alpha1.ConditionExemptionsCurrent,
		Demands:   "A legitimate deviation needs a time-based No Objection Certificate.",
		Assess:    assessExemptions,
		Guards:    []string{"govpk-cloud-office"},
	}
}

// assessExemptions says which certificates have effect, which end soon, and which have none though a clause asks for them. A certificate
// that nothing asks for holds nobody up: what is missing for good is the finding of the clause itself.
func assessExemptions(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	var f Finding
	var missed, ending, inForce, others []string
	lost := v1alpha1.ReasonNoCRefused
	for _, certificate := range c.certificatesByName() {
		e := JudgeExemption(certificate.Spec, c.Policy.NoObjectionCertificates, c.Now)
		f.Deadline = earliest(f.Deadline, e.Next)
		words := fmt.Sprintf("NoObjectionCertificate %s (%s) %s", certificate.Name, certificate.Spec.Clause, e.Message)
		switch {
		case e.Warning != "":
			ending = append(ending, words)
		case e.State == v1alpha1.NoObjectionInForce:
			inForce = append(inForce, words)
		case e.State == v1alpha1.NoObjectionPending:
			others = append(others, words)
		case c.missed(certificate, release):
			missed = append(missed, words)
			if e.State != v1alpha1.NoObjectionRefused {
				lost = v1alpha1.ReasonNoCEnded
			}
		case e.State == v1alpha1.NoObjectionRefused && c.Now.Before(certificate.Spec.ValidUntil.Time):
			others = append(others, words)
		}
	}
	switch {
	case len(missed) > 0:
		f.Outcome, f.Reason = Refused, lost
	case len(ending) > 0:
		f.Reason = v1alpha1.ReasonNoCEnding
	case len(inForce) > 0:
		f.Reason = v1alpha1.ReasonExempted
	default:
		f.Reason = v1alpha1.ReasonDeclared
		others = append([]string{"no No Objection Certificate is in force"}, others...)
	}
	f.Message = strings.Join(slices.Concat(missed, ending, inForce, others), "; ")
	return f
}

// certificatesByName has the same order in every pass.
func (c *Case) certificatesByName() []v1alpha1.NoObjectionCertificate {
	return slices.SortedFunc(slices.Values(c.Certificates), func(a, b v1alpha1.NoObjectionCertificate) int { return cmp.Compare(a.Name, b.Name) })
}

// missed is true for a certificate without effect that a clause asks for: if it were in force, the clause's finding would be another one.
func (c *Case) missed(certificate v1alpha1.NoObjectionCertificate, release *v1alpha1.Release) bool {
	assess := assessClassification
	if certificate.Spec.Clause == v1alpha1.ExemptCommercial {
		assess = assessCommercial
	}
	without := assess(c, release)
	if without.Outcome == Met {
		return false
	}
	certificate.Spec.Revocation = nil
	certificate.Spec.ValidFrom, certificate.Spec.ValidUntil = metav1.NewTime(c.Now), metav1.NewTime(c.Now.Add(time.Second))
	with := *c
	with.Certificates = append(slices.Clone(c.Certificates), certificate)
	other := assess(&with, release)
	return other.Outcome != without.Outcome || other.Reason != without.Reason || other.Message != without.Message
}
