// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sop holds the clauses of the third-party application SOP as pure rules: a Case goes in, findings, a stage and a plan come out.
package sop
