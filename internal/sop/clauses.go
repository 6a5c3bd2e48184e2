// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Source is a text that clauses come from. Its value begins the names of their files, such as sop05_encryption.go.
type Source string

// The texts.
const (
	// SOP is NITB's, on private organizations' applications for the government.
	SOP Source = "sop"
	// CloudFirst is the policy on cloud service providers and what they hold, as the Cloud Office's texts tell it.
	CloudFirst Source = "cfp"
)

// Title is the text's own.
func (s Source) Title() string {
	if s == CloudFirst {
		return "Pakistan Cloud First Policy"
	}
	return "NITB, 3rd Party Application Deployment Standard Operating Procedures (letter No. 1-21/2019-IT)"
}

// Clause is one clause of a text: what it demands, how it is judged, and what it makes.
type Clause struct {
	Source Source
	// Number is the clause's in the SOP. The Cloud First Policy's texts number nothing; its duties are counted here.
	Number    int
	Title     string
	Condition string
	// Demands is the clause in one sentence.
	Demands string
	Assess  func(*Case, *v1alpha1.Release) Finding
	// Enforce makes the clause's objects in a stage; nil: the clause shapes nothing.
	Enforce func(*Case, Target) []render.Object
	// Guards are the admission policies that hold the clause without the operator.
	Guards []string
}

// Name is how people speak of the clause, such as "SOP clause 5" or "Cloud First Policy 2".
func (c Clause) Name() string {
	if c.Source == CloudFirst {
		return fmt.Sprintf("Cloud First Policy %d", c.Number)
	}
	return fmt.Sprintf("SOP clause %d", c.Number)
}

// Clauses are the clauses of the SOP in its order, then those of the Cloud First Policy.
func Clauses() []Clause {
	return []Clause{
		audit(),
		requirements(),
		availability(),
		deployment(),
		encryption(),
		endToEndTest(),
		goLive(),
		support(),
		violations(),
		commercial(),
		accreditation(),
		classification(),
		exemptions(),
		breaches(),
	}
}
