// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestAvailability(t *testing.T) {
	checkClause(t, v1alpha1.ConditionInfrastructureProvisioned, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonKindMissing, v1alpha1.ReasonProviderMissing, v1alpha1.ReasonProvisioned,
		v1alpha1.ReasonNodesMissing, v1alpha1.ReasonCapacityMissing, v1alpha1.ReasonVolumeStranded,
	}, append(append(append(nodeRows(t), roomRows(t)...), strandedRows(t)...), []clauseRow{
		{
			name: "nodes for all of it", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonProvisioned,
			message: []string{"ntc-islamabad attests 2 nodes"},
		},
		{
			name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "a kind is not served", given: underAudit(t),
			change:  func(c *Case) { c.Ingress.MissingKinds = []string{"Gateway.gateway.networking.k8s.io"} },
			outcome: Refused, reason: v1alpha1.ReasonKindMissing, message: []string{"Gateway.gateway.networking.k8s.io", "NTC installs"},
		},
		{
			name: "no provider", given: underAudit(t), change: func(c *Case) { c.Providers = nil },
			outcome: Refused, reason: v1alpha1.ReasonProviderMissing,
			message: []string{"spec.cloudServiceProvider", "ntc-islamabad does not exist", "kubectl get cloudserviceproviders"},
		},
	}...))
}

func TestStageNamespace(t *testing.T) {
	for name, row := range map[string]struct {
		given    *Case
		stage    string
		offline  *Takedown
		withdraw bool
		exposed  bool
	}{
		"test is never exposed":              {given: liveCase(t), stage: v1alpha1.TestNamespace},
		"live is exposed":                    {given: liveCase(t), stage: v1alpha1.LiveNamespace, exposed: true},
		"offline is not exposed":             {given: liveCase(t), stage: v1alpha1.LiveNamespace, offline: &Takedown{Violation: "leak"}},
		"live without release is not either": {given: liveCase(t), stage: v1alpha1.LiveNamespace, withdraw: true},
	} {
		t.Run(name, func(t *testing.T) {
			target := Target{Scope: row.given.Scope(row.stage), Release: &row.given.Releases[0], Offline: row.offline}
			if row.withdraw {
				target.Release = nil
			}
			namespace := enforceAvailability(row.given, target)[0]
			labels, annotations := namespace.GetLabels(), namespace.GetAnnotations()
			if _, exposed := labels[v1alpha1.ExposureLabel]; exposed != row.exposed {
				t.Errorf("exposed is %v", exposed)
			}
			if labels["pod-security.kubernetes.io/enforce"] != "restricted" || labels[v1alpha1.OrganizationLabel] != "sehat-digital" || labels[v1alpha1.StageLabel] != row.stage {
				t.Errorf("labels %v", labels)
			}
			if _, set := labels[v1alpha1.OfflineLabel]; set {
				t.Error("label offline has an owner of its own; the namespace must not render it")
			}
			images := strings.Split(annotations[v1alpha1.ImagesAnnotation], ",")
			if !row.withdraw && (len(images) != 3 || !slices.Contains(images, sidecarImage) || !strings.Contains(annotations[v1alpha1.ImagesAnnotation], webImage)) {
				t.Errorf("images %v", images)
			}
			if row.withdraw && annotations[v1alpha1.ImagesAnnotation]+annotations[v1alpha1.ReleaseAnnotation] != "" {
				t.Errorf("annotations %v of nothing", annotations)
			}
		})
	}
}
