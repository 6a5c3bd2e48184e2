// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// canaryNamespace is that of config/canary. Whoever may write there could make the canary lie: RBAC keeps it to the installation.
const canaryNamespace = "govpk-canary"

// gatherCanary reads two pods of each node, from the cache.
func (r *ApplicationReconciler) gatherCanary(ctx context.Context, c *sop.Case) error {
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.InNamespace(canaryNamespace), client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	for i := range pods.Items {
		if pod, ok := canaryPod(&pods.Items[i]); ok {
			c.Canary = append(c.Canary, pod)
		}
	}
	return nil
}

// canaryPod is what a pod of the canary says; it says nothing before it has a node.
func canaryPod(pod *corev1.Pod) (sop.CanaryPod, bool) {
	if pod.Namespace != canaryNamespace || pod.Spec.NodeName == "" {
		return sop.CanaryPod{}, false
	}
	observed := sop.CanaryPod{Node: pod.Spec.NodeName, Name: pod.Name, Ready: map[string]bool{}}
	for _, container := range pod.Status.ContainerStatuses {
		if container.State.Running != nil {
			observed.Ready[container.Name] = container.Ready
		}
	}
	return observed, true
}

// canaryChanged lets through what changes a verdict of the canary, and nothing else that happens to its pods. When the operator
// starts every application has a pass of its own anyway.
func canaryChanged() predicate.Predicate {
	says := func(o client.Object) bool {
		pod, ok := canaryPod(o.(*corev1.Pod))
		return ok && len(pod.Ready) > 0
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return !e.IsInInitialList && says(e.Object) },
		DeleteFunc: func(e event.DeleteEvent) bool { return says(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, was := canaryPod(e.ObjectOld.(*corev1.Pod))
			after, is := canaryPod(e.ObjectNew.(*corev1.Pod))
			return was != is || !reflect.DeepEqual(before, after)
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// canaryRequests are the applications of the providers that attest the pod's node.
func (r *ApplicationReconciler) canaryRequests(ctx context.Context, o client.Object) []reconcile.Request {
	node := &corev1.Node{}
	if err := r.Client.Get(ctx, types.NamespacedName{Name: o.(*corev1.Pod).Spec.NodeName}, node); err != nil {
		if client.IgnoreNotFound(err) != nil {
			ctrl.LoggerFrom(ctx).Error(err, "read the node of a canary")
		}
		return nil
	}
	return r.nodeRequests(ctx, node)
}
