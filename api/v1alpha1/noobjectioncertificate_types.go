// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NoObjectionCertificate is a time-limited, exact exemption of one application. There is none from audit, domain or encryption.
// Its spec is fixed but for setting revocation once; while it is in force it cannot be deleted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=noc,categories=govpk
// +kubebuilder:printcolumn:name="Clause",type=string,JSONPath=`.spec.clause`
// +kubebuilder:printcolumn:name="Authority",type=string,JSONPath=`.spec.authority`
// +kubebuilder:printcolumn:name="Namespace",type=string,JSONPath=`.spec.application.namespace`
// +kubebuilder:printcolumn:name="Application",type=string,JSONPath=`.spec.application.name`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="From",type=string,JSONPath=`.spec.validFrom`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.validUntil`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 63 characters"
type NoObjectionCertificate struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is the exemption.
	// +required
	Spec NoObjectionCertificateSpec `json:"spec,omitempty,omitzero"`
	// status is whether it has effect now.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status NoObjectionCertificateStatus `json:"status,omitempty,omitzero"`
}

// NoObjectionAuthority is who issues a certificate. The powers of the two are different.
// +kubebuilder:validation:Enum=NITB;CloudOffice
type NoObjectionAuthority string

// Who issues certificates.
const (
	// AuthorityNITB exempts from clause 10 of the SOP.
	AuthorityNITB NoObjectionAuthority = "NITB"
	// AuthorityCloudOffice exempts from the Cloud First Policy.
	AuthorityCloudOffice NoObjectionAuthority = "CloudOffice"
)

// ExemptClause is what an application may be exempted from.
// +kubebuilder:validation:Enum=Commercial;SecurityLevel;CloudModel;Residency;DataClassification
type ExemptClause string

// What an application may be exempted from.
const (
	// ExemptCommercial lets an application make the commercial use that scope.uses names, with scope.origins (SOP clause 10). NITB's.
	ExemptCommercial ExemptClause = "Commercial"
	// ExemptSecurityLevel lets data of scope.dataClass live with scope.provider though its level is too low. The Cloud Office's, as are
	// all below.
	ExemptSecurityLevel ExemptClause = "SecurityLevel"
	// ExemptCloudModel lets data of scope.dataClass live in every cloud model of scope.provider.
	ExemptCloudModel ExemptClause = "CloudModel"
	// ExemptResidency lets data of scope.dataClass live in every country in which scope.provider has data centres.
	ExemptResidency ExemptClause = "Residency"
	// ExemptDataClassification lets the application lower its class to scope.dataClass.
	ExemptDataClassification ExemptClause = "DataClassification"
)

// NoObjectionCertificateSpec is an exemption.
//
// +kubebuilder:validation:XValidation:rule="self.validFrom < self.validUntil",message="validUntil must be after validFrom"
// +kubebuilder:validation:XValidation:rule="self.validUntil - self.validFrom <= duration('26304h')",message="validUntil must be at most 1096 days after validFrom; DeploymentPolicy default spec.noObjectionCertificates.maxDays sets a shorter maximum"
// +kubebuilder:validation:XValidation:rule="(self.clause == 'Commercial') == (self.authority == 'NITB')",message="authority NITB exempts from clause Commercial, and CloudOffice from every other: neither has the other's power"
// +kubebuilder:validation:XValidation:rule="(self.clause == 'Commercial') == has(self.scope.uses) && (self.clause == 'Commercial') != has(self.scope.dataClass) && (self.clause == 'Commercial' || !has(self.scope.origins))",message="scope needs uses, and may have origins, for clause Commercial; it needs dataClass for every other"
// +kubebuilder:validation:XValidation:rule="(self.clause in ['SecurityLevel', 'CloudModel', 'Residency']) == has(self.scope.provider)",message="scope.provider is needed for clauses SecurityLevel, CloudModel and Residency, and is for no other"
// +kubebuilder:validation:XValidation:rule="has(oldSelf.revocation) ? (has(self.revocation) && self.revocation == oldSelf.revocation) : true",message="spec.revocation is set once and never changes: issue another NoObjectionCertificate"
// +kubebuilder:validation:XValidation:rule="self.authority == oldSelf.authority && self.clause == oldSelf.clause && self.application == oldSelf.application && self.scope == oldSelf.scope && self.validFrom == oldSelf.validFrom && self.validUntil == oldSelf.validUntil && self.reason == oldSelf.reason && self.issuedBy == oldSelf.issuedBy && has(self.evidence) == has(oldSelf.evidence) && (!has(self.evidence) || self.evidence == oldSelf.evidence)",message="a NoObjectionCertificate is fixed but for spec.revocation: issue another one"
type NoObjectionCertificateSpec struct {
	// authority is who issues it.
	// +required
	Authority NoObjectionAuthority `json:"authority,omitempty"`
	// clause is what it exempts from. Audit, domain and encryption are not among the values: nothing exempts from them.
	// +required
	Clause ExemptClause `json:"clause,omitempty"`
	// application is for whom.
	// +required
	Application ApplicationReference `json:"application,omitempty,omitzero"`
	// scope is what exactly.
	// +required
	Scope NoObjectionScope `json:"scope,omitempty,omitzero"`
	// validFrom is the second from which it has effect.
	// +required
	ValidFrom metav1.Time `json:"validFrom,omitempty,omitzero"`
	// validUntil is the second at which it has none any more.
	// +required
	ValidUntil metav1.Time `json:"validUntil,omitempty,omitzero"`
	// reason says why the deviation is legitimate.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// issuedBy is the user who creates this object, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	IssuedBy string `json:"issuedBy,omitempty"`
	// evidence are documents elsewhere, bound by their digests.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	Evidence []Document `json:"evidence,omitempty"`
	// revocation ends it at once. Set once.
	// +optional
	Revocation *NoObjectionRevocation `json:"revocation,omitempty"`
}

