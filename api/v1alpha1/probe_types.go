// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Probe asks a pod whether it is well, in exactly one way.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="[has(self.httpGet), has(self.tcpSocket), has(self.grpc), has(self.exec)].filter(x, x).size() == 1",message="a probe has exactly one of httpGet, tcpSocket, grpc and exec"
type Probe struct {
	// httpGet asks by an HTTP request; a status from 200 to 399 is well.
	// +optional
	HTTPGet *HTTPGetProbe `json:"httpGet,omitempty"`
	// tcpSocket asks whether a connection is accepted.
	// +optional
	TCPSocket *TCPSocketProbe `json:"tcpSocket,omitempty"`
	// grpc asks the standard gRPC health service.
	// +optional
	GRPC *GRPCProbe `json:"grpc,omitempty"`
	// exec runs a program in the container; status 0 is well.
	// +optional
	Exec *ExecProbe `json:"exec,omitempty"`
	// initialDelaySeconds is how long to wait after the container started. Default 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	// +optional
	InitialDelaySeconds int32 `json:"initialDelaySeconds,omitempty"`
	// periodSeconds is how often to ask. Default 2 for readiness and startup, 10 for liveness.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=300
	// +optional
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`
	// timeoutSeconds is how long an answer may take. Default 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60
	// +optional
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`
	// failureThreshold is how many times in a row it must fail. Default 3, for startup 30.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=600
	// +optional
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
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

// TCPSocketProbe is a connection to a pod.
type TCPSocketProbe struct {
	// port is the name of one of the component's ports.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Port string `json:"port,omitempty"`
}

// GRPCProbe is a request to the gRPC health service of a pod.
type GRPCProbe struct {
	// port is the name of one of the component's ports.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Port string `json:"port,omitempty"`
	// service is the name of the service to ask about. Omitted: the server as a whole.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Service string `json:"service,omitempty"`
}

// ExecProbe is a program in the container.
type ExecProbe struct {
	// command is the program and its arguments; no shell.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=1024
	// +listType=atomic
	// +required
	Command []string `json:"command,omitempty"`
}
