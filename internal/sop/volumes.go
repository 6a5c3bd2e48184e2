// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// assessVolumes refuses to declare a volume smaller than it is. Only the current spec declares: a release that ran before
// its volume grew may return, and runs on the volume as it is.
func assessVolumes(c *Case, release *v1alpha1.Release) Finding {
	for _, component := range release.Spec.Components {
		if component.Storage == nil {
			continue
		}
		for _, stage := range []struct {
			name     string
			observed ObservedStage
		}{{v1alpha1.TestNamespace, c.Test}, {v1alpha1.LiveNamespace, c.Live}} {
			size, exists := stage.observed.Volumes[component.Name]
			if exists && component.Storage.Size.Cmp(size) < 0 && release.Name == Snapshot(c.Application).Name {
				return finding(Refused, v1alpha1.ReasonStorageShrinks,
					"spec.components[%s].storage.size: %s is less than the %s of its volume in %s, and a volume never shrinks; declare at least %s",
					component.Name, component.Storage.Size.String(), size.String(), stage.name, size.String())
			}
		}
	}
	return Finding{}
}

// volumes is what the volumes of a stage take when it runs releases beside each other, with those that are kept of
// components which no longer are, or have no storage any more. A volume is never smaller than it is.
func (o ObservedStage) volumes(releases ...*v1alpha1.Release) (total resource.Quantity, kept []string) {
	sizes := map[string]resource.Quantity{}
	for _, release := range releases {
		for _, component := range release.Spec.Components {
			if component.Storage != nil {
				sizes[component.Name] = larger(sizes[component.Name], component.Storage.Size)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Volumes)) {
		if _, used := sizes[name]; !used {
			kept = append(kept, name)
		}
		sizes[name] = larger(sizes[name], o.Volumes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		total.Add(sizes[name])
	}
	return total, kept
}
