// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// recordLaunch writes on a Release when it first was live, once: where the cache is behind, what was written first stays.
func (a *Applier) recordLaunch(ctx context.Context, c *sop.Case, plan sop.Plan) error {
	for i := range c.Releases {
		if plan.Launched == "" || c.Releases[i].Name != plan.Launched {
			continue
		}
		before := &c.Releases[i]
		release := before.DeepCopy()
		if release.Annotations == nil {
			release.Annotations = map[string]string{}
		}
		release.Annotations[v1alpha1.LaunchedAnnotation] = c.Now.UTC().Format(time.RFC3339)
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		err := a.Client.Patch(ctx, release, patch, client.FieldOwner(render.FieldOwner))
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return fmt.Errorf("record the launch on Release %s/%s: %w", release.Namespace, release.Name, err)
		}
	}
	return nil
}

// forget deletes the releases that nobody can need any more.
func (a *Applier) forget(ctx context.Context, c *sop.Case, plan sop.Plan) error {
	for i := range c.Releases {
		release := &c.Releases[i]
		if !slices.Contains(plan.Releases, release.Name) || release.DeletionTimestamp != nil {
			continue
		}
		uid := release.UID
		if err := a.Client.Delete(ctx, release, client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete Release %s/%s: %w", release.Namespace, release.Name, err)
		}
	}
	return nil
}
