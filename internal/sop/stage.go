// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// gates say which findings a release must have met to enter a stage. What is not listed gates nothing.
var gates = []struct {
	stage v1alpha1.Stage
	needs []func(*Case, *v1alpha1.Release) Finding
}{
	{v1alpha1.StageUnderAudit, []func(*Case, *v1alpha1.Release) Finding{assessRequirements, assessSupport, assessDomains}},
	{v1alpha1.StageTesting, []func(*Case, *v1alpha1.Release) Finding{assessAudit, assessAccreditation, assessClassification, gateAvailability, assessMesh}},
	{v1alpha1.StageAwaitingLaunch, []func(*Case, *v1alpha1.Release) Finding{assessEndToEndTest, assessCommercial, gateVolumes}},
}

// stageOf is how far a release has come by itself, and the finding that keeps it from the next stage.
func (c *Case) stageOf(release *v1alpha1.Release) (v1alpha1.Stage, Finding) {
	stage := v1alpha1.StageSubmitted
	for _, gate := range gates {
		for _, assess := range gate.needs {
			if f := assess(c, release); f.Outcome != Met {
				return stage, f
			}
		}
		stage = gate.stage
	}
	return stage, Finding{}
}

// Assessment is the verdict of one pass.
type Assessment struct {
	// Findings are one for each clause, in the order of Clauses, on the release of the current spec, and one on the admission policies.
	Findings []Finding
	// Stage is where the application stands.
	Stage v1alpha1.Stage
	// Current is the release of the current spec, stored or not, and CurrentStage how far it has come.
	Current      *v1alpha1.Release
	CurrentStage v1alpha1.Stage
	// Test and Live are what the stage namespaces run after this pass; nil: nothing.
	Test, Live *v1alpha1.Release
	// Collision is true when the name of the current release is taken by another content.
	Collision bool
	// Locked is true while the application must be offline, and Lock says why.
	Locked bool
	Lock   Finding
	// Next is the next instant at which a verdict can change by itself; zero: never.
	Next time.Time
}

// Assess judges a case.
func Assess(c *Case) Assessment {
	current := Snapshot(c.Application)
	a := Assessment{Current: current, Locked: c.locked(), Live: c.liveRelease()}
	if stored := c.release(current.Name); stored != nil {
		a.Collision = !sameContent(stored, current)
		a.Current = stored
	}
	if a.Locked {
		a.Lock = c.assessLock()
	}
	a.CurrentStage, _ = c.stageOf(a.Current)
	if a.Collision {
		a.CurrentStage = v1alpha1.StageSubmitted
	}
	for _, clause := range Clauses() {
		f := clause.Assess(c, a.Current)
		f.Condition = clause.Condition
		if a.Collision && clause.Condition == v1alpha1.ConditionArchitectureAudited {
			f = releaseCollision(current.Name)
			f.Condition = clause.Condition
		}
		a.Findings = append(a.Findings, f)
		a.Next = earliest(a.Next, f.Deadline)
	}
	a.Findings = append(a.Findings, c.assessGuards())
	a.Next = earliest(a.Next, c.wantedDeadline())
	a.Test = c.testRelease(a)
	switch {
	case a.Locked:
		a.Stage = v1alpha1.StageOffline
	case a.Live != nil:
		a.Stage = v1alpha1.StageLive
	case a.Current.CreationTimestamp.IsZero():
		a.Stage = v1alpha1.StageSubmitted
	default:
		a.Stage = a.CurrentStage
	}
	return a
}

// testRelease is the newest release that may be tested; until another one may, test keeps what it has. One that failed
// there gives way to the last good one.
func (c *Case) testRelease(a Assessment) *v1alpha1.Release {
	if a.CurrentStage != v1alpha1.StageTesting && a.CurrentStage != v1alpha1.StageAwaitingLaunch {
		return c.release(c.Test.Release)
	}
	if _, failed := c.testFailure(a.Current); failed {
		return c.release(c.Test.RolledOut)
	}
	return a.Current
}
