// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// BandwidthSupport says whether the network limits bandwidth.
// +kubebuilder:validation:Enum=Unlimited;PodAnnotations
type BandwidthSupport string

// Whether the network limits bandwidth.
const (
	// BandwidthUnlimited: it does not.
	BandwidthUnlimited BandwidthSupport = "Unlimited"
	// BandwidthPodAnnotations: by the annotations kubernetes.io/ingress-bandwidth and egress-bandwidth of pods (CNI bandwidth plugin).
	BandwidthPodAnnotations BandwidthSupport = "PodAnnotations"
)

// NetworkSupport says what the cluster's network can do.
type NetworkSupport struct {
	// bandwidth says whether it limits bandwidth. Default Unlimited.
	// +kubebuilder:default=Unlimited
	// +optional
	Bandwidth BandwidthSupport `json:"bandwidth,omitempty"`
	// egress says how applications reach hosts outside the cluster (clause 5).
	// +optional
	Egress EgressPolicy `json:"egress,omitempty,omitzero"`
}

// EgressPolicy says how applications reach hosts outside the cluster.
// +kubebuilder:validation:MinProperties=1
type EgressPolicy struct {
	// blockedCIDRs are the IPv4 addresses that no host outside has, whatever DNS says: those of the cluster and of the data centre.
	// An installation whose nodes, pods or Services have public addresses names the default's blocks and its own. Default: all
	// blocks that are not of the internet: 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12,
	// 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15 and 224.0.0.0/3.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=9
	// +kubebuilder:validation:items:MaxLength=18
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self).prefixLength() > 0 && cidr(self) == cidr(self).masked()",message="network.egress.blockedCIDRs must be IPv4 blocks such as 203.0.113.0/24, without bits beyond the prefix"
	// +listType=set
	// +optional
	BlockedCIDRs []string `json:"blockedCIDRs,omitempty"`
	// caBundle are the certificates, in PEM, of the authorities that may certify hosts outside, instead of those of the internet.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----') && !self.contains('PRIVATE KEY')",message="network.egress.caBundle must hold certificates in PEM and no private key"
	// +optional
	CABundle string `json:"caBundle,omitempty"`
}
