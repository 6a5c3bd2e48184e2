// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SignOff is one party's verdict on one Release (clauses 1 and 6). It never changes and is never deleted:
// a later one of the same type and party decides instead.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=govpk
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.spec.release`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Party",type=string,JSONPath=`.spec.party`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Signed-By",type=string,JSONPath=`.spec.signedBy`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type SignOff struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is the verdict.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a SignOff never changes: create a later one, it decides"
	// +required
	Spec SignOffSpec `json:"spec,omitempty,omitzero"`
}

// SignOffType is what a party signs.
// +kubebuilder:validation:Enum=ArchitectureAudit;EndToEndTest
type SignOffType string

// The two things that are signed.
const (
	// SignOffArchitectureAudit is the verdict of the audit (clause 1).
	SignOffArchitectureAudit SignOffType = "ArchitectureAudit"
	// SignOffEndToEndTest is the verdict of the end-to-end test in the offline environment (clause 6).
	SignOffEndToEndTest SignOffType = "EndToEndTest"
)

// Party signs.
// +kubebuilder:validation:Enum=NITB;NTC;Organization
type Party string

// The parties of the SOP.
const (
	PartyNITB         Party = "NITB"
	PartyNTC          Party = "NTC"
	PartyOrganization Party = "Organization"
)

// Decision is a verdict, or a step on the way to one.
// +kubebuilder:validation:Enum=Approved;Rejected;AnswerRequested;Answered
type Decision string

// The decisions.
const (
	DecisionApproved Decision = "Approved"
	DecisionRejected Decision = "Rejected"
	// DecisionAnswerRequested: the auditor asks the organization something and the audit clock stands still (clause 1).
	DecisionAnswerRequested Decision = "AnswerRequested"
	// DecisionAnswered: the organization answers every open request and the audit clock goes on.
	DecisionAnswered Decision = "Answered"
)

// SignOffSpec is a party's verdict.
// +kubebuilder:validation:XValidation:rule="!(self.decision in ['AnswerRequested', 'Answered']) || self.type == 'ArchitectureAudit'",message="decision AnswerRequested and Answered belong to an ArchitectureAudit, whose clock they stop and start"
// +kubebuilder:validation:XValidation:rule="self.decision != 'Answered' || self.party == 'Organization'",message="decision Answered is the Organization's"
// +kubebuilder:validation:XValidation:rule="self.decision != 'AnswerRequested' || self.party != 'Organization'",message="decision AnswerRequested is the auditor's, who asks the Organization"
type SignOffSpec struct {
	// release names the Release in the same namespace.
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=49
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?-[a-f0-9]{8}$')",message="release must be the full name of a Release, as <application>-<8 hexadecimal digits>; kubectl get releases lists them"
	// +required
	Release string `json:"release,omitempty"`
	// type is what is signed.
	// +required
	Type SignOffType `json:"type,omitempty"`
	// party is who signs; the user must hold the verb sign on parties/<party>.
	// +required
	Party Party `json:"party,omitempty"`
	// decision is the verdict.
	// +required
	Decision Decision `json:"decision,omitempty"`
	// signedBy is the user who creates this object, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	SignedBy string `json:"signedBy,omitempty"`
	// findings are what the party found. An open finding blocks, whatever the decision, until a later sign-off of the same
	// release, type and party lists it as Resolved.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=id
	// +optional
	Findings []Finding `json:"findings,omitempty"`
	// evidence are reports elsewhere, bound by their digests.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
}

// Severity is how grave something is.
// +kubebuilder:validation:Enum=Low;Medium;High;Critical
type Severity string

// FindingState is whether a finding is still to be resolved.
// +kubebuilder:validation:Enum=Open;Resolved
type FindingState string

// The states of a finding.
const (
	FindingOpen     FindingState = "Open"
	FindingResolved FindingState = "Resolved"
)

// Finding is one thing that a party found.
type Finding struct {
	// id names the finding within the release, such as F-1.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +required
	ID string `json:"id,omitempty"`
	// severity is how grave it is.
	// +required
	Severity Severity `json:"severity,omitempty"`
	// summary says what was found.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Summary string `json:"summary,omitempty"`
	// state says whether it is still to be resolved.
	// +required
	State FindingState `json:"state,omitempty"`
}

// SignOffList is a list of SignOffs.
// +kubebuilder:object:root=true
type SignOffList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SignOff `json:"items"`
}
