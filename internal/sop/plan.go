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
	// Offline is set while the stage is taken down.
	Offline *Takedown
}

func (t Target) live() bool { return t.Scope.Stage == v1alpha1.LiveNamespace }

func (t Target) exposed() bool { return t.live() && t.Release != nil && t.Offline == nil }

func (t Target) replicas(c *Case, component v1alpha1.Component) int32 {
	switch {
	case t.Offline == nil:
		return c.replicas(component)
	case t.Offline.Workloads == v1alpha1.WorkloadsIsolate:
		// What runs is evidence: the organization can neither end it nor add to it.
		return t.Observed.Workloads[component.Name].Replicas
	default:
		return 0
	}
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
	// Takedown is set while the application must be offline.
	Takedown *Takedown
	// Unlock is the violation whose lift frees the live namespace in this pass; empty: none.
	Unlock string
	// Live is the live namespace, whether or not it exists.
	Live string
	// Namespaces are the stage namespaces to delete.
	Namespaces []string
}

// PlanFor turns a verdict into objects.
func PlanFor(c *Case, a Assessment) Plan {
	live := c.Scope(v1alpha1.LiveNamespace)
	plan := Plan{Prune: true, Live: live.StageNamespace()}
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
	plan.Objects = c.claims(a)
	if a.CurrentStage != v1alpha1.StageSubmitted {
		plan.Objects = append(plan.Objects, releaseObject(a.Current))
	}
	for _, target := range c.targets(a, plan.Takedown) {
		plan.Objects = append(plan.Objects, c.enforce(target)...)
		plan.Prune = plan.Prune && complete(target)
	}
	plan.Prune = plan.Prune && !c.releaseLost()
	if c.frozen() {
		plan.Prune = false
		plan.Objects = slices.DeleteFunc(plan.Objects, func(o render.Object) bool {
			return plan.Takedown == nil || o.GetKind() != "Deployment" || o.GetNamespace() != plan.Live
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
		targets = append(targets, Target{Scope: c.Scope(v1alpha1.TestNamespace), Observed: c.Test, Release: a.Test})
	}
	if (a.Live != nil || c.Live.Exists) && !c.Live.Terminating && !c.releaseLost() {
		targets = append(targets, Target{Scope: c.Scope(v1alpha1.LiveNamespace), Observed: c.Live, Release: a.Live, Offline: takedown})
	}
	return targets
}

// complete is false while a Service has no address, so that a workload which waits for it is not taken for one that must go.
func complete(t Target) bool {
	if t.Release == nil || t.Offline != nil {
		return true
	}
	for _, component := range t.Release.Spec.Components {
		if len(missingPeers(t, component)) > 0 {
			return false
		}
	}
	return true
}

// teardown leaves nothing but evidence, hosts in quarantine and, where the application is offline, an emptied live
// namespace that stays locked.
func (c *Case) teardown(plan Plan) Plan {
	plan.Objects = c.quarantine(nil)
	if c.Test.Exists {
		plan.Namespaces = append(plan.Namespaces, c.Scope(v1alpha1.TestNamespace).StageNamespace())
	}
	if !c.Live.Exists {
		return plan
	}
	if c.Live.Offline == "" && plan.Takedown == nil {
		plan.Namespaces = append(plan.Namespaces, plan.Live)
		return plan
	}
	emptied := Target{Scope: c.Scope(v1alpha1.LiveNamespace), Observed: c.Live, Offline: plan.Takedown}
	plan.Objects = append(plan.Objects, enforceAvailability(c, emptied)...)
	plan.Objects = append(plan.Objects, render.DefaultDeny(emptied.Scope))
	return plan
}
