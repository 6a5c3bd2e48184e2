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

// volume is how large the volume of a component with storage is to be: as declared, but never smaller than it is.
func (s ObservedStage) volume(component v1alpha1.Component) resource.Quantity {
	declared := component.Storage.Size.DeepCopy()
	if size, exists := s.Volumes[component.Name]; exists {
		return larger(declared, size.DeepCopy())
	}
	return declared
}

// volumes is what the volumes of a stage take when it runs a release, with those that are kept of components which the
// release does not have, or which have no storage there.
func (s ObservedStage) volumes(release *v1alpha1.Release) (total resource.Quantity, kept []string) {
	used := map[string]bool{}
	for _, component := range release.Spec.Components {
		if component.Storage != nil {
			used[component.Name] = true
			total.Add(s.volume(component))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Volumes)) {
		if !used[name] {
			total.Add(s.Volumes[name])
			kept = append(kept, name)
		}
	}
	return total, kept
}
