// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// What an application kept must survive every pass, also one whose plan is empty.
func TestVolumesAreNotPruned(t *testing.T) {
	if slices.Contains(pruned(), StorageKind) {
		t.Error("volumes are pruned")
	}
	if !slices.Contains(Children(), StorageKind) {
		t.Error("volumes are not gathered")
	}
}

// What a workload needs is there before it, and what brings pods back goes before them.
func TestOrder(t *testing.T) {
	var written []int
	for _, kind := range []schema.GroupVersionKind{NetworkPolicyKind, StorageKind, FilesKind, CertificateKind, StatefulSetKind, JobKind, AutoscalerKind, DisruptionKind} {
		object := render.Object{Unstructured: &unstructured.Unstructured{}}
		object.SetGroupVersionKind(kind)
		object.SetName(render.DefaultDenyName)
		written = append(written, rank(object))
	}
	if !slices.IsSorted(written) || written[3] == written[4] || written[5] == written[6] {
		t.Errorf("written in order %v", written)
	}
	for _, pair := range [][2]int{
		{slices.Index(pruned(), AutoscalerKind), slices.Index(pruned(), DeploymentKind)},
		{slices.Index(pruned(), CronJobKind), slices.Index(pruned(), JobKind)},
		{slices.Index(pruned(), StatefulSetKind), slices.Index(pruned(), FilesKind)},
		{slices.Index(pruned(), FilesKind), slices.Index(pruned(), NetworkPolicyKind)},
	} {
		if pair[0] < 0 || pair[0] > pair[1] {
			t.Errorf("pruned in order %v", pruned())
		}
	}
}

func TestEvidenceIsNoChild(t *testing.T) {
	c := &sop.Case{Application: &v1alpha1.ThirdPartyApplication{}}
	c.Application.Namespace, c.Application.Name = "sehat-digital", "health-portal"
	a := &Applier{EvidenceNamespace: "govpk-evidence"}
	evidence := a.evidenceMap(c, "leak", "leak-0", nil)
	if key := ApplicationKey(evidence); key != nil {
		t.Errorf("evidence is a child of %v, and would be pruned with it", key)
	}
	if evidence.Labels[v1alpha1.ApplicationLabel] != "health-portal" || evidence.Labels[v1alpha1.OfflineLabel] != "leak" {
		t.Errorf("labels %v", evidence.Labels)
	}
}
