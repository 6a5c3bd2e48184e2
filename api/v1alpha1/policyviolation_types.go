// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PolicyViolation flags an application and takes it offline (clause 9). Its spec is fixed but for setting lift once;
// until then it cannot be deleted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="Namespace",type=string,JSONPath=`.spec.application.namespace`
// +kubebuilder:printcolumn:name="Application",type=string,JSONPath=`.spec.application.name`
// +kubebuilder:printcolumn:name="Category",type=string,JSONPath=`.spec.category`
// +kubebuilder:printcolumn:name="Severity",type=string,JSONPath=`.spec.severity`
// +kubebuilder:printcolumn:name="Enforced",type=string,JSONPath=`.status.conditions[?(@.type=="Enforced")].status`
// +kubebuilder:printcolumn:name="Lifted-By",type=string,JSONPath=`.spec.lift.liftedBy`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 63 characters: it becomes the label that locks the namespace"
type PolicyViolation struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is the flag.
	// +required
	Spec PolicyViolationSpec `json:"spec,omitempty,omitzero"`
	// status is what the operator did about it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status PolicyViolationStatus `json:"status,omitempty,omitzero"`
}

// ViolationCategory is the kind of a violation.
// +kubebuilder:validation:Enum=SecurityLeakage;Vulnerability;NationalImage;DataCentreThreat;UnencryptedFlow;CommercialContent
type ViolationCategory string

// WorkloadAction is what happens to the pods of an application that is taken offline.
// +kubebuilder:validation:Enum=Stop;Isolate
type WorkloadAction string

// What happens to pods.
const (
	// WorkloadsStop ends the pods with one second of grace.
	WorkloadsStop WorkloadAction = "Stop"
	// WorkloadsIsolate keeps the pods for forensics. Established connections may live on until the network closes them.
	WorkloadsIsolate WorkloadAction = "Isolate"
)

// PolicyViolationSpec is a flag.
//
// +kubebuilder:validation:XValidation:rule="has(oldSelf.lift) ? (has(self.lift) && self.lift == oldSelf.lift) : true",message="spec.lift is set once and never changes: flag the application again with a new PolicyViolation"
// +kubebuilder:validation:XValidation:rule="self.application == oldSelf.application && self.category == oldSelf.category && self.severity == oldSelf.severity && self.reason == oldSelf.reason && self.flaggedBy == oldSelf.flaggedBy && self.workloads == oldSelf.workloads && has(self.evidence) == has(oldSelf.evidence) && (!has(self.evidence) || self.evidence == oldSelf.evidence)",message="a PolicyViolation is fixed but for spec.lift: create another one"
type PolicyViolationSpec struct {
	// application is the ThirdPartyApplication; it need not exist yet.
	// +required
	Application ApplicationReference `json:"application,omitempty,omitzero"`
	// category is the kind of violation.
	// +required
	Category ViolationCategory `json:"category,omitempty"`
	// severity is how grave it is.
	// +required
	Severity Severity `json:"severity,omitempty"`
	// reason says what was seen.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// flaggedBy is the user who creates this object, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	FlaggedBy string `json:"flaggedBy,omitempty"`
	// evidence are documents elsewhere, bound by their digests.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
	// workloads says what happens to the pods. Default Stop.
	// +kubebuilder:default=Stop
	// +optional
	Workloads WorkloadAction `json:"workloads,omitempty"`
	// lift ends the violation. Set once.
	// +optional
	Lift *Lift `json:"lift,omitempty"`
}

// ApplicationReference names a ThirdPartyApplication.
type ApplicationReference struct {
	// namespace is the organization's namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace string `json:"namespace,omitempty"`
	// name is the name of the application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Name string `json:"name,omitempty"`
}

// Lift ends a violation.
type Lift struct {
	// reason says why the application may return.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// liftedBy is the user who sets lift, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	LiftedBy string `json:"liftedBy,omitempty"`
}

// PolicyViolationStatus is what the operator did about a flag.
type PolicyViolationStatus struct {
	// conditions hold Enforced.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status speaks of; -1 before the first pass.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// steps are the steps of the takedown in their order, each with the time at which the API server had accepted it.
	// A step that an earlier, interrupted pass had already done is recorded by the pass that found it done.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=name
	// +optional
	Steps []TakedownStep `json:"steps,omitempty"`
	// evidence names the ConfigMaps in the operator's evidence namespace.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=atomic
	// +optional
	Evidence []string `json:"evidence,omitempty"`
}

// TakedownStepName names a step of the takedown.
// +kubebuilder:validation:Enum=Lock;CloseRoutes;ClosePolicies;KeepEvidence;StopWorkloads
type TakedownStepName string

// The steps of the takedown in their order.
const (
	// StepLock: label exposure is gone from the live namespace and label offline is set; the admission lock holds.
	StepLock TakedownStepName = "Lock"
	// StepCloseRoutes: the routes of the live namespace are deleted.
	StepCloseRoutes TakedownStepName = "CloseRoutes"
	// StepClosePolicies: the NetworkPolicies that allow flows are deleted; default-deny stays.
	StepClosePolicies TakedownStepName = "ClosePolicies"
	// StepKeepEvidence: manifests, digests, pods, events and the end of their logs are kept where tenants cannot read.
	StepKeepEvidence TakedownStepName = "KeepEvidence"
	// StepStopWorkloads: pods are deleted with one second of grace and workloads scaled to zero. Absent with workloads: Isolate.
	StepStopWorkloads TakedownStepName = "StopWorkloads"
)

// TakedownStep is a step that was done.
type TakedownStep struct {
	// name is the step.
	// +required
	Name TakedownStepName `json:"name,omitempty"`
	// time is when it was done, in microseconds.
	// +required
	Time metav1.MicroTime `json:"time,omitempty,omitzero"`
}

// PolicyViolationList is a list of PolicyViolations.
// +kubebuilder:object:root=true
type PolicyViolationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PolicyViolation `json:"items"`
}
