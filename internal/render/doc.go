// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render builds the objects that clauses share: namespaces, workloads, network policies and routes. It is pure.
package render
