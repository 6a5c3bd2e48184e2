// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package domain

import (
	"slices"
	"strings"
	"testing"
)

func TestAncestors(t *testing.T) {
	for host, want := range map[string][]string{
		"health.gov.pk":          nil,
		"portal.health.gov.pk":   {"health.gov.pk"},
		"x.y.z.gov.pk":           {"y.z.gov.pk", "z.gov.pk"},
		"a.gov.pk.gov.pk":        {"gov.pk.gov.pk", "pk.gov.pk"},
		"gov.pk":                 nil,
		"":                       nil,
		"a..gov.pk":              nil,
		"portal.health.gov.pk.":  nil,
		"portal.evilgov.pk":      nil,
		"portal.gov.pk.evil.com": nil,
	} {
		if got := Ancestors(host); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}

func TestBeneath(t *testing.T) {
	for _, row := range []struct {
		host, name string
		want       bool
	}{
		{"portal.health.gov.pk", "health.gov.pk", true},
		{"a.portal.health.gov.pk", "health.gov.pk", true},
		{"health.gov.pk", "gov.pk", true},
		{"health.gov.pk", "health.gov.pk", false},
		{"ehealth.gov.pk", "health.gov.pk", false},
		{"portal.ehealth.gov.pk", "health.gov.pk", false},
		{"health.gov.pk", "portal.health.gov.pk", false},
		{".health.gov.pk", "health.gov.pk", false},
		{"health.gov.pk.", "", false},
		{"", "", false},
	} {
		if got := Beneath(row.host, row.name); got != row.want {
			t.Errorf("%q beneath %q: got %t", row.host, row.name, got)
		}
	}
}

func TestWildcard(t *testing.T) {
	for host, want := range map[string]string{
		"portal.health.gov.pk":   "*.health.gov.pk",
		"a.portal.health.gov.pk": "*.portal.health.gov.pk",
		"health.gov.pk":          "*.gov.pk",
	} {
		if got := Wildcard(host); got != want {
			t.Errorf("%s: got %s, want %s", host, got, want)
		}
	}
}

func FuzzAncestors(f *testing.F) {
	for _, e := range examples {
		f.Add(e.host, "health.gov.pk")
		f.Add("portal.health.gov.pk", e.host)
	}
	f.Fuzz(func(t *testing.T, host, name string) {
		ancestors := Ancestors(host)
		if Validate(host) != nil || Validate(name) != nil {
			return
		}
		if got, want := slices.Contains(ancestors, name), Beneath(host, name); got != want {
			t.Errorf("%q beneath %q: %t, but the ancestors are %q", host, name, want, ancestors)
		}
		if Beneath(host, name) && Beneath(name, host) {
			t.Errorf("%q and %q lie beneath each other", host, name)
		}
		if want := strings.Count(host, ".") - strings.Count(suffix, "."); len(ancestors) != want {
			t.Errorf("%q has %d labels between it and gov.pk, but the ancestors are %q", host, want, ancestors)
		}
		for i, ancestor := range ancestors {
			if err := Validate(ancestor); err != nil {
				t.Errorf("the ancestor of %q: %v", host, err)
			}
			if !Beneath(host, ancestor) || i > 0 && !Beneath(ancestors[i-1], ancestor) {
				t.Errorf("%q: %q is out of place in %q", host, ancestor, ancestors)
			}
		}
		if parent, ok := strings.CutPrefix(Wildcard(host), "*."); !ok || !Beneath(host, parent) || strings.Count(parent, ".")+1 != strings.Count(host, ".") {
			t.Errorf("%q: the wildcard %s does not stand for its first label alone", host, Wildcard(host))
		}
	})
}
