// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"slices"

	"k8s.io/client-go/rest"
)

// writers is the group that RBAC lets write everything (testdata/roles.yaml). Personas are not in it.
const writers = "test:writers"

// users are who the tables speak of. RBAC lets every one of them write everything, so that a refusal is the policy's.
var users = map[string]rest.ImpersonationConfig{
	"operator":   serviceAccount("govpk-system", "govpk-operator"),
	"issuing":    serviceAccount("cert-manager", "cert-manager"),
	"istio-cni":  serviceAccount("istio-system", "istio-cni"),
	"istiod":     serviceAccount("istio-system", "istiod-1-31"),
	"gateway":    serviceAccount("traefik", "traefik"),
	"admin":      {UserName: "admin@ntc.gov.pk", Groups: []string{"system:masters"}},
	"tenant":     {UserName: "dev@sehat.example", Groups: []string{"organization:sehat-digital"}},
	"operations": {UserName: "operations-1@ntc.gov.pk", Groups: []string{"ntc:operations"}},
	"platform":   {UserName: "platform-1@ntc.gov.pk"},
	"security":   {UserName: "security-1@ntc.gov.pk"},
	"flagger":    {UserName: "security-2@ntc.gov.pk"},
	"nitb":       {UserName: "reviewer-1@nitb.gov.pk"},
	"ntc":        {UserName: "reviewer-1@ntc.gov.pk"},
	"owner":      {UserName: "owner@sehat.example"},
	"two-hats":   {UserName: "two-hats@ntc.gov.pk"},
	"nitb-owner": {UserName: "nitb-and-owner@sehat.example"},
	"ntc-owner":  {UserName: "ntc-and-owner@sehat.example"},
	"node":       {UserName: "system:node:node-1", Groups: []string{"system:nodes"}},
	"scheduler":  {UserName: "system:kube-scheduler"},
	"apiserver":  {UserName: "system:apiserver", Groups: []string{"system:masters"}},
	"impostor":   {UserName: "replicaset-controller"},
	// Another organization, which may change the applications of its own namespace; and a person whose name only looks like the operator's.
	"other-tenant":  {UserName: "dev@roti.example", Groups: []string{"organization:roti"}},
	"fake-operator": {UserName: "govpk-operator", Groups: []string{"system:serviceaccounts:govpk-system"}},
	// The Cloud Office's officer, one of its people who issues and orders nothing, one who issues for both authorities, one whose rights name no authority,
	// and a provider's desk that discloses breaches.
	"officer":          {UserName: "officer-1@cloudoffice.gov.pk"},
	"clerk":            {UserName: "clerk-1@cloudoffice.gov.pk"},
	"both-authorities": {UserName: "both@nitb.gov.pk"},
	"every-authority":  {UserName: "every@ntc.gov.pk"},
	"every-order":      {UserName: "orders@ntc.gov.pk"},
	"desk":             {UserName: "desk-1@ntc.gov.pk"},
	// cert-manager's other account, and a person who only looks like it.
	"cainjector":   serviceAccount("cert-manager", "cert-manager-cainjector"),
	"fake-issuing": {UserName: "cert-manager", Groups: []string{"system:serviceaccounts:cert-manager"}},
	// Who broke the glass; the tenant's GitOps and the accounts of a network plugin and a provisioner, which no setting names.
	"break-glass":             {UserName: "engineer-9@ntc.gov.pk", Groups: []string{"platform.ntc.gov.pk:break-glass"}},
	"developer-with-too-much": {UserName: "developer-1@sehat.example", Groups: []string{"organization:sehat-digital", "ntc:operations"}},
	"desk-2":                  {UserName: "desk-2@ntc.gov.pk"},
	"tenant-robot":            serviceAccount("sehat-digital", "default"),
	"plugin":                  serviceAccount("kube-system", "cilium"),
	"provisioner":             serviceAccount("storage", "provisioner"),
}

// persons have the rights of their day (bypass/days/rights.yaml) and no others.
var persons = map[string]rest.ImpersonationConfig{
	"developer":         {UserName: "developer-1@sehat.example", Groups: []string{"day:organization:sehat-digital"}},
	"support":           {UserName: "desk-1@sehat.example", Groups: []string{"day:support:sehat-digital"}},
	"organization":      {UserName: "tester-1@sehat.example"},
	"reviewer-nitb":     {UserName: "reviewer-7@nitb.gov.pk"},
	"reviewer-ntc":      {UserName: "reviewer-7@ntc.gov.pk"},
	"platform-engineer": {UserName: "platform-7@ntc.gov.pk"},
	"level-1":           {UserName: "operations-7@ntc.gov.pk"},
	"security-team":     {UserName: "security-7@ntc.gov.pk"},
	"cloud-office":      {UserName: "officer-7@cloudoffice.gov.pk"},
	"noc-officer":       {UserName: "noc-7@nitb.gov.pk"},
	"breach-reporter":   {UserName: "desk-7@provider.example"},
	"auditor":           {UserName: "auditor-7@audit.gov.pk"},
	"public":            {UserName: "citizen@example.com"},
}

// user is one of persons or users, or the controller of kube-controller-manager with that name.
func user(name string) rest.ImpersonationConfig {
	if person, ok := persons[name]; ok {
		return person
	}
	if known, ok := users[name]; ok {
		known.Groups = append(slices.Clone(known.Groups), writers)
		return known
	}
	return serviceAccount("kube-system", name)
}

func serviceAccount(namespace, name string) rest.ImpersonationConfig {
	return rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":" + name,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
	}
}
