// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// MeshType says who carries mutual TLS between components. There is no "none".
// +kubebuilder:validation:Enum=Sidecar;Istio
type MeshType string

// Who carries mutual TLS.
const (
	// MeshSidecar: a proxy beside each component, with certificates from cert-manager. It needs no mesh in the cluster.
	MeshSidecar MeshType = "Sidecar"
	// MeshIstio: Istio in ambient mode, which NTC installs. Gateways must be Istio's own.
	MeshIstio MeshType = "Istio"
)

// MeshPolicy sets who encrypts the flows between components, and what happens where encryption is lost (clause 5).
// +kubebuilder:validation:XValidation:rule="!has(self.issuer) || self.issuer.kind == 'ClusterIssuer'",message="mesh.issuer must be a ClusterIssuer: components of every application have certificates of it"
type MeshPolicy struct {
	// type says who carries mutual TLS. Default Sidecar. A change moves every running application, each once the other type has all that
	// it needs; leave image, issuer and caBundle as they are until then.
	// +kubebuilder:default=Sidecar
	// +optional
	Type MeshType `json:"type,omitempty"`
	// image is the proxy's image by digest, such as registry.example/govpk-sidecar@sha256:<64 hex digits>. Type Sidecar needs it,
	// and Istio for applications with external edges. A change restarts every component in turn.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][-a-zA-Z0-9._:/]*@sha256:[a-f0-9]{64}$')",message="mesh.image must be pinned by digest, as name@sha256:<64 hexadecimal digits>"
	// +optional
	Image string `json:"image,omitempty"`
	// issuer is cert-manager's issuer for components. It must issue for nothing else. Default ClusterIssuer govpk-mesh.
	// +kubebuilder:default={kind: ClusterIssuer, name: govpk-mesh}
	// +optional
	Issuer IssuerReference `json:"issuer,omitempty,omitzero"`
	// caBundle are the certificates, in PEM, of the authorities behind the issuer. Type Sidecar needs it. Before the issuer's own
	// authority changes, the new one is added here; the old one goes two hours after.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----') && !self.contains('PRIVATE KEY')",message="mesh.caBundle must hold certificates in PEM and no private key"
	// +optional
	CABundle string `json:"caBundle,omitempty"`
	// graceSeconds is how long a live application that lost its encryption keeps its routes. Default 300.
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	GraceSeconds *int32 `json:"graceSeconds,omitempty"`
	// fleetLossPercent is the share of live applications beyond which a loss of encryption, of two applications at least, is taken for
	// the platform's fault: no route is withdrawn, launches are frozen, and the applications say so. Default 20.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	FleetLossPercent int32 `json:"fleetLossPercent,omitempty"`
}
