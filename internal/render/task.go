// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	batchv1 "k8s.io/api/batch/v1"
	applybatch "k8s.io/client-go/applyconfigurations/batch/v1"
)

const (
	// taskRetries is how many more times a task is tried before it has failed.
	taskRetries = 2
	// scheduleSlackSeconds is how late a run may still start, such as after the control plane was away.
	scheduleSlackSeconds = 300
)

// TaskName is the name of the Job that runs a Task for a release: each release runs it once.
func TaskName(component, release string) string {
	return component + "-" + ShortHash(release)
}

// Job runs a component of type Task. The template of a Job cannot change: the applier keeps the one that the Job was made
// with. Suspending ends its pods. It is never removed by time, since that it is done is a fact of its release.
func Job(s Scope, w Workload, name string, suspend bool) Object {
	return NewObject(applybatch.Job(name, s.StageNamespace()).
		WithLabels(s.componentLabels(w.Component.Name)).
		WithSpec(jobSpec(s, w).WithSuspend(suspend)))
}

func jobSpec(s Scope, w Workload) *applybatch.JobSpecApplyConfiguration {
	spec := applybatch.JobSpec().
		WithBackoffLimit(taskRetries).
		// Two attempts at one migration must not meet.
		WithPodReplacementPolicy(batchv1.Failed).
		WithTemplate(podTemplate(s, w, taskPod(w)))
	if w.DeadlineSeconds > 0 {
		spec.WithActiveDeadlineSeconds(int64(w.DeadlineSeconds))
	}
	return spec
}

// CronJob runs a component of type ScheduledTask in an IANA time zone.
func CronJob(s Scope, w Workload, timeZone string, suspend bool) Object {
	component := w.Component
	// The Jobs that it makes are its own: with the label of what the operator writes they would be pruned.
	labels := s.componentLabels(component.Name)
	delete(labels, ManagedByLabel)
	return NewObject(applybatch.CronJob(component.Name, s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithSpec(applybatch.CronJobSpec().
			WithSchedule(component.Schedule).
			WithTimeZone(timeZone).
			WithSuspend(suspend).
			WithConcurrencyPolicy(batchv1.ForbidConcurrent).
			WithStartingDeadlineSeconds(scheduleSlackSeconds).
			WithSuccessfulJobsHistoryLimit(1).
			WithFailedJobsHistoryLimit(3).
			WithJobTemplate(applybatch.JobTemplateSpec().
				WithLabels(labels).
				WithSpec(jobSpec(s, w)))))
}
