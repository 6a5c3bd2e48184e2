// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
)

// istioKinds are needed only where Istio carries the flows.
var istioKinds = []schema.GroupVersionKind{apply.PeersKind, apply.CallersKind, apply.ExternalsKind}

// WantedKinds are the kinds of others that the operator writes or watches where the cluster serves them.
func WantedKinds() []schema.GroupVersionKind { return append(RequiredKinds(), istioKinds...) }

// missing are the kinds without which nothing can be done under a policy; nil: the policy is not known.
func (r *ApplicationReconciler) missing(policy *v1alpha1.DeploymentPolicySpec) []string {
	if policy != nil && policy.Mesh.Type == v1alpha1.MeshIstio {
		return missingOf(WantedKinds(), r.MissingKinds)
	}
	return missingOf(RequiredKinds(), r.MissingKinds)
}

func missingOf(kinds []schema.GroupVersionKind, missing []string) []string {
	var out []string
	for _, kind := range kinds {
		if name := kind.GroupKind().String(); slices.Contains(missing, name) {
			out = append(out, name)
		}
	}
	return out
}

// MissingKinds are those of WantedKinds that the cluster does not serve.
func MissingKinds(mapper meta.RESTMapper) ([]string, error) {
	var missing []string
	for _, kind := range WantedKinds() {
		switch _, err := mapper.RESTMapping(kind.GroupKind(), kind.Version); {
		case meta.IsNoMatchError(err):
			missing = append(missing, kind.GroupKind().String())
		case err != nil:
			return nil, err
		}
	}
	return missing, nil
}

// KindsReconciler restarts the operator once a kind is served that was missing when it started: a watch cannot be begun
// on a kind that is not served.
type KindsReconciler struct {
	Mapper  meta.RESTMapper
	Missing []string
	Restart func()
}

// Reconcile restarts the operator when fewer kinds are missing than at its start, and looks again each second after a
// definition of their groups came.
func (r *KindsReconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	missing, err := MissingKinds(r.Mapper)
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(missing) < len(r.Missing) {
		ctrl.LoggerFrom(ctx).Info("kinds that were missing are served now; restarting to watch them", "missing", missing)
		r.Restart()
		return ctrl.Result{}, nil
	}
	// Discovery follows a definition by a moment that no event announces.
	return ctrl.Result{RequeueAfter: time.Second}, nil
}

// SetupWithManager watches CustomResourceDefinitions only while a kind is missing.
func (r *KindsReconciler) SetupWithManager(mgr ctrl.Manager) error {
	if len(r.Missing) == 0 {
		return nil
	}
	definition := metadata(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	// A definition of another group says nothing about what is missing, and would be looked at each second for ever.
	required := predicate.NewPredicateFuncs(func(o client.Object) bool {
		return slices.ContainsFunc(r.Missing, func(kind string) bool { return strings.HasSuffix(o.GetName(), "."+schema.ParseGroupKind(kind).Group) })
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("requiredkinds").
		WatchesMetadata(definition, mapped(func(_ context.Context, o client.Object) []ctrl.Request {
			return request("", o.GetName())
		}), builder.WithPredicates(required)).
		Complete(r)
}
