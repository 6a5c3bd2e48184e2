// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
)

// Component is one program of an application. Its file system is read-only but for /tmp, which holds 64Mi.
// +kubebuilder:validation:XValidation:rule="!has(self.readinessProbe) || !has(self.readinessProbe.httpGet) || (has(self.ports) && self.ports.exists(p, p.name == self.readinessProbe.httpGet.port))",message="readinessProbe.httpGet.port must be the name of one of the component's ports"
// +kubebuilder:validation:XValidation:rule="!has(self.connectsTo) || self.connectsTo.all(a, self.connectsTo.exists_one(b, (has(a.name) ? a.name : a.component) == (has(b.name) ? b.name : b.component)))",message="two edges of connectsTo have the same name: give the second port of one component a name of its own"
type Component struct {
	// name is a DNS label of at most 40 characters, unique in the application.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="a component's name must be a lower-case DNS label that starts with a letter"
	// +required
	Name string `json:"name,omitempty"`
	// image is the image by digest, such as registry.example/web@sha256:<64 hex digits>. Clause 7 runs live exactly what was tested, so tags are refused.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][-a-zA-Z0-9._:/]*@sha256:[a-f0-9]{64}$')",message="image must be pinned by digest, as name@sha256:<64 hexadecimal digits>: a tag can change after it was tested"
	// +required
	Image string `json:"image,omitempty"`
	// command replaces the image's entry point. Omitted: the image's own.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	// +listType=atomic
	// +optional
	Command []string `json:"command,omitempty"`
	// args replace the image's arguments. Omitted: the image's own.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	// +listType=atomic
	// +optional
	Args []string `json:"args,omitempty"`
	// ports are where the component listens. Omitted: nothing connects to it.
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	// +optional
	Ports []ComponentPort `json:"ports,omitempty"`
	// replicas are how many pods run. Omitted: one.
	// +optional
	Replicas Replicas `json:"replicas,omitempty,omitzero"`
	// resources are what each pod asks for and may use.
	// +required
	Resources Resources `json:"resources,omitempty,omitzero"`
	// env are the environment variables, each named.
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []EnvVar `json:"env,omitempty"`
	// readinessProbe says when a pod may receive traffic. Omitted: as soon as it runs.
	// +optional
	ReadinessProbe *Probe `json:"readinessProbe,omitempty"`
	// connectsTo are the edges of the data-flow diagram that start here. Everything else is refused (clause 5).
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=component
	// +listMapKey=port
	// +optional
	ConnectsTo []Edge `json:"connectsTo,omitempty"`
}

// ComponentPort is a port that a component listens on.
type ComponentPort struct {
	// name is a port name of at most 15 characters, unique in the component.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="a port's name must be a lower-case DNS label that starts with a letter"
	// +required
	Name string `json:"name,omitempty"`
	// port is the port number. Containers run without privileges, so it is 1024 or higher.
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port,omitempty"`
	// protocol is TCP, the default and the only one.
	// +kubebuilder:default=TCP
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:XValidation:rule="self == 'TCP'",message="protocol must be TCP: flows are encrypted with TLS (SOP clause 5), which UDP and SCTP do not carry"
	// +optional
	Protocol string `json:"protocol,omitempty"`
}

// Replicas bound how many pods of a component run.
// +kubebuilder:validation:XValidation:rule="!has(self.max) || self.max >= self.min",message="replicas.max must not be below replicas.min"
type Replicas struct {
	// min is how many pods run without load. Default 1.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Min int32 `json:"min,omitempty"`
	// max is how many pods may run at the peak. Omitted: min. A change of max is a new release, a change of min is not.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Max int32 `json:"max,omitempty"`
}

