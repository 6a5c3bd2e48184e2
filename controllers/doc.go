// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers gathers what the rules need, runs one pass for one application, and reports.
package controllers
