// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

func newService(labels map[string]string, spec map[string]any) *unstructured.Unstructured {
	service := object(apply.ServiceKind)
	service.SetNamespace("nadra")
	service.SetName("verification")
	service.SetResourceVersion("7")
	service.SetLabels(labels)
	service.SetAnnotations(map[string]string{"note": "long"})
	service.Object["spec"] = spec
	return service
}

var (
	owned = map[string]string{render.ManagedByLabel: render.FieldOwner, v1alpha1.ApplicationLabel: "app", v1alpha1.ApplicationNamespaceLabel: "org"}
	spec  = map[string]any{"type": "ClusterIP", "clusterIP": "10.96.7.7", "sessionAffinity": "None", "selector": map[string]any{"app": "verification"}}
)

// Of what others made the cache keeps where it leads, and nothing by which it could be taken for the operator's.
func TestSlimService(t *testing.T) {
	kept, err := slimService(newService(owned, spec))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newService(owned, spec), kept); diff != "" {
		t.Errorf("the operator's own is compared whole: %s", diff)
	}
	for _, labels := range []map[string]string{nil, {v1alpha1.ApplicationLabel: "app", v1alpha1.ApplicationNamespaceLabel: "org"}, {render.ManagedByLabel: "Helm"}} {
		kept, err := slimService(newService(labels, spec))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"namespace": "nadra", "name": "verification", "resourceVersion": "7"},
			"spec": map[string]any{"type": "ClusterIP", "clusterIP": "10.96.7.7", "selector": map[string]any{"app": "verification"}},
		}
		delete(kept.(*unstructured.Unstructured).Object["metadata"].(map[string]any), "uid")
		if diff := cmp.Diff(want, kept.(*unstructured.Unstructured).Object); diff != "" {
			t.Errorf("%v: %s", labels, diff)
		}
		if keys := apply.ApplicationKey(kept.(client.Object)); keys != nil {
			t.Errorf("%v: somebody else's Service is taken for %v's", labels, keys)
		}
	}
}

func TestOthersServiceChanged(t *testing.T) {
	changed := othersServiceChanged()
	other := map[string]any{"clusterIP": "10.96.7.8"}
	if changed.Create(event.CreateEvent{Object: newService(owned, spec)}) || changed.Delete(event.DeleteEvent{Object: newService(owned, spec)}) ||
		changed.Update(event.UpdateEvent{ObjectOld: newService(owned, spec), ObjectNew: newService(owned, other)}) {
		t.Error("the operator's own Services lead to no government data")
	}
	if !changed.Create(event.CreateEvent{Object: newService(nil, spec)}) || !changed.Delete(event.DeleteEvent{Object: newService(nil, spec)}) ||
		!changed.Update(event.UpdateEvent{ObjectOld: newService(nil, spec), ObjectNew: newService(nil, other)}) {
		t.Error("a change goes unseen")
	}
	if changed.Update(event.UpdateEvent{ObjectOld: newService(nil, spec), ObjectNew: newService(map[string]string{"a": "b"}, spec)}) {
		t.Error("a label makes a pass")
	}
}
