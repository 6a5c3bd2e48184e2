// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const personasIntroduction = `# Who may do what

Written by ` + "`go test ./test/admission -run TestPersonas -update`" + ` from an API server's answers, with the roles of
[config/rbac/personas](../config/rbac/personas), bound as [people.yaml](../config/samples/people.yaml) and [onboarding.yaml](../config/samples/onboarding.yaml)
bind them and as the operator does in stage namespaces. The test asks for every verb of everything that is served, and fails when this page differs.
**What is not on this page is refused.**

RBAC says who may ask; the [admission policies](../config/admission) say what may change, for everybody. A patch of an application by level 1 passes RBAC,
and admission lets it set ` + "`spec.launch.release`" + ` and nothing else.

*Read* is get, list and watch. *Everywhere* is all namespaces and the kinds that have none. *Own* is the persona's organization's.

## What counts

`

const personasAdministrator = `
## A cluster administrator

RBAC refuses nothing to ` + "`system:masters` and `cluster-admin`" + `. Admission does: it asks for a right that nobody is granted (party and authority ` + "`nobody`" + `,
verb ` + "`nobody`" + `), which only a wildcard holds, and refuses who has it. So a cluster administrator signs for no party, flags and lifts nothing, issues no certificate and
orders nothing; the test tries each. What remains to an administrator (impersonation, writing roles, removing policies) is in
[what RBAC must hold](installation.md#what-rbac-must-hold), and in the audit log. [Break-glass](break-glass.md) is a group, and no persona is in it.

A platform engineer may bind the four roles of an organization to anybody, in any namespace that admission does not guard: who the people of an
organization are is the platform engineers' to say. That never makes a signer for NITB or NTC, nor a member of the security team.
`

// personasPage is docs/personas.md.
func personasPage(answers map[string]map[scope]granted) string {
	page := &strings.Builder{}
	page.WriteString(personasIntroduction)
	page.WriteString("| To | takes | which has | where |\n|---|---|---|---|\n")
	for _, row := range notable {
		for _, persona := range row.Holders {
			where := places(func(s scope) bool { return answers[persona.Title][s][row.Deed] })
			fmt.Fprintf(page, "| %s | `%s` | %s | %s |\n", row.What, row.Deed, persona.Title, where)
		}
	}
	for _, persona := range personas {
		fmt.Fprintf(page, "\n## %s\n\n%s Holds %s\n\n| Where | What | May |\n|---|---|---|\n", persona.Title, capital(persona.Who), persona.Holds)
		writeRows(page, answers[persona.Title])
	}
	page.WriteString("\n## What nobody may\n\nNone of the personas, anywhere. After a colon stands a name.\n\n| To | takes | on |\n|---|---|---|\n")
	for _, row := range forbidden {
		resources := strings.Fields(strings.ReplaceAll(row.Resources, "."+ours, ""))
		fmt.Fprintf(page, "| %s | %s | `%s` |\n", row.What, strings.Join(strings.Fields(row.Verbs), ", "), strings.Join(resources, "`, `"))
	}
	page.WriteString(personasAdministrator)
	return page.String()
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// places says where, in as few words as that takes.
func places(has func(scope) bool) string {
	if has(everywhere) {
		return everywhere.Title
	}
	var titles []string
	for i, scope := range scopes[1:4] {
		another := scopes[4+i]
		switch {
		case has(scope) && has(another):
			titles = append(titles, []string{"organizations' namespaces", "test namespaces", "live namespaces"}[i])
		case has(scope):
			titles = append(titles, scope.Title)
		case has(another):
			titles = append(titles, another.Title)
		}
	}
	if last := scopes[len(scopes)-1]; has(last) {
		titles = append(titles, last.Title)
	}
	return strings.Join(titles, ", ")
}

// writeRows writes what one persona may, kinds with the same verbs in the same places together.
func writeRows(page *strings.Builder, may map[scope]granted) {
	verbs := map[string]map[scope][]string{}
	for _, place := range scopes {
		for d := range may[place] {
			if place != everywhere && may[everywhere][d] || d.aboutSelf() {
				continue
			}
			kind := strings.TrimSpace(d.kind() + " " + d.Name)
			if verbs[kind] == nil {
				verbs[kind] = map[scope][]string{}
			}
			verbs[kind][place] = append(verbs[kind][place], d.Verb)
		}
	}
	rows := map[[2]string][]string{}
	for kind, in := range verbs {
		for _, written := range slices.Compact(slices.Sorted(func(yield func(string) bool) {
			for _, of := range in {
				if !yield(verbsOf(of)) {
					return
				}
			}
		})) {
			where := places(func(s scope) bool { return in[s] != nil && verbsOf(in[s]) == written })
			rows[[2]string{where, written}] = append(rows[[2]string{where, written}], kind)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(rows), func(a, b [2]string) int {
		return cmp.Or(placeOrder(a[0])-placeOrder(b[0]), strings.Compare(slices.Min(rows[a]), slices.Min(rows[b])))
	}) {
		for _, kinds := range lines(slices.Sorted(slices.Values(rows[key]))) {
			fmt.Fprintf(page, "| %s | `%s` | %s |\n", key[0], strings.Join(kinds, "`, `"), key[1])
		}
	}
}

// lines are one row, or a row for each API group where that would be too long to read.
func lines(kinds []string) [][]string {
	if len(kinds) < 30 {
		return [][]string{kinds}
	}
	groups := map[string][]string{}
	for _, kind := range kinds {
		_, group, _ := strings.Cut(kind, ".")
		groups[group] = append(groups[group], kind)
	}
	var rows [][]string
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		rows = append(rows, groups[group])
	}
	return rows
}

// placeOrder brings everywhere first, then organizations, test and live.
func placeOrder(where string) int {
	return slices.IndexFunc([]string{"everywhere", "organization", "test namespaces", "live namespaces", ""}, func(part string) bool {
		return strings.Contains(strings.ReplaceAll(where, "another organization's", ""), part)
	})
}

var verbOrder = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

func verbsOf(verbs []string) string {
	sorted := slices.SortedFunc(slices.Values(verbs), func(a, b string) int {
		place := func(verb string) int {
			return (slices.Index(verbOrder, verb) + len(verbOrder) + 1) % (len(verbOrder) + 1)
		}
		return cmp.Or(place(a)-place(b), strings.Compare(a, b))
	})
	return strings.Replace(strings.Join(sorted, ", "), "get, list, watch", "read", 1)
}
