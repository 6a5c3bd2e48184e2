// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// OfflineOwner is the field owner of the label that locks a namespace.
const OfflineOwner = "govpk-offline"

// takeDown does the steps of the takedown. Each is idempotent, so an interrupted takedown goes on from
// wherever it stopped, and none waits for the success of another: what can be closed is closed. Once the violation is
// recorded as enforced, the cache alone says whether anything came back.
func (a *Applier) takeDown(ctx context.Context, c *sop.Case, plan sop.Plan, outcome *Outcome) error {
	namespace := plan.Takedown.Namespace
	if namespace == "" {
		return nil
	}
	locked, since, err := a.lock(ctx, c, plan.Takedown)
	problems := outcome.did(v1alpha1.StepLock, err)
	outcome.Sweep = locked || !settled(c, plan.Takedown.Violation)
	problems = errors.Join(problems, outcome.did(v1alpha1.StepCloseRoutes, a.close(ctx, c, HTTPRouteKind, namespace, outcome.Sweep)))
	problems = errors.Join(problems, outcome.did(v1alpha1.StepClosePolicies, a.close(ctx, c, NetworkPolicyKind, namespace, outcome.Sweep)))
	if !outcome.Sweep {
		return problems
	}
	outcome.Evidence, err = a.keepEvidence(ctx, c, plan.Takedown, since, outcome.Steps)
	problems = errors.Join(problems, outcome.did(v1alpha1.StepKeepEvidence, err))
	return errors.Join(problems, a.stopPods(ctx, plan.Takedown, outcome))
}

// recordEnforced remembers on the namespace that a takedown by the Cloud Office is complete: no violation's status can.
func (a *Applier) recordEnforced(ctx context.Context, c *sop.Case, takedown *sop.Takedown) error {
	if takedown == nil || takedown.Namespace == "" || sop.OfViolation(takedown.Violation) || c.Live.Offline != takedown.Violation || c.Live.Exposed ||
		c.Live.Enforced == takedown.Violation || c.Live.OfflineSince.IsZero() || c.Now.Sub(c.Live.OfflineSince) < LockSettles {
		return nil
	}
	return a.patchNamespace(ctx, takedown.Namespace, map[string]any{"annotations": map[string]any{v1alpha1.EnforcedAnnotation: takedown.Violation}})
}

// stopPods ends the pods with one second of grace, and the runs of schedules, which no plan names. It comes before the
// writes that scale workloads to zero and suspend Tasks and schedules, and would end pods with the grace of a rolling
// update; behind the lock none comes back.
func (a *Applier) stopPods(ctx context.Context, takedown *sop.Takedown, outcome *Outcome) error {
	if takedown.Workloads == v1alpha1.WorkloadsIsolate {
		return nil
	}
	pod := &corev1.Pod{}
	err := a.Client.DeleteAllOf(ctx, pod, client.InNamespace(takedown.Namespace), client.GracePeriodSeconds(1))
	if err != nil {
		err = fmt.Errorf("delete pods in %s: %w", takedown.Namespace, err)
	}
	return outcome.did(v1alpha1.StepStopWorkloads, errors.Join(err, a.endRuns(ctx, takedown.Namespace)))
}

// endRuns deletes the Jobs of CronJobs: one that is left would go on with its run once the namespace is unlocked.
func (a *Applier) endRuns(ctx context.Context, namespace string) error {
	var jobs batchv1.JobList
	if err := a.Live.List(ctx, &jobs, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("list Jobs in %s: %w", namespace, err)
	}
	var problems error
	for i := range jobs.Items {
		owner := metav1.GetControllerOf(&jobs.Items[i])
		if owner == nil || owner.Kind != "CronJob" {
			continue
		}
		err := a.Client.Delete(ctx, &jobs.Items[i], client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			problems = errors.Join(problems, fmt.Errorf("delete Job %s/%s: %w", namespace, jobs.Items[i].Name, err))
		}
	}
	return problems
}

// did records a step that succeeded and hands its error on.
func (o *Outcome) did(step v1alpha1.TakedownStepName, err error) error {
	if err == nil {
		o.Steps = append(o.Steps, v1alpha1.TakedownStep{Name: step, Time: metav1.NowMicro()})
	}
	return err
}

// LockSettles is how long the lock may take to be known to every API server: they learn of a namespace's labels through
// a watch. Until then everything is swept again.
const LockSettles = time.Second

// settled is true once a takedown is recorded as enforced and its lock is known everywhere.
func settled(c *sop.Case, violation string) bool {
	if !sop.OfViolation(violation) {
		return c.Live.Enforced == violation
	}
	for i := range c.Violations {
		if c.Violations[i].Name != violation {
			continue
		}
		status := c.Violations[i].Status
		for _, step := range status.Steps {
			if step.Name == v1alpha1.StepLock && c.Now.Sub(step.Time.Time) < LockSettles {
				return false
			}
		}
		return meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionEnforced)
	}
	return false
}

// lock flips both labels in one request: exposure goes, offline comes. It says whether that was needed, and since when live is locked.
func (a *Applier) lock(ctx context.Context, c *sop.Case, takedown *sop.Takedown) (bool, time.Time, error) {
	known := sop.OfViolation(takedown.Violation) || !c.Live.OfflineSince.IsZero()
	if c.Live.Offline == takedown.Violation && !c.Live.Exposed && known {
		return false, c.Live.OfflineSince, nil
	}
	since := c.Now.UTC()
	return true, since, a.patchNamespace(ctx, takedown.Namespace, map[string]any{
		"labels":      map[string]any{v1alpha1.OfflineLabel: takedown.Violation, v1alpha1.ExposureLabel: nil},
		"annotations": map[string]any{v1alpha1.OfflineSinceAnnotation: since.Format(time.RFC3339Nano), v1alpha1.EnforcedAnnotation: nil},
	})
}

// unlock removes the label by naming the violation that was lifted; admission refuses any other way.
func (a *Applier) unlock(ctx context.Context, namespace, violation string) error {
	return a.patchNamespace(ctx, namespace, map[string]any{
		"labels":      map[string]any{v1alpha1.OfflineLabel: nil},
		"annotations": map[string]any{v1alpha1.LiftedAnnotation: violation, v1alpha1.OfflineSinceAnnotation: nil, v1alpha1.EnforcedAnnotation: nil},
	})
}

func (a *Applier) patchNamespace(ctx context.Context, name string, metadata map[string]any) error {
	patch, err := json.Marshal(map[string]any{"metadata": metadata})
	if err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := a.Client.Patch(ctx, namespace, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(OfflineOwner)); err != nil {
		return fmt.Errorf("patch Namespace %s: %w", name, err)
	}
	return nil
}

// close deletes every object of a kind in the live namespace but default-deny. A sweep lists from the API server, since
// between the flag and the lock something may have been made that the cache does not show.
func (a *Applier) close(ctx context.Context, c *sop.Case, kind schema.GroupVersionKind, namespace string, sweep bool) error {
	if err := a.removeFrom(ctx, children(c, kind), namespace); err != nil || !sweep {
		return err
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind)
	err := a.Live.List(ctx, list, client.InNamespace(namespace))
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list %s in %s: %w", kind.Kind, namespace, err)
	}
	return a.removeFrom(ctx, list.Items, namespace)
}

func (a *Applier) removeFrom(ctx context.Context, objects []unstructured.Unstructured, namespace string) error {
	var problems error
	for i := range objects {
		if objects[i].GetNamespace() == namespace && objects[i].GetName() != render.DefaultDenyName {
			problems = errors.Join(problems, a.remove(ctx, &objects[i]))
		}
	}
	return problems
}
