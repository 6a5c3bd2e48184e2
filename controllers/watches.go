// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Indexes beside apply.ApplicationIndex.
const (
	hostIndex     = "host"
	providerIndex = "provider"
)

// flagPriority puts an application with a new violation before everything else in the queue.
const flagPriority = 100

// CacheOptions hold of children only what the operator made.
func CacheOptions(missing []string) cache.Options {
	ours := labels.SelectorFromSet(labels.Set{render.ManagedByLabel: render.FieldOwner})
	options := cache.Options{ByObject: map[client.Object]cache.ByObject{
		&corev1.Node{}: {Transform: slimNode}, &corev1.PersistentVolume{}: {Transform: slimVolume},
		&admissionv1.ValidatingAdmissionPolicy{}: {Transform: slimGuard}, &admissionv1.ValidatingAdmissionPolicyBinding{}: {Transform: slimGuard},
	}}
	for _, kind := range apply.Children() {
		if !slices.Contains(othersToo, kind) && !slices.Contains(missing, kind.GroupKind().String()) {
			options.ByObject[object(kind)] = cache.ByObject{Label: ours}
		}
	}
	options.ByObject[object(apply.ServiceKind)] = cache.ByObject{Transform: slimService}
	options.ByObject[&corev1.Pod{}] = cache.ByObject{Transform: slim, Namespaces: map[string]cache.Config{
		cache.AllNamespaces: {LabelSelector: ours}, canaryNamespace: {}, mesh.RootNamespace: {LabelSelector: nodeProxies},
	}}
	return options
}

// othersToo are the kinds of which those that others made are judged too: other applications' claims, policies that weaken
// what the operator wrote, and the Services of government data APIs.
var othersToo = []schema.GroupVersionKind{apply.DomainClaimKind, apply.PeersKind, apply.CallersKind, apply.ServiceKind}

func object(kind schema.GroupVersionKind) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	return o
}

func metadata(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(kind)
	return o
}

func issuerKind(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: kind}
}

// RequiredKinds are the kinds of others that the operator cannot do without.
func RequiredKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{apply.GatewayKind, apply.HTTPRouteKind, apply.BackendTLSKind, apply.CertificateKind, issuerKind("ClusterIssuer"), issuerKind("Issuer")}
}

// Index declares what is looked up.
func (r *ApplicationReconciler) Index(ctx context.Context, indexer client.FieldIndexer) error {
	indexes := []struct {
		object client.Object
		field  string
		values client.IndexerFunc
	}{
		{&v1alpha1.Release{}, apply.ApplicationIndex, func(o client.Object) []string { return []string{o.(*v1alpha1.Release).Spec.Application} }},
		{&v1alpha1.SignOff{}, apply.ApplicationIndex, func(o client.Object) []string {
			return []string{sop.ApplicationOf(o.(*v1alpha1.SignOff).Spec.Release)}
		}},
		{&v1alpha1.PolicyViolation{}, apply.ApplicationIndex, func(o client.Object) []string {
			reference := o.(*v1alpha1.PolicyViolation).Spec.Application
			return []string{reference.Namespace + "/" + reference.Name}
		}},
		{&v1alpha1.ThirdPartyApplication{}, hostIndex, hosts},
		{&v1alpha1.ThirdPartyApplication{}, providerIndex, func(o client.Object) []string {
			return []string{o.(*v1alpha1.ThirdPartyApplication).Spec.CloudServiceProvider}
		}},
	}
	for _, index := range indexes {
		if err := indexer.IndexField(ctx, index.object, index.field, index.values); err != nil {
			return fmt.Errorf("index %T by %s: %w", index.object, index.field, err)
		}
	}
	if err := r.indexCloud(ctx, indexer); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &corev1.Pod{}, apply.ApplicationIndex, apply.ApplicationKey); err != nil {
		return fmt.Errorf("index pods: %w", err)
	}
	for _, kind := range r.children() {
		if err := indexer.IndexField(ctx, object(kind), apply.ApplicationIndex, apply.ApplicationKey); err != nil {
			return fmt.Errorf("index %s: %w", kind, err)
		}
	}
	return nil
}

func (r *ApplicationReconciler) children() []schema.GroupVersionKind {
	return slices.DeleteFunc(apply.Children(), func(kind schema.GroupVersionKind) bool {
		return slices.Contains(r.MissingKinds, kind.GroupKind().String())
	})
}

// retried lets an application through that asks for another try: no generation counts its annotation.
var retried = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetAnnotations()[v1alpha1.RetryAnnotation] != e.ObjectNew.GetAnnotations()[v1alpha1.RetryAnnotation]
	},
}

