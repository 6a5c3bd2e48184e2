// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"slices"
	"strings"

	"k8s.io/client-go/rest"
)

// persona is somebody of docs/personas.md, with the groups of a real login. None of them has a right by testdata/roles.yaml.
type persona struct {
	Title string
	// Who says what the persona does, Holds by which roles. Both are of the page.
	Who, Holds string
	User       string
	Groups     []string
}

// The organization whose people the personas are, and another one.
const (
	mandi  = "mandi"
	bazaar = "bazaar"
)

var (
	developer = persona{
		"Organization developer", "declares applications, follows them and launches them.",
		"`govpk-organization` in the organization's namespace, and what its levels 2 and 3 hold.",
		"developer-5@mandi.example", []string{"organization:mandi", "organization:mandi:developers"},
	}
	signer = persona{
		"Organization signer", "signs the organization's end-to-end test.",
		"`govpk-organization-signer` in the organization's namespace, by name. This one is not in the organization's group.",
		"owner@mandi.example", nil,
	}
	support = persona{
		"Organization support, levels 2 and 3", "looks at what runs, and keeps the Secrets that a release names.",
		"`govpk-organization-reader` in the organization's namespace; the operator binds `govpk-organization-support`, and `govpk-organization-secrets` where a release names a Secret, in the stage namespaces.",
		"desk-5@mandi.example", []string{"organization:mandi"},
	}
	nitbReviewer = persona{
		"NITB reviewer", "audits, tests, and signs for NITB.",
		"`govpk-nitb-reviewer` in all namespaces, by name.", "reviewer-5@nitb.gov.pk", nil,
	}
	nitbIssuer = persona{
		"NITB certificates", "exempts from clause 10.", "`govpk-nitb-noc`, by name.", "noc-5@nitb.gov.pk", nil,
	}
	ntcReviewer = persona{
		"NTC reviewer", "tests, and signs for NTC.",
		"`govpk-ntc-reviewer` in all namespaces, by name.", "reviewer-2@ntc.gov.pk", nil,
	}
	engineer = persona{
		"NTC platform engineer", "sets the policy, offers government data, and [onboards organizations](onboarding.md).",
		"`govpk-platform-engineer` in all namespaces, and `govpk-onboarding` in those of organizations.",
		"engineer-5@ntc.gov.pk", []string{"ntc:platform"},
	}
	operations = persona{
		"NTC operations, level 1", "looks at what runs, restarts pods, and rolls back.",
		"`govpk-rollback` in all namespaces; the operator binds `govpk-operations` in the stage namespaces.",
		"operations-5@ntc.gov.pk", []string{"ntc:level-1"},
	}
	securityTeam = persona{
		"Security team", "takes applications offline, and lifts that.",
		"`govpk-security` in all namespaces; the operator binds `govpk-takedown` in the live namespaces.",
		"security-5@ntc.gov.pk", []string{"ntc:security"},
	}
	cloudOffice = persona{
		"Cloud Office", "keeps the accredited list, orders a provider's applications offline, issues certificates, answers breaches.",
		"`govpk-cloud-office`, by name.", "officer-5@cloudoffice.gov.pk", nil,
	}
	breachReporter = persona{
		"Breach reporter", "discloses breaches, for a provider or a public-service entity, and reads a report whose name it knows.",
		"`govpk-breach-reporter`, by name.", "desk-5@ntc.gov.pk", nil,
	}
	auditor = persona{
		"Auditor", "reads everything but Secrets, and connects to nothing.",
		"`govpk-auditor` in all namespaces.", "auditor-5@agp.gov.pk", []string{"govpk:auditors"},
	}
	viewer = persona{
		"Public viewer", "is whoever the cluster knows. The installation binds it.",
		"`govpk-public-viewer`. Every other persona holds it too.", "anybody@health.gov.pk", nil,
	}
	personas = []persona{
		developer, signer, support, nitbReviewer, nitbIssuer, ntcReviewer, engineer, operations, securityTeam, cloudOffice, breachReporter, auditor, viewer,
	}
)

// groups are those of a real login, too.
func (p persona) groups() []string {
	return append(slices.Clone(p.Groups), "system:authenticated")
}

func (p persona) login() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{UserName: p.User, Groups: p.Groups}
}

// A scope is where something is done. Without a namespace it is everywhere: the cluster's own kinds, and all namespaces.
type scope struct{ Title, Namespace string }

