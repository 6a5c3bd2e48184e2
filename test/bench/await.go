// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// patience is how long a single state is waited for.
const patience = 30 * time.Second

// first waits for the first event that is wanted. A watch begins with what is there.
func first(ctx context.Context, events watch.Interface, what string, wanted func(watch.Event) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		case event, open := <-events.ResultChan():
			if !open {
				return fmt.Errorf("%s: the watch ended", what)
			}
			if wanted(event) {
				return nil
			}
		}
	}
}

// reach waits until the application is as wanted and has judged its newest spec.
func reach(ctx context.Context, cluster *scenario.Cluster, at place, what string, wanted func(*v1alpha1.ThirdPartyApplication) bool) error {
	events, err := cluster.Admin.Watch(ctx, &v1alpha1.ThirdPartyApplicationList{}, client.InNamespace(at.organization),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", at.name)})
	if err != nil {
		return err
	}
	defer events.Stop()
	var last *v1alpha1.ThirdPartyApplication
	err = first(ctx, events, what, func(event watch.Event) bool {
		app, ok := event.Object.(*v1alpha1.ThirdPartyApplication)
		if !ok {
			return false
		}
		last = app
		return app.Status.ObservedGeneration == app.Generation && meta.IsStatusConditionTrue(app.Status.Conditions, v1alpha1.ConditionReady) && wanted(app)
	})
	if err != nil && last != nil {
		err = errors.Join(err, errors.New(scenario.Verdicts(last)))
	}
	return err
}

func atStage(stage v1alpha1.Stage) func(*v1alpha1.ThirdPartyApplication) bool {
	return func(app *v1alpha1.ThirdPartyApplication) bool { return app.Status.Stage == stage }
}

func candidateAt(stage v1alpha1.Stage) func(*v1alpha1.ThirdPartyApplication) bool {
	return func(app *v1alpha1.ThirdPartyApplication) bool {
		return app.Status.Candidate != nil && app.Status.Candidate.Stage == stage
	}
}

// running waits until the cluster did its part: workloads are rolled out and the route is accepted in the live namespace.
func running(ctx context.Context, cluster *scenario.Cluster, at place) error {
	live := client.InNamespace(at.live())
	routes, err := cluster.Admin.Watch(ctx, &gatewayv1.HTTPRouteList{}, live)
	if err != nil {
		return err
	}
	defer routes.Stop()
	err = first(ctx, routes, "the route is accepted", func(event watch.Event) bool {
		route, ok := event.Object.(*gatewayv1.HTTPRoute)
		return ok && len(route.Status.Parents) > 0
	})
	if err != nil {
		return err
	}
	deployments, err := cluster.Admin.Watch(ctx, &appsv1.DeploymentList{}, live)
	if err != nil {
		return err
	}
	defer deployments.Stop()
	rolledOut := map[string]bool{}
	return first(ctx, deployments, "the workloads are rolled out", func(event watch.Event) bool {
		if d, ok := event.Object.(*appsv1.Deployment); ok {
			rolledOut[d.Name] = d.Status.ObservedGeneration == d.Generation && d.Status.AvailableReplicas == *d.Spec.Replicas
		}
		return rolledOut["web"] && rolledOut["api"]
	})
}

// untilRouteGone does what must make the live route go, and says how long that took.
func untilRouteGone(ctx context.Context, cluster *scenario.Cluster, at place, do func() error) (time.Duration, error) {
	events, err := cluster.Admin.Watch(ctx, &gatewayv1.HTTPRouteList{}, client.InNamespace(at.live()))
	if err != nil {
		return 0, err
	}
	defer events.Stop()
	// The first event is the route that is there: the watch is established.
	if err := first(ctx, events, "there is a route", func(event watch.Event) bool { return event.Type == watch.Added }); err != nil {
		return 0, err
	}
	return timed(func() error {
		if err := do(); err != nil {
			return err
		}
		return first(ctx, events, "the route is gone", func(event watch.Event) bool { return event.Type == watch.Deleted })
	})
}

func timed(do func() error) (time.Duration, error) {
	begun := time.Now()
	err := do()
	return time.Since(begun), err
}
