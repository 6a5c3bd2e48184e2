// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package domain

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	// MaxLength is the longest a host may be, in characters. Use it as maxLength beside Pattern.
	MaxLength = 253

	// Pattern is Validate as a regular expression, for a CRD's pattern or a CEL rule. It differs in exactly two
	// points, where it is looser: it does not limit the length of the whole name (MaxLength does), and it accepts a
	// label that begins with xn-- without decoding it.
	Pattern = `^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+gov[.]pk$`

	maxLabel = 63
	suffix   = ".gov.pk"
	example  = "portal.health.gov.pk"
)

var labelCharacters = regexp.MustCompile(`^[-a-z0-9]*$`)

// Validate refuses a host that is not a name strictly under gov.pk, written in lower case without a trailing dot.
// It does not normalise: its message says what to write instead.
func Validate(host string) error {
	if problem := check(host); problem != "" {
		return fmt.Errorf("host %.253q %s", host, problem)
	}
	return nil
}

// check looks at the name behind the spelling first, so that nobody is told to write a name that is refused next.
func check(host string) string {
	name := strings.ToLower(strings.TrimRight(host, "."))
	switch {
	case name == "":
		return "is empty: write a name under gov.pk, for example " + example
	case len(name) > MaxLength:
		return fmt.Sprintf("is %d characters long: write at most %d", len(name), MaxLength)
	case !ascii(host):
		return "has characters outside ASCII: " + asciiRemedy(name)
	case net.ParseIP(strings.Trim(name, "[]")) != nil:
		return "is an IP address: write a name under gov.pk, for example " + example
	case name == suffix[1:]:
		return "is the registry's own name: write a name under it, for example " + example
	case !strings.HasSuffix(name, suffix):
		return "is not under gov.pk: write a name that ends in " + suffix + ", without scheme, port or path"
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, suffix), ".") {
		if problem := checkLabel(label); problem != "" {
			return problem
		}
	}
	if name != host {
		return fmt.Sprintf("must be in lower case without a trailing dot: write %q", name)
	}
	return ""
}

func checkLabel(label string) string {
	switch {
	case label == "":
		return "has an empty label: write one dot between two labels and none in front"
	case label == "*":
		return "has a wildcard: list each host by its full name"
	case len(label) > maxLabel:
		return fmt.Sprintf("has the label %q of %d characters: write at most %d between two dots", label, len(label), maxLabel)
	case !labelCharacters.MatchString(label):
		return fmt.Sprintf("has the label %q: write only a-z, 0-9 and hyphens between two dots, without scheme, port or path", label)
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Sprintf("has the label %q: remove the hyphen at its beginning or end", label)
	case strings.HasPrefix(label, "xn--") && !validALabel(label):
		return fmt.Sprintf("has the label %q, which is not a valid A-label: write what IDNA2008 makes of the Unicode name, or a label without xn--", label)
	}
	return ""
}

func validALabel(label string) bool {
	decoded, err := idna.Registration.ToUnicode(label)
	return err == nil && !strings.ContainsFunc(decoded, notForNames)
}

// notForNames closes what idna leaves open: it follows UTS 46, which allows emoji and other symbols that
// IDNA2008 (RFC 5892) refuses. Where the two joiners may stand, idna has already judged.
func notForNames(r rune) bool {
	const joiners = "\u200c\u200d"
	if r == '-' || strings.ContainsRune(joiners, r) {
		return false
	}
	const exceptions = "\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b" // RFC 5892, section 2.6
	return strings.ContainsRune(exceptions, r) || !unicode.In(r, unicode.L, unicode.Mn, unicode.Mc, unicode.Nd)
}

func asciiRemedy(name string) string {
	if encoded, err := idna.Lookup.ToASCII(name); err == nil && check(encoded) == "" {
		return fmt.Sprintf("write %q", encoded)
	}
	return "write the A-label (xn--) form of the name, for example xn--mgbai9azgqp6j" + suffix
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
