// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DataClass is a data class of the Cloud First Policy.
// +kubebuilder:validation:Enum=Open;Public;Restricted;SensitiveConfidential;Secret
type DataClass string

// The data classes, from the least to the most sensitive.
const (
	DataClassOpen                  DataClass = "Open"
	DataClassPublic                DataClass = "Public"
	DataClassRestricted            DataClass = "Restricted"
	DataClassSensitiveConfidential DataClass = "SensitiveConfidential"
	DataClassSecret                DataClass = "Secret"
)

// SecurityLevel is a security baseline of the Cloud Office.
// +kubebuilder:validation:Enum=Baseline;Intermediate;Enhanced;Highest
type SecurityLevel string

// The security levels, from the lowest to the highest.
const (
	SecurityBaseline     SecurityLevel = "Baseline"
	SecurityIntermediate SecurityLevel = "Intermediate"
	SecurityEnhanced     SecurityLevel = "Enhanced"
	SecurityHighest      SecurityLevel = "Highest"
)

// CloudModel is a deployment model of the Cloud First Policy.
// +kubebuilder:validation:Enum=Public;Government;Private;Hybrid
type CloudModel string

// The cloud models.
const (
	// CloudPublic is shared with everybody, and may be outside Pakistan.
	CloudPublic CloudModel = "Public"
	// CloudGovernment serves public-service entities alone, inside Pakistan.
	CloudGovernment CloudModel = "Government"
	// CloudPrivate serves one entity. It needs the Cloud Office's approval.
	CloudPrivate CloudModel = "Private"
	// CloudHybrid joins two of the others.
	CloudHybrid CloudModel = "Hybrid"
)

// ServiceModel is a service model of the Cloud First Policy, which prefers SaaS to PaaS and PaaS to IaaS.
// +kubebuilder:validation:Enum=IaaS;PaaS;SaaS
type ServiceModel string

// The service models.
const (
	ServiceIaaS ServiceModel = "IaaS"
	ServicePaaS ServiceModel = "PaaS"
	ServiceSaaS ServiceModel = "SaaS"
)

// Country is the code of a country by ISO 3166-1, such as PK.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=2
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}$')",message="a country must be its code by ISO 3166-1 in two capital letters, such as PK"
type Country string

// Date is a day such as 2026-12-25.
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Format=date
type Date string

// DataClassRule says where data of a class may live (Cloud First Policy). A class without one has its default:
//
//	Open, Public           Baseline      Public, Government or Hybrid   any country
//	Restricted             Intermediate  Government                     PK
//	SensitiveConfidential  Enhanced      Government                     PK
//	Secret                 Highest       Government                     PK
//
// A rule may ask for more than its default and not for less: level, cloudModels and countries of the classes above Public are floors, and a
// private cloud is nobody's without a NoObjectionCertificate of the Cloud Office.
//
// +kubebuilder:validation:XValidation:rule="(self.dataClass != 'Secret' || self.level == 'Highest') && (self.dataClass != 'SensitiveConfidential' || self.level in ['Enhanced', 'Highest']) && (self.dataClass != 'Restricted' || self.level != 'Baseline')",message="level must not be below the Cloud Office's for the class (Restricted: Intermediate, SensitiveConfidential: Enhanced, Secret: Highest); who needs less asks the Cloud Office for a NoObjectionCertificate"
// +kubebuilder:validation:XValidation:rule="self.dataClass in ['Open', 'Public'] || self.cloudModels == ['Government'] && has(self.countries) && self.countries == ['PK']",message="classes above Public live in the Government cloud, which is in Pakistan: cloudModels must be [Government] and countries [PK]; who needs another asks the Cloud Office for a NoObjectionCertificate"
// +kubebuilder:validation:XValidation:rule="!('Private' in self.cloudModels)",message="cloudModels must not name Private: each use of a private cloud needs a NoObjectionCertificate of the Cloud Office"
type DataClassRule struct {
	// dataClass is the class that the rule speaks of.
	// +required
	DataClass DataClass `json:"dataClass,omitempty"`
	// level is the least security level of a provider that holds such data.
	// +required
	Level SecurityLevel `json:"level,omitempty"`
	// cloudModels are those in which such data may live.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +listType=set
	// +required
	CloudModels []CloudModel `json:"cloudModels,omitempty"`
	// countries are those in which such data may live. Omitted: any.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +listType=set
	// +optional
	Countries []Country `json:"countries,omitempty"`
}

// ProviderPolicy sets what follows when a provider loses its accreditation (Cloud First Policy). All days are calendar days.
type ProviderPolicy struct {
	// migrationDays is how long applications may stay on a provider after its accreditation was suspended, revoked or ended, before
	// they are overdue. Default 90.
	// +kubebuilder:default=90
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	// +optional
	MigrationDays int32 `json:"migrationDays,omitempty"`
	// revocationDays is how long after a revocation applications that are still there go offline, where the Cloud Office names no day
	// of its own. Default 30.
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3650
	// +optional
	RevocationDays *int32 `json:"revocationDays,omitempty"`
}

// NoObjectionPolicy sets how long No Objection Certificates may last.
type NoObjectionPolicy struct {
	// maxDays is the longest that a certificate may last. One that lasts longer has no effect. Default 365.
	// +kubebuilder:default=365
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1096
	// +optional
	MaxDays int32 `json:"maxDays,omitempty"`
	// warningDays are how many days before its end a certificate, an accreditation or an attestation is told to end. Default 30 and 7.
	// +kubebuilder:default={30, 7}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=365
	// +listType=set
	// +optional
	WarningDays []int32 `json:"warningDays,omitempty"`
}

// BreachPolicy sets the clock of a breach's disclosure. The Cloud First Policy says: as soon as it is discovered.
type BreachPolicy struct {
	// disclosureHours is how long after its discovery a breach must be disclosed. Default 0: at once.
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=720
	// +optional
	DisclosureHours *int32 `json:"disclosureHours,omitempty"`
	// alarmHours are how long after its disclosure a breach that the Cloud Office has not acknowledged raises an alarm. Default 1 and 72.
	// +kubebuilder:default={1, 72}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=720
	// +listType=set
	// +optional
	AlarmHours []int32 `json:"alarmHours,omitempty"`
	// finalReportDays is within how many days of its disclosure the final report is due. Default 30.
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=365
	// +optional
	FinalReportDays int32 `json:"finalReportDays,omitempty"`
}

// CommercialPolicy says what is commercial by itself (clause 10).
type CommercialPolicy struct {
	// hosts are names that, with everything beneath, take payments or serve advertisements: an edge to one exists only while a
	// No Objection Certificate names it. Omitted: only what organizations declare as commercial.
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])$')",message="commercial.hosts must be full names in DNS such as pay.example, in lower case, without wildcard, port or trailing dot: what lies beneath is meant as well"
	// +listType=set
	// +optional
	Hosts []string `json:"hosts,omitempty"`
}
