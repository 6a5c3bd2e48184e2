// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// A flag overtakes whatever waits.
func TestFlagsComeFirst(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("test")
	defer queue.ShutDown()
	for _, name := range []string{"one", "two", "three"} {
		queue.Add(request("org", name)[0])
	}
	flag := &v1alpha1.PolicyViolation{ObjectMeta: metav1.ObjectMeta{Name: "leak"}, Spec: v1alpha1.PolicyViolationSpec{
		Application: v1alpha1.ApplicationReference{Namespace: "org", Name: "flagged"},
	}}
	ahead(violationRequests).Create(t.Context(), event.CreateEvent{Object: flag}, queue)
	NewWithT(t).Eventually(queue.Len).Should(Equal(4), "the queue takes in what was added in a moment, and then orders it")
	if first, _ := queue.Get(); first.Name != "flagged" {
		t.Errorf("%s comes before the flagged application", first.Name)
	}
}

// Another try is asked for by an annotation, which changes no generation; the operator's own status reports change nothing.
func TestRetryIsSeen(t *testing.T) {
	before := &v1alpha1.ThirdPartyApplication{}
	after := before.DeepCopy()
	after.Annotations = map[string]string{v1alpha1.RetryAnnotation: "1"}
	if !retried.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
		t.Error("a request for another try goes unseen")
	}
	after.Annotations = map[string]string{"note": "1"}
	if retried.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
		t.Error("every annotation makes a pass")
	}
}
