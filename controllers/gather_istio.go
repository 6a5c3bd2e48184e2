// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// gatherIstio reads what may weaken the operator's own policies, and where Istio runs. It does so too where another carrier is named:
// an application may still move.
func (r *ApplicationReconciler) gatherIstio(ctx context.Context, c *sop.Case) error {
	if len(missingOf(istioKinds, r.MissingKinds)) > 0 {
		return nil
	}
	if err := r.gatherNodeProxies(ctx, c); err != nil {
		return err
	}
	for _, namespace := range []string{mesh.RootNamespace, c.Scope(v1alpha1.TestNamespace).StageNamespace(), c.Scope(v1alpha1.LiveNamespace).StageNamespace()} {
		peers, policies := &unstructured.UnstructuredList{}, &unstructured.UnstructuredList{}
		peers.SetGroupVersionKind(apply.PeersKind)
		policies.SetGroupVersionKind(apply.CallersKind)
		for _, list := range []client.ObjectList{peers, policies} {
			if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
				return err
			}
		}
		for i := range peers.Items {
			peer, err := mesh.ObservedIstioPeerAuthentication(&peers.Items[i])
			if err != nil {
				return err
			}
			c.Istio.Peers = append(c.Istio.Peers, peer)
		}
		for i := range policies.Items {
			if namespace != mesh.RootNamespace && apply.ApplicationKey(&policies.Items[i]) != nil {
				continue
			}
			policy, err := mesh.ObservedIstioAuthorizationPolicy(&policies.Items[i])
			if err != nil {
				return err
			}
			c.Istio.Policies = append(c.Istio.Policies, policy)
		}
	}
	return nil
}

// nodeProxies selects Istio's proxies on the nodes.
var nodeProxies = labels.SelectorFromSet(func() labels.Set {
	set, err := labels.ConvertSelectorToLabelsMap(mesh.NodeProxyLabel)
	utilruntime.Must(err)
	return set
}())

// gatherNodeProxies reads on which nodes Istio's proxy is ready.
func (r *ApplicationReconciler) gatherNodeProxies(ctx context.Context, c *sop.Case) error {
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.InNamespace(mesh.RootNamespace), client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	for i := range pods.Items {
		if node := proxiedNode(&pods.Items[i]); node != "" {
			c.Istio.Nodes = append(c.Istio.Nodes, node)
		}
	}
	return nil
}

// proxiedNode is the node on which a pod is Istio's proxy and ready; empty: it is none, or not ready.
func proxiedNode(pod *corev1.Pod) string {
	if pod.Namespace != mesh.RootNamespace || !nodeProxies.Matches(labels.Set(pod.Labels)) || pod.DeletionTimestamp != nil || len(pod.Status.ContainerStatuses) == 0 {
		return ""
	}
	for _, container := range pod.Status.ContainerStatuses {
		if !container.Ready {
			return ""
		}
	}
	return pod.Spec.NodeName
}

// nodeProxyChanged lets through Istio's proxies that become ready: an application may wait for one to move. What it means for pods that
// one ceases to be, they say themselves.
func nodeProxyChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return !e.IsInInitialList && proxiedNode(e.Object.(*corev1.Pod)) != "" },
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, after := proxiedNode(e.ObjectOld.(*corev1.Pod)), proxiedNode(e.ObjectNew.(*corev1.Pod))
			return after != "" && after != before
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// istioRequests: a policy of the whole mesh is judged by every application, another one by that of its namespace. The
// operator's own wake their application as all children do.
func (r *ApplicationReconciler) istioRequests(ctx context.Context, o client.Object) []reconcile.Request {
	switch {
	case o.GetNamespace() == mesh.RootNamespace:
		return r.all(ctx, o)
	case childRequests(ctx, o) != nil:
		return nil
	}
	namespace, err := r.namespace(ctx, o.GetNamespace())
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "find the application of a policy's namespace", "namespace", o.GetNamespace())
	}
	if err != nil || namespace == nil {
		return nil
	}
	return childRequests(ctx, namespace)
}
