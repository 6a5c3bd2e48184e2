// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Clause 10, Commercial Benefits: no commercial transactions, logos or advertisements without a No Objection Certificate of NITB. Uses are
// declared by the organization. In the browser pages load from their own host alone and cannot ask for payment, but for the origins of
// certificates in force (browser_headers.go); edges to where payments are taken or advertisements served exist while a certificate
// names them (commercial_edges.go). A live application whose certificate ends loses those at that second, and stays online.
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

func assessCommercial(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	f := c.judgeCommercial(release)
	for _, certificate := range c.Certificates {
		if certificate.Spec.Clause == v1alpha1.ExemptCommercial {
			_, next := NoObjection(certificate.Spec, c.Policy.NoObjectionCertificates, c.Now)
			f.Deadline = earliest(f.Deadline, next)
		}
	}
	return f
}

func (c *Case) judgeCommercial(release *v1alpha1.Release) Finding {
	var missing []string
	if uses := c.usesWithout(); len(uses) > 0 {
		missing = append(missing, fmt.Sprintf("spec.commercial declares %s, which needs a No Objection Certificate of NITB", strings.Join(uses, ", ")))
	}
	for _, edge := range c.closedEdges(release) {
		missing = append(missing, fmt.Sprintf("spec.components[%s].connectsTo: %s:%d is commercial and closed, since no No Objection Certificate of NITB in force names %s",
			edge.component, edge.external.Host, edge.external.Port, originOf(edge.external)))
	}
	if len(missing) > 0 {
		return finding(Refused, v1alpha1.ReasonNoCRequired, "%s", strings.Join(missing, "; "))
	}
	told, untold := c.toldToBrowsers()
	switch {
	case len(untold) > 0:
		return finding(Refused, v1alpha1.ReasonOriginsTooMany,
			"browsers are not told of the origins of NoObjectionCertificate %s: beside those of older certificates they do not fit the %d characters of a header; NITB revokes it and issues one with fewer or shorter origins",
			strings.Join(names(untold), ", "), maxHeader)
	case len(told) > 0:
		return finding(Met, v1alpha1.ReasonExempted, "NITB allows %s by NoObjectionCertificate %s; beside the application's own host browsers are told of %s",
			strings.Join(usesOf(told), ", "), strings.Join(names(told), ", "), orNone(originsOf(told)))
	}
	return finding(Met, v1alpha1.ReasonDeclared, "no commercial use is declared; browsers are told to load from the application's own host alone")
}

// commercialUses are the uses in the order of the API, by the names of their fields.
var commercialUses = []struct {
	use      v1alpha1.CommercialUse
	field    string
	declared func(v1alpha1.Commercial) *bool
}{
	{v1alpha1.CommercialTransactions, "transactions", func(d v1alpha1.Commercial) *bool { return d.Transactions }},
	{v1alpha1.CommercialAdvertisements, "advertisements", func(d v1alpha1.Commercial) *bool { return d.Advertisements }},
	{v1alpha1.CommercialThirdPartyLogos, "thirdPartyLogos", func(d v1alpha1.Commercial) *bool { return d.ThirdPartyLogos }},
}

// usesWithout are the declared uses that no certificate in force names. What is not declared is not denied.
func (c *Case) usesWithout() []string {
	var without []string
	allowed := usesOf(c.exempted(v1alpha1.ExemptCommercial))
	for _, u := range commercialUses {
		if declared := u.declared(c.Application.Spec.Commercial); (declared == nil || *declared) && !slices.Contains(allowed, string(u.use)) {
			without = append(without, u.field)
		}
	}
	return without
}

// usesOf are the uses that certificates name, in the order of the API.
func usesOf(certificates []v1alpha1.NoObjectionCertificate) []string {
	var uses []string
	for _, u := range commercialUses {
		if slices.ContainsFunc(certificates, func(n v1alpha1.NoObjectionCertificate) bool { return slices.Contains(n.Spec.Scope.Uses, u.use) }) {
			uses = append(uses, string(u.use))
		}
	}
	return uses
}

func names(certificates []v1alpha1.NoObjectionCertificate) []string {
	var names []string
	for _, certificate := range certificates {
		names = append(names, certificate.Name)
	}
	return names
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "no other"
	}
	return strings.Join(list, ", ")
}
