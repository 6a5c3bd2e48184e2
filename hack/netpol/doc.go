// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command netpol is a TEST FIXTURE: the NetworkPolicy enforcer of the test
// cluster, for IPv4. Do not use it anywhere else; real clusters bring a network
// plugin that enforces policies.
//
// As "netpol -kubeconfig F -socket S", once on each node, it keeps one nftables
// table in step with all pods, namespaces and policies. Started by the container runtime as the last
// network plugin, it holds a new pod back until the table covers it, so that a
// pod is never open before its policies hold.
//
// What the node itself sends, such as kubelet probes, is always let through, as
// NetworkPolicy asks. What a pod sends to the node is judged by its egress
// policies, because on a real cluster the API server is another machine.
package main