// SetupWithManager watches what can change a verdict.
func (r *ApplicationReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := r.Index(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	spec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	b := ctrl.NewControllerManagedBy(mgr).
		Named("thirdpartyapplication").
		For(&v1alpha1.ThirdPartyApplication{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, retried))).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).
		Watches(&v1alpha1.PolicyViolation{}, ahead(violationRequests)).
		Watches(&v1alpha1.Release{}, mapped(func(_ context.Context, o client.Object) []reconcile.Request {
			return request(o.GetNamespace(), o.(*v1alpha1.Release).Spec.Application)
		})).
		Watches(&v1alpha1.SignOff{}, mapped(func(_ context.Context, o client.Object) []reconcile.Request {
			return request(o.GetNamespace(), sop.ApplicationOf(o.(*v1alpha1.SignOff).Spec.Release))
		})).
		Watches(&v1alpha1.CloudServiceProvider{}, r.providerEvents(ctx), spec).
		Watches(&v1alpha1.GovernmentDataAPI{}, mapped(r.dataAPIRequests), spec).
		Watches(object(apply.ServiceKind), mapped(r.dataServiceRequests), builder.WithPredicates(othersServiceChanged())).
		Watches(&v1alpha1.NoObjectionCertificate{}, mapped(exemptionRequests), spec).
		Watches(&v1alpha1.BreachReport{}, r.breachEvents(ctx), spec).
		Watches(&corev1.Node{}, mapped(r.nodeRequests), builder.WithPredicates(nodeChanged())).
		Watches(&corev1.PersistentVolume{}, mapped(r.volumeRequests), builder.WithPredicates(volumeChanged())).
		Watches(object(apply.DomainClaimKind), mapped(r.byIndex(hostIndex))).
		Watches(&v1alpha1.DeploymentPolicy{}, mapped(r.all), spec).
		Watches(&corev1.Pod{}, mapped(childRequests), builder.WithPredicates(troubleChanged())).
		Watches(&corev1.Pod{}, mapped(r.canaryRequests), builder.WithPredicates(canaryChanged())).
		Watches(&corev1.Pod{}, mapped(r.canaryRequests), builder.WithPredicates(nodeProxyChanged())).
		WatchesMetadata(metadata(apply.NamespaceKind), mapped(r.namespaceRequests)).
		WatchesMetadata(metadata(apply.NamespaceKind), r.Fleet.Events()).
		Watches(&admissionv1.ValidatingAdmissionPolicy{}, mapped(r.all), builder.WithPredicates(guardChanged())).
		Watches(&admissionv1.ValidatingAdmissionPolicyBinding{}, mapped(r.all), builder.WithPredicates(guardChanged()))
	for _, kind := range r.children() {
		if kind == apply.QuotaKind {
			b = b.Watches(object(kind), r.QuotaEvents())
			continue
		}
		b = b.Watches(object(kind), mapped(childRequests))
	}
	if len(missingOf(RequiredKinds(), r.MissingKinds)) == 0 {
		b = b.Watches(object(apply.GatewayKind), r.gatewayEvents()).
			WatchesMetadata(metadata(issuerKind("ClusterIssuer")), mapped(r.all), builder.WithPredicates(appearance())).
			WatchesMetadata(metadata(issuerKind("Issuer")), mapped(r.all), builder.WithPredicates(appearance()))
	}
	for _, kind := range []schema.GroupVersionKind{apply.PeersKind, apply.CallersKind} {
		if !slices.Contains(r.MissingKinds, kind.GroupKind().String()) {
			b = b.Watches(object(kind), mapped(r.istioRequests))
		}
	}
	return b.Complete(r)
}

func mapped(f handler.MapFunc) handler.EventHandler { return handler.EnqueueRequestsFromMapFunc(f) }

// appearance lets through only that something came or went.
func appearance() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}
}

// troubleChanged lets through pods that begin to say why they do not run, or stop saying it, those that start or whose
// sidecar does, and those that are gone: a cut-over waits for the last pod of its component.
func troubleChanged() predicate.Predicate {
	troubled := func(o client.Object) bool { return trouble(o.(*corev1.Pod)) != "" }
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return troubled(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, after := observedPod(e.ObjectOld.(*corev1.Pod)), observedPod(e.ObjectNew.(*corev1.Pod))
			return before.Trouble != after.Trouble || before.Restarts != after.Restarts || before.Started != after.Started || before.Sidecar != after.Sidecar ||
				!maps.Equal(before.Istio.Annotations, after.Istio.Annotations)
		},
	}
}

func request(namespace, name string) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}}
}

func violationRequests(o client.Object) []reconcile.Request {
	reference := o.(*v1alpha1.PolicyViolation).Spec.Application
	return request(reference.Namespace, reference.Name)
}

// ahead puts the requests of an object at the head of the queue.
func ahead(requests func(client.Object) []reconcile.Request) handler.EventHandler {
	enqueue := func(o client.Object, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		priority := flagPriority
		for _, item := range requests(o) {
			if queue, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
				queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, item)
				continue
			}
			q.Add(item)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
	}
}

func childRequests(_ context.Context, o client.Object) []reconcile.Request {
	application := o.GetLabels()[v1alpha1.ApplicationLabel]
	if application == "" {
		return nil
	}
	return request(o.GetLabels()[v1alpha1.ApplicationNamespaceLabel], application)
}

// namespaceRequests: of a managed namespace its application, of an organization's all applications in it.
func (r *ApplicationReconciler) namespaceRequests(ctx context.Context, o client.Object) []reconcile.Request {
	if requests := childRequests(ctx, o); requests != nil {
		return requests
	}
	return r.list(ctx, client.InNamespace(o.GetName()))
}

func (r *ApplicationReconciler) byIndex(index string) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.list(ctx, client.MatchingFields{index: o.GetName()})
	}
}

func (r *ApplicationReconciler) all(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.list(ctx)
}

func (r *ApplicationReconciler) list(ctx context.Context, options ...client.ListOption) []reconcile.Request {
	var apps v1alpha1.ThirdPartyApplicationList
	if err := r.Client.List(ctx, &apps, options...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list applications to wake")
		return nil
	}
	var requests []reconcile.Request
	for i := range apps.Items {
		requests = append(requests, request(apps.Items[i].Namespace, apps.Items[i].Name)...)
	}
	return requests
}
