// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DomainClaim binds a gov.pk host to one application (clause 4). It is named by its host, so the API server itself
// makes a host unique in the cluster. Only the operator writes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="Namespace",type=string,JSONPath=`.spec.application.namespace`
// +kubebuilder:printcolumn:name="Application",type=string,JSONPath=`.spec.application.name`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.state`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.spec.expires`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type DomainClaim struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec says who holds the host.
	// +kubebuilder:validation:XValidation:rule="self.application == oldSelf.application && self.organization == oldSelf.organization",message="a DomainClaim never changes hands: its application gives the host up first"
	// +required
	Spec DomainClaimSpec `json:"spec,omitempty,omitzero"`
}

// DomainClaimState is how firmly a host is held.
// +kubebuilder:validation:Enum=Reserved;Bound;Quarantined
type DomainClaimState string

// The states of a claim.
const (
	// DomainReserved: a release that names the host has not passed the audit. Once it expired, another application may take the host.
	DomainReserved DomainClaimState = "Reserved"
	// DomainBound: a release that names the host passed the audit. The host is held until its application gives it up.
	DomainBound DomainClaimState = "Bound"
	// DomainQuarantined: the application gave the host up. Until it expires, only that application may have it again, so that
	// nobody answers visitors who still trust the name.
	DomainQuarantined DomainClaimState = "Quarantined"
)

// DomainClaimSpec says who holds a host.
// +kubebuilder:validation:XValidation:rule="has(self.expires) == (self.state != 'Bound')",message="expires is for Reserved and Quarantined claims, which need it"
type DomainClaimSpec struct {
	// application is the holder.
	// +required
	Application ApplicationReference `json:"application,omitempty,omitzero"`
	// organization is the identity of the holder's namespace. Hosts beneath this one are for the same organization.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Organization string `json:"organization,omitempty"`
	// state is how firmly the host is held.
	// +required
	State DomainClaimState `json:"state,omitempty"`
	// expires is when a reservation or quarantine ends.
	// +optional
	Expires *metav1.Time `json:"expires,omitempty"`
}

// DomainClaimList is a list of DomainClaims.
// +kubebuilder:object:root=true
type DomainClaimList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DomainClaim `json:"items"`
}
