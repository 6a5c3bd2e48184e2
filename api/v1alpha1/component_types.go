// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
)

// ComponentType says how a component runs.
// +kubebuilder:validation:Enum=Service;Task;ScheduledTask
type ComponentType string

// The ways in which a component runs.
const (
	// ComponentService runs all the time.
	ComponentService ComponentType = "Service"
	// ComponentTask runs once in each stage before a release rolls, such as a migration. What it connects to rolls before it,
	// everything else after it. It must bear being run again, since a release may return.
	ComponentTask ComponentType = "Task"
	// ComponentScheduledTask runs by its schedule.
	ComponentScheduledTask ComponentType = "ScheduledTask"
)

// Component is one program of an application. Its file system is read-only but for its storage and /tmp, which holds 64Mi.
// +kubebuilder:validation:XValidation:rule="!has(self.readinessProbe) || [self.readinessProbe.?httpGet.port.orValue(\"\"), self.readinessProbe.?tcpSocket.port.orValue(\"\"), self.readinessProbe.?grpc.port.orValue(\"\")].all(n, n == \"\" || has(self.ports) && self.ports.exists(p, p.name == n))",message="readinessProbe.port must be the name of one of the component's ports"
// +kubebuilder:validation:XValidation:rule="!has(self.livenessProbe) || [self.livenessProbe.?httpGet.port.orValue(\"\"), self.livenessProbe.?tcpSocket.port.orValue(\"\"), self.livenessProbe.?grpc.port.orValue(\"\")].all(n, n == \"\" || has(self.ports) && self.ports.exists(p, p.name == n))",message="livenessProbe.port must be the name of one of the component's ports"
// +kubebuilder:validation:XValidation:rule="!has(self.startupProbe) || [self.startupProbe.?httpGet.port.orValue(\"\"), self.startupProbe.?tcpSocket.port.orValue(\"\"), self.startupProbe.?grpc.port.orValue(\"\")].all(n, n == \"\" || has(self.ports) && self.ports.exists(p, p.name == n))",message="startupProbe.port must be the name of one of the component's ports"
// +kubebuilder:validation:XValidation:rule="has(self.schedule) == (self.type == 'ScheduledTask')",message="schedule is for components of type ScheduledTask, which need it"
// +kubebuilder:validation:XValidation:rule="!has(self.after) || self.type == 'Task'",message="after is for components of type Task: a Service starts once all Tasks are done"
// +kubebuilder:validation:XValidation:rule="self.type == 'Service' || !has(self.ports) && !has(self.storage) && !has(self.readinessProbe) && !has(self.livenessProbe) && !has(self.startupProbe) && !has(self.replicas)",message="a Task or ScheduledTask has no ports, storage, probes or replicas: it runs to its end and nothing connects to it"
// +kubebuilder:validation:XValidation:rule="!has(self.storage) || !has(self.replicas) || self.replicas.min == 1 && (!has(self.replicas.max) || self.replicas.max == 1)",message="a component with storage runs one replica: one volume cannot be written by two"
// +kubebuilder:validation:XValidation:rule="!has(self.connectsTo) || self.connectsTo.all(a, self.connectsTo.filter(b, (has(a.name) ? a.name : has(a.component) ? a.component : has(a.governmentDataAPI) ? a.governmentDataAPI : \"\") == (has(b.name) ? b.name : has(b.component) ? b.component : has(b.governmentDataAPI) ? b.governmentDataAPI : \"\")).size() < 2)",message="two edges of connectsTo have the same name: give the second port of one component a name of its own"
// +kubebuilder:validation:XValidation:rule="!has(self.connectsTo) || self.connectsTo.all(a, self.connectsTo.filter(b, has(a.external) && has(b.external) && a.external.port == b.external.port && a.external.host == b.external.host || has(a.component) && has(b.component) && has(a.port) && has(b.port) && a.component == b.component && a.port == b.port || has(a.governmentDataAPI) && has(b.governmentDataAPI) && a.governmentDataAPI == b.governmentDataAPI).size() < 2)",message="two edges of connectsTo lead to the same place: declare it once"
// +kubebuilder:validation:XValidation:rule="!has(self.connectsTo) || !has(self.env) || self.connectsTo.map(e, (has(e.name) ? e.name : has(e.component) ? e.component : has(e.governmentDataAPI) ? e.governmentDataAPI : \"\").upperAscii().replace('-', '_')).all(n, self.env.all(v, v.name != n + '_HOST' && v.name != n + '_PORT'))",message="env names a variable that an edge of connectsTo gives already, <NAME>_HOST or <NAME>_PORT: rename it, or give the edge another name"
// +kubebuilder:validation:XValidation:rule="!has(self.files) || self.files.all(f, self.files.all(g, !g.path.startsWith(f.path + '/')) && (!has(self.storage) || f.path != self.storage.mountPath && !f.path.startsWith(self.storage.mountPath + '/') && !self.storage.mountPath.startsWith(f.path + '/')))",message="a path of files lies beneath another file or meets storage.mountPath: choose a path outside of both"
// +kubebuilder:validation:XValidation:rule="!has(self.files) || self.files.map(f, has(f.content) ? f.content.size() : 0).sum() <= 200000",message="files of a component hold at most 200000 characters together: put what is larger into the image"
type Component struct {
	// name is a DNS label of at most 40 characters, unique in the application. Names that begin with govpk- are the platform's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="a component's name must be a lower-case DNS label that starts with a letter"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('govpk-')",message="names that begin with govpk- are the platform's: choose another name for the component"
	// +required
	Name string `json:"name,omitempty"`
	// type says how the component runs. Default Service.
	// +kubebuilder:default=Service
	// +optional
	Type ComponentType `json:"type,omitempty"`
	// schedule is when a ScheduledTask runs, as the five fields of cron in the policy's time zone, such as "30 2 * * *".
	// A run that is due while another one lasts waits for it at most five minutes, then it is left out.
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-0-9A-Za-z*/,?]+( [-0-9A-Za-z*/,?]+){4}$')",message="schedule must have the five fields of cron, such as 30 2 * * *; the time zone is the policy's"
	// +optional
	Schedule string `json:"schedule,omitempty"`
	// after are the Tasks that must be done before this Task begins. Omitted: none.
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=40
	// +listType=set
	// +optional
	After []string `json:"after,omitempty"`
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
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, b.port == a.port))",message="two ports have the same number: declare it once, with one name"
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
	// files are configuration files that the component reads. A change is a new release.
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=path
	// +optional
	Files []File `json:"files,omitempty"`
	// storage is the component's volume. It is kept when the component, the release or the application goes, and met again
	// when it returns. Omitted: the component keeps nothing.
	// +optional
	Storage *Storage `json:"storage,omitempty"`
	// imagePullSecrets name Secrets of type kubernetes.io/dockerconfigjson that the organization writes in the stage namespaces.
	// +kubebuilder:validation:MaxItems=5
	// +listType=map
	// +listMapKey=name
	// +optional
	ImagePullSecrets []SecretReference `json:"imagePullSecrets,omitempty"`
	// readinessProbe says when a pod may receive traffic. Omitted: as soon as it runs.
	// +optional
	ReadinessProbe *Probe `json:"readinessProbe,omitempty"`
	// livenessProbe says when a container must be restarted. Omitted: when it ends.
	// +optional
	LivenessProbe *Probe `json:"livenessProbe,omitempty"`
	// startupProbe holds the other probes back until it succeeds. Omitted: they begin at once.
	// +optional
	StartupProbe *Probe `json:"startupProbe,omitempty"`
	// connectsTo are the edges of the data-flow diagram that start here. Everything else is refused (clause 5).
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
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
	// port is the port number. Containers run without privileges, so it is 1024 or higher; 15000 to 15999 are the platform's.
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=65535
	// +kubebuilder:validation:XValidation:rule="self < 15000 || self > 15999",message="ports 15000 to 15999 are the platform's, which encrypts the flows there (SOP clause 5): choose another port"
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
	// max bounds how many pods may run at the peak. Omitted: min, and nothing scales. A change of max is a new release, a change of
	// min is not. The operator scales no further than the declared peak needs: min times peakRequestsPerSecond over requestsPerSecond.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Max int32 `json:"max,omitempty"`
}

