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
