// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DeploymentPolicy holds NTC's settings. There is one, named default; an empty spec is a complete, safe policy.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="Audit-Days",type=integer,JSONPath=`.spec.audit.workingDays`
// +kubebuilder:printcolumn:name="Test-Domain",type=string,JSONPath=`.spec.gateways.test.domain`
// +kubebuilder:printcolumn:name="Issuer",type=string,JSONPath=`.spec.gateways.issuer.name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'default'",message="there is one DeploymentPolicy and its name is default"
type DeploymentPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec holds the settings. Omitted: the default of each field.
	// +kubebuilder:default={}
	// +optional
	Spec DeploymentPolicySpec `json:"spec,omitempty,omitzero"`
}

// DeploymentPolicySpec holds NTC's settings.
// +kubebuilder:validation:XValidation:rule="!has(self.mesh) || !has(self.gateways) || self.mesh.issuer.kind != self.gateways.issuer.kind || self.mesh.issuer.name != self.gateways.issuer.name",message="mesh.issuer must not be gateways.issuer: it certifies components and nothing else"
type DeploymentPolicySpec struct {
	// gateways say where applications are exposed (clause 4) and who certifies their hosts (clause 5).
	// +kubebuilder:default={}
	// +optional
	Gateways Gateways `json:"gateways,omitempty,omitzero"`
	// audit sets the architecture audit (clause 1).
	// +kubebuilder:default={}
	// +optional
	Audit AuditPolicy `json:"audit,omitempty,omitzero"`
	// endToEndTest sets the end-to-end test (clause 6).
	// +kubebuilder:default={}
	// +optional
	EndToEndTest EndToEndTestPolicy `json:"endToEndTest,omitempty,omitzero"`
	// signOffs sets how long approvals hold (clauses 1 and 6).
	// +kubebuilder:default={}
	// +optional
	SignOffs SignOffPolicy `json:"signOffs,omitempty,omitzero"`
	// domains set how hosts are held (clause 4).
	// +kubebuilder:default={}
	// +optional
	Domains DomainPolicy `json:"domains,omitempty,omitzero"`
	// mesh sets who encrypts the flows between components, and what happens where encryption is lost (clause 5).
	// +kubebuilder:default={}
	// +optional
	Mesh MeshPolicy `json:"mesh,omitempty,omitzero"`
	// rollouts set when a rollout has failed.
	// +kubebuilder:default={}
	// +optional
	Rollouts RolloutPolicy `json:"rollouts,omitempty,omitzero"`
	// storage sets where volumes come from (clause 2).
	// +optional
	Storage StoragePolicy `json:"storage,omitempty,omitzero"`
	// capacity sets how much of a provider's nodes applications may book (clause 3).
	// +kubebuilder:default={}
	// +optional
	Capacity CapacityPolicy `json:"capacity,omitempty,omitzero"`
	// dataClasses say where data of each class may live (Cloud First Policy). A class without a rule has its default.
	// +kubebuilder:validation:MaxItems=5
	// +listType=map
	// +listMapKey=dataClass
	// +optional
	DataClasses []DataClassRule `json:"dataClasses,omitempty"`
	// providers set what follows when a provider loses its accreditation (Cloud First Policy).
	// +kubebuilder:default={}
	// +optional
	Providers ProviderPolicy `json:"providers,omitempty,omitzero"`
	// noObjectionCertificates set how long certificates may last.
	// +kubebuilder:default={}
	// +optional
	NoObjectionCertificates NoObjectionPolicy `json:"noObjectionCertificates,omitempty,omitzero"`
	// breaches set the clock of a breach's disclosure (Cloud First Policy).
	// +kubebuilder:default={}
	// +optional
	Breaches BreachPolicy `json:"breaches,omitempty,omitzero"`
	// commercial says what is commercial by itself (clause 10).
	// +optional
	Commercial CommercialPolicy `json:"commercial,omitempty,omitzero"`
	// network says what the cluster's network can do.
	// +kubebuilder:default={}
	// +optional
	Network NetworkSupport `json:"network,omitempty,omitzero"`
	// calendar sets the working days.
	// +kubebuilder:default={}
	// +optional
	Calendar CalendarPolicy `json:"calendar,omitempty,omitzero"`
	// support names the groups that hold the support levels (clause 8).
	// +kubebuilder:default={}
	// +optional
	Support SupportPolicy `json:"support,omitempty,omitzero"`
	// violations sets who takes applications offline by hand, and their return after a takedown (clause 9).
	// +kubebuilder:default={}
	// +optional
	Violations ViolationPolicy `json:"violations,omitempty,omitzero"`
}

