// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Release is an immutable snapshot of what a ThirdPartyApplication's spec runs, named <application>-<8 hex digits of its content>.
// Reviewers sign a Release; the organization launches it. Only the operator writes it. Its creationTimestamp starts the audit clock (clause 1).
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=govpk
// +kubebuilder:printcolumn:name="Application",type=string,JSONPath=`.spec.application`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.cloudServiceProvider`
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=`.spec.dataClass`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Release struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is the snapshot.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a Release never changes: change the ThirdPartyApplication, and the operator makes a new one"
	// +required
	Spec ReleaseSpec `json:"spec,omitempty,omitzero"`
}

// ReleaseSpec is what runs: nothing of it may differ between test and live.
type ReleaseSpec struct {
	// application is the name of the ThirdPartyApplication in the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Application string `json:"application,omitempty"`
	// cloudServiceProvider names the CloudServiceProvider.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=54
	// +required
	CloudServiceProvider string `json:"cloudServiceProvider,omitempty"`
	// dataClass is the class of the data.
	// +required
	DataClass DataClass `json:"dataClass,omitempty"`
	// components are the programs and their edges; replicas.min is always 1 here, since the application may change it without a release.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +required
	Components []Component `json:"components,omitempty"`
	// domains are the hosts and paths.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=host
	// +required
	Domains []Domain `json:"domains,omitempty"`
}

// ReleaseList is a list of Releases.
// +kubebuilder:object:root=true
type ReleaseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Release `json:"items"`
}
