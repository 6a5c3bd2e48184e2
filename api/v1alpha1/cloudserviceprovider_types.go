// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CloudServiceProvider is a provider on the Cloud Office's list (Cloud First Policy).
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.accreditation.state`
// +kubebuilder:printcolumn:name="Level",type=string,JSONPath=`.spec.accreditation.level`
// +kubebuilder:printcolumn:name="Classes",type=string,JSONPath=`.spec.accreditation.dataClasses`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.accreditation.validUntil`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type CloudServiceProvider struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is what the Cloud Office attests.
	// +required
	Spec CloudServiceProviderSpec `json:"spec,omitempty,omitzero"`
}

// CloudServiceProviderSpec is what the Cloud Office attests.
type CloudServiceProviderSpec struct {
	// legalName is the provider's registered name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	LegalName string `json:"legalName,omitempty"`
	// nodeSelector selects the provider's attested nodes. Pods of its applications run there and nowhere else (clause 3).
	// A node that two providers select is offered by both: select each for one.
	// +kubebuilder:validation:XValidation:rule="has(self.matchLabels) && self.matchLabels.size() > 0 || has(self.matchExpressions) && self.matchExpressions.size() > 0",message="nodeSelector must not be empty: an empty selector would attest every node of the cluster"
	// +required
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitempty,omitzero"`
	// accreditation is the Cloud Office's verdict.
	// +required
	Accreditation Accreditation `json:"accreditation,omitempty,omitzero"`
}

// AccreditationState is where a provider stands.
// +kubebuilder:validation:Enum=Registered;Accredited;Suspended;Revoked
type AccreditationState string

// The states of an accreditation. Only an accredited provider may run applications.
const (
	AccreditationRegistered AccreditationState = "Registered"
	AccreditationAccredited AccreditationState = "Accredited"
	AccreditationSuspended  AccreditationState = "Suspended"
	AccreditationRevoked    AccreditationState = "Revoked"
)

// SecurityLevel is a security baseline of the Cloud Office.
// +kubebuilder:validation:Enum=Baseline;Intermediate;Enhanced;Highest
type SecurityLevel string

// Accreditation is the Cloud Office's verdict on a provider.
// +kubebuilder:validation:XValidation:rule="self.validFrom <= self.validUntil",message="accreditation.validUntil must not be before accreditation.validFrom"
type Accreditation struct {
	// state is where the provider stands.
	// +required
	State AccreditationState `json:"state,omitempty"`
	// level is the security level that the provider meets.
	// +required
	Level SecurityLevel `json:"level,omitempty"`
	// dataClasses are the classes of data that the provider may hold.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +listType=set
	// +required
	DataClasses []DataClass `json:"dataClasses,omitempty"`
	// validFrom is the first day of the accreditation, such as 2026-01-01, in the policy's time zone.
	// +required
	ValidFrom Date `json:"validFrom,omitempty"`
	// validUntil is its last day.
	// +required
	ValidUntil Date `json:"validUntil,omitempty"`
}

// Date is a day such as 2026-12-25.
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Format=date
type Date string

// CloudServiceProviderList is a list of CloudServiceProviders.
// +kubebuilder:object:root=true
type CloudServiceProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CloudServiceProvider `json:"items"`
}
