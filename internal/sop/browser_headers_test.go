// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const (
	narrowPolicy = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
	noPayment    = "payment=()"
)

func TestBrowserHeaders(t *testing.T) {
	const pay, ads = "https://pay.bank.example", "https://ads.example:8443"
	for name, row := range map[string]struct {
		certificates         []v1alpha1.NoObjectionCertificate
		security, permission string
	}{
		"none": {nil, narrowPolicy, noPayment},
		"transactions": {
			[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(5000))},
			"default-src 'self'; script-src 'self' " + pay + "; connect-src 'self' " + pay + "; frame-src 'self' " + pay + "; img-src 'self' " + pay +
				"; base-uri 'self'; form-action 'self' " + pay + "; frame-ancestors 'self'; object-src 'none'",
			`payment=(self "` + pay + `")`,
		},
		"advertisements": {
			[]v1alpha1.NoObjectionCertificate{newCertificate("ads", hours(5000), forUses(v1alpha1.CommercialAdvertisements), forOrigins(ads))},
			"default-src 'self'; script-src 'self' " + ads + "; connect-src 'self' " + ads + "; frame-src 'self' " + ads + "; img-src 'self' " + ads +
				"; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
			noPayment,
		},
		"logos": {
			[]v1alpha1.NoObjectionCertificate{newCertificate("logo", hours(5000), forUses(v1alpha1.CommercialThirdPartyLogos), forOrigins("https://xn--mgbai9azgqp6j.example", "https://cdn.example:443"))},
			"default-src 'self'; img-src 'self' https://cdn.example https://xn--mgbai9azgqp6j.example; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
			noPayment,
		},
		"transactions on the application's own pages": {
			[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(5000), forOrigins())}, narrowPolicy, "payment=(self)",
		},
		"two certificates, each for its use, one origin in both": {
			[]v1alpha1.NoObjectionCertificate{
				newCertificate("z", hours(5000), forOrigins(pay, "https://pay.bank.example:443")),
				newCertificate("a", hours(5000), forUses(v1alpha1.CommercialAdvertisements), forOrigins(ads, pay)),
			},
			"default-src 'self'; script-src 'self' " + ads + " " + pay + "; connect-src 'self' " + ads + " " + pay + "; frame-src 'self' " + ads + " " + pay + "; img-src 'self' " + ads + " " + pay +
				"; base-uri 'self'; form-action 'self' " + pay + "; frame-ancestors 'self'; object-src 'none'",
			`payment=(self "` + pay + `")`,
		},
		"revoked":  {[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(5000), certificateRevoked)}, narrowPolicy, noPayment},
		"not yet":  {[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(5000), validFrom(hours(49)))}, narrowPolicy, noPayment},
		"ended":    {[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(48))}, narrowPolicy, noPayment},
		"too long": {[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(24*400))}, narrowPolicy, noPayment},
		"the Cloud Office's": {
			[]v1alpha1.NoObjectionCertificate{newCertificate("level", hours(5000), ofTheCloudOffice, forOrigins(pay), forUses(v1alpha1.CommercialTransactions))}, narrowPolicy, noPayment,
		},
		"what is no origin": {
			[]v1alpha1.NoObjectionCertificate{newCertificate("pay", hours(5000), forOrigins(
				"http://pay.bank.example", "https://*.bank.example", "https://pay.bank.example/path", "https://pay.bank.example; script-src *", "https://pay.bank.example,evil",
				"https://pay.bank.example\nX-Header: 1", `https://pay.bank.example" *`, "https://PAY.bank.example", "https://10.0.0.1", "https://localhost", "https://pay.bank.example:0",
				"https://pay.bank.example:65536", "https://pay.bank.example:99999", "https:", "*", "data:", "'unsafe-inline'", ""))},
			narrowPolicy, "payment=(self)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := underAudit(t)
			exemptedBy(row.certificates...)(c)
			set, add := c.browserHeaders()
			if len(add) != 1 || add[0].Name != "Content-Security-Policy" || add[0].Value != row.security {
				t.Errorf("got  %+v\nwant %s", add, row.security)
			}
			if len(set) != 1 || set[0].Name != "Permissions-Policy" || set[0].Value != row.permission {
				t.Errorf("got  %+v\nwant %s", set, row.permission)
			}
		})
	}
}

