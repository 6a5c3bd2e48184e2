// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scenario plays the people of the SOP against a real cluster; the demo and the end-to-end specs share it.
package scenario
