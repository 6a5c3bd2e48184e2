// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package netpol judges the rendered NetworkPolicies with a matcher that nobody here wrote.
package netpol