// A certificate that does not fit is left out whole, an older one goes on, and a smaller one behind it still fits.
func TestHeaderIsNeverCut(t *testing.T) {
	c := underAudit(t)
	exemptedBy(
		newCertificate("a-younger", hours(5000), validFrom(hours(2)), forOrigins(manyOrigins("younger")...)),
		newCertificate("b-oldest", hours(5000), forOrigins(manyOrigins("oldest")...)),
		newCertificate("c-youngest", hours(5000), validFrom(hours(3)), forUses(v1alpha1.CommercialThirdPartyLogos), forOrigins("https://logo.example")),
	)(c)
	told, untold := c.toldToBrowsers()
	if got := names(told); !slices.Equal(got, []string{"b-oldest", "c-youngest"}) {
		t.Errorf("told %v", got)
	}
	if got := names(untold); !slices.Equal(got, []string{"a-younger"}) {
		t.Errorf("untold %v", got)
	}
	_, add := c.browserHeaders()
	if value := add[0].Value; len(value) > maxHeader || strings.Contains(value, "younger") || strings.Count(value, "https://oldest-") != 20*5 || !strings.Contains(value, "https://logo.example") {
		t.Errorf("%d characters: %s", len(value), value)
	}
}

// tokens are what may stand behind a directive's name.
var tokens = regexp.MustCompile(`^('self'|'none'|https://[-a-z0-9.]+(:\d+)?)$`)

func FuzzHeadersHoldWhatIsInForceAlone(f *testing.F) {
	f.Add("https://pay.bank.example", "https://ads.example:8443", uint8(0), uint8(0), int64(0))
	f.Add("https://pay.bank.example; script-src *", "https://a.example,https://b.example", uint8(1), uint8(2), int64(48))
	f.Add("https://pay.bank.example\r\nSet-Cookie: a=b", `https://a.example" "https://b.example`, uint8(7), uint8(5), int64(5000))
	f.Add("https://pay.bank.example:443", "https://pay.bank.example:65536", uint8(3), uint8(7), int64(4999))
	uses := []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions, v1alpha1.CommercialAdvertisements, v1alpha1.CommercialThirdPartyLogos}
	some := func(bits uint8) []v1alpha1.CommercialUse {
		return slices.DeleteFunc(slices.Clone(uses), func(u v1alpha1.CommercialUse) bool { return bits>>slices.Index(uses, u)&1 == 0 })
	}
	policy := newPolicy(f)
	f.Fuzz(func(t *testing.T, first, second string, firstUses, secondUses uint8, hour int64) {
		c := &Case{Now: received.Add(time.Duration(hour%10000) * time.Hour), Policy: policy, Certificates: []v1alpha1.NoObjectionCertificate{
			newCertificate("first", hours(5000), forOrigins(first), forUses(some(firstUses)...)),
			newCertificate("second", hours(4000), validFrom(hours(2000)), forOrigins(second), forUses(some(secondUses)...)),
		}}
		inForce := map[string]bool{}
		for _, certificate := range c.Certificates {
			if !c.Now.Before(certificate.Spec.ValidFrom.Time) && c.Now.Before(certificate.Spec.ValidUntil.Time) {
				inForce[strings.TrimSuffix(certificate.Spec.Scope.Origins[0], ":443")] = true
			}
		}
		set, add := c.browserHeaders()
		for _, written := range strings.Split(add[0].Value, "; ") {
			name, sources, _ := strings.Cut(written, " ")
			if !slices.ContainsFunc(directives, func(d directive) bool { return d.name == name }) {
				t.Errorf("directive %q in %q", name, add[0].Value)
			}
			for _, source := range strings.Split(sources, " ") {
				if !tokens.MatchString(source) || strings.HasPrefix(source, "https:") && !inForce[source] {
					t.Errorf("source %q in %q", source, add[0].Value)
				}
			}
		}
		list := strings.TrimSuffix(strings.TrimPrefix(set[0].Value, "payment=("), ")")
		for _, allowed := range strings.Fields(list) {
			if allowed != "self" && !inForce[strings.Trim(allowed, `"`)] {
				t.Errorf("%q in %q", allowed, set[0].Value)
			}
		}
		for _, header := range append(set, add...) {
			if strings.ContainsAny(header.Value, ",\r\n\x00") || len(header.Value) > maxHeader {
				t.Errorf("%s: %q", header.Name, header.Value)
			}
		}
	})
}
