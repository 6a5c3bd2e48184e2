// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// serviceIndex finds government data APIs by their Service, as namespace/name.
const serviceIndex = "service"

// gatherDataServices reads the Services of the application's government data APIs.
func (r *ApplicationReconciler) gatherDataServices(ctx context.Context, c *sop.Case) error {
	c.DataServices = map[string]*corev1.Service{}
	for name := range c.DataAPIs {
		api := c.DataAPIs[name]
		service, err := dataService(ctx, r.Client, &api)
		if err != nil {
			return err
		}
		if service != nil {
			c.DataServices[name] = service
		}
	}
	return nil
}

// dataService is the Service of a government data API; nil when it does not exist.
func dataService(ctx context.Context, reader client.Reader, api *v1alpha1.GovernmentDataAPI) (*corev1.Service, error) {
	service := object(apply.ServiceKind)
	key := types.NamespacedName{Namespace: api.Spec.Service.Namespace, Name: api.Spec.Service.Name}
	if err := reader.Get(ctx, key, service); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return typed[corev1.Service](service)
}

// ours is true for what the operator made.
func ours(o client.Object) bool { return o.GetLabels()[render.ManagedByLabel] == render.FieldOwner }

// slimService keeps of a Service in the cache that is not the operator's what leads to its pods.
func slimService(o any) (any, error) {
	service, ok := o.(*unstructured.Unstructured)
	if !ok || ours(service) {
		return o, nil
	}
	kept := object(apply.ServiceKind)
	kept.SetNamespace(service.GetNamespace())
	kept.SetName(service.GetName())
	kept.SetUID(service.GetUID())
	kept.SetResourceVersion(service.GetResourceVersion())
	spec, _, err := unstructured.NestedMap(service.Object, "spec")
	if err != nil {
		return nil, err
	}
	slim := map[string]any{}
	for _, field := range []string{"type", "clusterIP", "selector", "ports"} {
		if value, ok := spec[field]; ok {
			slim[field] = value
		}
	}
	kept.Object["spec"] = slim
	return kept, nil
}

// othersServiceChanged lets through Services that the operator did not make, when they come, go or lead elsewhere.
func othersServiceChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return !ours(e.Object) },
		DeleteFunc: func(e event.DeleteEvent) bool { return !ours(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*unstructured.Unstructured)
			after, too := e.ObjectNew.(*unstructured.Unstructured)
			return !ok || !too || !(ours(before) && ours(after)) && !equality.Semantic.DeepEqual(before.Object["spec"], after.Object["spec"])
		},
	}
}

// dataAPIsOf are the government data APIs behind a Service.
func dataAPIsOf(ctx context.Context, reader client.Reader, service client.Object) []string {
	var apis v1alpha1.GovernmentDataAPIList
	if err := reader.List(ctx, &apis, client.MatchingFields{serviceIndex: client.ObjectKeyFromObject(service).String()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list government data APIs of a Service")
		return nil
	}
	var names []string
	for i := range apis.Items {
		names = append(names, apis.Items[i].Name)
	}
	return names
}

// dataServiceRequests are the applications whose government data is behind a Service.
func (r *ApplicationReconciler) dataServiceRequests(ctx context.Context, o client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, name := range dataAPIsOf(ctx, r.Client, o) {
		requests = append(requests, r.onDataAPI(ctx, name)...)
	}
	return requests
}

func (r *ApplicationReconciler) dataAPIRequests(ctx context.Context, o client.Object) []reconcile.Request {
	return r.onDataAPI(ctx, o.GetName())
}
