// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ThirdPartyApplication is an application of a private organization that National Telecom Corporation hosts for the
// government under the third-party application SOP. The organization writes it in its own namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tpa,categories=govpk
// +kubebuilder:selectablefield:JSONPath=`.spec.publicServiceEntity`
// +kubebuilder:selectablefield:JSONPath=`.spec.cloudServiceProvider`
// +kubebuilder:selectablefield:JSONPath=`.spec.dataClass`
// +kubebuilder:printcolumn:name="Stage",type=string,JSONPath=`.status.stage`
// +kubebuilder:printcolumn:name="Host",type=string,JSONPath=`.spec.domains[0].host`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.status.release`
// +kubebuilder:printcolumn:name="Due",type=string,JSONPath=`.status.candidate.auditDue`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Entity",type=string,JSONPath=`.spec.publicServiceEntity`,priority=1
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.cloudServiceProvider`,priority=1
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=`.spec.dataClass`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 40 characters that starts with a letter: stage namespaces are named after it"
type ThirdPartyApplication struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is what the organization declares.
	// +required
	Spec ThirdPartyApplicationSpec `json:"spec,omitempty,omitzero"`
	// status is what the operator observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status ThirdPartyApplicationStatus `json:"status,omitempty,omitzero"`
}

// ThirdPartyApplicationSpec is the organization's request under the SOP.
//
// +kubebuilder:validation:XValidation:rule="self.components.all(c, !has(c.connectsTo) || c.connectsTo.all(e, !has(e.component) || e.component != c.name))",message="spec.components[].connectsTo names its own component: a component reaches itself without an edge, remove it"
// +kubebuilder:validation:XValidation:rule="self.components.all(c, !has(c.connectsTo) || c.connectsTo.all(e, !has(e.component) || !has(e.port) || self.components.exists(d, d.name == e.component && has(d.ports) && d.ports.exists(p, p.name == e.port))))",message="spec.components[].connectsTo names a component and port that spec.components does not declare: correct the name or declare the port"
// +kubebuilder:validation:XValidation:rule="self.components.all(c, !has(c.after) || c.after.all(a, a != c.name && self.components.exists(d, d.name == a && d.type == 'Task')))",message="spec.components[].after names something that is not another Task of spec.components: correct the name"
// +kubebuilder:validation:XValidation:rule="self.domains.all(d, d.paths.all(r, self.components.exists(c, c.name == r.component && has(c.ports) && c.ports.exists(p, p.name == r.port))))",message="spec.domains[].paths names a component and port that spec.components does not declare: correct the name or declare the port"
type ThirdPartyApplicationSpec struct {
	// organization is who deploys the application and whom to call (clause 8).
	// +required
	Organization Organization `json:"organization,omitempty,omitzero"`
	// publicServiceEntity is the ministry, division or department that the application serves.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	PublicServiceEntity string `json:"publicServiceEntity,omitempty"`
	// cloudServiceProvider names the CloudServiceProvider whose nodes run the application (clause 3).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=54
	// +required
	CloudServiceProvider string `json:"cloudServiceProvider,omitempty"`
	// dataClass is the class of the most sensitive data that the application handles.
	// +required
	DataClass DataClass `json:"dataClass,omitempty"`
	// requirements are the declarations of clause 2.
	// +required
	Requirements Requirements `json:"requirements,omitempty,omitzero"`
	// components are the programs of the application. Their edges (connectsTo) are the data-flow diagram in machine form
	// and the only flows that exist at run time.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +required
	Components []Component `json:"components,omitempty"`
	// domains are the gov.pk hosts of the application (clause 4).
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=host
	// +required
	Domains []Domain `json:"domains,omitempty"`
	// commercial is the declaration of clause 10.
	// +required
	Commercial Commercial `json:"commercial,omitempty,omitzero"`
	// launch is the organization's own decision to go live (clause 7). Omitted: the application is not live.
	// While it is set the application cannot be deleted.
	// +optional
	Launch *Launch `json:"launch,omitempty"`
}

// Organization is the private organization.
type Organization struct {
	// name is the registered name of the organization.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\p{Cc}\\\\x{2028}\\\\x{2029}\\\\x{202A}-\\\\x{202E}\\\\x{2066}-\\\\x{2069}]')",message="name must be one line, without control characters"
	// +required
	Name string `json:"name,omitempty"`
	// contacts are the organization's support levels 2 and 3, at least one of each; level 1 is NITB's and NTC's (clause 8).
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:XValidation:rule="self.exists(c, c.level == 'L2') && self.exists(c, c.level == 'L3')",message="contacts must name at least one L2 and one L3 contact: both levels remain with the organization (SOP clause 8)"
	// +listType=atomic
	// +required
	Contacts []Contact `json:"contacts,omitempty"`
}

// SupportLevel is a level of operational support (clause 8).
// +kubebuilder:validation:Enum=L2;L3
type SupportLevel string

// Levels of support that remain with the organization.
const (
	SupportL2 SupportLevel = "L2"
	SupportL3 SupportLevel = "L3"
)

// Contact is a desk or person that answers for a level of support.
type Contact struct {
	// level is the level of support.
	// +required
	Level SupportLevel `json:"level,omitempty"`
	// name is the desk or person.
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
	// +required
	Email string `json:"email,omitempty"`
	// phone is the number to call, in international form.
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+]?[0-9 ()-]+$')",message="phone must hold only digits, spaces, parentheses and hyphens after an optional +"
	// +required
	Phone string `json:"phone,omitempty"`
}

// Requirements are what clause 2 asks an organization to declare. All of them are mandatory.
type Requirements struct {
	// hardware is what one stage of the application may use in all; it becomes the quota of each stage namespace.
	// +required
	Hardware Hardware `json:"hardware,omitempty,omitzero"`
	// traffic is the projected load.
	// +required
	Traffic Traffic `json:"traffic,omitempty,omitzero"`
	// dataFlowDiagram is the diagram that the auditors read; components[].connectsTo is its machine form.
	// +required
	DataFlowDiagram DataFlowDiagram `json:"dataFlowDiagram,omitempty,omitzero"`
}

// Hardware is an amount of compute. Why there is no exponent: see Resources.
// +kubebuilder:validation:XValidation:rule="!string(self.cpu).matches('[eE]') && !string(self.memory).matches('[eE]') && !string(self.storage).matches('[eE]') && !quantity(string(self.cpu)).isGreaterThan(quantity('1M')) && !quantity(string(self.memory)).isGreaterThan(quantity('1Pi')) && !quantity(string(self.storage)).isGreaterThan(quantity('100Pi'))",message="hardware must be written without an exponent, with at most 1M cores, 1Pi of memory and 100Pi of storage"
// +kubebuilder:validation:XValidation:rule="string(self.cpu).matches('[eE]') || quantity(string(self.cpu)).isGreaterThan(quantity('0'))",message="hardware.cpu must be more than zero, such as 4 or 500m"
// +kubebuilder:validation:XValidation:rule="string(self.memory).matches('[eE]') || quantity(string(self.memory)).isGreaterThan(quantity('0'))",message="hardware.memory must be more than zero, such as 8Gi"
// +kubebuilder:validation:XValidation:rule="string(self.storage).matches('[eE]') || !quantity(string(self.storage)).isLessThan(quantity('0'))",message="hardware.storage must not be negative"
type Hardware struct {
	// cpu is the number of cores.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	CPU resource.Quantity `json:"cpu,omitempty,omitzero"`
	// memory is in bytes.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	Memory resource.Quantity `json:"memory,omitempty,omitzero"`
	// storage is in bytes, of all volumes together. Zero: the application keeps no data on volumes.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	Storage resource.Quantity `json:"storage"`
}

// Traffic is the projected load (clause 2).
// +kubebuilder:validation:XValidation:rule="self.peakRequestsPerSecond >= self.requestsPerSecond",message="traffic.peakRequestsPerSecond must not be below traffic.requestsPerSecond"
type Traffic struct {
	// users is the number of people expected to use the application.
	// +kubebuilder:validation:Minimum=1
	// +required
	Users int64 `json:"users,omitempty"`
	// requestsPerSecond is the expected average.
	// +kubebuilder:validation:Minimum=1
	// +required
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
	// peakRequestsPerSecond is the expected peak.
	// +kubebuilder:validation:Minimum=1
	// +required
	PeakRequestsPerSecond int32 `json:"peakRequestsPerSecond,omitempty"`
	// bandwidth is in bits per second at the peak.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="!string(self).matches('[eE]') && !quantity(string(self)).isGreaterThan(quantity('1P'))",message="traffic.bandwidth must be written without an exponent, with at most 1P bits per second"
	// +kubebuilder:validation:XValidation:rule="string(self).matches('[eE]') || quantity(string(self)).isGreaterThan(quantity('0'))",message="traffic.bandwidth must be more than zero bits per second, such as 200M"
	// +required
	Bandwidth resource.Quantity `json:"bandwidth,omitempty,omitzero"`
}

// DataFlowDiagram is the diagram that the auditors read, bound by its digest.
// +kubebuilder:validation:XValidation:rule="has(self.url) || has(self.content)",message="dataFlowDiagram needs url, where the diagram can be read, or content, the diagram itself"
type DataFlowDiagram struct {
	// url is where the diagram can be read. Omitted: content is the diagram.
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https'",message="url must begin with https://"
	// +optional
	URL string `json:"url,omitempty"`
	// CEL in the API server reads format byte as URL-safe base64, which JSON is not; so the schema has a plain string.

	// content is the diagram itself in base64, at most 256 KiB; the operator compares it with sha256. Omitted: the auditors compare.
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=349528
	// +kubebuilder:validation:Format=""
	// +kubebuilder:validation:XValidation:rule="self.matches('^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$')",message="content must be base64 without line breaks, as base64 -w0 writes it"
	// +optional
	Content []byte `json:"content,omitempty"`
	// sha256 is the diagram's SHA-256 in lower-case hexadecimal.
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-f0-9]{64}$')",message="sha256 must be 64 lower-case hexadecimal digits"
	// +required
	SHA256 string `json:"sha256,omitempty"`
}

// Document is a file elsewhere, bound by its digest.
type Document struct {
	// url is where the document can be read.
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https'",message="url must begin with https://"
	// +required
	URL string `json:"url,omitempty"`
	// sha256 is the document's SHA-256 in lower-case hexadecimal.
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-f0-9]{64}$')",message="sha256 must be 64 lower-case hexadecimal digits"
	// +required
	SHA256 string `json:"sha256,omitempty"`
}

// Commercial declares each commercial use (clause 10). Any of them needs a No Objection Certificate of NITB.
type Commercial struct {
	// transactions says whether the application sells, or takes payments.
	// +required
	Transactions *bool `json:"transactions,omitempty"`
	// advertisements says whether the application shows advertisements.
	// +required
	Advertisements *bool `json:"advertisements,omitempty"`
	// thirdPartyLogos says whether the application shows logos of others than the government.
	// +required
	ThirdPartyLogos *bool `json:"thirdPartyLogos,omitempty"`
}

// Launch is the organization's decision to go live (clause 7).
type Launch struct {
	// release names the Release to run live. It must be eligible: audited, tested and signed by all parties.
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=49
	// +required
	Release string `json:"release,omitempty"`
}

// ThirdPartyApplicationList is a list of ThirdPartyApplications.
// +kubebuilder:object:root=true
type ThirdPartyApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ThirdPartyApplication `json:"items"`
}
