// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CloudServiceProvider is a provider on the Cloud Office's list (Cloud First Policy).
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Level",type=string,JSONPath=`.spec.accreditation.level`
// +kubebuilder:printcolumn:name="Classes",type=string,JSONPath=`.spec.accreditation.dataClasses`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.accreditation.validUntil`
// +kubebuilder:printcolumn:name="Applications",type=integer,JSONPath=`.status.applications`
// +kubebuilder:printcolumn:name="Breaches",type=integer,JSONPath=`.status.openBreaches`,priority=1
// +kubebuilder:printcolumn:name="Models",type=string,JSONPath=`.spec.cloudModels`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 54 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 54 characters: labels name the provider"
type CloudServiceProvider struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is what the Cloud Office attests.
	// +required
	Spec CloudServiceProviderSpec `json:"spec,omitempty,omitzero"`
	// status is where the provider stands now.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status CloudServiceProviderStatus `json:"status,omitempty,omitzero"`
}

// CloudServiceProviderSpec is what the Cloud Office attests.
// +kubebuilder:validation:XValidation:rule="self.dataCentres.all(d, d.cloudModel in self.cloudModels)",message="dataCentres[].cloudModel must be one of spec.cloudModels"
// +kubebuilder:validation:XValidation:rule="self.dataCentres.size() == 1 || self.dataCentres.all(d, has(d.nodeSelector))",message="with several dataCentres each needs a nodeSelector: it says which of the provider's nodes stand there"
type CloudServiceProviderSpec struct {
	// legalName is the provider's registered name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	LegalName string `json:"legalName,omitempty"`
	// serviceModels are those that the provider offers.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +required
	ServiceModels []ServiceModel `json:"serviceModels,omitempty"`
	// cloudModels are those that the provider offers.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +listType=set
	// +required
	CloudModels []CloudModel `json:"cloudModels,omitempty"`
	// dataCentres are where the provider's nodes stand.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +required
	DataCentres []DataCentre `json:"dataCentres,omitempty"`
	// nodeSelector selects the provider's attested nodes. Pods of its applications run there and nowhere else (clause 3).
	// matchLabels names at least one label; matchExpressions narrow it. A node that two providers select is offered by both: select each for one.
	// +kubebuilder:validation:XValidation:rule="has(self.matchLabels) && self.matchLabels.size() > 0",message="nodeSelector.matchLabels must name a label that attested nodes have: without one it could attest nearly every node of the cluster"
	// +required
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitempty,omitzero"`
	// accreditation is the Cloud Office's verdict.
	// +required
	Accreditation Accreditation `json:"accreditation,omitempty,omitzero"`
	// attestations are what others certify of the provider, such as ISO/IEC 27001.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=standard
	// +optional
	Attestations []Attestation `json:"attestations,omitempty"`
	// scores are the Cloud Office's marks on the policy's five criteria.
	// +kubebuilder:validation:MaxItems=5
	// +listType=map
	// +listMapKey=criterion
	// +optional
	Scores []Score `json:"scores,omitempty"`
	// audits say when the provider is audited. Omitted: it is not said.
	// +optional
	Audits *AuditSchedule `json:"audits,omitempty"`
	// takeOffline orders every application on the provider offline at once. It ends when it is removed.
	// +optional
	TakeOffline *OfflineOrder `json:"takeOffline,omitempty"`
}

