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
	AccountKind       = schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}
	ServiceKind       = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	FilesKind         = schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	StorageKind       = schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}
	DeploymentKind    = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	StatefulSetKind   = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}
	JobKind           = schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}
	CronJobKind       = schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "CronJob"}
	AutoscalerKind    = schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}
	DisruptionKind    = schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}
	CertificateKind   = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}
	GatewayKind       = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway"}
	BackendTLSKind    = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "BackendTLSPolicy"}
	HTTPRouteKind     = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	// Istio's kinds, which a cluster without Istio does not serve.
	PeersKind       = schema.GroupVersionKind{Group: "security.istio.io", Version: "v1", Kind: "PeerAuthentication"}
	CallersKind     = schema.GroupVersionKind{Group: "security.istio.io", Version: "v1", Kind: "AuthorizationPolicy"}
	ExternalsKind   = schema.GroupVersionKind{Group: "networking.istio.io", Version: "v1", Kind: "ServiceEntry"}
	ReleaseKind     = v1alpha1.GroupVersion.WithKind("Release")
	DomainClaimKind = v1alpha1.GroupVersion.WithKind("DomainClaim")
)

// Children are the kinds that are gathered and watched: those that are pruned, and volumes.
func Children() []schema.GroupVersionKind {
	return append(pruned(), StorageKind)
}

// pruned are the kinds of which nothing stays that is not in the plan, in the order in which they go: routes, then what
// adds pods, then workloads and their files, then what allows, then what denies. DomainClaims are last, so that a host is
// free only when nothing answers on it. Volumes are none of them: what an application kept is never deleted by a pass.
func pruned() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		HTTPRouteKind, BackendTLSKind, CertificateKind, AutoscalerKind, DisruptionKind,
		CronJobKind, JobKind, DeploymentKind, StatefulSetKind, ServiceKind, FilesKind, AccountKind,
		RoleBindingKind, ExternalsKind, NetworkPolicyKind, CallersKind, PeersKind, LimitRangeKind, QuotaKind, DomainClaimKind,
	}
}

// rank is the order in which objects are written: claims and what denies, then what allows and what workloads
// need, then workloads, then what scales and guards them, then routes.
func rank(o render.Object) int {
	switch o.GroupVersionKind() {
	case DomainClaimKind, ReleaseKind:
		return 0
	case NamespaceKind:
		return 1
	case QuotaKind, LimitRangeKind, PeersKind:
		return 2
	case NetworkPolicyKind:
		if o.GetName() == render.DefaultDenyName {
			return 2
		}
		return 4
	case CallersKind, ExternalsKind:
		return 4
	case RoleBindingKind, AccountKind, ServiceKind, StorageKind, FilesKind, CertificateKind, BackendTLSKind:
		return 3
	case DeploymentKind, StatefulSetKind, JobKind, CronJobKind:
		return 5
	case AutoscalerKind, DisruptionKind:
		return 6
	case GatewayKind:
		return 8
	default:
		return 9
	}
}

func inOrder(objects []render.Object) []render.Object {
	ordered := slices.Clone(objects)
	slices.SortStableFunc(ordered, func(a, b render.Object) int { return cmp.Compare(rank(a), rank(b)) })
	return ordered
}
