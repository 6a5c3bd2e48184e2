// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
)

// SetupWithManager watches what can change a verdict: the provider, its nodes, its breaches, the policy, and who runs there.
func (r *ProviderReconciler) SetupWithManager(mgr ctrl.Manager) error {
	spec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("cloudserviceprovider").
		For(&v1alpha1.CloudServiceProvider{}, spec).
		Watches(&v1alpha1.DeploymentPolicy{}, mapped(func(ctx context.Context, _ client.Object) []reconcile.Request {
			return r.matching(ctx, func(*v1alpha1.CloudServiceProvider) bool { return true })
		}), spec).
		Watches(&v1alpha1.BreachReport{}, mapped(func(_ context.Context, o client.Object) []reconcile.Request {
			return providerRequest(o.(*v1alpha1.BreachReport).Spec.CloudServiceProvider)
		}), spec).
		Watches(&v1alpha1.ThirdPartyApplication{}, mapped(func(_ context.Context, o client.Object) []reconcile.Request {
			return providerRequest(o.(*v1alpha1.ThirdPartyApplication).Spec.CloudServiceProvider)
		}), builder.WithPredicates(providerNamedAnew())).
		Watches(&corev1.Node{}, mapped(r.nodeRequests), builder.WithPredicates(nodeChanged())).
		WatchesMetadata(metadata(apply.NamespaceKind), mapped(r.stageRequests), builder.WithPredicates(runsAnother())).
		Complete(r)
}

func providerRequest(name string) []reconcile.Request {
	if name == "" {
		return nil
	}
	return request("", name)
}

// providerNamedAnew lets through applications that come, go, or name another provider.
func providerNamedAnew() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.ThirdPartyApplication), e.ObjectNew.(*v1alpha1.ThirdPartyApplication)
		return before.Spec.CloudServiceProvider != after.Spec.CloudServiceProvider
	}}
}

// runsAnother lets through stage namespaces that come, go, or run another release.
func runsAnother() predicate.Predicate {
	stage := func(o client.Object) bool { return o.GetLabels()[v1alpha1.ApplicationLabel] != "" }
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return stage(e.Object) },
		DeleteFunc: func(e event.DeleteEvent) bool { return stage(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, after := e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations()
			return stage(e.ObjectNew) && (before[v1alpha1.ReleaseAnnotation] != after[v1alpha1.ReleaseAnnotation] ||
				before[v1alpha1.RolledOutAnnotation] != after[v1alpha1.RolledOutAnnotation])
		},
	}
}

// stageRequests are the providers of the releases that a stage runs. Of a change both what it ran before and what it runs now are asked.
func (r *ProviderReconciler) stageRequests(ctx context.Context, namespace client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, annotation := range []string{v1alpha1.ReleaseAnnotation, v1alpha1.RolledOutAnnotation} {
		release := &v1alpha1.Release{}
		key := types.NamespacedName{Namespace: namespace.GetLabels()[v1alpha1.ApplicationNamespaceLabel], Name: namespace.GetAnnotations()[annotation]}
		if key.Name == "" {
			continue
		}
		if err := r.Client.Get(ctx, key, release); err != nil {
			if client.IgnoreNotFound(err) != nil {
				ctrl.LoggerFrom(ctx).Error(err, "read the release of a stage", "namespace", namespace.GetName())
			}
			continue
		}
		requests = append(requests, providerRequest(release.Spec.CloudServiceProvider)...)
	}
	return requests
}

// nodeRequests are the providers whose selector matches the node.
func (r *ProviderReconciler) nodeRequests(ctx context.Context, node client.Object) []reconcile.Request {
	return r.matching(ctx, func(provider *v1alpha1.CloudServiceProvider) bool {
		selector, err := metav1.LabelSelectorAsSelector(&provider.Spec.NodeSelector)
		return err == nil && selector.Matches(labels.Set(node.GetLabels()))
	})
}

func (r *ProviderReconciler) matching(ctx context.Context, wanted func(*v1alpha1.CloudServiceProvider) bool) []reconcile.Request {
	var providers v1alpha1.CloudServiceProviderList
	if err := r.Client.List(ctx, &providers); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list providers to wake")
		return nil
	}
	var requests []reconcile.Request
	for i := range providers.Items {
		if wanted(&providers.Items[i]) {
			requests = append(requests, providerRequest(providers.Items[i].Name)...)
		}
	}
	return requests
}
