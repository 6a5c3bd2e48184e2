// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package domain

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	label63  = strings.Repeat("a", 63)
	name253  = strings.Repeat(label63+".", 3) + strings.Repeat("b", 54) + ".gov.pk"
	pattern  = regexp.MustCompile(Pattern)
	examples = []struct {
		host string
		// says is what the refusal must contain; empty means that the host is accepted.
		says string
		// patternOnly marks the documented difference: Pattern accepts what Validate refuses.
		patternOnly bool
	}{
		{host: "health.gov.pk"},
		{host: "portal.health.gov.pk"},
		{host: "a.b.c.d.punjab.gov.pk"},
		{host: "1.gov.pk"},
		{host: "a--b.gov.pk"},
		{host: "gov.pk.gov.pk"},
		{host: label63 + ".gov.pk"},
		{host: name253},
		{host: "xn--mgbai9azgqp6j.gov.pk"},
		{host: "xn--bcher-kva.portal.gov.pk"},
		{host: "xn--mgba3gch31f060k.gov.pk"}, // with a zero-width non-joiner where it belongs

		{host: "", says: "is empty: write"},
		{host: ".", says: "is empty: write"},
		{host: "gov.pk", says: "the registry's own name"},
		{host: "GOV.PK.", says: "the registry's own name"},
		{host: ".gov.pk", says: "empty label"},
		{host: "a..gov.pk", says: "empty label"},
		{host: ".a.gov.pk", says: "empty label"},
		{host: "*.gov.pk", says: "list each host by its full name"},
		{host: "*.health.gov.pk", says: "list each host by its full name"},
		{host: "a*.gov.pk", says: "write only a-z"},

		{host: "evilgov.pk", says: "is not under gov.pk"},
		{host: "gov.pk.evil.com", says: "is not under gov.pk"},
		{host: "portal.gov.pk.evil.com", says: "is not under gov.pk"},
		{host: "portal.govxpk", says: "is not under gov.pk"},
		{host: "portal.govapk", says: "is not under gov.pk"},
		{host: "portal.punjab.gop.pk", says: "is not under gov.pk"},
		{host: "portal.gos.pk", says: "is not under gov.pk"},
		{host: "portal.gob.pk", says: "is not under gov.pk"},
		{host: "portal.gkp.pk", says: "is not under gov.pk"},
		{host: "portal.gog.pk", says: "is not under gov.pk"},
		{host: "portal.gok.pk", says: "is not under gov.pk"},
		{host: "portal.mil.pk", says: "is not under gov.pk"},
		{host: "portal.edu.pk", says: "is not under gov.pk"},
		{host: "portal.com.pk", says: "is not under gov.pk"},
		{host: "portal.xn--mgbai9azgqp6j", says: "is not under gov.pk"},
		{host: "localhost", says: "is not under gov.pk"},
		{host: "portal.gov.pk:443", says: "without scheme, port or path"},
		{host: "portal.gov.pk/", says: "without scheme, port or path"},
		{host: "https://portal.gov.pk", says: "without scheme, port or path"},
		{host: "user@portal.gov.pk", says: "write only a-z"},
		{host: "203.0.113.7", says: "is an IP address"},
		{host: "2001:db8::1", says: "is an IP address"},
		{host: "[2001:db8::1]", says: "is an IP address"},
		{host: "::ffff:203.0.113.7", says: "is an IP address"},

		{host: "portal.gov.pk.", says: `write "portal.gov.pk"`},
		{host: "Portal.Gov.PK", says: `write "portal.gov.pk"`},
		{host: "portal.gov.PK..", says: `write "portal.gov.pk"`},
		{host: "EvilGov.pk.", says: "is not under gov.pk"},
		{host: "under_score.gov.pk", says: "write only a-z"},
		{host: "two words.gov.pk", says: "write only a-z"},
		{host: " portal.gov.pk", says: "write only a-z"},
		{host: "portal.gov.pk\n", says: "is not under gov.pk"},
		{host: "portal\n.gov.pk", says: "write only a-z"},
		{host: "evil.com\n.portal.gov.pk", says: "write only a-z"},
		{host: "portal\x00.gov.pk", says: "write only a-z"},
		{host: "-a.gov.pk", says: "remove the hyphen"},
		{host: "a-.gov.pk", says: "remove the hyphen"},
		{host: "-.gov.pk", says: "remove the hyphen"},
		{host: "a.-b.gov.pk", says: "remove the hyphen"},
		{host: label63 + "a.gov.pk", says: "of 64 characters: write at most 63"},
		{host: "b" + name253, says: "is 254 characters long: write at most 253"},
		{host: "a." + name253, says: "is 255 characters long: write at most 253", patternOnly: true},

		{host: "پاکستان.gov.pk", says: `write "xn--mgbai9azgqp6j.gov.pk"`},
		{host: "bücher.gov.pk", says: `write "xn--bcher-kva.gov.pk"`},
		{host: "portal.gov.p\u212a", says: `write "portal.gov.pk"`},
		{host: "portal。gov。pk", says: `write "portal.gov.pk"`},
		{host: "bücher.evil.com", says: "write the A-label (xn--) form"},
		{host: "\xff.gov.pk", says: "write the A-label (xn--) form"},
		{host: "xn--.gov.pk", says: "remove the hyphen"},
		{host: "xn--a.gov.pk", says: "not a valid A-label", patternOnly: true},
		{host: "xn--99999999.gov.pk", says: "not a valid A-label", patternOnly: true},
		{host: "xn--gov-.gov.pk", says: "remove the hyphen"},
		{host: "xn--a-ecp.gov.pk", says: "not a valid A-label", patternOnly: true},
		{host: "xn--ls8h.gov.pk", says: "not a valid A-label", patternOnly: true},           // an emoji
		{host: "xn--mgbai9a2drz55b.gov.pk", says: "not a valid A-label", patternOnly: true}, // stretched by a tatweel
		{host: "xn--ab-j1t.gov.pk", says: "not a valid A-label", patternOnly: true},         // a joiner between Latin letters
		{host: "xn--bcher-KVA.gov.pk", says: `write "xn--bcher-kva.gov.pk"`},
		{host: "portal.xn--xn---epa.gov.pk", says: "not a valid A-label", patternOnly: true},
		{host: "XN--BCHER-KVA.gov.pk", says: `write "xn--bcher-kva.gov.pk"`},
	}
)

