// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package samples holds a manifest for each person of the SOP and of the Cloud First Policy; its test proves that the API understands them.
package samples
