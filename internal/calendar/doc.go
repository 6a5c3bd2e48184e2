// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package calendar counts working days by dated data: which week was in force from when, and which dates were holidays.
package calendar
