// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// gatherIstio reads what may weaken the operator's own policies, where Istio carries the flows.
func (r *ApplicationReconciler) gatherIstio(ctx context.Context, c *sop.Case) error {
	if c.Policy == nil || c.Policy.Mesh.Type != v1alpha1.MeshIstio || len(c.Ingress.MissingKinds) > 0 {
		return nil
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
