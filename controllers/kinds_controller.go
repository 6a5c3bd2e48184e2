// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// MissingKinds are those of RequiredKinds that the cluster does not serve.
func MissingKinds(mapper meta.RESTMapper) ([]string, error) {
	var missing []string
	for _, kind := range RequiredKinds() {
		switch _, err := mapper.RESTMapping(kind.GroupKind(), kind.Version); {
		case meta.IsNoMatchError(err):
			missing = append(missing, kind.GroupKind().String())
		case err != nil:
			return nil, err
		}
	}
	return missing, nil
}

// KindsReconciler restarts the operator once a kind appears that was missing when it started: a watch cannot be begun on
// a kind that is not served.
type KindsReconciler struct {
	Missing []string
	Restart func()
}

// Reconcile restarts the operator when the CustomResourceDefinition of a missing kind is there.
func (r *KindsReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	for _, kind := range r.Missing {
		resource, _ := meta.UnsafeGuessKindToResource(schema.ParseGroupKind(kind).WithVersion("v1"))
		if resource.GroupResource().String() == request.Name {
			ctrl.LoggerFrom(ctx).Info("a kind that was missing is served now; restarting to watch it", "kind", kind)
			r.Restart()
		}
	}
	return ctrl.Result{}, nil
}

// SetupWithManager watches CustomResourceDefinitions only while a kind is missing.
func (r *KindsReconciler) SetupWithManager(mgr ctrl.Manager) error {
	if len(r.Missing) == 0 {
		return nil
	}
	definition := metadata(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	required := predicate.NewPredicateFuncs(func(o client.Object) bool {
		return slices.ContainsFunc(RequiredKinds(), func(kind schema.GroupVersionKind) bool {
			resource, _ := meta.UnsafeGuessKindToResource(kind)
			return o.GetName() == resource.GroupResource().String()
		})
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("requiredkinds").
		WatchesMetadata(definition, mapped(func(_ context.Context, o client.Object) []ctrl.Request {
			return request("", o.GetName())
		}), builder.WithPredicates(required, appearance())).
		Complete(r)
}
