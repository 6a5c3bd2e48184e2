// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

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

// Exemption is what is true of a certificate at an instant.
type Exemption struct {
	State v1alpha1.NoObjectionState
	// Warning says within how many days a certificate in force ends, in the words of Message; empty: the policy warns of nothing yet.
	Warning string
	// Message says what the certificate does, and what to do about one that does nothing.
	Message string
	// Next is the next instant at which any of this changes by itself, to the second; zero: never.
	Next time.Time
}

// JudgeExemption judges a certificate by the policy.
func JudgeExemption(spec v1alpha1.NoObjectionCertificateSpec, policy v1alpha1.NoObjectionPolicy, now time.Time) Exemption {
	state, next := NoObjection(spec, policy, now)
	e := Exemption{State: state, Next: next}
	switch state {
	case v1alpha1.NoObjectionPending:
		e.Message = fmt.Sprintf("has effect from %s until %s", instant(spec.ValidFrom.Time), instant(spec.ValidUntil.Time))
	case v1alpha1.NoObjectionInForce:
		e.Message = "has effect until " + instant(spec.ValidUntil.Time)
		within, warned := endsWithin(spec.ValidUntil.Time, policy.WarningDays, now)
		e.Next = earliest(e.Next, warned)
		if within > 0 {
			e.Warning = fmt.Sprintf("it ends within %d days", within)
			e.Message += ": " + e.Warning
		}
	case v1alpha1.NoObjectionRevoked:
		e.Message = fmt.Sprintf("was revoked by %s: %s", spec.Revocation.RevokedBy, spec.Revocation.Reason)
	case v1alpha1.NoObjectionRefused:
		e.Message = fmt.Sprintf("never has effect: spec.validUntil is more than %d days after spec.validFrom (DeploymentPolicy default spec.noObjectionCertificates.maxDays); %s issues another one that ends sooner",
			policy.MaxDays, spec.Authority)
	case v1alpha1.NoObjectionEnded:
		e.Message = fmt.Sprintf("ended at %s; %s issues another one if the deviation goes on", instant(spec.ValidUntil.Time), spec.Authority)
	}
	return e
}

// endsWithin is within how many of the policy's warning days an end lies (zero: it is farther than all of them), and the next instant at which
// that changes.
func endsWithin(until time.Time, days []int32, now time.Time) (within int32, next time.Time) {
	for _, d := range days {
		switch at := until.Add(-time.Duration(d) * 24 * time.Hour); {
		case now.Before(at):
			next = earliest(next, at)
		case within == 0 || d < within:
			within = d
		}
	}
	return within, next
}

// exempted are the certificates in force that exempt from a clause, the oldest first.
func (c *Case) exempted(clause v1alpha1.ExemptClause) []v1alpha1.NoObjectionCertificate {
	if c.Policy == nil {
		return nil
	}
	certificates := slices.DeleteFunc(slices.Clone(c.Certificates), func(certificate v1alpha1.NoObjectionCertificate) bool {
		state, _ := NoObjection(certificate.Spec, c.Policy.NoObjectionCertificates, c.Now)
		return certificate.Spec.Clause != clause || state != v1alpha1.NoObjectionInForce
	})
	slices.SortFunc(certificates, func(a, b v1alpha1.NoObjectionCertificate) int {
		return cmp.Or(a.Spec.ValidFrom.Compare(b.Spec.ValidFrom.Time), cmp.Compare(a.Name, b.Name))
	})
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
