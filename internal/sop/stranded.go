// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// elsewhere is true when no node of a provider reaches the volume of a component here. A volume that every node reaches, or that is
// not bound yet, is taken to be where the policy's storage class puts it.
func (o ObservedStage) elsewhere(component v1alpha1.Component, nodes ProviderNodes) bool {
	reachable := o.VolumeNodes[component.Name]
	if component.Storage == nil || reachable == nil || len(nodes.Ready)+len(nodes.Away) == 0 {
		return false
	}
	selector, err := nodeaffinity.NewNodeSelector(reachable)
	return err != nil || !slices.ContainsFunc(slices.Concat(nodes.Ready, nodes.Away), func(n Node) bool {
		return selector.Match(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}})
	})
}

// stranded says that volumes lie where a release that is to come cannot reach them: its pods could not be scheduled, and those of the
// release before would be ended for them. Test's volumes keep it from being tested, and live's from being launched.
func (c *Case) stranded(release *v1alpha1.Release) (Finding, bool) {
	nodes := c.offered(release)
	for _, stage := range []struct {
		name     string
		observed ObservedStage
		outcome  Outcome
	}{{v1alpha1.TestNamespace, c.Test, Refused}, {v1alpha1.LiveNamespace, c.Live, Waiting}} {
		if stage.observed.Release == release.Name {
			continue
		}
		for _, component := range release.Spec.Components {
			if stage.observed.elsewhere(component, nodes) {
				return finding(stage.outcome, v1alpha1.ReasonVolumeStranded,
					"spec.components[%s].storage: its volume in %s lies where no node of CloudServiceProvider %s that may hold %s data reaches it, and a volume stays where it is; its data is cut over to a new volume before the release starts there, or the application stays with its provider",
					component.Name, c.Scope(stage.name).StageNamespace(), release.Spec.CloudServiceProvider, release.Spec.DataClass), true
			}
		}
	}
	return Finding{}, false
}

// gateVolumes keeps a release from being launched away from its volumes.
func gateVolumes(c *Case, release *v1alpha1.Release) Finding {
	f, _ := c.stranded(release)
	return f
}
