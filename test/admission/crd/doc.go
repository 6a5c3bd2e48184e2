// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd proves config/crd against a real API server: bad input is refused with its field and the remedy, good input
// passes, and so does the largest object that the schemas permit, within the API server's budget for CEL.
package crd
