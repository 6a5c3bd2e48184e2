// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BreachReport discloses a breach to the Cloud Office (Cloud First Policy): as soon as it is discovered. What was said stays; more
// is added by updates, a final report, and the Cloud Office's acknowledgement and response. It is never deleted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.cloudServiceProvider`
// +kubebuilder:printcolumn:name="Entity",type=string,JSONPath=`.spec.publicServiceEntity`
// +kubebuilder:printcolumn:name="Severity",type=string,JSONPath=`.spec.severity`
// +kubebuilder:printcolumn:name="Discovered",type=string,JSONPath=`.spec.discoveredAt`
// +kubebuilder:printcolumn:name="Late",type=string,JSONPath=`.status.late`
// +kubebuilder:printcolumn:name="Acknowledged",type=string,JSONPath=`.status.conditions[?(@.type=="Acknowledged")].status`
// +kubebuilder:printcolumn:name="Response",type=string,JSONPath=`.spec.response.action`
// +kubebuilder:printcolumn:name="Closed",type=string,JSONPath=`.status.conditions[?(@.type=="Closed")].status`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 56 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 56 characters: it becomes part of a label"
type BreachReport struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is the disclosure.
	// +required
	Spec BreachReportSpec `json:"spec,omitempty,omitzero"`
	// status is the disclosure's clock.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status BreachReportStatus `json:"status,omitempty,omitzero"`
}

// BreachReportSpec is a disclosure.
//
// +kubebuilder:validation:XValidation:rule="has(self.cloudServiceProvider) || has(self.applications)",message="a breach is of cloudServiceProvider or of applications: name one, or both"
// +kubebuilder:validation:XValidation:rule="!has(self.response) || self.response.action != 'SuspendProvider' || has(self.cloudServiceProvider)",message="response.action SuspendProvider needs spec.cloudServiceProvider"
// +kubebuilder:validation:XValidation:rule="self.discoveredAt == oldSelf.discoveredAt && has(self.cloudServiceProvider) == has(oldSelf.cloudServiceProvider) && (!has(self.cloudServiceProvider) || self.cloudServiceProvider == oldSelf.cloudServiceProvider) && has(self.applications) == has(oldSelf.applications) && (!has(self.applications) || self.applications == oldSelf.applications) && self.publicServiceEntity == oldSelf.publicServiceEntity && self.severity == oldSelf.severity && self.summary == oldSelf.summary && self.reportedBy == oldSelf.reportedBy && has(self.evidence) == has(oldSelf.evidence) && (!has(self.evidence) || self.evidence == oldSelf.evidence)",message="what a BreachReport disclosed never changes: add to spec.updates"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.updates) || has(self.updates) && self.updates.size() >= oldSelf.updates.size() && oldSelf.updates == self.updates.slice(0, oldSelf.updates.size())",message="spec.updates only grows: add an entry at its end"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.finalReport) || has(self.finalReport) && self.finalReport == oldSelf.finalReport",message="spec.finalReport is set once and never changes: add to spec.updates"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.acknowledgement) || has(self.acknowledgement) && self.acknowledgement == oldSelf.acknowledgement",message="spec.acknowledgement is set once and never changes"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.response) || has(self.response)",message="spec.response stays: set another action, or spec.closure"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.closure) || self == oldSelf",message="a closed BreachReport never changes: disclose another one"
// +kubebuilder:validation:XValidation:rule="!has(self.closure) || has(self.acknowledgement) && has(self.response) && has(self.finalReport)",message="spec.closure needs acknowledgement, response and finalReport"
type BreachReportSpec struct {
	// discoveredAt is when the breach was discovered, never later than this object's creation. The clock of its disclosure begins here.
	// +required
	DiscoveredAt metav1.Time `json:"discoveredAt,omitempty,omitzero"`
	// cloudServiceProvider is the provider with which it happened.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=54
	// +optional
	CloudServiceProvider string `json:"cloudServiceProvider,omitempty"`
	// applications are those whose data it concerns. Omitted: all on the provider.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	// +optional
	Applications []ApplicationReference `json:"applications,omitempty"`
	// publicServiceEntity is the entity that shares the duty to disclose.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	PublicServiceEntity string `json:"publicServiceEntity,omitempty"`
	// severity is how grave it is.
	// +required
	Severity Severity `json:"severity,omitempty"`
	// summary says what happened.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +required
	Summary string `json:"summary,omitempty"`
	// reportedBy is the user who creates this object, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	ReportedBy string `json:"reportedBy,omitempty"`
	// evidence are documents elsewhere, bound by their digests.
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
	// updates are what was found out since, the oldest first.
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	// +optional
	Updates []BreachUpdate `json:"updates,omitempty"`
	// finalReport is the last word of those who disclosed. Set once.
	// +optional
	FinalReport *BreachFinalReport `json:"finalReport,omitempty"`
	// acknowledgement says that the Cloud Office has read it. Set once.
	// +optional
	Acknowledgement *BreachAcknowledgement `json:"acknowledgement,omitempty"`
	// response is what the Cloud Office decides. It may decide otherwise until closure.
	// +optional
	Response *BreachResponse `json:"response,omitempty"`
	// closure ends the breach and the response. Set once.
	// +optional
	Closure *BreachClosure `json:"closure,omitempty"`
}