// Gateways say where applications are exposed.
type Gateways struct {
	// live are the Gateways that the public reaches; the first with room takes a new host. Where one has an HTTPS listener of NTC's
	// for the wildcard above a host (*.health.gov.pk) that admits exposure=live, the host uses that. Default: gateways/public.
	// +kubebuilder:default={{name: public, namespace: gateways}}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Live []GatewayReference `json:"live,omitempty"`
	// test is the Gateway that only the VPN reaches. Default: gateways/vpn with domain test.ntc.gov.pk.
	// +kubebuilder:default={name: vpn, namespace: gateways, domain: "test.ntc.gov.pk"}
	// +optional
	Test TestGateway `json:"test,omitempty,omitzero"`
	// issuer is cert-manager's issuer for live hosts. Default: ClusterIssuer govpk.
	// +kubebuilder:default={kind: ClusterIssuer, name: govpk}
	// +optional
	Issuer IssuerReference `json:"issuer,omitempty,omitzero"`
}

// GatewayReference names a Gateway. Its proxies run in the Gateway's namespace: only pods of that namespace may reach applications.
type GatewayReference struct {
	// name is the Gateway's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`
	// namespace is the Gateway's namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace string `json:"namespace,omitempty"`
}

// TestGateway is the Gateway of the VPN.
type TestGateway struct {
	GatewayReference `json:",inline"`
	// domain is the gov.pk domain whose wildcard listener admits the test namespaces; test hosts are <application>-<hash>.<domain>.
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=180
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+gov[.]pk$')",message="gateways.test.domain must be strictly under gov.pk, such as test.ntc.gov.pk"
	// +required
	Domain string `json:"domain,omitempty"`
}

// IssuerReference names a cert-manager issuer.
type IssuerReference struct {
	// kind is ClusterIssuer or Issuer; an Issuer is looked for in the Gateway's namespace.
	// +kubebuilder:validation:Enum=ClusterIssuer;Issuer
	// +required
	Kind string `json:"kind,omitempty"`
	// name is the issuer's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`
}

// AuditRequirement says which releases need an audit.
// +kubebuilder:validation:Enum=Always;MaterialChange
type AuditRequirement string

// Which releases need an audit.
const (
	// AuditAlways: every release.
	AuditAlways AuditRequirement = "Always"
	// AuditMaterialChange: every release but one that differs from an audited one by image digests alone, so that a patch is fast.
	AuditMaterialChange AuditRequirement = "MaterialChange"
)

// AuditPolicy sets the architecture audit (clause 1).
type AuditPolicy struct {
	// workingDays is how long the audit may take. Default 7, as the SOP says.
	// +kubebuilder:default=7
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60
	// +optional
	WorkingDays int32 `json:"workingDays,omitempty"`
	// required says which releases need an audit. Default MaterialChange.
	// +kubebuilder:default=MaterialChange
	// +optional
	Required AuditRequirement `json:"required,omitempty"`
	// parties must all approve. Default NITB.
	// +kubebuilder:default={NITB}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +optional
	Parties []Party `json:"parties,omitempty"`
}

// EndToEndTestPolicy sets the end-to-end test (clause 6).
type EndToEndTestPolicy struct {
	// parties must all approve. Default NITB, NTC and Organization.
	// +kubebuilder:default={NITB, NTC, Organization}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +optional
	Parties []Party `json:"parties,omitempty"`
}

// SignOffPolicy sets how long approvals hold.
type SignOffPolicy struct {
	// validDays is for how many days an approval holds while its release was never launched. Default 90; 0: for ever.
	// +kubebuilder:default=90
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3650
	// +optional
	ValidDays *int32 `json:"validDays,omitempty"`
}

// DomainPolicy sets how hosts are held (clause 4).
type DomainPolicy struct {
	// reservationDays is how long a host is reserved before the audit passes. Afterwards another application may take it. Default 60.
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	// +optional
	ReservationDays int32 `json:"reservationDays,omitempty"`
	// quarantineDays is how long a host that its application gave up is kept from others. Default 90; 0: not at all.
	// +kubebuilder:default=90
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3650
	// +optional
	QuarantineDays *int32 `json:"quarantineDays,omitempty"`
	// reserved are names that, with everything beneath, only the listed organizations may use. The test domain is always reserved.
	// +kubebuilder:validation:MaxItems=500
	// +listType=map
	// +listMapKey=name
	// +optional
	Reserved []ReservedName `json:"reserved,omitempty"`
}

// ReservedName is a name that not everybody may use.
type ReservedName struct {
	// name is the name, strictly under gov.pk.
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+gov[.]pk$')",message="name must be strictly under gov.pk, such as ntc.gov.pk"
	// +required
	Name string `json:"name,omitempty"`
	// organizations are the identities that may use it. Omitted: nobody.
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	// +optional
	Organizations []string `json:"organizations,omitempty"`
}

