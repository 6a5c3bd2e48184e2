// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

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

// leftAlone is true for what goes with its namespace, and for what the takedown of this pass has already closed.
func leftAlone(plan sop.Plan, child *unstructured.Unstructured) bool {
	kind := child.GroupVersionKind()
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

// pruneListeners removes the listeners that admit the application's live namespace and are not in the plan.
func (a *Applier) pruneListeners(ctx context.Context, c *sop.Case, plan sop.Plan) error {
	if slices.Contains(c.Ingress.MissingKinds, GatewayKind.GroupKind().String()) {
		return nil
	}
	gateways := &unstructured.UnstructuredList{}
	gateways.SetGroupVersionKind(GatewayKind)
	if err := a.Client.List(ctx, gateways); err != nil {
		return fmt.Errorf("list Gateways: %w", err)
	}
	for i := range gateways.Items {
		gateway := &gateways.Items[i]
		for _, host := range listenersOf(gateway, plan.Live) {
			if desiresListener(plan, gateway, host) {
				continue
			}
			empty := &unstructured.Unstructured{}
			empty.SetGroupVersionKind(GatewayKind)
			empty.SetNamespace(gateway.GetNamespace())
			empty.SetName(gateway.GetName())
			err := a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(empty), client.FieldOwner(render.ListenerOwner(host)), client.ForceOwnership)
			if err != nil {
				return wrap("remove listener "+host+" of", gateway, err)
			}
		}
	}
	return nil
}

// listenersOf are the names of a Gateway's listeners that the operator made for a live namespace.
func listenersOf(gateway *unstructured.Unstructured, namespace string) []string {
	listeners, _, _ := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	var names []string
	for _, item := range listeners {
		listener, ok := item.(map[string]any)
		if !ok {
			continue
		}
		name, _, _ := unstructured.NestedString(listener, "name")
		admitted, _, _ := unstructured.NestedString(listener, "allowedRoutes", "namespaces", "selector", "matchLabels", corev1.LabelMetadataName)
		owned, err := applied(gateway, render.ListenerOwner(name))
		if err == nil && owned != nil && admitted == namespace {
			names = append(names, name)
		}
	}
	return names
}

func desiresListener(plan sop.Plan, gateway *unstructured.Unstructured, host string) bool {
	return slices.ContainsFunc(plan.Objects, func(o render.Object) bool {
		return o.Owner == render.ListenerOwner(host) && o.GetNamespace() == gateway.GetNamespace() && o.GetName() == gateway.GetName()
	})
}
