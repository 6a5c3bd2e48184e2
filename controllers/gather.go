// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
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
		r.gatherDeclared, r.gatherProviders, r.gatherNodes, r.gatherClaims, r.gatherChildren, r.gatherStages, r.gatherIngress,
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

func (r *ApplicationReconciler) gatherClaims(ctx context.Context, c *sop.Case) error {
	c.Claims = map[string]v1alpha1.DomainClaim{}
	domains := slices.Clone(c.Application.Spec.Domains)
	for i := range c.Releases {
		domains = append(domains, c.Releases[i].Spec.Domains...)
	}
	for _, d := range domains {
		claim := v1alpha1.DomainClaim{}
		if err := r.Client.Get(ctx, types.NamespacedName{Name: d.Host}, &claim); err == nil {
			c.Claims[d.Host] = claim
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

func (r *ApplicationReconciler) gatherIngress(ctx context.Context, c *sop.Case) error {
	ingress := &c.Ingress
	ingress.Listeners = map[string]sop.ObservedListener{}
	ingress.Certificates = map[string]sop.ObservedCertificate{}
	for i := range c.Children {
		if c.Children[i].GroupVersionKind() == apply.CertificateKind {
			ingress.Certificates[c.Children[i].GetName()] = certificate(&c.Children[i])
		}
	}
	if c.Policy == nil || len(r.MissingKinds) > 0 {
		return nil
	}
	reference := c.Policy.Gateways.Live[0]
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(apply.GatewayKind)
	switch err := r.Client.Get(ctx, types.NamespacedName{Namespace: reference.Namespace, Name: reference.Name}, object); {
	case err == nil:
		var gateway gatewayv1.Gateway
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &gateway); err != nil {
			return err
		}
		ingress.GatewayExists = true
		ingress.Listeners = listeners(&gateway)
	case client.IgnoreNotFound(err) != nil:
		return err
	}
	issuer := &metav1.PartialObjectMetadata{}
	issuer.SetGroupVersionKind(issuerKind(c.Policy.Gateways.Issuer.Kind))
	key := types.NamespacedName{Name: c.Policy.Gateways.Issuer.Name}
	if c.Policy.Gateways.Issuer.Kind == "Issuer" {
		key.Namespace = reference.Namespace
	}
	err := r.Client.Get(ctx, key, issuer)
	ingress.IssuerExists = err == nil
	return client.IgnoreNotFound(err)
}

func listeners(gateway *gatewayv1.Gateway) map[string]sop.ObservedListener {
	observed := map[string]sop.ObservedListener{}
	for _, listener := range gateway.Spec.Listeners {
		observed[string(listener.Name)] = sop.ObservedListener{}
	}
	for _, status := range gateway.Status.Listeners {
		programmed := meta.FindStatusCondition(status.Conditions, string(gatewayv1.ListenerConditionProgrammed))
		if _, ok := observed[string(status.Name)]; ok && programmed != nil {
			observed[string(status.Name)] = sop.ObservedListener{Programmed: programmed.Status == metav1.ConditionTrue, Message: programmed.Message}
		}
	}
	return observed
}

// certificate is cert-manager's own verdict; the Secret is never read.
func certificate(o *unstructured.Unstructured) sop.ObservedCertificate {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range conditions {
		if condition, ok := item.(map[string]any); ok && condition["type"] == "Ready" {
			message, _ := condition["message"].(string)
			return sop.ObservedCertificate{Ready: condition["status"] == string(corev1.ConditionTrue), Message: message}
		}
	}
	return sop.ObservedCertificate{}
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
