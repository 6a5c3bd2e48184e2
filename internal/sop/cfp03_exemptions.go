// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 3, No Objection Certificates: a deviation is legitimate for exactly what a certificate names, and for exactly as long.
// NITB exempts from clause 10 of the SOP and the Cloud Office from the Cloud First Policy; nobody exempts from audit, domain or
// encryption. Admission: govpk-cloud-office.
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

func assessExemptions(c *Case, _ *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	var f Finding
	var inForce int
	for _, certificate := range c.Certificates {
		state, next := NoObjection(certificate.Spec, c.Policy.NoObjectionCertificates, c.Now)
		if state == v1alpha1.NoObjectionInForce {
			inForce++
		}
		f.Deadline = earliest(f.Deadline, next)
	}
	f.Outcome, f.Reason, f.Message = Met, v1alpha1.ReasonDeclared, "no No Objection Certificate is needed"
	if inForce > 0 {
		f.Message = fmt.Sprintf("%d No Objection Certificates are in force", inForce)
	}
	return f
}

// NoObjection is the state of a certificate, and the next instant at which it changes by itself; zero: never.
func NoObjection(spec v1alpha1.NoObjectionCertificateSpec, policy v1alpha1.NoObjectionPolicy, now time.Time) (v1alpha1.NoObjectionState, time.Time) {
	switch {
	case spec.Revocation != nil:
		return v1alpha1.NoObjectionRevoked, time.Time{}
	case spec.ValidUntil.Sub(spec.ValidFrom.Time) > time.Duration(policy.MaxDays)*24*time.Hour:
		return v1alpha1.NoObjectionRefused, time.Time{}
	case now.Before(spec.ValidFrom.Time):
		return v1alpha1.NoObjectionPending, spec.ValidFrom.Time
	case now.Before(spec.ValidUntil.Time):
		return v1alpha1.NoObjectionInForce, spec.ValidUntil.Time
	default:
		return v1alpha1.NoObjectionEnded, time.Time{}
	}
}

// exempted are the certificates in force that exempt from a clause.
func (c *Case) exempted(clause v1alpha1.ExemptClause) []v1alpha1.NoObjectionCertificate {
	var certificates []v1alpha1.NoObjectionCertificate
	for _, certificate := range c.Certificates {
		if certificate.Spec.Clause != clause {
			continue
		}
		if state, _ := NoObjection(certificate.Spec, c.Policy.NoObjectionCertificates, c.Now); state == v1alpha1.NoObjectionInForce {
			certificates = append(certificates, certificate)
		}
	}
	return certificates
}

// exemptedHere is true where the Cloud Office exempts the release's class of data from a clause with its provider.
func (c *Case) exemptedHere(clause v1alpha1.ExemptClause, release *v1alpha1.Release) bool {
	for _, certificate := range c.exempted(clause) {
		scope := certificate.Spec.Scope
		if scope.DataClass == release.Spec.DataClass && (scope.Provider == "" || scope.Provider == release.Spec.CloudServiceProvider) {
			return true
		}
	}
	return false
}
