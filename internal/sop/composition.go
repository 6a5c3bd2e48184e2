// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// part is a component as a stage runs it now, and the release it is taken from: while a release rolls, parts of the one
// before it stay.
type part struct {
	v1alpha1.Component
	release *v1alpha1.Release
}

// rolledOut is true once the target's every component ran here.
func (t Target) rolledOut() bool { return t.Release != nil && t.Observed.RolledOut == t.Release.Name }

// releases are those whose components may run at this moment: the target's, until it is rolled out the one before, and what copies volumes.
func (t Target) releases() []*v1alpha1.Release {
	if t.Release == nil {
		return nil
	}
	releases := []*v1alpha1.Release{t.Release}
	if t.Previous != nil {
		releases = append(releases, t.Previous)
	}
	if t.CutOver != nil {
		releases = append(releases, t.CutOver.pods)
	}
	return releases
}

// componentNames are the names of all components that may run at this moment, in the order of the target, then of the
// release before.
func (t Target) componentNames() []string {
	var names []string
	for _, release := range t.releases() {
		for _, component := range release.Spec.Components {
			if !slices.Contains(names, component.Name) {
				names = append(names, component.Name)
			}
		}
	}
	return names
}

// waits is true while Tasks keep the release from rolling.
func (t Target) waits() bool {
	if t.Release == nil || t.rolledOut() {
		return false
	}
	return slices.ContainsFunc(tasks(t.Release), func(task v1alpha1.Component) bool { return !t.task(task.Name).Succeeded })
}

func (t Target) task(name string) ObservedTask { return t.Observed.Tasks[t.taskName(name)] }

// taskName is the Job of a Task. Another attempt is another Job.
func (t Target) taskName(task string) string { return render.TaskName(task, t.Attempt) }

// early are the components that Tasks connect to, directly or through others: they roll before the Tasks run.
func early(release *v1alpha1.Release) map[string]bool {
	byName := map[string]v1alpha1.Component{}
	for _, component := range release.Spec.Components {
		byName[component.Name] = component
	}
	found := map[string]bool{}
	var visit func(v1alpha1.Component)
	visit = func(component v1alpha1.Component) {
		for _, edge := range component.ConnectsTo {
			if edge.Component != "" && !found[edge.Component] {
				found[edge.Component] = true
				visit(byName[edge.Component])
			}
		}
	}
	for _, task := range tasks(release) {
		visit(task)
	}
	return found
}

// parts are the Services and ScheduledTasks that the stage runs now. Until Tasks are done, only
// what they need is taken from the target, and until volumes are there, only what has one; until the target is rolled out, what it no longer has stays for those that use it.
func (t Target) parts() []part {
	if t.Release == nil {
		return nil
	}
	found := map[string]part{}
	if t.Previous != nil {
		for _, component := range t.Previous.Spec.Components {
			found[component.Name] = part{component, t.Previous}
		}
	}
	first := early(t.Release)
	for _, component := range t.Release.Spec.Components {
		if (!t.waits() || first[component.Name]) && t.CutOver.takes(component) || t.holds(component) {
			found[component.Name] = part{component, t.Release}
		}
	}
	var parts []part
	for _, name := range t.componentNames() {
		if p, ok := found[name]; ok && p.Type != v1alpha1.ComponentTask {
			parts = append(parts, p)
		}
	}
	return parts
}

// routed is the release whose hosts and paths the gateway serves: the one before, while Tasks or volumes hold the target back.
func (t Target) routed() *v1alpha1.Release {
	if (t.waits() || t.CutOver != nil) && t.Previous != nil {
		return t.Previous
	}
	return t.Release
}

// due are the Tasks whose Job should exist: what they need is rolled out and the Tasks before them are done.
func (t Target) due() []v1alpha1.Component {
	var due []v1alpha1.Component
	first := early(t.Release)
	ready := !slices.ContainsFunc(services(t.Release), func(component v1alpha1.Component) bool {
		return first[component.Name] && !t.Observed.runs(component, t.Release)
	})
	for _, task := range tasks(t.Release) {
		_, made := t.Observed.Tasks[t.taskName(task.Name)]
		free := ready && !t.rolledOut() && t.Offline == nil && !slices.ContainsFunc(task.After, func(name string) bool { return !t.task(name).Succeeded })
		if made || free {
			due = append(due, task)
		}
	}
	return due
}

// runs is true when a component is rolled out from a release.
func (o ObservedStage) runs(component v1alpha1.Component, release *v1alpha1.Release) bool {
	workload := o.Workloads[component.Name]
	return workload.RolledOut && workload.Release == release.Name
}

// images are what pods of the stage may run: until the target is rolled out also those of the release before, whose pods
// must be replaceable.
func (t Target) images() []string {
	var images []string
	for _, release := range t.releases() {
		for _, component := range release.Spec.Components {
			images = append(images, component.Image)
		}
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// secrets are what the organization may write in the stage: what the releases there and the one to come name.
func secrets(releases ...*v1alpha1.Release) []string {
	var names []string
	for _, release := range releases {
		if release == nil {
			continue
		}
		for _, component := range release.Spec.Components {
			for _, variable := range component.Env {
				if variable.ValueFrom != nil {
					names = append(names, variable.ValueFrom.SecretKeyRef.Name)
				}
			}
			for _, secret := range component.ImagePullSecrets {
				names = append(names, secret.Name+":"+string(corev1.SecretTypeDockerConfigJson))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
