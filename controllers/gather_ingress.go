// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

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
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// gatherClaims reads the application's own claims, which gatherChildren listed, and by name those of its hosts and of what
// lies above them.
func (r *ApplicationReconciler) gatherClaims(ctx context.Context, c *sop.Case) error {
	c.Claims = map[string]v1alpha1.DomainClaim{}
	for i := range c.Children {
		if c.Children[i].GroupVersionKind() == apply.DomainClaimKind {
			if err := addClaim(c, &c.Children[i]); err != nil {
				return err
			}
		}
	}
	for _, name := range names(c) {
		if _, known := c.Claims[name]; known {
			continue
		}
		claim := object(apply.DomainClaimKind)
		err := r.Client.Get(ctx, types.NamespacedName{Name: name}, claim)
		if err == nil {
			err = addClaim(c, claim)
		}
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

func addClaim(c *sop.Case, o *unstructured.Unstructured) error {
	var claim v1alpha1.DomainClaim
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &claim); err != nil {
		return fmt.Errorf("convert DomainClaim %s: %w", o.GetName(), err)
	}
	c.Claims[claim.Name] = claim
	return nil
}

// names are the hosts that the spec and the releases name, and the names above them. Hosts that are none have no claim.
func names(c *sop.Case) []string {
	domains := slices.Clone(c.Application.Spec.Domains)
	for i := range c.Releases {
		domains = append(domains, c.Releases[i].Spec.Domains...)
	}
	var names []string
	for _, d := range domains {
		if domain.Validate(d.Host) == nil {
			names = append(append(names, d.Host), domain.Ancestors(d.Host)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *ApplicationReconciler) gatherIngress(ctx context.Context, c *sop.Case) error {
	ingress := &c.Ingress
	ingress.Certificates = map[string]sop.ObservedCertificate{}
	ingress.Attachments = map[string]sop.Attachment{}
	live := c.Scope(v1alpha1.LiveNamespace).StageNamespace()
	for i := range c.Children {
		child := &c.Children[i]
		switch {
		case child.GroupVersionKind() == apply.CertificateKind:
			ingress.Certificates[child.GetNamespace()+"/"+child.GetName()] = certificate(child)
		case child.GroupVersionKind() == apply.HTTPRouteKind && child.GetNamespace() == live:
			attachment, err := attachment(child)
			if err != nil {
				return err
			}
			ingress.Attachments[child.GetName()] = attachment
		}
	}
	if c.Policy == nil || len(c.Ingress.MissingKinds) > 0 {
		return nil
	}
	var err error
	if ingress.MeshIssuerExists, err = r.issuerExists(ctx, c.Policy.Mesh.Issuer, ""); err != nil {
		return err
	}
	if ingress.TestGateway, err = r.gateway(ctx, c.Policy.Gateways.Test.GatewayReference, c.Policy.Gateways.Issuer); err != nil {
		return err
	}
	for _, reference := range c.Policy.Gateways.Live {
		observed, err := r.gateway(ctx, reference, c.Policy.Gateways.Issuer)
		if err != nil {
			return err
		}
		ingress.Gateways = append(ingress.Gateways, observed)
	}
	return nil
}

func (r *ApplicationReconciler) gateway(ctx context.Context, reference v1alpha1.GatewayReference, issuer v1alpha1.IssuerReference) (sop.ObservedGateway, error) {
	observed := sop.ObservedGateway{GatewayReference: reference}
	o := object(apply.GatewayKind)
	switch err := r.Client.Get(ctx, types.NamespacedName{Namespace: reference.Namespace, Name: reference.Name}, o); {
	case err == nil:
		var gateway gatewayv1.Gateway
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &gateway); err != nil {
			return observed, fmt.Errorf("convert Gateway %s/%s: %w", reference.Namespace, reference.Name, err)
		}
		observed.Exists = true
		observed.Class = string(gateway.Spec.GatewayClassName)
		observed.Listeners = listeners(&gateway)
	case client.IgnoreNotFound(err) != nil:
		return observed, err
	}
	var err error
	observed.IssuerExists, err = r.issuerExists(ctx, issuer, reference.Namespace)
	return observed, err
}

// issuerExists looks for an Issuer in the namespace, and for a ClusterIssuer in none.
func (r *ApplicationReconciler) issuerExists(ctx context.Context, issuer v1alpha1.IssuerReference, namespace string) (bool, error) {
	key := types.NamespacedName{Name: issuer.Name}
	if issuer.Kind == "Issuer" {
		key.Namespace = namespace
	}
	err := r.Client.Get(ctx, key, metadata(issuerKind(issuer.Kind)))
	return err == nil, client.IgnoreNotFound(err)
}

func listeners(gateway *gatewayv1.Gateway) map[string]sop.ObservedListener {
	observed := map[string]sop.ObservedListener{}
	for _, listener := range gateway.Spec.Listeners {
		observed[string(listener.Name)] = sop.ObservedListener{Listener: listener}
	}
	for _, status := range gateway.Status.Listeners {
		programmed := meta.FindStatusCondition(status.Conditions, string(gatewayv1.ListenerConditionProgrammed))
		if listener, ok := observed[string(status.Name)]; ok && programmed != nil {
			listener.Programmed, listener.Message = programmed.Status == metav1.ConditionTrue, programmed.Message
			observed[string(status.Name)] = listener
		}
	}
	return observed
}

// attachment is where a route says that it is attached.
func attachment(o *unstructured.Unstructured) (sop.Attachment, error) {
	var route gatewayv1.HTTPRoute
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &route); err != nil {
		return sop.Attachment{}, fmt.Errorf("convert HTTPRoute %s/%s: %w", o.GetNamespace(), o.GetName(), err)
	}
	var at sop.Attachment
	if len(route.Spec.ParentRefs) > 0 {
		parent := route.Spec.ParentRefs[0]
		at.Gateway.Name = string(parent.Name)
		if parent.Namespace != nil {
			at.Gateway.Namespace = string(*parent.Namespace)
		}
		if parent.SectionName != nil {
			at.Listener = string(*parent.SectionName)
		}
	}
	return at, nil
}

// certificate is cert-manager's own verdict; the Secret is never read.
func certificate(o *unstructured.Unstructured) sop.ObservedCertificate {
	var observed sop.ObservedCertificate
	observed.Issuer, _, _ = unstructured.NestedString(o.Object, "spec", "issuerRef", "name")
	notAfter, _, _ := unstructured.NestedString(o.Object, "status", "notAfter")
	observed.NotAfter, _ = time.Parse(time.RFC3339, notAfter)
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range conditions {
		condition, ok := item.(map[string]any)
		if !ok {
			continue
		}
		yes := condition["status"] == string(corev1.ConditionTrue)
		switch condition["type"] {
		case "Ready":
			observed.Ready = yes
			if generation, found := condition["observedGeneration"].(int64); found {
				observed.Outdated = generation < o.GetGeneration()
			}
			observed.Message, _ = condition["message"].(string)
		case "Issuing":
			observed.Issuing = yes
		}
	}
	return observed
}
