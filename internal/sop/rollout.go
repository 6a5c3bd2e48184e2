// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// attempt names one try of a release: a person asks for another one with an annotation.
func (c *Case) attempt(release *v1alpha1.Release) string {
	if retry := c.Application.Annotations[v1alpha1.RetryAnnotation]; retry != "" {
		return release.Name + "/" + retry
	}
	return release.Name
}

// rollout judges how far a release has come on a target. Met: its every component runs.
func (c *Case) rollout(t Target) Finding {
	namespace := t.Scope.StageNamespace()
	if t.Observed.Release != t.Release.Name {
		return finding(Progressing, v1alpha1.ReasonRollingOut, "%s begins to roll out in %s", t.Release.Name, namespace)
	}
	if t.CutOver != nil {
		return c.cutOverFinding(t)
	}
	for _, task := range tasks(t.Release) {
		if observed := t.task(task.Name); observed.Failed && !t.rolledOut() {
			return finding(Refused, v1alpha1.ReasonTaskFailed, "Task %s of %s failed in %s, so the release does not roll%s%s; %s",
				task.Name, t.Release.Name, namespace, because(quote(observed.Message)), t.Observed.words(task.Name), remedy)
		}
	}
	waiting := finding(Met, v1alpha1.ReasonRollingOut, "%s runs in %s", t.Release.Name, namespace)
	for _, component := range services(t.Release) {
		if t.Observed.runs(component, t.Release) {
			continue
		}
		stuck, next := c.stuck(t, component)
		if stuck {
			return finding(Refused, v1alpha1.ReasonRolloutFailed, "component %s of %s does not become available in %s%s; %s",
				component.Name, t.Release.Name, namespace, t.Observed.words(component.Name), remedy)
		}
		if f, withheld := c.uncertified(t, component); withheld {
			waiting = f
		}
		if waiting.Outcome == Met && (!t.waits() || early(t.Release)[component.Name]) {
			waiting = finding(Progressing, v1alpha1.ReasonRollingOut, "component %s of %s is not available in %s yet%s",
				component.Name, t.Release.Name, namespace, t.Observed.words(component.Name))
		}
		waiting.Deadline = earliest(waiting.Deadline, next)
	}
	if waiting.Outcome == Met && t.waits() {
		return c.taskRunning(t)
	}
	return waiting
}

// uncertified is true while a component does not start because its certificate is not there.
func (c *Case) uncertified(t Target, component v1alpha1.Component) (Finding, bool) {
	if len(missingPeers(t, component)) > 0 || !c.withheld(t, component) {
		return Finding{}, false
	}
	gap, _, _ := c.certificateGap(t, component.Name)
	return finding(Progressing, v1alpha1.ReasonCertificateNotReady, "component %s of %s does not start yet: %s", component.Name, t.Release.Name, gap), true
}

const remedy = "correct the application, or ask for another try by annotating it with " + v1alpha1.RetryAnnotation + "=<anything new>"

func (c *Case) taskRunning(t Target) Finding {
	for _, task := range tasks(t.Release) {
		if !t.task(task.Name).Succeeded {
			return finding(Progressing, v1alpha1.ReasonTaskRunning, "Task %s of %s runs in %s before the release rolls%s",
				task.Name, t.Release.Name, t.Scope.StageNamespace(), t.Observed.words(task.Name))
		}
	}
	return Finding{}
}

// stuck is true when a component of the target does not come up.
func (c *Case) stuck(t Target, component v1alpha1.Component) (bool, time.Time) {
	workload := t.Observed.Workloads[component.Name]
	if workload.Release != t.Release.Name || workload.RolledOut || t.Offline != nil {
		return false, time.Time{}
	}
	if component.Storage == nil {
		return workload.Stuck, time.Time{}
	}
	return c.hopeless(t.Observed, component.Name)
}

// testFailure says whether the release failed in test, where failing means going back to the last good one. It is recorded on
// the namespace, since the pods that said why are gone by then.
func (c *Case) testFailure(release *v1alpha1.Release) (string, bool) {
	if good := c.release(c.Test.RolledOut); c.Test.Failed == c.attempt(release) && good != nil && good.Name != release.Name {
		return c.Test.Failure, true
	}
	t := c.testTarget(release)
	if t.Previous == nil || c.Test.Release != release.Name {
		return "", false
	}
	if f := c.rollout(t); f.Outcome == Refused {
		return f.Message, true
	}
	return "", false
}

// rolledOut is the last release whose every component ran on a target.
func (c *Case) rolledOut(t Target) string {
	if t.Offline == nil && c.rollout(t).Outcome == Met {
		return t.Release.Name
	}
	return t.Observed.RolledOut
}
