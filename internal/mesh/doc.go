// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mesh says who carries mutual TLS between the components of a stage (clause 5): one file per carrier, pure.
package mesh
