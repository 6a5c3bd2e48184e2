// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rbac holds the roles of an installation.
package rbac

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// No role of an installation has a wildcard, and none reads Secrets, impersonates or escalates.
func TestLeastPrivilege(t *testing.T) {
	files, err := filepath.Glob("personas/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("roles: %v, %v", files, err)
	}
	files = append(files, "role.yaml", "leader_election.yaml", "metrics_reader_role.yaml")
	rules := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range strings.Split(string(content), "\n---") {
			var role rbacv1.ClusterRole
			if err := yaml.Unmarshal([]byte(document), &role); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, rule := range role.Rules {
				rules++
				check(t, file, role.Name, rule)
			}
		}
	}
	if rules < 20 {
		t.Errorf("only %d rules were read", rules)
	}
}

func check(t *testing.T, file, role string, rule rbacv1.PolicyRule) {
	t.Helper()
	for _, value := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.ResourceNames, rule.NonResourceURLs) {
		if strings.Contains(value, "*") {
			t.Errorf("%s: %s: wildcard in %+v", file, role, rule)
		}
	}
	supply := slices.Equal(rule.APIGroups, []string{"platform.ntc.gov.pk"}) && slices.Equal(rule.Verbs, []string{"supply"})
	if slices.Contains(rule.Resources, "secrets") && (role != "govpk-organization-secrets" || !supply &&
		slices.ContainsFunc(rule.Verbs, func(verb string) bool { return !slices.Contains([]string{"create", "update", "patch", "delete"}, verb) })) {
		t.Errorf("%s: %s: %v of secrets in %+v", file, role, rule.Verbs, rule)
	}
	for _, forbidden := range []string{"serviceaccounts/token", "pods/exec", "pods/attach", "pods/portforward"} {
		if slices.Contains(rule.Resources, forbidden) {
			t.Errorf("%s: %s: %s in %+v", file, role, forbidden, rule)
		}
	}
	for _, forbidden := range []string{"impersonate", "escalate", "nobody"} {
		if slices.Contains(rule.Verbs, forbidden) {
			t.Errorf("%s: %s: verb %s in %+v", file, role, forbidden, rule)
		}
	}
	// Whoever holds both changes everything, and level 1 is no longer told from the organization.
	if slices.Contains(rule.Verbs, "declare") && role != "govpk-organization" || slices.Contains(rule.Verbs, "rollback") && role != "govpk-rollback" {
		t.Errorf("%s: %s: %v", file, role, rule.Verbs)
	}
	// Admission tells authorities apart by these names, and keeps what was disclosed.
	for _, verb := range []string{"issue", "order"} {
		if slices.Contains(rule.Verbs, verb) && (len(rule.ResourceNames) == 0 || !slices.Equal(rule.ResourceNames, authority(role, verb)) || !slices.Equal(rule.Resources, []string{"authorities"})) {
			t.Errorf("%s: %s: %s in %+v", file, role, verb, rule)
		}
	}
	if slices.Contains(rule.Resources, "breachreports") && (slices.Contains(rule.Verbs, "delete") || slices.Contains(rule.Verbs, "deletecollection")) {
		t.Errorf("%s: %s: breach reports are never deleted: %+v", file, role, rule)
	}
	// What the operator binds in stage namespaces, and platform engineers in those of organizations.
	if slices.Contains(rule.Verbs, "bind") && (len(rule.ResourceNames) == 0 || !slices.Equal(rule.ResourceNames, map[string][]string{
		"govpk-operator":          {"govpk-operations", "govpk-organization-secrets", "govpk-organization-support", "govpk-takedown"},
		"govpk-platform-engineer": {"govpk-onboarding", "govpk-organization", "govpk-organization-reader", "govpk-organization-signer"},
	}[role])) {
		t.Errorf("%s: %s: binds %v", file, role, rule.ResourceNames)
	}
}

// authority is for whom a role of ours issues or orders; nil: for nobody.
func authority(role, verb string) []string {
	return map[string][]string{
		"govpk-cloud-office issue": {"CloudOffice"}, "govpk-cloud-office order": {"CloudOffice"}, "govpk-nitb-noc issue": {"NITB"},
	}[role+" "+verb]
}
