// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package oversight tells Prometheus where providers, applications, certificates and breaches stand, and what ends when.
package oversight
