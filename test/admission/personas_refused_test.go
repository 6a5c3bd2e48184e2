// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
)

func administrator(t *testing.T)          {}
func escalation(t *testing.T)             {}
func takedownByHand(t *testing.T)         {}
func samplesByTheirPersonas(t *testing.T) {}
