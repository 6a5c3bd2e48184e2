// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// usersBy are the applications that name something, in their spec or in a release that a stage of theirs runs, as namespace/name.
// The index is one of both.
func usersBy(ctx context.Context, reader client.Reader, named client.MatchingFields) ([]string, error) {
	var apps v1alpha1.ThirdPartyApplicationList
	if err := reader.List(ctx, &apps, named, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	var users []string
	for i := range apps.Items {
		users = append(users, client.ObjectKeyFromObject(&apps.Items[i]).String())
	}
	var releases v1alpha1.ReleaseList
	if err := reader.List(ctx, &releases, named, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range releases.Items {
		runs, err := stageRuns(ctx, reader, &releases.Items[i])
		if err != nil {
			return nil, err
		}
		if runs {
			users = append(users, releases.Items[i].Namespace+"/"+releases.Items[i].Spec.Application)
		}
	}
	slices.Sort(users)
	return slices.Compact(users), nil
}

// stageRuns is true where a stage of its application runs a release, or is still on its way from it to another one.
func stageRuns(ctx context.Context, reader client.Reader, release *v1alpha1.Release) (bool, error) {
	for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
		scope := render.Scope{Namespace: release.Namespace, Application: release.Spec.Application, Stage: stage}
		namespace := metadata(apply.NamespaceKind)
		if err := reader.Get(ctx, types.NamespacedName{Name: scope.StageNamespace()}, namespace); err != nil {
			if client.IgnoreNotFound(err) != nil {
				return false, err
			}
			continue
		}
		annotations := namespace.GetAnnotations()
		if annotations[v1alpha1.ReleaseAnnotation] == release.Name || annotations[v1alpha1.RolledOutAnnotation] == release.Name {
			return true, nil
		}
	}
	return false, nil
}

// setInUse adds or removes the finalizer of what applications use. It writes only where that changes something.
func setInUse(ctx context.Context, c client.Client, object client.Object, change func(client.Object, string) bool) error {
	before, _ := object.DeepCopyObject().(client.Object)
	if !change(object, v1alpha1.InUseFinalizer) {
		return nil
	}
	return client.IgnoreNotFound(c.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}
