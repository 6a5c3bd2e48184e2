// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"strings"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

func TestTestHosts(t *testing.T) {
	scope := render.Scope{Namespace: "sehat-digital", Application: "health-portal", Stage: v1alpha1.TestNamespace}
	long := render.Scope{Namespace: strings.Repeat("n", 63), Application: strings.Repeat("a", 40), Stage: v1alpha1.TestNamespace}
	for _, row := range []struct {
		scope render.Scope
		index int
		want  string
	}{
		{scope, 0, "health-portal-" + scope.Hash() + ".test.ntc.gov.pk"},
		{scope, 1, "health-portal-" + scope.Hash() + "-2.test.ntc.gov.pk"},
		{long, 9, strings.Repeat("a", 40) + "-" + long.Hash() + "-10.test.ntc.gov.pk"},
	} {
		got := TestHost(row.scope, "test.ntc.gov.pk", row.index)
		if got != row.want {
			t.Errorf("test host %s, want %s", got, row.want)
		}
		if err := domain.Validate(got); err != nil {
			t.Error(err)
		}
	}
	// The longest test domain that the policy admits still makes a name.
	longest := strings.Repeat("d.", (180-len("gov.pk"))/2) + "gov.pk"
	if err := domain.Validate(TestHost(long, longest, 9)); err != nil {
		t.Error(err)
	}
}
