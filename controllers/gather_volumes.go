// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// +kubebuilder:rbac:groups="",resources=persistentvolumes,verbs=get;list;watch

// observeClaim reads a claim, and which nodes reach the volume that is bound to it.
func (r *ApplicationReconciler) observeClaim(ctx context.Context, stage *sop.ObservedStage, child *unstructured.Unstructured) error {
	if child.GroupVersionKind() != apply.StorageKind {
		return nil
	}
	claim, err := typed[corev1.PersistentVolumeClaim](child)
	if err != nil {
		return err
	}
	observed := sop.ObservedClaim{Claim: render.ReadClaim(claim)}
	if observed.Nodes, err = r.reaching(ctx, claim); err != nil {
		return err
	}
	component := child.GetLabels()[v1alpha1.ComponentLabel]
	stage.Claims[component] = append(stage.Claims[component], observed)
	return nil
}

// reaching are the nodes that reach a claim's volume; nil: all do, or none is bound. A volume that says it is another claim's is none of ours.
func (r *ApplicationReconciler) reaching(ctx context.Context, claim *corev1.PersistentVolumeClaim) (*corev1.NodeSelector, error) {
	if claim.Spec.VolumeName == "" {
		return nil, nil
	}
	volume := &corev1.PersistentVolume{}
	if err := r.Client.Get(ctx, types.NamespacedName{Name: claim.Spec.VolumeName}, volume); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	of, affinity := volume.Spec.ClaimRef, volume.Spec.NodeAffinity
	if of == nil || of.Namespace != claim.Namespace || of.Name != claim.Name || affinity == nil {
		return nil, nil
	}
	return affinity.Required, nil
}

// slimVolume keeps of a volume in the cache whose it is, and which nodes reach it.
func slimVolume(object any) (any, error) {
	volume, ok := object.(*corev1.PersistentVolume)
	if !ok {
		return object, nil
	}
	slim := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: volume.Name, UID: volume.UID, ResourceVersion: volume.ResourceVersion},
		Spec:       corev1.PersistentVolumeSpec{NodeAffinity: volume.Spec.NodeAffinity},
	}
	if of := volume.Spec.ClaimRef; of != nil {
		slim.Spec.ClaimRef = &corev1.ObjectReference{Namespace: of.Namespace, Name: of.Name}
	}
	return slim, nil
}

// volumeChanged lets through what changes where data lies.
func volumeChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*corev1.PersistentVolume)
		after, too := e.ObjectNew.(*corev1.PersistentVolume)
		return !ok || !too || !equality.Semantic.DeepEqual(before.Spec, after.Spec)
	}}
}

// volumeRequests: the application in whose stage namespace a volume's claim is.
func (r *ApplicationReconciler) volumeRequests(ctx context.Context, o client.Object) []reconcile.Request {
	volume, ok := o.(*corev1.PersistentVolume)
	if !ok || volume.Spec.ClaimRef == nil {
		return nil
	}
	namespace, err := r.namespace(ctx, volume.Spec.ClaimRef.Namespace)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "read the namespace of a volume's claim", "volume", volume.Name)
		return nil
	}
	if namespace == nil {
		return nil
	}
	return childRequests(ctx, namespace)
}
