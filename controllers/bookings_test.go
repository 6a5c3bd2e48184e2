// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

func applicationKey(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "org", Name: name}
}

// newQuota is the quota of a stage as the operator writes it.
func newQuota(app, stage, provider, cpu, memory string) client.Object {
	scope := render.Scope{Organization: "org", Namespace: "org", Application: app, Stage: stage}
	return render.ResourceQuota(scope, provider, resource.MustParse(cpu), resource.MustParse(memory), resource.MustParse("0")).Unstructured
}

func requireBooked(t *testing.T, b *bookings, app, provider, others, own string) {
	t.Helper()
	gotOthers, gotOwn := b.of(applicationKey(app), provider)
	if gotOthers.String() != others || gotOwn.String() != own {
		t.Errorf("%s with %s: others have booked %s and it has %s; want %s and %s", app, provider, gotOthers, gotOwn, others, own)
	}
}

const nothing = "0 cpu and 0 memory"

func TestBookings(t *testing.T) {
	test := func(app, provider, cpu, memory string) client.Object {
		return newQuota(app, v1alpha1.TestNamespace, provider, cpu, memory)
	}
	live := func(app, provider, cpu, memory string) client.Object {
		return newQuota(app, v1alpha1.LiveNamespace, provider, cpu, memory)
	}
	elsewhere := test("a", "one", "4", "1Gi")
	elsewhere.SetNamespace("other")
	another := test("a", "one", "4", "1Gi")
	another.SetName("another")
	nobody := test("a", "one", "4", "1Gi")
	nobody.SetLabels(map[string]string{v1alpha1.ProviderLabel: "one"})
	for name, row := range map[string]struct {
		seen, gone []client.Object
		others     string
		own        string
	}{
		"nothing":                                {others: nothing, own: nothing},
		"in test, it may be launched":            {seen: []client.Object{test("a", "one", "2", "1Gi")}, others: "4 cpu and 2Gi memory", own: nothing},
		"live":                                   {seen: []client.Object{test("a", "one", "2", "1Gi"), live("a", "one", "2", "1Gi")}, others: "4 cpu and 2Gi memory", own: nothing},
		"seen again":                             {seen: []client.Object{test("a", "one", "2", "1Gi"), test("a", "one", "2", "1Gi")}, others: "4 cpu and 2Gi memory", own: nothing},
		"changed":                                {seen: []client.Object{test("a", "one", "2", "1Gi"), test("a", "one", "3", "1Gi")}, others: "6 cpu and 2Gi memory", own: nothing},
		"test gone, live stays":                  {seen: []client.Object{test("a", "one", "2", "1Gi"), live("a", "one", "2", "1Gi")}, gone: []client.Object{test("a", "one", "2", "1Gi")}, others: "2 cpu and 1Gi memory", own: nothing},
		"gone":                                   {seen: []client.Object{test("a", "one", "2", "1Gi")}, gone: []client.Object{test("a", "one", "2", "1Gi")}, others: nothing, own: nothing},
		"gone twice":                             {seen: []client.Object{test("a", "one", "2", "1Gi")}, gone: []client.Object{test("a", "one", "2", "1Gi"), test("a", "one", "2", "1Gi")}, others: nothing, own: nothing},
		"another provider":                       {seen: []client.Object{test("a", "two", "2", "1Gi")}, others: nothing, own: nothing},
		"moved to another provider":              {seen: []client.Object{test("a", "one", "2", "1Gi"), test("a", "two", "2", "1Gi")}, others: nothing, own: nothing},
		"a stage that runs nothing":              {seen: []client.Object{test("a", "one", "2", "1Gi"), test("a", "", "2", "1Gi")}, others: nothing, own: nothing},
		"two applications":                       {seen: []client.Object{test("a", "one", "2", "1Gi"), test("b", "one", "1", "512Mi")}, others: "6 cpu and 3Gi memory", own: nothing},
		"its own":                                {seen: []client.Object{test("a", "one", "2", "1Gi"), test("me", "one", "1", "512Mi")}, others: "4 cpu and 2Gi memory", own: "2 cpu and 1Gi memory"},
		"beyond 64 bits, and back":               {seen: []client.Object{test("a", "one", "9223372036854775807", "9223372036854775807Gi"), test("a", "one", "1", "1Gi")}, others: "2 cpu and 2Gi memory", own: nothing},
		"a quota that is not where the stage is": {seen: []client.Object{elsewhere}, others: nothing, own: nothing},
		"a quota of another name":                {seen: []client.Object{another}, others: nothing, own: nothing},
		"a quota that says nothing of whose it is": {seen: []client.Object{nobody}, others: nothing, own: nothing},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bookings{}
			for _, quota := range row.seen {
				b.see(t.Context(), quota, false)
			}
			for _, quota := range row.gone {
				b.see(t.Context(), quota, true)
			}
			requireBooked(t, b, "me", "one", row.others, row.own)
			requireBooked(t, b, "me", "one", row.others, row.own)
		})
	}
}

// Whoever waits for room at a provider is woken when some comes free there, and nobody else is.
func TestWhoWaitsForRoomIsWoken(t *testing.T) {
	for name, row := range map[string]struct {
		before, after client.Object
		gone          bool
		want          []string
	}{
		"a quota goes":              {before: newQuota("a", "test", "one", "2", "1Gi"), after: newQuota("a", "test", "one", "2", "1Gi"), gone: true, want: []string{"other", "waiting"}},
		"less cpu":                  {before: newQuota("a", "test", "one", "2", "1Gi"), after: newQuota("a", "test", "one", "1900m", "1Gi"), want: []string{"other", "waiting"}},
		"less memory, but more cpu": {before: newQuota("a", "test", "one", "2", "1Gi"), after: newQuota("a", "test", "one", "3", "1023Mi"), want: []string{"other", "waiting"}},
		"away from the provider":    {before: newQuota("a", "test", "one", "2", "1Gi"), after: newQuota("a", "test", "two", "2", "1Gi"), want: []string{"other", "waiting"}},
		"more":                      {before: newQuota("a", "test", "one", "2", "1Gi"), after: newQuota("a", "test", "one", "3", "1Gi")},
		"the same, as status says":  {before: newQuota("a", "test", "one", "2", "1Gi"), after: newQuota("a", "test", "one", "2", "1Gi")},
		"elsewhere":                 {before: newQuota("a", "test", "two", "2", "1Gi"), after: newQuota("a", "test", "two", "2", "1Gi"), gone: true, want: []string{"elsewhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &ApplicationReconciler{}
			queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
			defer queue.ShutDown()
			events := r.QuotaEvents()
			events.Create(t.Context(), event.CreateEvent{Object: row.before}, queue)
			drained(queue)
			for app, provider := range map[string]string{"waiting": "one", "other": "one", "served": "one", "elsewhere": "two"} {
				r.bookings.of(applicationKey(app), provider)
			}
			r.bookings.leave(applicationKey("served"))
			if row.gone {
				events.Delete(t.Context(), event.DeleteEvent{Object: row.after}, queue)
			} else {
				events.Update(t.Context(), event.UpdateEvent{ObjectOld: row.before, ObjectNew: row.after}, queue)
			}
			if got, want := drained(queue), append([]string{"a"}, row.want...); !slices.Equal(got, want) {
				t.Errorf("woken: %v, want %v", got, want)
			}
		})
	}
}

func drained(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) []string {
	var names []string
	for queue.Len() > 0 {
		item, _ := queue.Get()
		names = append(names, item.Name)
		queue.Done(item)
	}
	slices.Sort(names)
	return names
}