// RolloutPolicy sets when a rollout has failed.
type RolloutPolicy struct {
	// deadlineSeconds is how long a component may make no progress, or a Task may run without end. Default 300.
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	// +optional
	DeadlineSeconds int32 `json:"deadlineSeconds,omitempty"`
}

// StoragePolicy sets where volumes come from.
type StoragePolicy struct {
	// className is the StorageClass of volumes. Omitted: the cluster's default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	ClassName string `json:"className,omitempty"`
}

// CapacityPolicy sets how much of what a provider's ready nodes offer applications may book together (clause 3). An application
// books the quotas of its test and live namespaces: declared hardware, which it seldom uses all at once.
type CapacityPolicy struct {
	// cpuOvercommitPercent is how much cpu may be booked, in percent of what the nodes offer. Default 100: no more than there is.
	// Beyond that, components that are all busy at once share the nodes by what they request.
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=10000
	// +optional
	CPUOvercommitPercent int32 `json:"cpuOvercommitPercent,omitempty"`
	// memoryOvercommitPercent is how much memory may be booked, in percent of what the nodes offer. Default 100: no more than
	// there is. Beyond that, components that all use what their limits allow make the nodes end pods.
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=10000
	// +optional
	MemoryOvercommitPercent int32 `json:"memoryOvercommitPercent,omitempty"`
}

// SupportPolicy names the groups that hold the support levels (clause 8), as the API server's authenticator knows them.
type SupportPolicy struct {
	// operationsGroup holds level 1. Default ntc:operations.
	// +kubebuilder:default="ntc:operations"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('system:')",message="support.operationsGroup must not be a group of the system"
	// +optional
	OperationsGroup string `json:"operationsGroup,omitempty"`
	// level1 is whom organizations and alerts call first: NITB's and NTC's own desk. Default: NTC operations, without an address.
	// +kubebuilder:default={name: "NTC operations"}
	// +optional
	Level1 Level1Contact `json:"level1,omitempty,omitzero"`
	// organizationGroupPrefix and the organization's label make the name of the group that holds levels 2 and 3.
	// Default organization: so that organization:sehat-digital supports the applications of sehat-digital.
	// +kubebuilder:default="organization:"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('system:')",message="support.organizationGroupPrefix must not make a group of the system"
	// +optional
	OrganizationGroupPrefix string `json:"organizationGroupPrefix,omitempty"`
}

// Level1Contact is the desk that holds level 1 (clause 8).
type Level1Contact struct {
	// name is the desk.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\p{Cc}\\\\x{2028}\\\\x{2029}\\\\x{202A}-\\\\x{202E}\\\\x{2066}-\\\\x{2069}]')",message="name must be one line, without control characters"
	// +required
	Name string `json:"name,omitempty"`
	// email is the address to write to.
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\p{Cc}\\\\x{2028}\\\\x{2029}\\\\x{202A}-\\\\x{202E}\\\\x{2066}-\\\\x{2069}]')",message="email must be one line, without control characters"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@\\\\s]+@[^@\\\\s]+$')",message="email must be an address such as desk@example.com"
	// +optional
	Email string `json:"email,omitempty"`
	// phone is the number to call, in international form.
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?[0-9 ()-]+$')",message="phone must hold only digits, spaces, parentheses and hyphens after an optional +"
	// +optional
	Phone string `json:"phone,omitempty"`
}

// ReturnRequirement says what an application needs to return after a lift.
// +kubebuilder:validation:Enum=FreshSignOffs;LiftOnly
type ReturnRequirement string

// What a return needs.
const (
	// ReturnFreshSignOffs: end-to-end sign-offs of all parties that are newer than the flag.
	ReturnFreshSignOffs ReturnRequirement = "FreshSignOffs"
	// ReturnLiftOnly: the lift alone.
	ReturnLiftOnly ReturnRequirement = "LiftOnly"
)

// ViolationPolicy sets who takes applications offline by hand, and their return after a takedown (clause 9).
type ViolationPolicy struct {
	// securityGroup may do the moves of a takedown by itself, in live namespaces alone, for when the operator does not run.
	// Its members also need the verb flag. Default ntc:security.
	// +kubebuilder:default="ntc:security"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('system:')",message="violations.securityGroup must not be a group of the system"
	// +optional
	SecurityGroup string `json:"securityGroup,omitempty"`
	// returnRequires says what a return needs beside the lift. Default FreshSignOffs.
	// +kubebuilder:default=FreshSignOffs
	// +optional
	ReturnRequires ReturnRequirement `json:"returnRequires,omitempty"`
}

// DeploymentPolicyList is a list of DeploymentPolicies.
// +kubebuilder:object:root=true
type DeploymentPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DeploymentPolicy `json:"items"`
}
