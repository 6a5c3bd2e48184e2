// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// partObjects are the objects of a Service or ScheduledTask. The lock refuses new ones, so offline only those that stand are kept.
func (c *Case) partObjects(t Target, p part, numbers map[string]map[string]int32) []render.Object {
	member := c.meshComponent(t, p.Component, numbers)
	var objects []render.Object
	if len(p.Ports) > 0 && (t.Offline == nil || t.Observed.Addresses[p.Name] != "") {
		objects = append(objects, render.Service(t.Scope, p.Name, c.carrier(t).ServicePorts(member)))
	}
	if p.Storage != nil {
		objects = append(objects, c.volume(t, p.Component))
	}
	if files, ok := render.Files(t.Scope, p.Component); ok {
		objects = append(objects, t.standing(files))
	}
	if t.Offline == nil && c.withheld(t, p.Component) {
		return objects
	}
	w := c.workload(t, p.Component, p.release, member)
	if t.stopped(p) {
		// It is no release's: none runs.
		w.Replicas = 0
		set := render.StatefulSet(t.Scope, w)
		if t.Offline != nil && t.Offline.Workloads == v1alpha1.WorkloadsIsolate {
			set.Mode = render.Keep
		}
		return append(objects, set)
	}
	switch {
	case p.Type == v1alpha1.ComponentScheduledTask:
		return append(objects, t.standing(render.CronJob(t.Scope, w, c.timeZone(), false)))
	case p.Storage != nil:
		objects = append(objects, madeFrom(p.release, render.StatefulSet(t.Scope, w)))
	default:
		objects = append(objects, madeFrom(p.release, render.Deployment(t.Scope, w)))
	}
	if t.Offline != nil {
		return objects
	}
	least, most := c.bounds(t, p.Component)
	if most > least {
		objects = append(objects, render.HorizontalPodAutoscaler(t.Scope, p.Component, least, most))
	}
	if budget, ok := render.PodDisruptionBudget(t.Scope, p.Component, least); ok {
		objects = append(objects, budget)
	}
	return objects
}

// filesBefore are the files of the release before, beside those that are rendered: until the target is rolled out its pods
// may have to be started again.
func (t Target) filesBefore(rendered []render.Object) []render.Object {
	if t.Previous == nil {
		return nil
	}
	var kept []render.Object
	for _, component := range t.Previous.Spec.Components {
		files, ok := render.Files(t.Scope, component)
		if ok && !slices.ContainsFunc(rendered, func(o render.Object) bool { return o.GetKind() == files.GetKind() && o.GetName() == files.GetName() }) {
			files.Mode = render.Keep
			kept = append(kept, files)
		}
	}
	return kept
}

// taskObjects are the Job of a Task and its files. A Job that ended is a record and stays as it is; offline an unfinished one
// is suspended, so that its deadline does not pass meanwhile.
func (c *Case) taskObjects(t Target, task v1alpha1.Component, numbers map[string]map[string]int32) []render.Object {
	if t.Offline == nil && c.withheld(t, task) {
		return nil
	}
	var objects []render.Object
	if files, ok := render.Files(t.Scope, task); ok {
		objects = append(objects, t.standing(files))
	}
	observed := t.task(task.Name)
	job := render.Job(t.Scope, c.workload(t, task, t.Release, c.meshComponent(t, task, numbers)), t.taskName(task.Name), t.Offline != nil)
	if observed.Succeeded || observed.Failed || t.Offline != nil && t.Offline.Workloads == v1alpha1.WorkloadsIsolate {
		job.Mode = render.Keep
	}
	return append(objects, job)
}

func (c *Case) workload(t Target, component v1alpha1.Component, release *v1alpha1.Release, member mesh.Component) render.Workload {
	return c.carrier(t).Attach(mesh.Stage{Scope: t.Scope, Policy: c.meshPolicy(t), Externals: t.externals()}, member, render.Workload{
		Component:       component,
		Replicas:        t.replicas(c, component),
		Claim:           t.Observed.claim(component.Name).Name,
		Nodes:           c.nodesOf(t, component, release),
		DeadlineSeconds: int32(c.rolloutDeadline().Seconds()),
		Bandwidth:       c.bandwidth(release, component),
	})
}

// volume is a component's volume. It is never smaller than it is, whatever a release that returns declares.
func (c *Case) volume(t Target, component v1alpha1.Component) render.Object {
	claim := t.Observed.claim(component.Name).Claim
	claim.Size = larger(component.Storage.Size, claim.Size)
	return t.standing(c.volumeObject(t, component, claim))
}

func (c *Case) volumeObject(t Target, component v1alpha1.Component, claim render.Claim) render.Object {
	if c.Policy != nil {
		claim.Class = c.Policy.Storage.ClassName
	}
	return render.PersistentVolumeClaim(t.Scope, component, claim)
}

// standing leaves an object as it is while the stage is offline: the lock refuses to create or change it.
func (t Target) standing(o render.Object) render.Object {
	if t.Offline != nil {
		o.Mode = render.Keep
	}
	return o
}

// madeFrom records the release on the workload, beside its template, so that what did not change does not restart.
func madeFrom(release *v1alpha1.Release, o render.Object) render.Object {
	o.SetAnnotations(map[string]string{v1alpha1.ReleaseAnnotation: release.Name})
	return o
}

func (c *Case) timeZone() string {
	if c.Policy == nil {
		return ""
	}
	return c.Policy.Calendar.TimeZone
}
