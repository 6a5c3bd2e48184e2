// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// maxHeader is how many characters Gateway API allows a header's value. A second Content-Security-Policy would not help: browsers obey both.
const maxHeader = 4096

type directive struct {
	name, value string
	// uses open the directive.
	uses []v1alpha1.CommercialUse
	// always: it stands there without origins too.
	always bool
}

// directives are the Content-Security-Policy, and which uses of a certificate open which directive to its origins; nothing else is opened:
//
//	use               script-src  connect-src  frame-src  img-src  form-action
//	Transactions      yes         yes          yes        yes      yes
//	Advertisements    yes         yes          yes        yes
//	ThirdPartyLogos                                       yes
//
// A payment page or an advertisement brings its style, fonts and sounds in a frame of its own, so style-src, font-src and media-src
// stay closed. Transactions alone lets forms be sent to the origins, which is how a visitor is handed to a payment page, and lets browsers
// ask for payment there (Permissions-Policy). A fetch directive without origins is left out: default-src speaks for it.
var directives = []directive{
	{"default-src", "'self'", nil, true},
	{"script-src", "'self'", []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions, v1alpha1.CommercialAdvertisements}, false},
	{"connect-src", "'self'", []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions, v1alpha1.CommercialAdvertisements}, false},
	{"frame-src", "'self'", []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions, v1alpha1.CommercialAdvertisements}, false},
	{"img-src", "'self'", []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions, v1alpha1.CommercialAdvertisements, v1alpha1.CommercialThirdPartyLogos}, false},
	{"base-uri", "'self'", nil, true},
	{"form-action", "'self'", []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions}, true},
	{"frame-ancestors", "'self'", nil, true},
	{"object-src", "'none'", nil, true},
}

// contentSecurityPolicy is told to browsers beside the application's own, which may be stricter.
func contentSecurityPolicy(certificates []v1alpha1.NoObjectionCertificate) string {
	var policy []string
	for _, d := range directives {
		var origins []string
		if len(d.uses) > 0 {
			origins = originsOf(certificates, d.uses...)
		}
		if d.always || len(origins) > 0 {
			policy = append(policy, strings.Join(append([]string{d.name, d.value}, origins...), " "))
		}
	}
	return strings.Join(policy, "; ")
}

// permissionsPolicy says who may ask for payment. A certificate of Transactions without origins is for the application's own pages.
func permissionsPolicy(certificates []v1alpha1.NoObjectionCertificate) string {
	if !slices.Contains(usesOf(certificates), string(v1alpha1.CommercialTransactions)) {
		return "payment=()"
	}
	allowed := []string{"self"}
	for _, origin := range originsOf(certificates, v1alpha1.CommercialTransactions) {
		allowed = append(allowed, fmt.Sprintf("%q", origin))
	}
	return "payment=(" + strings.Join(allowed, " ") + ")"
}

// toldToBrowsers are the commercial certificates in force whose origins the headers hold, and those that do not fit. A certificate is told
// whole or not at all, and what works goes on: the oldest come first.
func (c *Case) toldToBrowsers() (told, untold []v1alpha1.NoObjectionCertificate) {
	for _, certificate := range c.exempted(v1alpha1.ExemptCommercial) {
		more := append(slices.Clone(told), certificate)
		if len(contentSecurityPolicy(more)) > maxHeader || len(permissionsPolicy(more)) > maxHeader {
			untold = append(untold, certificate)
			continue
		}
		told = more
	}
	return told, untold
}

// browserHeaders are the response headers of clause 10: those that replace the application's own, and those that stand beside them.
func (c *Case) browserHeaders() (set, add []render.Header) {
	told, _ := c.toldToBrowsers()
	return []render.Header{{Name: "Permissions-Policy", Value: permissionsPolicy(told)}},
		[]render.Header{{Name: "Content-Security-Policy", Value: contentSecurityPolicy(told)}}
}
