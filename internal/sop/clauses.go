// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Document is the source of every clause in this package.
const Document = "NITB, 3rd Party Application Deployment Standard Operating Procedures (letter No. 1-21/2019-IT)"

// Clause is one clause of the SOP: what it demands, how it is judged, and what it makes.
type Clause struct {
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

// Clauses are the clauses of the SOP in its order.
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
	}
}
