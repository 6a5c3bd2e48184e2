// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GovernmentDataAPI is a government data service inside the data centre (SOP clauses 2 and 3). Components reach it by an edge
// connectsTo: [{governmentDataAPI: <name>}], once their release is audited, and no other government data at all.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=govpk
// +kubebuilder:printcolumn:name="Owner",type=string,JSONPath=`.spec.owner`
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=`.spec.dataClass`
// +kubebuilder:printcolumn:name="Available",type=string,JSONPath=`.status.conditions[?(@.type=="Available")].status`
// +kubebuilder:printcolumn:name="Applications",type=integer,JSONPath=`.status.applications`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 40 characters that starts with a letter: edges and variables are named after it"
type GovernmentDataAPI struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`
	// spec is what is offered, and to whom.
	// +required
	Spec GovernmentDataAPISpec `json:"spec,omitempty,omitzero"`
	// status is what the operator observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status GovernmentDataAPIStatus `json:"status,omitempty,omitzero"`
}

// GovernmentDataAPISpec is what is offered, and to whom.
// +kubebuilder:validation:XValidation:rule="!has(self.grants) || [self.operations.map(p, p.name)].all(names, self.grants.all(g, !has(g.operations) || g.operations.all(o, o in names)))",message="grants[].operations names an operation that spec.operations does not declare: correct the name or declare the operation"
type GovernmentDataAPISpec struct {
	// owner is the public-service entity whose data it is.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Owner string `json:"owner,omitempty"`
	// dataClass is the class of the data. An application that uses it must declare this class or a more sensitive one.
	// +required
	DataClass DataClass `json:"dataClass,omitempty"`
	// service is where it answers.
	// +required
	Service DataService `json:"service,omitempty,omitzero"`
	// operations are all that may be asked of it. Those that only read are open to every application with an edge; the others to grants.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +required
	Operations []DataOperation `json:"operations,omitempty"`
	// requestsPerSecond is how many requests an application may make. Default 10.
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
	// grants give single applications more.
	// +kubebuilder:validation:MaxItems=200
	// +listType=atomic
	// +optional
	Grants []DataGrant `json:"grants,omitempty"`
}

// DataService is a Service with a selector, in this cluster, that speaks HTTP/1.1 over TLS.
type DataService struct {
	// namespace is the Service's namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="service.namespace must be the name of a namespace: kubectl get services -A lists both"
	// +required
	Namespace string `json:"namespace,omitempty"`
	// name is the Service's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="service.name must be the name of a Service: kubectl get services -A lists them"
	// +required
	Name string `json:"name,omitempty"`
	// port is the Service's port.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port,omitempty"`
	// serverName is the name that its certificate bears.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])*[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')",message="service.serverName must be a name in DNS that the certificate bears, such as verification.nadra.svc, in lower case, without wildcard or trailing dot, and no address"
	// +required
	ServerName string `json:"serverName,omitempty"`
	// caBundle are the certificates, in PEM, of the authorities that may issue its certificate (clause 5).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----') && !self.contains('PRIVATE KEY')",message="caBundle must hold certificates in PEM and no private key"
	// +required
	CABundle string `json:"caBundle,omitempty"`
}

// HTTPMethod is a method of HTTP.
// +kubebuilder:validation:Enum=GET;HEAD;POST;PUT;PATCH;DELETE
type HTTPMethod string

// DataOperation is something that may be asked of a government data API. It only reads where its methods are GET and HEAD alone.
type DataOperation struct {
	// name is the operation's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$')",message="the name of an operation must be of letters, digits and hyphens, such as verify-citizen"
	// +required
	Name string `json:"name,omitempty"`
	// methods are those by which it is asked.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=6
	// +listType=set
	// +required
	Methods []HTTPMethod `json:"methods,omitempty"`
	// pathPrefix is what its paths begin with, element by element: /v1/citizens is a prefix of /v1/citizens/7, not of /v1/citizens-all.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^/[-A-Za-z0-9._~/]*$') && !self.contains('//') && !self.contains('/.')",message="pathPrefix must begin with / and hold only letters, digits and -._~/, without an empty element and without one that begins with a dot"
	// +required
	PathPrefix string `json:"pathPrefix,omitempty"`
}

// DataGrant gives one application more than reading. One application has one grant: the first decides.
type DataGrant struct {
	// application is who.
	// +required
	Application ApplicationReference `json:"application,omitempty,omitzero"`
	// operations are those that it may ask for beside the reading ones. Omitted: none.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	// +optional
	Operations []string `json:"operations,omitempty"`
	// requestsPerSecond is how many requests it may make. Omitted: as every application.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
}

// GovernmentDataAPIStatus is what the operator observed.
type GovernmentDataAPIStatus struct {
	// conditions hold Available.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status speaks of; -1 before the first pass.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// applications is how many applications have an edge to it.
	// +optional
	Applications *int32 `json:"applications,omitempty"`
}

// GovernmentDataAPIList is a list of GovernmentDataAPIs.
// +kubebuilder:object:root=true
type GovernmentDataAPIList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GovernmentDataAPI `json:"items"`
}