// Resources are what a pod asks for and may use.
//
// An exponent is refused unread: a few digits of it make a number that the API server, and then the operator, would compare
// for minutes. The bounds keep the sum of all pods of an application within 64 bits.
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
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !has(self.valueFrom)",message="a variable has a value or valueFrom, not both"
type EnvVar struct {
	// name is the variable's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_]*$')",message="the name of an environment variable must hold only letters, digits and underscores and not start with a digit"
	// +required
	Name string `json:"name,omitempty"`
	// value is the variable's value; $(NAME) stands for an edge's variable or one above it. Omitted: empty.
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Value string `json:"value,omitempty"`
	// valueFrom takes the value from elsewhere.
	// +optional
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource is where a variable's value comes from.
type EnvVarSource struct {
	// secretKeyRef is a key of an Opaque Secret that the organization writes in the stage namespaces. The operator never reads it.
	// +required
	SecretKeyRef SecretKeyReference `json:"secretKeyRef,omitempty,omitzero"`
}

// SecretKeyReference is a key of a Secret in the stage namespace.
type SecretKeyReference struct {
	// name is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of a Secret must be a lower-case DNS label"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('govpk-')",message="Secrets whose names begin with govpk- are the platform's: choose another name"
	// +required
	Name string `json:"name,omitempty"`
	// key is the key in its data.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="a key of a Secret must hold only letters, digits and -._"
	// +required
	Key string `json:"key,omitempty"`
}

// SecretReference names a Secret in the stage namespace.
type SecretReference struct {
	// name is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of a Secret must be a lower-case DNS label"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('govpk-')",message="Secrets whose names begin with govpk- are the platform's: choose another name"
	// +required
	Name string `json:"name,omitempty"`
}

// File is a file that a component reads.
type File struct {
	// path is the file's absolute path. Not under /tmp, nor under the component's storage.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[-._a-zA-Z0-9]+)+$') && !self.contains('/../') && !self.contains('/./') && !self.endsWith('/..') && !self.endsWith('/.') && !['/tmp', '/proc', '/sys', '/dev'].exists(d, self == d || self.startsWith(d + '/'))",message="path must be absolute, of letters, digits and -._ without dot segments, and not under /tmp, /proc, /sys or /dev"
	// +required
	Path string `json:"path,omitempty"`
	// content is the file's content. Nothing secret: releases are read by every reviewer.
	// +kubebuilder:validation:MaxLength=65536
	// +optional
	Content string `json:"content,omitempty"`
}

// Storage is a volume.
type Storage struct {
	// size is in bytes. It may grow where the provider's storage can, and never shrinks.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="!string(self).matches('[eE]') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('100Pi'))",message="storage.size must be written without an exponent, such as 10Gi, more than zero and at most 100Pi"
	// +required
	Size resource.Quantity `json:"size,omitempty,omitzero"`
	// mountPath is the directory at which the volume stands.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[-._a-zA-Z0-9]+)+$') && !self.contains('/../') && !self.contains('/./') && !self.endsWith('/..') && !self.endsWith('/.') && self != '/tmp' && !['/tmp', '/proc', '/sys', '/dev', '/etc'].exists(d, self == d || self.startsWith(d + '/'))",message="mountPath must be absolute, of letters, digits and -._ without dot segments, and not /tmp, /proc, /sys, /dev, /etc or beneath"
	// +required
	MountPath string `json:"mountPath,omitempty"`
}

// Edge is one permitted flow: to a port of another component, to a government data API, or to a host outside the cluster. It gives the component the
// variables <NAME>_HOST and <NAME>_PORT, with NAME in upper case and hyphens as underscores; the component uses these and nothing else.
//
// No field tells edges of both kinds apart, so their list is atomic and the rules above keep names and ends unique.
// +kubebuilder:validation:XValidation:rule="[has(self.component), has(self.governmentDataAPI), has(self.external)].filter(x, x).size() == 1 && has(self.component) == has(self.port)",message="an edge has either component and port, or governmentDataAPI, or external"
// +kubebuilder:validation:XValidation:rule="!has(self.commercial) || has(self.external)",message="commercial is for edges to an external host"
// +kubebuilder:validation:XValidation:rule="!has(self.external) || has(self.name)",message="an edge to an external host needs a name: it gives the component <NAME>_HOST and <NAME>_PORT"
type Edge struct {
	// component is the name of the component to connect to.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +optional
	Component string `json:"component,omitempty"`
	// port is the name of that component's port.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +optional
	Port string `json:"port,omitempty"`
	// governmentDataAPI names a GovernmentDataAPI. The component speaks HTTP without TLS to <NAME>_HOST and <NAME>_PORT: the platform makes
	// mutual TLS of it, and lets through what the API's operations and grants allow (SOP clauses 2 and 3).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="governmentDataAPI must be the name of a GovernmentDataAPI, a lower-case DNS label that starts with a letter: NTC platform engineering says which there are"
	// +optional
	GovernmentDataAPI string `json:"governmentDataAPI,omitempty"`
	// external is a host outside the cluster. Only live reaches it: test has no way to the internet, and what leads there is refused.
	// +optional
	External *ExternalHost `json:"external,omitempty"`
	// commercial says that payments are taken at the external host, or advertisements served: the edge exists only while a
	// NoObjectionCertificate names its origin (clause 10). Omitted: it is not commercial.
	// +optional
	Commercial *bool `json:"commercial,omitempty"`
	// name is the NAME of the two variables. Omitted: the name of the component or government data API. Needed for a second port of one component and for external.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="an edge's name must be a lower-case DNS label that starts with a letter"
	// +optional
	Name string `json:"name,omitempty"`
}

// ExternalHost is a port of a host outside the cluster. The component speaks its protocol without TLS to <NAME>_HOST and <NAME>_PORT:
// the platform makes TLS 1.2 or later of it outside the pod, and verifies that the host's certificate bears its name.
// <NAME>_HOST is the host's own name, so that what names it (an HTTP Host header) stays right; <NAME>_PORT is another number.
type ExternalHost struct {
	// host is its full name in DNS, in lower case: never an address or a name inside a cluster. Hosts under gov.pk are refused:
	// government data is reached inside the data centre alone (clause 3). It is reached by IPv4.
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])$')",message="external.host must be a full name in DNS such as smtp.sehat.example, in lower case, without wildcard or trailing dot, and no address"
	// +kubebuilder:validation:XValidation:rule="!self.matches('[.](local|localhost|svc|internal|arpa|onion)$')",message="external.host must be a name of the internet: connect to a component with component and port"
	// +kubebuilder:validation:XValidation:rule="!self.matches('(^|[.])gov[.]pk$')",message="external.host must not be under gov.pk: government data is reached inside the data centre alone (SOP clause 3)"
	// +required
	Host string `json:"host,omitempty"`
	// port is where the host takes TLS from the first byte on; STARTTLS is not spoken.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port,omitempty"`
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
