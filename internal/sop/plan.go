// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Target is one stage namespace and what it is to run.
type Target struct {
	Scope    render.Scope
	Observed ObservedStage
	// Release is what runs; nil: nothing.
	Release *v1alpha1.Release
	// Attempt names this try of the release.
	Attempt string
	// Previous is the release that was rolled out before; nil: none, or the same.
	Previous *v1alpha1.Release
	// Failed is the attempt that was rolled back here, and Failure why.
	Failed, Failure string
	// Next is the release of the current spec, whose Secrets the organization prepares here.
	Next *v1alpha1.Release
	// Closed are the commercial edges that no certificate in force names.
	Closed []closedEdge
	// CutOver is set while the data of a component is not where the release runs.
	CutOver *cutOver
	// Frozen is set while the provider of the release has lost its accreditation: no pod is added.
	Frozen bool
	// Offline is set while the stage is taken down.
	Offline *Takedown
}

func (t Target) live() bool { return t.Scope.Stage == v1alpha1.LiveNamespace }

func (t Target) exposed() bool { return t.live() && t.Release != nil && t.Offline == nil }

// replicas is how many pods of a component run. Where an autoscaler decides, what it decided stays; from zero, which it
// ignores, the component starts at its minimum.
func (t Target) replicas(c *Case, component v1alpha1.Component) int32 {
	running := t.Observed.Workloads[component.Name].Replicas
	switch {
	case t.Offline != nil && t.Offline.Workloads == v1alpha1.WorkloadsIsolate:
		// What runs is evidence: the organization can neither end it nor add to it.
		return running
	case t.Offline != nil:
		return 0
	}
	least, most := c.bounds(t, component)
	return min(max(running, least), most)
}

// Takedown locks the live namespace.
type Takedown struct {
	// Namespace is the live namespace; empty when there is none to lock.
	Namespace string
	// Violation is the value of the label.
	Violation string
	Workloads v1alpha1.WorkloadAction
}

// Plan is what the cluster should look like after a pass.
type Plan struct {
	// Objects are everything that should exist.
	Objects []render.Object
	// Prune says whether what is ours and not in Objects goes. False while something is not known yet.
	Prune bool
	// Withheld are, by stage namespace, the components that cannot be started now: what runs of them stays as it is.
	Withheld map[string][]string
	// Moving are the stage namespaces that go from one carrier of mutual TLS to another: nothing goes from them yet but routes.
	Moving []string
	// Takedown is set while the application must be offline.
	Takedown *Takedown
	// Unlock is the violation whose lift frees the live namespace in this pass; empty: none.
	Unlock string
	// Live is the live namespace, whether or not it exists.
	Live string
	// Namespaces are the stage namespaces to delete.
	Namespaces []string
	// Launched is the release that is live for the first time and carries that fact from now on; empty: none.
	Launched string
	// Releases are those to delete, last of all.
	Releases []string
}

// PlanFor turns a verdict into objects.
func PlanFor(c *Case, a Assessment) Plan {
	live := c.Scope(v1alpha1.LiveNamespace)
	plan := Plan{Prune: true, Live: live.StageNamespace(), Withheld: map[string][]string{}}
	if a.Locked {
		plan.Takedown = &Takedown{Violation: c.lockedBy(), Workloads: c.workloads()}
		if c.Live.Exists && !c.Live.Terminating {
			plan.Takedown.Namespace = live.StageNamespace()
		}
	} else {
		plan.Unlock = c.Live.Offline
	}
	if c.Application.DeletionTimestamp != nil {
		return c.teardown(plan)
	}
	plan.Launched, plan.Releases = c.launchedNow(a), c.obsolete(a)
	plan.Objects = c.claims(a)
	if a.CurrentStage != v1alpha1.StageSubmitted {
		plan.Objects = append(plan.Objects, releaseObject(a.Current))
	}
	for _, target := range c.targets(a, plan.Takedown) {
		plan.Objects = append(plan.Objects, c.enforce(target)...)
		if withheld := c.withholds(target); len(withheld) > 0 {
			plan.Withheld[target.Scope.StageNamespace()] = withheld
		}
		if target.Release != nil && target.Offline == nil && c.moving(target) {
			plan.Moving = append(plan.Moving, target.Scope.StageNamespace())
		}
	}
	plan.Prune = plan.Prune && !c.releaseLost()
	if c.frozen() {
		plan.Prune = false
		plan.Objects = slices.DeleteFunc(plan.Objects, func(o render.Object) bool {
			return plan.Takedown == nil || !slices.Contains([]string{"Deployment", "StatefulSet", "Job"}, o.GetKind()) || o.GetNamespace() != plan.Live
		})
	}
	return plan
}

