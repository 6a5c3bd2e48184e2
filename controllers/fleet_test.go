// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Events come twice, late, and for namespaces of every kind; the count follows what is, not what happened.
func TestFleet(t *testing.T) {
	var fleet controllers.Fleet
	events := fleet.Events()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	ctx := context.Background()
	namespace := func(n int, change func(*metav1.PartialObjectMetadata)) client.Object {
		o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("app-%d-live", n), Annotations: map[string]string{}, Labels: map[string]string{
			v1alpha1.StageLabel: v1alpha1.LiveNamespace, v1alpha1.ExposureLabel: v1alpha1.LiveNamespace,
			v1alpha1.ApplicationLabel: fmt.Sprintf("app-%d", n), v1alpha1.ApplicationNamespaceLabel: "org",
		}}}
		change(o)
		return o
	}
	well := func(*metav1.PartialObjectMetadata) {}
	lost := func(o *metav1.PartialObjectMetadata) {
		o.Annotations[v1alpha1.UnencryptedSinceAnnotation] = "2026-11-22T10:00:00Z"
	}
	hidden := func(o *metav1.PartialObjectMetadata) { lost(o); delete(o.Labels, v1alpha1.ExposureLabel) }
	inTest := func(o *metav1.PartialObjectMetadata) { lost(o); o.Labels[v1alpha1.StageLabel] = v1alpha1.TestNamespace }
	expect := func(live, unencrypted int, woken ...string) {
		t.Helper()
		if got, want := fleet.Count(), (sop.Fleet{Live: live, Unencrypted: unencrypted}); got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
		found := map[types.NamespacedName]bool{}
		for queue.Len() > 0 {
			item, _ := queue.Get()
			queue.Done(item)
			found[item.NamespacedName] = true
		}
		for _, name := range woken {
			if !found[types.NamespacedName{Namespace: "org", Name: name}] {
				t.Errorf("%s was not woken: %v", name, found)
			}
		}
		if len(found) != len(woken) {
			t.Errorf("woken %v, want %v", found, woken)
		}
	}
	create := func(o client.Object) { events.Create(ctx, event.CreateEvent{Object: o}, queue) }
	update := func(o client.Object) { events.Update(ctx, event.UpdateEvent{ObjectOld: o, ObjectNew: o}, queue) }

	create(namespace(1, well))
	create(namespace(1, well))
	create(namespace(2, well))
	create(namespace(3, hidden))
	create(namespace(4, inTest))
	expect(2, 0)
	update(namespace(1, lost))
	expect(2, 1, "app-1")
	update(namespace(1, lost))
	expect(2, 1)
	update(namespace(2, lost))
	expect(2, 2, "app-1", "app-2")
	update(namespace(2, well))
	expect(2, 1, "app-1")
	update(namespace(1, hidden))
	expect(1, 0)
	update(namespace(2, lost))
	expect(1, 1, "app-2")
	events.Delete(ctx, event.DeleteEvent{Object: namespace(2, lost)}, queue)
	expect(0, 0)
}
