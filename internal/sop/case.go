// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Case is everything known about one application. Rules see a Case and nothing else.
type Case struct {
	Now         time.Time
	Application *v1alpha1.ThirdPartyApplication
	// Organization is the label of the application's namespace; empty when NTC set none.
	Organization string
	Releases     []v1alpha1.Release
	SignOffs     []v1alpha1.SignOff
	// Violations are those that name this application.
	Violations []v1alpha1.PolicyViolation
	// Providers are those that the spec and the releases name, by name.
	Providers map[string]v1alpha1.CloudServiceProvider
	// DataAPIs are the government data APIs that the spec and the releases name, by name.
	DataAPIs map[string]v1alpha1.GovernmentDataAPI
	// DataServices are the Services of those APIs, by the API's name; none where it does not exist.
	DataServices map[string]*corev1.Service
	// Certificates are the No Objection Certificates of this application.
	Certificates []v1alpha1.NoObjectionCertificate
	// Breaches are those reported of this application and of those providers.
	Breaches []v1alpha1.BreachReport
	// Nodes are the nodes of those providers, by the provider's name.
	Nodes map[string]ProviderNodes
	// Canary says on which nodes NetworkPolicy is enforced.
	Canary Canary
	// Policy is the DeploymentPolicy; nil when it is missing.
	Policy *v1alpha1.DeploymentPolicySpec
	// Claims are, by host, the application's own DomainClaims and those of every host that the spec and the releases name
	// and of the names above them.
	Claims map[string]v1alpha1.DomainClaim

	Test, Live ObservedStage
	Ingress    ObservedIngress
	Istio      ObservedIstio
	Fleet      Fleet
	// Guards are the admission policies and bindings that do not stand as the operator ships them.
	Guards []GuardGap
	// Children are the objects that the operator made for this application, but for namespaces and listeners.
	Children []unstructured.Unstructured
}

// Scope identifies a stage of the application.
func (c *Case) Scope(stage string) render.Scope {
	return render.Scope{
		Organization: c.Organization,
		Namespace:    c.Application.Namespace,
		Application:  c.Application.Name,
		Stage:        stage,
	}
}

// release finds a release by its name.
func (c *Case) release(name string) *v1alpha1.Release {
	for i := range c.Releases {
		if c.Releases[i].Name == name {
			return &c.Releases[i]
		}
	}
	return nil
}

// openViolations are those not lifted, the newest first.
func (c *Case) openViolations() []v1alpha1.PolicyViolation {
	open := slices.DeleteFunc(slices.Clone(c.Violations), func(v v1alpha1.PolicyViolation) bool { return v.Spec.Lift != nil })
	slices.SortFunc(open, func(a, b v1alpha1.PolicyViolation) int { return newestFirst(&a.ObjectMeta, &b.ObjectMeta) })
	return open
}

// newestFirst orders by creation, then by name, so that equal seconds still have one order.
func newestFirst(a, b *metav1.ObjectMeta) int {
	if n := b.CreationTimestamp.Compare(a.CreationTimestamp.Time); n != 0 {
		return n
	}
	if a.Name < b.Name {
		return -1
	}
	return 1
}
