// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// prune removes what is the application's and not in the plan, routes first, claims last. Objects in a namespace that
// goes as a whole are left to it, but for routes.
func (a *Applier) prune(ctx context.Context, c *sop.Case, plan sop.Plan, outcome *Outcome) error {
	wanted := map[string]bool{}
	for _, object := range plan.Objects {
		wanted[describe(object.Unstructured)] = true
	}
	left := 0
	for _, kind := range pruned() {
		if kind == DomainClaimKind {
			n, err := a.pruneNamespaces(ctx, plan)
			if err != nil {
				return err
			}
			if left += n; n > 0 {
				continue
			}
		}
		for _, child := range children(c, kind) {
			if wanted[describe(&child)] || child.GetDeletionTimestamp() != nil || leftAlone(plan, &child) {
				continue
			}
			left++
			if err := a.remove(ctx, &child); err != nil {
				return err
			}
		}
		if kind == HTTPRouteKind {
			if err := a.pruneListeners(ctx, c, plan); err != nil {
				return err
			}
		}
	}
	outcome.Gone = left == 0
	return nil
}

// running are the kinds by which a component runs.
var running = []schema.GroupVersionKind{AutoscalerKind, DisruptionKind, CronJobKind, JobKind, DeploymentKind, StatefulSetKind}

// leftAlone is true for what runs of a component that is withheld, for what a stage needs that moves to another carrier, for what goes
// with its namespace, and for what the takedown of this pass has already closed.
func leftAlone(plan sop.Plan, child *unstructured.Unstructured) bool {
	kind := child.GroupVersionKind()
	if slices.Contains(running, kind) && slices.Contains(plan.Withheld[child.GetNamespace()], child.GetLabels()[v1alpha1.ComponentLabel]) {
		return true
	}
	if kind != HTTPRouteKind && slices.Contains(plan.Moving, child.GetNamespace()) {
		return true
	}
	closed := plan.Takedown != nil && plan.Takedown.Namespace == child.GetNamespace() && (kind == HTTPRouteKind || kind == NetworkPolicyKind)
	return closed || kind != HTTPRouteKind && slices.Contains(plan.Namespaces, child.GetNamespace())
}

// pruneNamespaces deletes the stage namespaces of an application that goes, and counts those still there.
func (a *Applier) pruneNamespaces(ctx context.Context, plan sop.Plan) (int, error) {
	left := 0
	for _, name := range plan.Namespaces {
		namespace := &unstructured.Unstructured{}
		namespace.SetGroupVersionKind(NamespaceKind)
		namespace.SetName(name)
		current, err := a.live(ctx, namespace)
		if err != nil {
			return left, err
		}
		if current == nil {
			continue
		}
		left++
		if owned, err := applied(current, render.FieldOwner); err != nil || owned == nil {
			return left, fmt.Errorf("delete %s: it was not made by this operator; whoever made it removes it", describe(namespace))
		}
		if current.GetDeletionTimestamp() != nil {
			continue
		}
		if err := a.remove(ctx, current); err != nil {
			return left, err
		}
	}
	return left, nil
}
