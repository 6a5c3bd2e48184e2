// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What comes, goes or moves wakes the open breaches that may concern it, and no closed one.
func TestBreachesAreWoken(t *testing.T) {
	report := func(name string, spec v1alpha1.BreachReportSpec) *v1alpha1.BreachReport {
		return &v1alpha1.BreachReport{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
	}
	portal := []v1alpha1.ApplicationReference{{Namespace: "sehat", Name: "portal"}}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	r := &BreachReconciler{Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		report("of-all", v1alpha1.BreachReportSpec{CloudServiceProvider: "ntc"}),
		report("of-portal", v1alpha1.BreachReportSpec{CloudServiceProvider: "ntc", Applications: portal}),
		report("of-other", v1alpha1.BreachReportSpec{Applications: []v1alpha1.ApplicationReference{{Namespace: "sehat", Name: "other"}}}),
		report("closed", v1alpha1.BreachReportSpec{CloudServiceProvider: "ntc", Applications: portal, Closure: &v1alpha1.BreachClosure{}}),
	).Build()}
	app := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: "sehat", Name: "portal"}}
	provider := &v1alpha1.CloudServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "ntc"}}
	for name, row := range map[string]struct {
		got  []reconcile.Request
		want []string
	}{
		"application": {r.ofApplication(t.Context(), app), []string{"of-all", "of-portal"}},
		"provider":    {r.ofProvider(t.Context(), provider), []string{"of-all", "of-portal"}},
		"policy":      {r.ofPolicy(t.Context(), &v1alpha1.DeploymentPolicy{}), []string{"of-all", "of-other", "of-portal"}},
	} {
		var got []string
		for _, request := range row.got {
			got = append(got, request.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, row.want) {
			t.Errorf("%s wakes %q, want %q", name, got, row.want)
		}
	}
}

func TestMovesAreSeen(t *testing.T) {
	before := &v1alpha1.ThirdPartyApplication{}
	for name, row := range map[string]struct {
		change func(*v1alpha1.ThirdPartyApplication)
		want   bool
	}{
		"provider":                  {func(a *v1alpha1.ThirdPartyApplication) { a.Spec.CloudServiceProvider = "another" }, true},
		"entity":                    {func(a *v1alpha1.ThirdPartyApplication) { a.Spec.PublicServiceEntity = "another" }, true},
		"release":                   {func(a *v1alpha1.ThirdPartyApplication) { a.Status.Release = "another" }, true},
		"the rest of the status":    {func(a *v1alpha1.ThirdPartyApplication) { a.Status.Stage = v1alpha1.StageLive }, false},
		"the rest of its own words": {func(a *v1alpha1.ThirdPartyApplication) { a.Spec.Launch = &v1alpha1.Launch{} }, false},
	} {
		after := before.DeepCopy()
		row.change(after)
		if got := moved.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != row.want {
			t.Errorf("%s: seen %v, want %v", name, got, row.want)
		}
	}
}
