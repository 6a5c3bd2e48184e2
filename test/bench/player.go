// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// player does what the cluster's other controllers and kubelets would, at once, for whoever wrote the objects: it rolls out,
// runs pods, issues certificates, programs listeners and accepts routes.
type player struct {
	admin client.WithWatch
	// In managed namespaces each kind is written by the account that admission knows for it.
	deployment, replicaSet, scheduler, node, certManager client.Client
	// stop ends the run: nobody must wait for what a player that failed will not do.
	stop context.CancelCauseFunc

	mu  sync.Mutex
	err error
}

func startPlayer(ctx context.Context, stop context.CancelCauseFunc, cluster *scenario.Cluster) (*player, error) {
	p := &player{admin: cluster.Admin, stop: stop}
	for account, c := range map[string]*client.Client{
		"system:serviceaccount:kube-system:deployment-controller": &p.deployment, "system:serviceaccount:kube-system:replicaset-controller": &p.replicaSet,
		"system:kube-scheduler": &p.scheduler, "system:serviceaccount:kube-system:node-controller": &p.node,
		"system:serviceaccount:cert-manager:cert-manager": &p.certManager,
	} {
		var err error
		if *c, err = cluster.As(account, "system:masters"); err != nil {
			return nil, err
		}
	}
	certificates := &unstructured.UnstructuredList{}
	certificates.SetGroupVersionKind(apply.CertificateKind)
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &gatewayv1.HTTPRouteList{}, &gatewayv1.GatewayList{}, certificates} {
		events, err := p.admin.Watch(ctx, list)
		if err != nil {
			return nil, err
		}
		go p.follow(ctx, events)
	}
	return p, nil
}

func (p *player) follow(ctx context.Context, events watch.Interface) {
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-events.ResultChan():
			if !open {
				// The API server ends a watch after half an hour at the earliest, which a run does not last.
				p.fail(errors.New("a watch of the player ended"))
				return
			}
			if event.Type == watch.Added || event.Type == watch.Modified {
				p.fail(p.play(ctx, event.Object.(client.Object)))
			}
		}
	}
}

func (p *player) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && err != nil {
		p.err = fmt.Errorf("the player of the cluster's part: %w", err)
		p.stop(p.err)
	}
}

// failed is the first thing that went wrong.
func (p *player) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *player) play(ctx context.Context, object client.Object) error {
	before := object.DeepCopyObject().(client.Object)
	switch object := object.(type) {
	case *appsv1.Deployment:
		rollOut(object)
	case *gatewayv1.HTTPRoute:
		accept(object)
	case *gatewayv1.Gateway:
		program(object)
	case *unstructured.Unstructured:
		issue(object)
	}
	err := p.report(ctx, before, object)
	if d, ok := object.(*appsv1.Deployment); ok && err == nil {
		err = p.enrol(ctx, d)
	}
	if ctx.Err() != nil || apierrors.IsConflict(err) {
		// After a conflict the newer object is on its way.
		err = nil
	}
	return client.IgnoreNotFound(err)
}

// report writes the status of an object if it changed.
func (p *player) report(ctx context.Context, before, object client.Object) error {
	if equality.Semantic.DeepEqual(before, object) {
		return nil
	}
	switch object.(type) {
	case *appsv1.Deployment:
		// Its controller may update and not patch.
		return p.deployment.Status().Update(ctx, object)
	case *unstructured.Unstructured:
		return p.certManager.Status().Patch(ctx, object, client.MergeFrom(before))
	}
	return p.admin.Status().Patch(ctx, object, client.MergeFrom(before))
}

func rollOut(d *appsv1.Deployment) {
	replicas := *d.Spec.Replicas
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
	}
}

func accept(route *gatewayv1.HTTPRoute) {
	if len(route.Status.Parents) > 0 {
		return
	}
	route.Status.Parents = []gatewayv1.RouteParentStatus{{
		ParentRef: route.Spec.ParentRefs[0], ControllerName: "traefik.io/gateway-controller",
		Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, Reason: "Accepted", LastTransitionTime: metav1.Now()}},
	}}
}

func program(gateway *gatewayv1.Gateway) {
	before := gateway.Status.Listeners
	gateway.Status.Listeners = nil
	for _, listener := range gateway.Spec.Listeners {
		status := gatewayv1.ListenerStatus{
			Name: listener.Name, SupportedKinds: []gatewayv1.RouteGroupKind{{Kind: "HTTPRoute"}},
			Conditions: []metav1.Condition{{Type: "Programmed", Status: metav1.ConditionTrue, Reason: "Programmed", LastTransitionTime: metav1.Now()}},
		}
		if i := slices.IndexFunc(before, func(s gatewayv1.ListenerStatus) bool { return s.Name == listener.Name }); i >= 0 {
			status = before[i]
		}
		gateway.Status.Listeners = append(gateway.Status.Listeners, status)
	}
}

func issue(certificate *unstructured.Unstructured) {
	ready := map[string]any{"type": "Ready", "status": "True", "reason": "Ready", "observedGeneration": certificate.GetGeneration()}
	certificate.Object["status"] = map[string]any{"conditions": []any{ready}}
}