// frozen is true while too little is known to change what runs; a takedown goes on all the same.
func (c *Case) frozen() bool {
	return c.Policy == nil || c.Organization == "" || len(c.Ingress.MissingKinds) > 0
}

// releaseLost is true while live runs a release that no longer exists, though nobody withdrew it: what runs is left as it is.
func (c *Case) releaseLost() bool {
	return c.Live.Release != "" && c.wanted() != "" && c.liveRelease() == nil
}

func (c *Case) enforce(t Target) []render.Object {
	var objects []render.Object
	for _, clause := range Clauses() {
		if clause.Enforce != nil {
			objects = append(objects, clause.Enforce(c, t)...)
		}
	}
	return objects
}

// targets are the stage namespaces that exist or should.
func (c *Case) targets(a Assessment, takedown *Takedown) []Target {
	var targets []Target
	if (a.Test != nil || c.Test.Exists) && !c.Test.Terminating {
		test := c.testTarget(a.Test)
		test.Next = a.Current
		if failure, failed := c.testFailure(a.Current); failed {
			test.Failed, test.Failure = c.attempt(a.Current), failure
		}
		targets = append(targets, test)
	}
	if (a.Live != nil || c.Live.Exists) && !c.Live.Terminating && !c.releaseLost() {
		live := c.liveTarget(a.Live)
		live.Offline, live.Next = takedown, c.release(c.wanted())
		targets = append(targets, live)
	}
	return targets
}

func (c *Case) testTarget(release *v1alpha1.Release) Target {
	return c.target(v1alpha1.TestNamespace, c.Test, release)
}

func (c *Case) liveTarget(release *v1alpha1.Release) Target {
	return c.target(v1alpha1.LiveNamespace, c.Live, release)
}

func (c *Case) target(stage string, observed ObservedStage, release *v1alpha1.Release) Target {
	t := Target{Scope: c.Scope(stage), Observed: observed, Release: release}
	if release == nil {
		return t
	}
	t.Attempt = c.attempt(release)
	if s, known := c.providerStanding(release); known {
		t.Frozen = s.Lost()
	}
	if observed.RolledOut != release.Name {
		t.Previous = c.release(observed.RolledOut)
	}
	t.CutOver = c.cutOverOf(t)
	t.Closed = c.closedEdges(t.releases()...)
	return t
}

// withholds are the components of a target that cannot be started now, so that their workloads are not taken for ones that must go.
func (c *Case) withholds(t Target) []string {
	if t.Release == nil || t.Offline != nil {
		return nil
	}
	var names []string
	for _, p := range t.parts() {
		if c.withheld(t, p.Component) {
			names = append(names, p.Name)
		}
	}
	if hasEgress(t) && c.withheld(t, egressComponent) {
		names = append(names, egressComponent.Name)
	}
	if c.hasData(t) && open(c.dataAPIs(t)) && c.withheld(t, dataComponent) {
		names = append(names, dataComponent.Name)
	}
	return names
}

// teardown leaves nothing but evidence, hosts in quarantine and an emptied live namespace: one that is offline stays locked,
// and one with volumes keeps them for the application's return.
func (c *Case) teardown(plan Plan) Plan {
	plan.Objects = c.quarantine(nil)
	if c.Test.Exists {
		plan.Namespaces = append(plan.Namespaces, c.Scope(v1alpha1.TestNamespace).StageNamespace())
	}
	if !c.Live.Exists {
		return plan
	}
	if c.Live.Offline == "" && plan.Takedown == nil && len(c.Live.Volumes) == 0 {
		plan.Namespaces = append(plan.Namespaces, plan.Live)
		return plan
	}
	emptied := c.liveTarget(nil)
	emptied.Offline = plan.Takedown
	plan.Objects = append(plan.Objects, enforceAvailability(c, emptied)...)
	plan.Objects = append(plan.Objects, render.DefaultDeny(emptied.Scope))
	return plan
}
