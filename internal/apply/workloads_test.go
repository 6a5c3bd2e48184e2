// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

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
	for _, kind := range []schema.GroupVersionKind{NetworkPolicyKind, StorageKind, FilesKind, StatefulSetKind, JobKind, AutoscalerKind, DisruptionKind, CertificateKind} {
		object := render.Object{Unstructured: &unstructured.Unstructured{}}
		object.SetGroupVersionKind(kind)
		object.SetName(render.DefaultDenyName)
		written = append(written, rank(object))
	}
	if !slices.IsSorted(written) || written[2] == written[3] || written[4] == written[5] {
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

// Files of an earlier release stay as long as one of its pods may be restarted.
func TestFilesInUse(t *testing.T) {
	const files = "web-files-00000001"
	deployment := func(mounts, status string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: live, name: web, generation: 2, labels: {platform.ntc.gov.pk/component: web}},
  spec: {template: {spec: {volumes: [{name: tmp, emptyDir: {}}, {name: files, configMap: {name: ` + mounts + `}}]}}}, status: {` + status + `}}`
	}
	const rolledOut = "observedGeneration: 2, replicas: 2, updatedReplicas: 2"
	for name, row := range map[string]struct {
		workload string
		want     bool
	}{
		"no workload":                  {`{apiVersion: v1, kind: Service, metadata: {namespace: live, name: web}}`, false},
		"named":                        {deployment(files, rolledOut), true},
		"old pods remain":              {deployment("web-files-00000002", "observedGeneration: 2, replicas: 3, updatedReplicas: 1"), true},
		"the rollout was not seen yet": {deployment("web-files-00000002", "observedGeneration: 1, replicas: 2, updatedReplicas: 2"), true},
		"rolled out":                   {deployment("web-files-00000002", rolledOut), false},
		"another component's":          {`{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: live, name: api, generation: 2, labels: {platform.ntc.gov.pk/component: api}}}`, false},
		"another stage's":              {`{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: test, name: web, generation: 2, labels: {platform.ntc.gov.pk/component: web}}}`, false},
		"a run of an earlier schedule": {`{apiVersion: batch/v1, kind: CronJob, metadata: {namespace: live, name: web, labels: {platform.ntc.gov.pk/component: web}}, status: {active: [{name: web-1}]}}`, true},
		"a schedule that rests":        {`{apiVersion: batch/v1, kind: CronJob, metadata: {namespace: live, name: web, labels: {platform.ntc.gov.pk/component: web}}}`, false},
		"named by a schedule": {`{apiVersion: batch/v1, kind: CronJob, metadata: {namespace: live, name: web, labels: {platform.ntc.gov.pk/component: web}},
  spec: {jobTemplate: {spec: {template: {spec: {volumes: [{name: files, configMap: {name: ` + files + `}}]}}}}}}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			workload := unstructured.Unstructured{}
			content, err := yaml.YAMLToJSON([]byte(row.workload))
			if err != nil {
				t.Fatal(err)
			}
			if err := workload.UnmarshalJSON(content); err != nil {
				t.Fatal(err)
			}
			configMap := &unstructured.Unstructured{}
			configMap.SetNamespace("live")
			configMap.SetName(files)
			configMap.SetLabels(map[string]string{v1alpha1.ComponentLabel: "web"})
			if got := filesInUse(&sop.Case{Children: []unstructured.Unstructured{workload}}, configMap); got != row.want {
				t.Errorf("in use: %v", got)
			}
		})
	}
}
