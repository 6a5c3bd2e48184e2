// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

// The workloads that copy a component's volume when it is cut over to another provider. They prove themselves and are reached as
// components are.
const (
	CopySourceName = "govpk-copy-source"
	CopyTargetName = "govpk-copy-target"
)
