// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

// Gap is why encryption is not proven.
type Gap struct{ Object, Problem, Remedy string }

func (g Gap) String() string { return g.Object + " " + g.Problem + "; " + g.Remedy }
