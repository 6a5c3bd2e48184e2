// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package domain

import "strings"

// Ancestors are the names strictly under gov.pk that a host lies beneath, nearest first. The host must be one that Validate
// accepts; each ancestor then is one too.
func Ancestors(host string) []string {
	var out []string
	for {
		_, parent, _ := strings.Cut(host, ".")
		if !Beneath(parent, suffix[1:]) {
			return out
		}
		out = append(out, parent)
		host = parent
	}
}

// Beneath says whether a host is a name under another name, at any depth. A name is not beneath itself.
func Beneath(host, name string) bool {
	labels, found := strings.CutSuffix(host, "."+name)
	return found && labels != "" && name != ""
}

// Wildcard is the one wildcard that covers a host with exactly one label in the place of the asterisk, as certificates
// count: *.health.gov.pk for portal.health.gov.pk. For a direct child of gov.pk that is *.gov.pk, which nobody may claim.
func Wildcard(host string) string {
	_, parent, _ := strings.Cut(host, ".")
	return "*." + parent
}
