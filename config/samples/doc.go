// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package samples holds one manifest for each person of the SOP; its test proves that the API understands them.
package samples