// Resources are what a pod asks for and may use.
//
// An exponent is refused unread: a few digits of it make a number that the API server, and then the operator, would compare
// for hours. The bounds keep the sum of all pods of an application within 64 bits.
// +kubebuilder:validation:XValidation:rule="!string(self.requests.cpu).matches('[eE]') && !string(self.requests.memory).matches('[eE]') && !string(self.limits.memory).matches('[eE]') && !quantity(string(self.requests.cpu)).isGreaterThan(quantity('1M')) && !quantity(string(self.requests.memory)).isGreaterThan(quantity('1Pi')) && !quantity(string(self.limits.memory)).isGreaterThan(quantity('1Pi'))",message="resources must be written without an exponent, with at most 1M cores and 1Pi of memory for each pod"
// +kubebuilder:validation:XValidation:rule="string(self.limits.memory).matches('[eE]') || string(self.requests.memory).matches('[eE]') || !quantity(string(self.limits.memory)).isLessThan(quantity(string(self.requests.memory)))",message="resources.limits.memory must not be below resources.requests.memory"
type Resources struct {
	// requests are reserved for each pod.
	// +required
	Requests ResourceRequests `json:"requests,omitempty,omitzero"`
	// limits end a pod that uses more.
	// +required
	Limits ResourceLimits `json:"limits,omitempty,omitzero"`
}

// ResourceRequests are reserved for a pod.
// +kubebuilder:validation:XValidation:rule="string(self.cpu).matches('[eE]') || string(self.memory).matches('[eE]') || (quantity(string(self.cpu)).isGreaterThan(quantity('0')) && quantity(string(self.memory)).isGreaterThan(quantity('0')))",message="resources.requests.cpu and resources.requests.memory must be more than zero"
type ResourceRequests struct {
	// cpu is in cores.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	CPU resource.Quantity `json:"cpu,omitempty,omitzero"`
	// memory is in bytes.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	Memory resource.Quantity `json:"memory,omitempty,omitzero"`
}

// ResourceLimits bound what a pod uses. CPU has no limit: the quota of the namespace bounds requests, and idle cores are lent.
type ResourceLimits struct {
	// memory is in bytes.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	Memory resource.Quantity `json:"memory,omitempty,omitzero"`
}

// EnvVar is one environment variable.
type EnvVar struct {
	// name is the variable's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="the name of an environment variable must hold only letters, digits and underscores and not start with a digit"
	// +required
	Name string `json:"name,omitempty"`
	// value is the variable's value. Omitted: empty.
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Value string `json:"value,omitempty"`
}

// Probe asks a pod whether it is well.
type Probe struct {
	// httpGet asks by an HTTP request; a status from 200 to 399 is well.
	// +required
	HTTPGet HTTPGetProbe `json:"httpGet,omitempty,omitzero"`
}

// HTTPGetProbe is an HTTP request to a pod.
type HTTPGetProbe struct {
	// path is the path of the request.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="path must begin with /"
	// +required
	Path string `json:"path,omitempty"`
	// port is the name of one of the component's ports.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Port string `json:"port,omitempty"`
}

// Edge is one permitted flow. It gives the component the variables <NAME>_HOST and <NAME>_PORT, with NAME in upper case
// and hyphens as underscores; the component uses these and nothing else.
type Edge struct {
	// component is the name of the component to connect to.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Component string `json:"component,omitempty"`
	// port is the name of that component's port.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Port string `json:"port,omitempty"`
	// name is the NAME of the two variables. Omitted: the component's name. Needed for a second port of one component.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="an edge's name must be a lower-case DNS label that starts with a letter"
	// +optional
	Name string `json:"name,omitempty"`
}

// Domain is one gov.pk host of an application (clause 4).
type Domain struct {
	// host is strictly under gov.pk, in lower case, without wildcard or trailing dot.
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+gov[.]pk$')",message="host must be a name strictly under gov.pk such as portal.health.gov.pk, in lower case, without wildcard or trailing dot (SOP clause 4)"
	// +required
	Host string `json:"host,omitempty"`
	// paths say which component answers which path.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=path
	// +required
	Paths []DomainPath `json:"paths,omitempty"`
}

// DomainPath is a path of a host.
type DomainPath struct {
	// path is a path prefix, matched element by element. "/" matches everything.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^/[-A-Za-z0-9/._~]*$') && !self.contains('//') && !self.contains('/../') && !self.contains('/./') && !self.endsWith('/..') && !self.endsWith('/.')",message="path must begin with / and hold only letters, digits and -._~/ without empty or dot segments"
	// +required
	Path string `json:"path,omitempty"`
	// component is the name of the component that answers.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Component string `json:"component,omitempty"`
	// port is the name of that component's port.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Port string `json:"port,omitempty"`
}
