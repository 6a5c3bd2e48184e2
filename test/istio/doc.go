// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package istio feeds a real istiod with what the operator writes, and nothing else, and looks at what comes out: by
// connections to gRPC servers that istiod configures over xDS and gives certificates to, and by what istiod tells ztunnel
// (/debug/ambientz). `make istio` runs it.
//
// It proves that the rendered policies say what they are meant to: plaintext, forged certificates and undeclared callers
// are refused, declared ones are served, and internal/mesh judges PeerAuthentications as istiod does.
//
// It does not prove the data plane of an installation. No Envoy and no ztunnel run here, since neither is a Go program:
// gRPC takes their place. So nothing is said about istio-cni redirecting a pod's traffic, about the tunnel on port 15008
// and the NetworkPolicies that let it through, about Istio's gateway speaking it, or about connections that stand when a
// policy narrows. In the place of the egress proxy stands a server that leads nowhere; how it verifies hosts, cmd/sidecar tests. gRPC knows no PERMISSIVE: where Istio says so, it takes plaintext alone. Pods are objects without a
// kubelet; WorkloadEntries put their servers on addresses of the loopback, which the API server admits in no EndpointSlice.
package istio
