// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Fleet counts the live applications and those of them without evidence of encryption, so that no pass has to list them. It
// follows the events of live namespaces; the zero value is ready.
type Fleet struct {
	mutex       sync.Mutex
	live        map[string]types.NamespacedName
	unencrypted map[string]types.NamespacedName
}

// Count is how many there are now.
func (f *Fleet) Count() sop.Fleet {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return sop.Fleet{Live: len(f.live), Unencrypted: len(f.unencrypted)}
}

// observe takes in a namespace as it is now, and says whether the number of applications without encryption changed.
func (f *Fleet) observe(namespace client.Object, gone bool) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.live == nil {
		f.live, f.unencrypted = map[string]types.NamespacedName{}, map[string]types.NamespacedName{}
	}
	labels, before := namespace.GetLabels(), len(f.unencrypted)
	application := types.NamespacedName{Namespace: labels[v1alpha1.ApplicationNamespaceLabel], Name: labels[v1alpha1.ApplicationLabel]}
	_, lost := namespace.GetAnnotations()[v1alpha1.UnencryptedSinceAnnotation]
	exposed := !gone && labels[v1alpha1.StageLabel] == v1alpha1.LiveNamespace && labels[v1alpha1.ExposureLabel] == v1alpha1.LiveNamespace
	set(f.live, namespace.GetName(), application, exposed)
	set(f.unencrypted, namespace.GetName(), application, exposed && lost)
	return len(f.unencrypted) != before
}

func set(m map[string]types.NamespacedName, key string, value types.NamespacedName, present bool) {
	if present {
		m[key] = value
	} else {
		delete(m, key)
	}
}

// concerned are the applications whose routes follow from how many others lost their encryption.
func (f *Fleet) concerned() []types.NamespacedName {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Collect(maps.Values(f.unencrypted))
}

// Events keep the count, and wake the applications that it concerns whenever it changes.
func (f *Fleet) Events() handler.EventHandler {
	return counted(func(_ context.Context, o client.Object, gone bool) []types.NamespacedName {
		if !f.observe(o, gone) {
			return nil
		}
		return f.concerned()
	}, handler.Funcs{})
}

// counted shows each object as it is now, or that it is gone, to what keeps a count, wakes the applications that this names, and
// then lets the next handler have the event.
func counted(see func(context.Context, client.Object, bool) []types.NamespacedName, next handler.EventHandler) handler.EventHandler {
	wake := func(ctx context.Context, o client.Object, gone bool, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		for _, application := range see(ctx, o, gone) {
			q.Add(reconcile.Request{NamespacedName: application})
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			wake(ctx, e.Object, false, q)
			next.Create(ctx, e, q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			wake(ctx, e.ObjectNew, false, q)
			next.Update(ctx, e, q)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			wake(ctx, e.Object, true, q)
			next.Delete(ctx, e, q)
		},
	}
}

func (r *ApplicationReconciler) gatherFleet(_ context.Context, c *sop.Case) error {
	c.Fleet = r.Fleet.Count()
	return nil
}
