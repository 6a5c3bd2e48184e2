// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestBootstrap(t *testing.T) {
	for _, c := range []struct{ user, database, password, want string }{
		{"", "", "secret", "CREATE ROLE \"app\" LOGIN PASSWORD E'secret';\nCREATE DATABASE \"app\" OWNER \"app\";\n"},
		{"sehat", "", "secret", "CREATE ROLE \"sehat\" LOGIN PASSWORD E'secret';\nCREATE DATABASE \"sehat\" OWNER \"sehat\";\n"},
		{
			`a"b`, "صحت", `it's \ me`,
			"CREATE ROLE \"a\"\"b\" LOGIN PASSWORD E'it''s \\\\ me';\nCREATE DATABASE \"صحت\" OWNER \"a\"\"b\";\n",
		},
	} {
		got, err := bootstrap(c.user, c.database, c.password)
		if err != nil || got != c.want {
			t.Errorf("bootstrap(%q, %q, %q) = %q, %v; want %q", c.user, c.database, c.password, got, err, c.want)
		}
	}
}

func TestBootstrapRefuses(t *testing.T) {
	for want, c := range map[string][3]string{
		"POSTGRES_PASSWORD is empty": {"sehat", "visits", ""},
		"is the superuser":           {"postgres", "visits", "secret"},
		"must each be one line":      {"sehat", "visits", "secret\nDROP"},
	} {
		if _, err := bootstrap(c[0], c[1], c[2]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("bootstrap(%q): got %v, want %q", c, err, want)
		}
	}
}
