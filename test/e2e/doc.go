// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e holds the specs that only a real cluster can answer: pods, gateways, certificates, flows.
package e2e
