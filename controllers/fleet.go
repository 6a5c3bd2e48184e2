// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
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

// requests are the applications whose routes follow from how many others lost their encryption.
func (f *Fleet) requests() []reconcile.Request {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var requests []reconcile.Request
	for _, application := range f.unencrypted {
		requests = append(requests, reconcile.Request{NamespacedName: application})
	}
	return requests
}

// Events keep the count, and wake the applications that it concerns whenever it changes.
func (f *Fleet) Events() handler.EventHandler {
	observe := func(o client.Object, gone bool, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if !f.observe(o, gone) {
			return
		}
		for _, request := range f.requests() {
			q.Add(request)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			observe(e.Object, false, q)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			observe(e.ObjectNew, false, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			observe(e.Object, true, q)
		},
	}
}

func (r *ApplicationReconciler) gatherFleet(_ context.Context, c *sop.Case) error {
	c.Fleet = r.Fleet.Count()
	return nil
}
