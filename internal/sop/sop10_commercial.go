// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 10, Commercial Benefits: no commercial transactions, logos or advertisements without a NoC of NITB. Declared by
// the organization and enforced in the browser: pages may load from their own host alone and cannot ask for payment.
func commercial() Clause {
	return Clause{
		Source:    SOP,
		Number:    10,
		Title:     "Commercial Benefits",
		Condition: v1alpha1.ConditionNonCommercial,
		Demands:   "There are no commercial transactions, logos or advertisements without a formal NoC from NITB.",
		Assess:    assessCommercial,
	}
}

const (
	contentSecurityPolicy = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
	permissionsPolicy     = "payment=()"
)

func assessCommercial(c *Case, _ *v1alpha1.Release) Finding {
	declaration := c.Application.Spec.Commercial
	var uses []string
	for _, use := range []struct {
		name     string
		declared *bool
	}{
		{"transactions", declaration.Transactions},
		{"advertisements", declaration.Advertisements},
		{"thirdPartyLogos", declaration.ThirdPartyLogos},
	} {
		if use.declared == nil || *use.declared {
			uses = append(uses, use.name)
		}
	}
	if len(uses) > 0 {
		return finding(Refused, v1alpha1.ReasonNoCRequired, "spec.commercial declares %s, which needs a No Objection Certificate of NITB", strings.Join(uses, ", "))
	}
	return finding(Met, v1alpha1.ReasonDeclared, "no commercial use is declared; browsers are told to load from the application's own host alone")
}
