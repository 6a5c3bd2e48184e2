// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply is the one writer: it brings the cluster to a plan, in an order in which nothing is ever open by accident.
package apply
