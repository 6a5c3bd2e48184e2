// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission proves config/admission against a real API server: testdata holds, for each policy, a table of requests
// that it allows and refuses. All of them are dry runs, so no request changes what the next one meets.
package admission