// DataCentre is where nodes of a provider stand.
type DataCentre struct {
	// name is the data centre's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`
	// country is where it stands.
	// +required
	Country Country `json:"country,omitempty"`
	// city is where it stands.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	City string `json:"city,omitempty"`
	// cloudModel is that of its nodes.
	// +required
	CloudModel CloudModel `json:"cloudModel,omitempty"`
	// nodeSelector selects, of the provider's nodes, those that stand here. Omitted: all of them, which only a single data centre may say.
	// +kubebuilder:validation:XValidation:rule="has(self.matchLabels) && self.matchLabels.size() > 0",message="nodeSelector.matchLabels must name a label that its nodes have: leave nodeSelector out where there is one data centre"
	// +optional
	NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`
}

// AccreditationState is where a provider stands.
// +kubebuilder:validation:Enum=Registered;Accredited;Suspended;Revoked
type AccreditationState string

// The states of an accreditation. Only an accredited provider may run applications: each serves a public-service entity.
const (
	AccreditationRegistered AccreditationState = "Registered"
	AccreditationAccredited AccreditationState = "Accredited"
	AccreditationSuspended  AccreditationState = "Suspended"
	AccreditationRevoked    AccreditationState = "Revoked"
)

// Accreditation is the Cloud Office's verdict on a provider.
// +kubebuilder:validation:XValidation:rule="self.validFrom <= self.validUntil",message="accreditation.validUntil must not be before accreditation.validFrom"
// +kubebuilder:validation:XValidation:rule="(!('Secret' in self.dataClasses) || self.level == 'Highest') && (!('SensitiveConfidential' in self.dataClasses) || self.level in ['Enhanced', 'Highest']) && (!('Restricted' in self.dataClasses) || self.level != 'Baseline')",message="accreditation.dataClasses names a class above accreditation.level: Restricted needs Intermediate, SensitiveConfidential needs Enhanced, Secret needs Highest"
// +kubebuilder:validation:XValidation:rule="(self.state in ['Suspended', 'Revoked']) == has(self.effectiveFrom)",message="accreditation.effectiveFrom is the first day of a suspension or revocation: give it with state Suspended or Revoked, and with no other"
// +kubebuilder:validation:XValidation:rule="!has(self.offlineFrom) || self.state == 'Revoked' && has(self.effectiveFrom) && self.offlineFrom >= self.effectiveFrom",message="accreditation.offlineFrom is for state Revoked, and not before accreditation.effectiveFrom"
type Accreditation struct {
	// state is where the provider stands; a suspension or revocation from effectiveFrom on, and until then it is accredited.
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
	// effectiveFrom is the first day of a suspension or revocation, in the policy's time zone.
	// +optional
	EffectiveFrom Date `json:"effectiveFrom,omitempty"`
	// offlineFrom is the day on which applications that are still on a revoked provider go offline.
	// Omitted: providers.revocationDays of the policy after effectiveFrom.
	// +optional
	OfflineFrom Date `json:"offlineFrom,omitempty"`
	// auditor is who audited the provider.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Auditor string `json:"auditor,omitempty"`
	// reason says why the provider is suspended or revoked.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Reason string `json:"reason,omitempty"`
}

// Attestation is what somebody else certifies of a provider.
type Attestation struct {
	// standard is what is certified, such as ISO/IEC 27001.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Standard string `json:"standard,omitempty"`
	// certificate is its number.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Certificate string `json:"certificate,omitempty"`
	// issuer is who certifies.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Issuer string `json:"issuer,omitempty"`
	// validUntil is its last day.
	// +required
	ValidUntil Date `json:"validUntil,omitempty"`
}

// Criterion is one of the Cloud First Policy's five criteria.
// +kubebuilder:validation:Enum=Security;Reliability;Cost;Interoperability;Availability
type Criterion string

// Score is a mark on one criterion.
type Score struct {
	// criterion is what is marked.
	// +required
	Criterion Criterion `json:"criterion,omitempty"`
	// mark is from 0, the worst, to 100.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +required
	Mark *int32 `json:"mark,omitempty"`
	// date is when it was given.
	// +required
	Date Date `json:"date,omitempty"`
	// assessor is who gave it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Assessor string `json:"assessor,omitempty"`
}

// AuditSchedule says when a provider is audited.
// +kubebuilder:validation:XValidation:rule="!has(self.last) || self.last <= self.next",message="audits.next must not be before audits.last"
type AuditSchedule struct {
	// last is the day of the last audit. Omitted: there was none.
	// +optional
	Last Date `json:"last,omitempty"`
	// next is the day by which the next audit is due.
	// +required
	Next Date `json:"next,omitempty"`
}

// OfflineOrder is the Cloud Office's order to take a provider's applications offline.
type OfflineOrder struct {
	// reason says why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// orderedBy is the user who sets it, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	OrderedBy string `json:"orderedBy,omitempty"`
}

// ProviderState is where a provider stands at this moment.
type ProviderState string

// Where a provider stands at this moment.
const (
	// ProviderRegistered: known to the Cloud Office, not accredited.
	ProviderRegistered ProviderState = "Registered"
	// ProviderPending: accredited from a later day on.
	ProviderPending ProviderState = "Pending"
	// ProviderAccredited: applications may run there.
	ProviderAccredited ProviderState = "Accredited"
	// ProviderSuspended: what runs there stays, nothing new starts, and applications have a day by which to move.
	ProviderSuspended ProviderState = "Suspended"
	// ProviderExpired: the accreditation has ended; otherwise as suspended.
	ProviderExpired ProviderState = "Expired"
	// ProviderRevoked: as suspended, and from a day on applications are offline.
	ProviderRevoked ProviderState = "Revoked"
)

// CloudServiceProviderStatus is where a provider stands now.
type CloudServiceProviderStatus struct {
	// conditions hold Accredited, AttestationsCurrent and Ready.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status speaks of; -1 before the first pass.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// state is the accreditation in effect now.
	// +kubebuilder:validation:Enum=Registered;Pending;Accredited;Suspended;Expired;Revoked
	// +optional
	State ProviderState `json:"state,omitempty"`
	// migrateBy is the last day on which applications may still be on a provider that is not accredited any more.
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	// +optional
	MigrateBy string `json:"migrateBy,omitempty"`
	// offlineFrom is the day on which applications that are still on a revoked provider go offline.
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	// +optional
	OfflineFrom string `json:"offlineFrom,omitempty"`
	// applications is how many applications name the provider or run on it.
	// +optional
	Applications *int32 `json:"applications,omitempty"`
	// openBreaches is how many breaches of the provider are not closed.
	// +optional
	OpenBreaches *int32 `json:"openBreaches,omitempty"`
	// endings are what ends within a year, the earliest first.
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Endings []Ending `json:"endings,omitempty"`
}

// Ending is something that ends.
type Ending struct {
	// what ends, such as accreditation or attestation ISO/IEC 27001.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	What string `json:"what,omitempty"`
	// date is its last day.
	// +required
	Date Date `json:"date,omitempty"`
}

// CloudServiceProviderList is a list of CloudServiceProviders.
// +kubebuilder:object:root=true
type CloudServiceProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CloudServiceProvider `json:"items"`
}
