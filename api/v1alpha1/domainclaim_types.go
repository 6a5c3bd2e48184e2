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
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type DomainClaim struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec says who holds the host.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a DomainClaim never changes hands: its application gives the host up first"
	// +required
	Spec DomainClaimSpec `json:"spec,omitempty,omitzero"`
}

// DomainClaimSpec says who holds a host.
type DomainClaimSpec struct {
	// application is the holder.
	// +required
	Application ApplicationReference `json:"application,omitempty,omitzero"`
}

// DomainClaimList is a list of DomainClaims.
// +kubebuilder:object:root=true
type DomainClaimList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DomainClaim `json:"items"`
}
