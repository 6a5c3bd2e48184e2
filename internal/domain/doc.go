// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package domain decides which host names an application may claim under gov.pk.
package domain
