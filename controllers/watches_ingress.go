// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// hosts are the hosts of an application, the names above them, which may be claimed or given up, and the wildcards over them,
// for which NTC may make a listener.
func hosts(o client.Object) []string {
	var names []string
	for _, d := range o.(*v1alpha1.ThirdPartyApplication).Spec.Domains {
		names = append(names, d.Host)
		if domain.Validate(d.Host) == nil {
			names = append(append(names, domain.Wildcard(d.Host)), domain.Ancestors(d.Host)...)
		}
	}
	return names
}

// gatewayEvents wake the applications whose listener came, went or changed, and those whose host or the wildcard over it is its
// name; when the Gateway comes, goes, gains room or gets another class, everybody, since any may be waiting for that.
func (r *ApplicationReconciler) gatewayEvents() handler.EventHandler {
	add := func(q workqueue.TypedRateLimitingInterface[reconcile.Request], requests []reconcile.Request) {
		for _, item := range requests {
			q.Add(item)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, _ event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(q, r.list(ctx))
		},
		DeleteFunc: func(ctx context.Context, _ event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			add(q, r.list(ctx))
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			before, after := observedListeners(e.ObjectOld), observedListeners(e.ObjectNew)
			if class(e.ObjectOld) != class(e.ObjectNew) || len(before) >= sop.MaxListeners && len(after) < len(before) {
				add(q, r.list(ctx))
				return
			}
			changed := changedListeners(before, after)
			add(q, r.withListener(ctx, changed))
			for _, listener := range changed {
				if listener.Hostname != nil {
					add(q, r.list(ctx, client.MatchingFields{hostIndex: string(*listener.Hostname)}))
				}
			}
		},
	}
}

func class(o client.Object) string {
	object, ok := o.(*unstructured.Unstructured)
	if !ok {
		return ""
	}
	name, _, _ := unstructured.NestedString(object.Object, "spec", "gatewayClassName")
	return name
}

func observedListeners(o client.Object) map[string]sop.ObservedListener {
	object, ok := o.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	var gateway gatewayv1.Gateway
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &gateway); err != nil {
		return nil
	}
	return listeners(&gateway)
}

// changedListeners are the listeners that came, went or differ, as they were and as they are, so that what somebody removes is
// repaired and what changes for one application wakes no other.
func changedListeners(before, after map[string]sop.ObservedListener) []sop.ObservedListener {
	var changed []sop.ObservedListener
	for _, pair := range [][2]map[string]sop.ObservedListener{{before, after}, {after, before}} {
		for name, listener := range pair[0] {
			if other, ok := pair[1][name]; !ok || !equality.Semantic.DeepEqual(listener, other) {
				changed = append(changed, listener)
			}
		}
	}
	return changed
}

// withListener are the applications with a listener among these.
func (r *ApplicationReconciler) withListener(ctx context.Context, listeners []sop.ObservedListener) []reconcile.Request {
	var requests []reconcile.Request
	for _, listener := range listeners {
		if listener.AllowedRoutes == nil || listener.AllowedRoutes.Namespaces == nil || listener.AllowedRoutes.Namespaces.Selector == nil {
			continue
		}
		name := listener.AllowedRoutes.Namespaces.Selector.MatchLabels[corev1.LabelMetadataName]
		if name == "" {
			continue
		}
		namespace, err := r.namespace(ctx, name)
		if err != nil || namespace == nil {
			continue
		}
		requests = append(requests, childRequests(ctx, namespace)...)
	}
	return requests
}
