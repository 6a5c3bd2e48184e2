// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// gather reads everything that the rules may see, from the cache. It returns nil when the application is gone.
func (r *ApplicationReconciler) gather(ctx context.Context, key types.NamespacedName) (*sop.Case, error) {
	app := &v1alpha1.ThirdPartyApplication{}
	if err := r.Client.Get(ctx, key, app); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	c := &sop.Case{Now: r.Clock.Now(), Application: app, Ingress: sop.ObservedIngress{}}
	for _, read := range []func(context.Context, *sop.Case) error{
		r.gatherDeclared, r.gatherFleet, r.gatherProviders, r.gatherDataAPIs, r.gatherDataServices, r.gatherExemptions, r.gatherBreaches, r.gatherNodes, r.gatherCanary,
		r.gatherChildren, r.gatherClaims, r.gatherStages, r.gatherIngress, r.gatherIstio, r.gatherGuards,
	} {
		if err := read(ctx, c); err != nil {
			return nil, fmt.Errorf("gather %s: %w", key, err)
		}
	}
	return c, nil
}

func (r *ApplicationReconciler) gatherDeclared(ctx context.Context, c *sop.Case) error {
	app := c.Application
	namespace, err := r.namespace(ctx, app.Namespace)
	if err != nil {
		return err
	}
	if namespace != nil {
		c.Organization = namespace.Labels[v1alpha1.OrganizationLabel]
	}
	if c.Policy, err = deploymentPolicy(ctx, r.Client); err != nil {
		return err
	}
	c.Ingress.MissingKinds = r.missing(c.Policy)
	var releases v1alpha1.ReleaseList
	if err := r.Client.List(ctx, &releases, client.InNamespace(app.Namespace), client.MatchingFields{apply.ApplicationIndex: app.Name}); err != nil {
		return err
	}
	var signOffs v1alpha1.SignOffList
	if err := r.Client.List(ctx, &signOffs, client.InNamespace(app.Namespace), client.MatchingFields{apply.ApplicationIndex: app.Name}); err != nil {
		return err
	}
	var violations v1alpha1.PolicyViolationList
	if err := r.Client.List(ctx, &violations, client.MatchingFields{apply.ApplicationIndex: app.Namespace + "/" + app.Name}); err != nil {
		return err
	}
	c.Releases, c.SignOffs, c.Violations = releases.Items, signOffs.Items, violations.Items
	return nil
}

func (r *ApplicationReconciler) gatherChildren(ctx context.Context, c *sop.Case) error {
	key := c.Application.Namespace + "/" + c.Application.Name
	for _, kind := range apply.Children() {
		if slices.Contains(r.MissingKinds, kind.GroupKind().String()) {
			continue
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := r.Client.List(ctx, list, client.MatchingFields{apply.ApplicationIndex: key}); err != nil {
			return err
		}
		c.Children = append(c.Children, list.Items...)
	}
	return nil
}

// namespace is a namespace's metadata; nil when it does not exist.
func (r *ApplicationReconciler) namespace(ctx context.Context, name string) (*metav1.PartialObjectMetadata, error) {
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(apply.NamespaceKind)
	if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return namespace, nil
}
