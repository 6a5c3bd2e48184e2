// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What changes often wakes no provider and no application that need not look again.
func TestProviderWatches(t *testing.T) {
	stage := func(labels, annotations map[string]string) client.Object {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}}
	}
	ours := map[string]string{v1alpha1.ApplicationLabel: "health-portal"}
	runs := func(release, rolledOut string) map[string]string {
		return map[string]string{v1alpha1.ReleaseAnnotation: release, v1alpha1.RolledOutAnnotation: rolledOut, v1alpha1.ContactsAnnotation: release + rolledOut}
	}
	app := func(provider, entity string) client.Object {
		return &v1alpha1.ThirdPartyApplication{Spec: v1alpha1.ThirdPartyApplicationSpec{CloudServiceProvider: provider, PublicServiceEntity: entity}}
	}
	volume := func(change func(*corev1.PersistentVolume)) client.Object {
		v := &corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{ClaimRef: &corev1.ObjectReference{Namespace: "a", Name: "b"}}}
		change(v)
		slim, err := slimVolume(v)
		if err != nil {
			t.Fatal(err)
		}
		return slim.(client.Object)
	}
	for name, row := range map[string]struct {
		predicate     predicate.Predicate
		before, after client.Object
		wakes         bool
	}{
		"another release":             {runsAnother(), stage(ours, runs("a", "a")), stage(ours, runs("b", "a")), true},
		"rolled out":                  {runsAnother(), stage(ours, runs("b", "a")), stage(ours, runs("b", "b")), true},
		"another label":               {runsAnother(), stage(ours, nil), stage(map[string]string{v1alpha1.ApplicationLabel: "health-portal", "a": "b"}, nil), false},
		"a namespace of others":       {runsAnother(), stage(nil, runs("a", "a")), stage(nil, runs("b", "a")), false},
		"another provider":            {providerNamedAnew(), app("a", ""), app("b", ""), true},
		"another entity":              {providerNamedAnew(), app("a", "x"), app("a", "y"), false},
		"a volume is bound":           {volumeChanged(), volume(func(v *corev1.PersistentVolume) { v.Spec.ClaimRef = nil }), volume(func(*corev1.PersistentVolume) {}), true},
		"a volume is reached":         {volumeChanged(), volume(func(*corev1.PersistentVolume) {}), volume(func(v *corev1.PersistentVolume) { v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{} }), true},
		"a volume's phase":            {volumeChanged(), volume(func(*corev1.PersistentVolume) {}), volume(func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeBound }), false},
		"a volume's claim is another": {volumeChanged(), volume(func(v *corev1.PersistentVolume) { v.Spec.ClaimRef.Name = "c" }), volume(func(*corev1.PersistentVolume) {}), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row.predicate.Update(event.UpdateEvent{ObjectOld: row.before, ObjectNew: row.after}); got != row.wakes {
				t.Errorf("wakes: %v", got)
			}
		})
	}
}