// BreachUpdate is what was found out later.
type BreachUpdate struct {
	// time is when.
	// +required
	Time metav1.Time `json:"time,omitempty,omitzero"`
	// summary says what.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +required
	Summary string `json:"summary,omitempty"`
	// writtenBy is the user who adds it, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	WrittenBy string `json:"writtenBy,omitempty"`
	// evidence are documents elsewhere, bound by their digests.
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
}

// BreachFinalReport is the last word of those who disclosed.
type BreachFinalReport struct {
	// cause says why it could happen.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +required
	Cause string `json:"cause,omitempty"`
	// measures say what was done so that it does not happen again.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +required
	Measures string `json:"measures,omitempty"`
	// writtenBy is the user who sets it, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	WrittenBy string `json:"writtenBy,omitempty"`
	// evidence are documents elsewhere, bound by their digests.
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
}

// BreachAcknowledgement says that the Cloud Office has read the report.
type BreachAcknowledgement struct {
	// acknowledgedBy is the user who sets it, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	AcknowledgedBy string `json:"acknowledgedBy,omitempty"`
}

// BreachAction is what the Cloud Office does about a breach.
// +kubebuilder:validation:Enum=None;SuspendProvider;TakeApplicationsOffline
type BreachAction string

// What the Cloud Office does about a breach.
const (
	// BreachActionNone: nothing more is needed.
	BreachActionNone BreachAction = "None"
	// BreachSuspendProvider: the provider counts as suspended until closure.
	BreachSuspendProvider BreachAction = "SuspendProvider"
	// BreachTakeApplicationsOffline: the applications go offline until closure; where the report names none, all on the provider.
	BreachTakeApplicationsOffline BreachAction = "TakeApplicationsOffline"
)

// BreachResponse is what the Cloud Office decides.
type BreachResponse struct {
	// action is what follows.
	// +required
	Action BreachAction `json:"action,omitempty"`
	// effectiveFrom is the second from which it holds.
	// +required
	EffectiveFrom metav1.Time `json:"effectiveFrom,omitempty,omitzero"`
	// reason says why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// respondedBy is the user who sets it, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	RespondedBy string `json:"respondedBy,omitempty"`
}

// BreachClosure ends a breach.
type BreachClosure struct {
	// reason says why nothing more is to be done.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// closedBy is the user who sets it, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	ClosedBy string `json:"closedBy,omitempty"`
}

// BreachReportStatus is the disclosure's clock.
type BreachReportStatus struct {
	// conditions hold Disclosed, Acknowledged, FinalReportSubmitted and Closed.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status speaks of; -1 before the first pass.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// late is how much later than due the breach was disclosed, such as 26h5m0s. Omitted: in time.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Late string `json:"late,omitempty"`
	// finalReportDue is when the final report is due.
	// +optional
	FinalReportDue *metav1.Time `json:"finalReportDue,omitempty"`
	// alarms are when an alarm was due since nobody had acknowledged the breach, the oldest first.
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	Alarms []metav1.Time `json:"alarms,omitempty"`
	// applications is how many applications the breach concerns.
	// +optional
	Applications *int32 `json:"applications,omitempty"`
	// publicServiceEntities are those that they serve. They share the duty to disclose.
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +listType=atomic
	// +optional
	PublicServiceEntities []string `json:"publicServiceEntities,omitempty"`
}

// BreachReportList is a list of BreachReports.
// +kubebuilder:object:root=true
type BreachReportList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BreachReport `json:"items"`
}
