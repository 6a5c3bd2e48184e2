// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// gather reads everything that the rules may see, from the cache. It returns nil when the application is gone.
func (r *ApplicationReconciler) gather(ctx context.Context, key types.NamespacedName) (*sop.Case, error) {
	app := &v1alpha1.ThirdPartyApplication{}
	if err := r.Client.Get(ctx, key, app); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	c := &sop.Case{Now: r.Clock.Now(), Application: app, Ingress: sop.ObservedIngress{MissingKinds: r.MissingKinds}}
	for _, read := range []func(context.Context, *sop.Case) error{
		r.gatherDeclared, r.gatherProviders, r.gatherChildren, r.gatherClaims, r.gatherStages, r.gatherIngress,
	} {
		if err := read(ctx, c); err != nil {
			return nil, fmt.Errorf("gather %s: %w", key, err)
		}
	}
	return c, nil
}

func (r *ApplicationReconciler) gatherDeclared(ctx context.Context, c *sop.Case) error {
	app := c.Application
	namespace, err := r.namespace(ctx, app.Namespace)
	if err != nil {
		return err
	}
	if namespace != nil {
		c.Organization = namespace.Labels[v1alpha1.OrganizationLabel]
	}
	policy := &v1alpha1.DeploymentPolicy{}
	switch err := r.Client.Get(ctx, types.NamespacedName{Name: v1alpha1.DeploymentPolicyName}, policy); {
	case err == nil:
		c.Policy = &policy.Spec
	case client.IgnoreNotFound(err) != nil:
		return err
	}
	var releases v1alpha1.ReleaseList
	if err := r.Client.List(ctx, &releases, client.InNamespace(app.Namespace), client.MatchingFields{apply.ApplicationIndex: app.Name}); err != nil {
		return err
	}
	var signOffs v1alpha1.SignOffList
	if err := r.Client.List(ctx, &signOffs, client.InNamespace(app.Namespace), client.MatchingFields{apply.ApplicationIndex: app.Name}); err != nil {
		return err
	}
	var violations v1alpha1.PolicyViolationList
	if err := r.Client.List(ctx, &violations, client.MatchingFields{apply.ApplicationIndex: app.Namespace + "/" + app.Name}); err != nil {
		return err
	}
	c.Releases, c.SignOffs, c.Violations = releases.Items, signOffs.Items, violations.Items
	return nil
}

func (r *ApplicationReconciler) gatherProviders(ctx context.Context, c *sop.Case) error {
	c.Providers = map[string]v1alpha1.CloudServiceProvider{}
	names := []string{c.Application.Spec.CloudServiceProvider}
	for i := range c.Releases {
		names = append(names, c.Releases[i].Spec.CloudServiceProvider)
	}
	for _, name := range names {
		provider := v1alpha1.CloudServiceProvider{}
		if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, &provider); err == nil {
			c.Providers[name] = provider
		} else if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

func (r *ApplicationReconciler) gatherChildren(ctx context.Context, c *sop.Case) error {
	key := c.Application.Namespace + "/" + c.Application.Name
	for _, kind := range apply.Children() {
		if slices.Contains(r.MissingKinds, kind.GroupKind().String()) {
			continue
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := r.Client.List(ctx, list, client.MatchingFields{apply.ApplicationIndex: key}); err != nil {
			return err
		}
		c.Children = append(c.Children, list.Items...)
	}
	return nil
}

func (r *ApplicationReconciler) gatherStages(ctx context.Context, c *sop.Case) error {
	for stage, observed := range map[string]*sop.ObservedStage{v1alpha1.TestNamespace: &c.Test, v1alpha1.LiveNamespace: &c.Live} {
		name := c.Scope(stage).StageNamespace()
		namespace, err := r.namespace(ctx, name)
		if err != nil {
			return err
		}
		if namespace != nil {
			observed.Exists = true
			observed.Terminating = namespace.DeletionTimestamp != nil
			if !observed.Terminating {
				observed.Release = namespace.Annotations[v1alpha1.ReleaseAnnotation]
			}
			observed.Offline = namespace.Labels[v1alpha1.OfflineLabel]
			_, observed.Exposed = namespace.Labels[v1alpha1.ExposureLabel]
		}
		observed.Addresses = map[string]string{}
		observed.Workloads = map[string]sop.ObservedWorkload{}
		observed.Routes = map[string]bool{}
		for i := range c.Children {
			if child := &c.Children[i]; child.GetNamespace() == name {
				if err := observe(observed, child); err != nil {
					return fmt.Errorf("%s %s: %w", child.GetKind(), child.GetName(), err)
				}
			}
		}
	}
	return nil
}

func observe(stage *sop.ObservedStage, child *unstructured.Unstructured) error {
	component := child.GetLabels()[v1alpha1.ComponentLabel]
	switch child.GroupVersionKind() {
	case apply.ServiceKind:
		address, _, err := unstructured.NestedString(child.Object, "spec", "clusterIP")
		stage.Addresses[component] = address
		return err
	case apply.DeploymentKind:
		var deployment appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(child.Object, &deployment); err != nil {
			return err
		}
		stage.Workloads[component] = workload(&deployment)
	case apply.HTTPRouteKind:
		var route gatewayv1.HTTPRoute
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(child.Object, &route); err != nil {
			return err
		}
		for _, parent := range route.Status.Parents {
			if meta.IsStatusConditionTrue(parent.Conditions, string(gatewayv1.RouteConditionAccepted)) {
				stage.Routes[route.Name] = true
			}
		}
	}
	return nil
}

func workload(d *appsv1.Deployment) sop.ObservedWorkload {
	observed := sop.ObservedWorkload{}
	if len(d.Spec.Template.Spec.Containers) > 0 {
		observed.Image = d.Spec.Template.Spec.Containers[0].Image
	}
	if d.Spec.Replicas != nil {
		want := *d.Spec.Replicas
		observed.Replicas = want
		observed.RolledOut = d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == want &&
			d.Status.Replicas == want && d.Status.AvailableReplicas == want
	}
	return observed
}

// namespace is a namespace's metadata; nil when it does not exist.
func (r *ApplicationReconciler) namespace(ctx context.Context, name string) (*metav1.PartialObjectMetadata, error) {
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(apply.NamespaceKind)
	if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return namespace, nil
}
