// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// The kinds that the operator writes.
var (
	NamespaceKind     = schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}
	QuotaKind         = schema.GroupVersionKind{Version: "v1", Kind: "ResourceQuota"}
	LimitRangeKind    = schema.GroupVersionKind{Version: "v1", Kind: "LimitRange"}
	NetworkPolicyKind = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}
	RoleBindingKind   = schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"}
	ServiceKind       = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	DeploymentKind    = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	CertificateKind   = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}
	GatewayKind       = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway"}
	HTTPRouteKind     = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	ReleaseKind       = v1alpha1.GroupVersion.WithKind("Release")
	DomainClaimKind   = v1alpha1.GroupVersion.WithKind("DomainClaim")
)

// Children are the kinds that are pruned, in the order in which they go: routes, then workloads, then what allows, then
// what denies. DomainClaims are last, so that a host is free only when nothing answers on it.
func Children() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		HTTPRouteKind, CertificateKind, DeploymentKind, ServiceKind,
		RoleBindingKind, NetworkPolicyKind, LimitRangeKind, QuotaKind, DomainClaimKind,
	}
}

// rank is the order in which objects are written: claims and what denies, then what allows, then workloads, then routes.
func rank(o render.Object) int {
	switch o.GroupVersionKind() {
	case DomainClaimKind, ReleaseKind:
		return 0
	case NamespaceKind:
		return 1
	case QuotaKind, LimitRangeKind:
		return 2
	case NetworkPolicyKind:
		if o.GetName() == render.DefaultDenyName {
			return 2
		}
		return 4
	case RoleBindingKind, ServiceKind:
		return 3
	case DeploymentKind:
		return 5
	case CertificateKind:
		return 6
	case GatewayKind:
		return 7
	default:
		return 8
	}
}

func inOrder(objects []render.Object) []render.Object {
	ordered := slices.Clone(objects)
	slices.SortStableFunc(ordered, func(a, b render.Object) int { return cmp.Compare(rank(a), rank(b)) })
	return ordered
}
