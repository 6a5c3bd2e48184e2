// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func newTask(kind v1alpha1.ComponentType) v1alpha1.Component {
	task := newComponent()
	task.Name, task.Type, task.Ports = "migrate", kind, nil
	return task
}

func TestTaskName(t *testing.T) {
	if TaskName("migrate", "health-portal-1") == TaskName("migrate", "health-portal-2") {
		t.Error("two releases share a Job, so the second never runs its task")
	}
	// Running clusters know a release's Job by this name; 63 characters are the most, since it becomes a label of pods.
	if got := TaskName("migrate", "health-portal-1"); got != "migrate-"+ShortHash("health-portal-1") {
		t.Errorf("name %s", got)
	}
	if problems := validation.IsDNS1123Label(TaskName(strings.Repeat("c", 40), strings.Repeat("r", 63))); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestJob(t *testing.T) {
	for name, suspend := range map[string]bool{"runs": false, "suspended": true} {
		t.Run(name, func(t *testing.T) {
			job := decode[batchv1.Job](t, Job(scope, Workload{Component: newTask(v1alpha1.ComponentTask), DeadlineSeconds: 300}, "migrate-1", suspend))
			if job.Name != "migrate-1" || job.Labels[v1alpha1.ComponentLabel] != "migrate" {
				t.Errorf("%s %v", job.Name, job.Labels)
			}
			spec := job.Spec
			if spec.Suspend == nil || *spec.Suspend != suspend || *spec.BackoffLimit != 2 || *spec.ActiveDeadlineSeconds != 300 || *spec.PodReplacementPolicy != batchv1.Failed {
				t.Errorf("%+v", spec)
			}
			if spec.TTLSecondsAfterFinished != nil {
				t.Error("a Job that is removed by time would be run again")
			}
			taskPodIsRight(t, spec.Template)
		})
	}
	if spec := decode[batchv1.Job](t, Job(scope, Workload{Component: newTask(v1alpha1.ComponentTask)}, "migrate-1", false)).Spec; spec.ActiveDeadlineSeconds != nil {
		t.Error("no deadline must not be a deadline of zero seconds")
	}
}

func TestCronJob(t *testing.T) {
	component := newTask(v1alpha1.ComponentScheduledTask)
	component.Schedule = "30 2 * * *"
	cron := decode[batchv1.CronJob](t, CronJob(scope, Workload{Component: component, DeadlineSeconds: 60}, "Asia/Karachi", true))
	spec := cron.Spec
	if spec.Schedule != "30 2 * * *" || *spec.TimeZone != "Asia/Karachi" || !*spec.Suspend || spec.ConcurrencyPolicy != batchv1.ForbidConcurrent ||
		*spec.StartingDeadlineSeconds != 300 || *spec.SuccessfulJobsHistoryLimit != 1 || *spec.FailedJobsHistoryLimit != 3 || *spec.JobTemplate.Spec.ActiveDeadlineSeconds != 60 {
		t.Errorf("%+v", spec)
	}
	if cron.Labels[ManagedByLabel] != FieldOwner {
		t.Errorf("labels %v", cron.Labels)
	}
	if _, ours := spec.JobTemplate.Labels[ManagedByLabel]; ours {
		t.Error("Jobs of the CronJob look like the operator's own, and would be pruned")
	}
	taskPodIsRight(t, spec.JobTemplate.Spec.Template)
}

// A task serves nothing and is not drained; the component's label puts it under the component's NetworkPolicies.
func taskPodIsRight(t *testing.T, template corev1.PodTemplateSpec) {
	t.Helper()
	if diff := cmp.Diff(scope.componentLabels("migrate"), template.Labels); diff != "" {
		t.Error(diff)
	}
	container := template.Spec.Containers[0]
	if template.Spec.RestartPolicy != corev1.RestartPolicyNever || container.Lifecycle != nil || len(container.Ports) > 0 || container.ReadinessProbe != nil {
		t.Errorf("%+v", template.Spec)
	}
	if container.TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError {
		t.Errorf("termination message %s", container.TerminationMessagePolicy)
	}
}