// CommercialUse is a use that clause 10 forbids without a certificate.
// +kubebuilder:validation:Enum=Transactions;Advertisements;ThirdPartyLogos
type CommercialUse string

// The commercial uses.
const (
	CommercialTransactions    CommercialUse = "Transactions"
	CommercialAdvertisements  CommercialUse = "Advertisements"
	CommercialThirdPartyLogos CommercialUse = "ThirdPartyLogos"
)

// NoObjectionScope is what a certificate covers, and nothing else.
type NoObjectionScope struct {
	// uses are the commercial uses.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +optional
	Uses []CommercialUse `json:"uses,omitempty"`
	// origins are those from which browsers may load, to which they may send, and to which components may open connections, such as
	// https://pay.example or https://pay.example:8443.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=12
	// +kubebuilder:validation:items:MaxLength=267
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^https://([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$')",message="scope.origins must be exact origins such as https://pay.example or https://pay.example:8443, in lower case: https alone, no wildcard, address, path or slash at the end"
	// +listType=set
	// +optional
	Origins []string `json:"origins,omitempty"`
	// provider is the CloudServiceProvider.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=54
	// +optional
	Provider string `json:"provider,omitempty"`
	// dataClass is the class of data.
	// +optional
	DataClass DataClass `json:"dataClass,omitempty"`
}

// NoObjectionRevocation ends a certificate.
type NoObjectionRevocation struct {
	// reason says why.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Reason string `json:"reason,omitempty"`
	// revokedBy is the user who sets revocation, as the API server knows that user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	RevokedBy string `json:"revokedBy,omitempty"`
}

// NoObjectionState is whether a certificate has effect now.
// +kubebuilder:validation:Enum=Pending;InForce;Ended;Revoked;Refused
type NoObjectionState string

// Whether a certificate has effect now.
const (
	// NoObjectionPending: validFrom is not reached.
	NoObjectionPending NoObjectionState = "Pending"
	// NoObjectionInForce: it has effect.
	NoObjectionInForce NoObjectionState = "InForce"
	// NoObjectionEnded: validUntil has passed.
	NoObjectionEnded NoObjectionState = "Ended"
	// NoObjectionRevoked: its authority ended it.
	NoObjectionRevoked NoObjectionState = "Revoked"
	// NoObjectionRefused: it lasts longer than the policy allows, and never has effect.
	NoObjectionRefused NoObjectionState = "Refused"
)

// NoObjectionCertificateStatus is whether a certificate has effect now.
type NoObjectionCertificateStatus struct {
	// conditions hold InForce.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status speaks of; -1 before the first pass.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// state is whether it has effect now.
	// +optional
	State NoObjectionState `json:"state,omitempty"`
}

// NoObjectionCertificateList is a list of NoObjectionCertificates.
// +kubebuilder:object:root=true
type NoObjectionCertificateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NoObjectionCertificate `json:"items"`
}
