// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// bookings are what applications have booked with each provider, and who waits for room there. They follow the quotas of the
// stage namespaces event by event, so that a pass reads a sum, however many applications there are. The zero value is empty.
type bookings struct {
	mu      sync.Mutex
	quotas  map[types.NamespacedName]map[string]quota
	sums    map[string]sop.Compute
	waiting map[string]map[types.NamespacedName]bool
}

// quota is that of one stage: with which provider it is booked, and how much.
type quota struct {
	provider string
	amount   sop.Compute
}

// of is what the others have booked with a provider, and what the application itself has. The application waits for room there
// from the same instant on, so that room which comes free during its pass wakes it.
func (b *bookings) of(app types.NamespacedName, provider string) (others, own sop.Compute) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[string]map[types.NamespacedName]bool{}
	}
	if b.waiting[provider] == nil {
		b.waiting[provider] = map[types.NamespacedName]bool{}
	}
	b.waiting[provider][app] = true
	own = booked(b.quotas[app], provider)
	others.Add(b.sums[provider])
	others.Subtract(own)
	return others, own
}

// leave ends an application's waiting.
func (b *bookings) leave(app types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for provider := range b.waiting {
		delete(b.waiting[provider], app)
		if len(b.waiting[provider]) == 0 {
			delete(b.waiting, provider)
		}
	}
}

// set takes in the quota of a stage; one without a provider books nothing. It returns who waits for room that came free.
func (b *bookings) set(app types.NamespacedName, stage string, q quota) []types.NamespacedName {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, after := b.quotas[app], maps.Clone(b.quotas[app])
	if after == nil {
		after = map[string]quota{}
	}
	after[stage] = q
	if q.provider == "" {
		delete(after, stage)
	}
	var woken []types.NamespacedName
	for _, provider := range slices.Compact(slices.Sorted(slices.Values([]string{before[stage].provider, q.provider}))) {
		if provider != "" && b.change(provider, booked(before, provider), booked(after, provider)) {
			woken = append(woken, slices.Collect(maps.Keys(b.waiting[provider]))...)
		}
	}
	if b.quotas == nil {
		b.quotas = map[types.NamespacedName]map[string]quota{}
	}
	b.quotas[app] = after
	if len(after) == 0 {
		delete(b.quotas, app)
	}
	return woken
}

// change replaces a part of a provider's sum. It is true when there is more room than before.
func (b *bookings) change(provider string, before, after sop.Compute) bool {
	var sum sop.Compute
	sum.Add(b.sums[provider])
	sum.Subtract(before)
	sum.Add(after)
	if b.sums == nil {
		b.sums = map[string]sop.Compute{}
	}
	b.sums[provider] = sum
	return after.Less(before)
}

func booked(stages map[string]quota, provider string) sop.Compute {
	amount := func(stage string) sop.Compute {
		if q := stages[stage]; q.provider == provider {
			return q.amount
		}
		return sop.Compute{}
	}
	return sop.Booking(amount(v1alpha1.TestNamespace), amount(v1alpha1.LiveNamespace))
}

// QuotaEvents keep the bookings, and wake a quota's application and those that wait for the room it gives up.
func (r *ApplicationReconciler) QuotaEvents() handler.EventHandler {
	return counted(r.bookings.see, mapped(childRequests))
}

// see takes in a quota that came, changed or went. One that is not where the operator puts it books nothing.
func (b *bookings) see(ctx context.Context, o client.Object, gone bool) []types.NamespacedName {
	scope := render.Scope{Namespace: o.GetLabels()[v1alpha1.ApplicationNamespaceLabel], Application: o.GetLabels()[v1alpha1.ApplicationLabel]}
	for _, scope.Stage = range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
		if o.GetName() != render.HardwareQuota || o.GetNamespace() != scope.StageNamespace() {
			continue
		}
		var q quota
		if provider := o.GetLabels()[v1alpha1.ProviderLabel]; provider != "" && !gone {
			amount, err := quotaAmount(o)
			if err != nil {
				ctrl.LoggerFrom(ctx).Error(err, "read a quota", "namespace", o.GetNamespace())
				return nil
			}
			q = quota{provider, amount}
		}
		return b.set(types.NamespacedName{Namespace: scope.Namespace, Name: scope.Application}, scope.Stage, q)
	}
	return nil
}

func quotaAmount(o client.Object) (sop.Compute, error) {
	child, ok := o.(*unstructured.Unstructured)
	if !ok {
		return sop.Compute{}, fmt.Errorf("a quota is read as %T", o)
	}
	q, err := typed[corev1.ResourceQuota](child)
	return sop.Compute{CPU: q.Spec.Hard[corev1.ResourceRequestsCPU], Memory: q.Spec.Hard[corev1.ResourceLimitsMemory]}, err
}
