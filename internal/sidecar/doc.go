// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sidecar is what the operator and the sidecar's image agree on: what a proxy does, as JSON, and how HAProxy is told.
// It knows nothing of Kubernetes, since the image holds it.
package sidecar
