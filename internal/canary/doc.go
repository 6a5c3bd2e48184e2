// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary proves on each node that NetworkPolicy is enforced: flows that config/canary declares pass, and flows to the
// same living peer that it does not declare are refused.
//
// On each node runs a peer, which listens, and a prober, which asks. NetworkPolicy lets the prober out to two of the peer's
// ports and lets the prober in on two, of which one is the same:
//
//	                         the prober's egress   the peer's ingress
//	DeclaredPort             allowed               allowed             must pass
//	NoIngressPort            allowed               not                 must be refused: by the node of the peer
//	NoEgressPort             not                   allowed             must be refused: by the node of the prober
//
// A round asks the peer of the same node, and where there is one a peer of another node. The prober judges what its own node
// must refuse: ingress and egress to its neighbour, egress to other nodes. A flow from another node that should not have
// arrived is the business of the peer it arrived at. So a node that fails is named, and no other.
//
// The verdicts are the readiness of containers, since that is what a pod's status carries without anybody's token: Control is
// ready while rounds come to an end, IngressDenied, EgressDenied and Peer unless a denied flow passed. All ready is the proof.
package canary