var (
	everywhere = scope{"everywhere", ""}
	scopes     = []scope{
		everywhere,
		{"own organization's namespace", mandi},
		{"own test namespaces", "health-portal-fab68624-test"},
		{"own live namespaces", "health-portal-fab68624-live"},
		{"another organization's namespace", bazaar},
		{"another organization's test namespaces", "health-portal-0ba5aa75-test"},
		{"another organization's live namespaces", "health-portal-0ba5aa75-live"},
		{"the platform's namespaces", "govpk-evidence"},
	}
)

// A deed is what RBAC judges. Resource may have a subresource; Name is of a rule that has names.
type deed struct{ Verb, Resource, Group, Name string }

func (d deed) String() string {
	return strings.TrimSpace(d.Verb + " " + d.kind() + " " + d.Name)
}

// kind is the resource with its group, where that is neither ours nor Kubernetes' own.
func (d deed) kind() string {
	if d.Group == "" || d.Group == ours {
		return d.Resource
	}
	return d.Resource + "." + d.Group
}

// aboutSelf: asking what one may is everybody's.
func (d deed) aboutSelf() bool {
	return d.Verb == "create" && strings.HasPrefix(d.Resource, "selfsubject")
}

const ours = "platform.ntc.gov.pk"

// notable are deeds that name their holders here, so that writing the page anew hands nothing out.
var notable = []struct {
	What    string
	Deed    deed
	Holders []persona
}{
	{"declare, change, launch or withdraw an application", deed{"declare", "thirdpartyapplications", ours, ""}, []persona{developer}},
	{"roll back to a release that was live", deed{"rollback", "thirdpartyapplications", ours, ""}, []persona{operations}},
	{"sign for NITB", deed{"sign", "parties", ours, "NITB"}, []persona{nitbReviewer}},
	{"sign for NTC", deed{"sign", "parties", ours, "NTC"}, []persona{ntcReviewer}},
	{"sign for the organization", deed{"sign", "parties", ours, "Organization"}, []persona{signer}},
	{"take an application offline", deed{"flag", "policyviolations", ours, ""}, []persona{securityTeam}},
	{"lift that", deed{"lift", "policyviolations", ours, ""}, []persona{securityTeam}},
	{"take it offline by hand: change labels of the namespace", deed{"patch", "namespaces", "", ""}, []persona{engineer, securityTeam}},
	{"take it offline by hand: delete routes", deed{"delete", "httproutes", "gateway.networking.k8s.io", ""}, []persona{securityTeam}},
	{"take it offline by hand: delete what lets traffic in", deed{"delete", "networkpolicies", "networking.k8s.io", ""}, []persona{securityTeam}},
	{"delete pods", deed{"delete", "pods", "", ""}, []persona{operations, securityTeam}},
	{"write the Secrets that a release names", deed{"supply", "secrets", ours, ""}, []persona{developer, support}},
	{"keep the accredited list", deed{"accredit", "cloudserviceproviders", ours, ""}, []persona{cloudOffice}},
	{"issue and revoke commercial certificates", deed{"issue", "authorities", ours, "NITB"}, []persona{nitbIssuer}},
	{"issue and revoke certificates of the Cloud Office", deed{"issue", "authorities", ours, "CloudOffice"}, []persona{cloudOffice}},
	{"order a provider's applications offline, answer breaches", deed{"order", "authorities", ours, "CloudOffice"}, []persona{cloudOffice}},
	{"disclose a breach", deed{"create", "breachreports", ours, ""}, []persona{cloudOffice, breachReporter}},
	{"set the DeploymentPolicy, write in the platform's namespaces", deed{"configure", "deploymentpolicies", ours, ""}, []persona{engineer}},
	{"offer government data", deed{"update", "governmentdataapis", ours, ""}, []persona{engineer}},
	{"give a namespace an organization's identity", deed{"onboard", "organizations", ours, ""}, []persona{engineer}},
	{"make namespaces", deed{"create", "namespaces", "", ""}, []persona{engineer}},
	{"end an organization's namespace", deed{"delete", "namespaces", "", ""}, []persona{engineer}},
	{"bind roles", deed{"create", "rolebindings", rbacGroup, ""}, []persona{engineer}},
	{"withdraw roles", deed{"delete", "rolebindings", rbacGroup, ""}, []persona{engineer}},
	{"bind the organization's role", deed{"bind", "clusterroles", rbacGroup, "govpk-organization"}, []persona{engineer}},
	{"bind its readers' role", deed{"bind", "clusterroles", rbacGroup, "govpk-organization-reader"}, []persona{engineer}},
	{"bind its signers' role", deed{"bind", "clusterroles", rbacGroup, "govpk-organization-signer"}, []persona{engineer}},
	{"bind the role that keeps its namespace", deed{"bind", "clusterroles", rbacGroup, "govpk-onboarding"}, []persona{engineer}},
}
