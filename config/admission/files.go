// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission holds the manifests of the admission policies, which the operator carries along so that it knows its own.
package admission

import "embed"

// Files are the policies, each with its bindings, as they are installed.
//
//go:embed govpk-*.yaml
var Files embed.FS