func TestValidate(t *testing.T) {
	for _, e := range examples {
		err := Validate(e.host)
		switch {
		case e.says == "" && err != nil:
			t.Errorf("%q was refused: %v", e.host, err)
		case e.says != "" && err == nil:
			t.Errorf("%q was accepted", e.host)
		case e.says != "" && !strings.Contains(err.Error(), e.says):
			t.Errorf("%q: the message does not say %q: %v", e.host, e.says, err)
		}
	}
}

func TestPatternDiffersOnlyWhereDocumented(t *testing.T) {
	for _, e := range examples {
		want := e.says == "" || e.patternOnly
		if got := pattern.MatchString(e.host); got != want {
			t.Errorf("Pattern on %q: got %t, want %t", e.host, got, want)
		}
	}
}

// The API's markers can't name a constant, so they hold copies.
func TestAPIHoldsThisPattern(t *testing.T) {
	files, err := filepath.Glob("../../api/v1alpha1/*_types.go")
	if err != nil {
		t.Fatal(err)
	}
	copies := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			if !strings.Contains(line, "+kubebuilder:validation") || !strings.Contains(line, "+gov") {
				continue
			}
			copies++
			if !strings.Contains(line, Pattern) {
				t.Errorf("%s: the rule differs from Pattern %s: %s", filepath.Base(file), Pattern, line)
			}
		}
	}
	if copies == 0 {
		t.Error("no rule in the API holds Pattern")
	}
}

func TestMessageIsBounded(t *testing.T) {
	for _, unit := range []string{"a", "A.", "*", "\U0010ffff", "\x00", "پ"} {
		err := Validate(strings.Repeat(unit, 100_000))
		if err == nil {
			t.Fatalf("%q repeated was accepted", unit)
		}
		// Quoting writes at most ten characters for one.
		if got := len(err.Error()); got > 10*MaxLength+200 {
			t.Errorf("%q repeated: the message has %d characters", unit, got)
		}
	}
}

func FuzzValidate(f *testing.F) {
	for _, e := range examples {
		f.Add(e.host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		err := Validate(host)
		if err == nil {
			requireHost(t, host)
		}
		encoded := strings.HasPrefix(host, "xn--") || strings.Contains(host, ".xn--")
		byPattern := pattern.MatchString(host) && len(host) <= MaxLength
		if byPattern != (err == nil) && !encoded {
			t.Errorf("%q: Pattern and MaxLength disagree with Validate: %v", host, err)
		}
		if err == nil && !pattern.MatchString(host) {
			t.Errorf("%q: Validate accepts what Pattern refuses", host)
		}
	})
}

func requireHost(t *testing.T, host string) {
	t.Helper()
	if !strings.HasSuffix(host, ".gov.pk") || len(host) > 253 || net.ParseIP(host) != nil {
		t.Errorf("%q was accepted", host)
	}
	for label := range strings.SplitSeq(host, ".") {
		if len(label) < 1 || len(label) > 63 {
			t.Errorf("%q was accepted with the label %q", host, label)
		}
	}
	for i := range len(host) {
		if c := host[i]; c >= 0x80 || c >= 'A' && c <= 'Z' {
			t.Errorf("%q was accepted with the byte %#x", host, c)
		}
	}
}
