// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Stage is where an application stands in the SOP.
// +kubebuilder:validation:Enum=Submitted;UnderAudit;Testing;AwaitingLaunch;Live;Offline
type Stage string

// The stages in their order. Offline is reached from anywhere.
const (
	// StageSubmitted: declarations are missing or refused; nothing runs.
	StageSubmitted Stage = "Submitted"
	// StageUnderAudit: the audit clock runs (clause 1).
	StageUnderAudit Stage = "UnderAudit"
	// StageTesting: the release runs in the test namespace (clauses 4 and 6).
	StageTesting Stage = "Testing"
	// StageAwaitingLaunch: all parties signed; the organization decides (clause 7).
	StageAwaitingLaunch Stage = "AwaitingLaunch"
	// StageLive: the launched release answers on its gov.pk hosts.
	StageLive Stage = "Live"
	// StageOffline: a violation is flagged, or was lifted and its return is not yet earned (clause 9).
	StageOffline Stage = "Offline"
)

// ThirdPartyApplicationStatus is written by the operator, derived from facts on every pass.
type ThirdPartyApplicationStatus struct {
	// conditions hold Ready, Reconciling and Stalled (kstatus) and one condition for each clause of the SOP and of the Cloud First Policy.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status speaks of; -1 before the first pass.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// stage is where the application stands in the SOP.
	// +optional
	Stage Stage `json:"stage,omitempty"`
	// release is the launched release; before the first launch it is the candidate.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=49
	// +optional
	Release string `json:"release,omitempty"`
	// candidate is the release of the current spec while it is not the launched one.
	// +optional
	Candidate *Candidate `json:"candidate,omitempty"`
	// launchedReleases are the releases that were live once, the newest first, at most ten. Level 1 may roll back to them.
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=49
	// +listType=atomic
	// +optional
	LaunchedReleases []string `json:"launchedReleases,omitempty"`
	// signOffs are the verdicts that count on the release of the current spec: of each type and party the newest.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +listMapKey=party
	// +optional
	SignOffs []SignOffSummary `json:"signOffs,omitempty"`
	// scaling says for each component that scales between which numbers of pods, and why.
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=component
	// +optional
	Scaling []ComponentScaling `json:"scaling,omitempty"`
	// testHost is where the release under test is reached through the VPN gateway.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	TestHost string `json:"testHost,omitempty"`
}

// Candidate is a release on its way to launch.
type Candidate struct {
	// release is its name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=49
	// +required
	Release string `json:"release,omitempty"`
	// stage is where it stands, of Submitted, UnderAudit, Testing and AwaitingLaunch.
	// +required
	Stage Stage `json:"stage,omitempty"`
	// auditDue is the last working day of the audit (clause 1), such as 2026-12-01, in the policy's time zone.
	// Omitted once the audit passed.
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	// +optional
	AuditDue string `json:"auditDue,omitempty"`
	// previousAuditDues are the due dates that held before a holiday or an answer moved them, the oldest first.
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:MinLength=10
	// +kubebuilder:validation:items:MaxLength=10
	// +listType=atomic
	// +optional
	PreviousAuditDues []string `json:"previousAuditDues,omitempty"`
	// comparedWith is the release that changes speaks of: the live one, else the newest that was launched or signed.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=49
	// +optional
	ComparedWith string `json:"comparedWith,omitempty"`
	// materialChange says whether more than image digests changed, so that the candidate needs an audit of its own.
	// +optional
	MaterialChange *bool `json:"materialChange,omitempty"`
	// changes are the differences to comparedWith, at most 50.
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	// +optional
	Changes []ReleaseChange `json:"changes,omitempty"`
}

// ReleaseChange is one difference between two releases.
type ReleaseChange struct {
	// field is what differs, such as components[web].image.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Field string `json:"field,omitempty"`
	// from is the old value as JSON, shortened to 256 characters. Omitted: there was none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1100
	// +optional
	From string `json:"from,omitempty"`
	// to is the new value as JSON, shortened to 256 characters. Omitted: there is none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1100
	// +optional
	To string `json:"to,omitempty"`
}

// SignOffSummary is the verdict of one party that counts.
type SignOffSummary struct {
	// type is what was signed.
	// +required
	Type SignOffType `json:"type,omitempty"`
	// party is who signed.
	// +required
	Party Party `json:"party,omitempty"`
	// name is the SignOff.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
	// decision is the verdict.
	// +required
	Decision Decision `json:"decision,omitempty"`
	// signedBy is the person.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	SignedBy string `json:"signedBy,omitempty"`
	// time is when it was signed.
	// +required
	Time metav1.Time `json:"time,omitempty,omitzero"`
	// openFindings are the party's findings that no later sign-off resolved, the gravest first, as ID (Severity).
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=atomic
	// +optional
	OpenFindings []string `json:"openFindings,omitempty"`
	// evidence are the reports, as their SHA-256 and address.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
}

// ComponentScaling says how far a component scales.
type ComponentScaling struct {
	// component is its name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Component string `json:"component,omitempty"`
	// minReplicas is how many pods run without load.
	// +kubebuilder:validation:Minimum=1
	// +required
	MinReplicas int32 `json:"minReplicas,omitempty"`
	// maxReplicas is the ceiling.
	// +kubebuilder:validation:Minimum=1
	// +required
	MaxReplicas int32 `json:"maxReplicas,omitempty"`
	// explanation says how the ceiling follows from what was declared.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Explanation string `json:"explanation,omitempty"`
}
