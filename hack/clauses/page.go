// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// generate is the page, from the clauses themselves, the comments beside them and the reasons that the API documents.
func generate(root string) ([]byte, error) {
	meanings, err := constants(filepath.Join(root, "api/v1alpha1/conditions.go"))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- Written by hack/clauses from internal/sop. Do not edit. -->\n\n# The clauses\n\n")
	fmt.Fprintf(&b, "Sources: %s; %s.\n\n", sop.SOP.Title(), sop.CloudFirst.Title())
	b.WriteString("Every clause is one file of internal/sop. It judges an application without touching the cluster; its verdict is one condition of the\n" +
		"ThirdPartyApplication. Admission policies hold a clause without the operator.\n\n")
	b.WriteString("| Clause | Condition | Shapes the cluster | Admission policies |\n|---|---|---|---|\n")
	for _, clause := range sop.Clauses() {
		shapes := "no"
		if clause.Enforce != nil {
			shapes = "yes"
		}
		fmt.Fprintf(&b, "| [%s](#%s) | `%s` | %s | %s |\n", heading(clause), anchor(clause), clause.Condition, shapes, links(clause.Guards))
	}
	for _, clause := range sop.Clauses() {
		if err := section(&b, root, clause, meanings); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func section(b *bytes.Buffer, root string, clause sop.Clause, meanings map[string]constant) error {
	file, err := fileOf(root, clause)
	if err != nil {
		return err
	}
	comment, reasons, err := readClause(filepath.Join(root, file))
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## %s\n\n", heading(clause))
	fmt.Fprintf(b, "- Demands: %s\n- Here: %s\n- Condition: `%s`\n- Rule: [%s](../%s)\n- Admission policies: %s\n\n",
		clause.Demands, comment, clause.Condition, file, file, links(clause.Guards))
	b.WriteString("| Reason | Meaning |\n|---|---|\n")
	for _, name := range reasons {
		reason, ok := meanings[name]
		if !ok {
			return fmt.Errorf("%s uses v1alpha1.%s, which api/v1alpha1/conditions.go does not declare", file, name)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", reason.value, reason.meaning)
	}
	return nil
}

func heading(clause sop.Clause) string { return clause.Name() + ", " + clause.Title }

// anchor is what Markdown renderers make of a section's heading.
func anchor(clause sop.Clause) string {
	return strings.ToLower(strings.NewReplacer(" ", "-", ",", "").Replace(heading(clause)))
}

func links(guards []string) string {
	if len(guards) == 0 {
		return "none"
	}
	out := make([]string, 0, len(guards))
	for _, guard := range guards {
		out = append(out, fmt.Sprintf("[%s](../config/admission/%s.yaml)", guard, guard))
	}
	return strings.Join(out, ", ")
}

// fileOf is the one file of a clause, relative to the root.
func fileOf(root string, clause sop.Clause) (string, error) {
	files, err := filepath.Glob(filepath.Join(root, fmt.Sprintf("internal/sop/%s%02d_*.go", clause.Source, clause.Number)))
	if err != nil {
		return "", err
	}
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	if len(files) != 1 {
		return "", fmt.Errorf("%s has %d files in internal/sop, want one: %s%02d_<name>.go", clause.Name(), len(files), clause.Source, clause.Number)
	}
	file, err := filepath.Rel(root, files[0])
	return filepath.ToSlash(file), err
}

// shared are the reasons that helpers of several clauses give.
var shared = map[string][]string{
	"policyMissing":   {"ReasonPolicyMissing"},
	"providerMissing": {"ReasonProviderMissing"},
	"verdict":         {"ReasonAwaitingSignOff", "ReasonRejected", "ReasonFindingsOpen", "ReasonAllPartiesApproved"},
}

// readClause is the comment on the function that declares the clause, without its first sentence's heading, and the
// reasons that the file gives, in their order.
func readClause(path string) (comment string, reasons []string, err error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return "", nil, err
	}
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if ok && strings.HasPrefix(function.Doc.Text(), "Clause ") {
			_, comment, _ = strings.Cut(strings.Join(strings.Fields(function.Doc.Text()), " "), ": ")
			comment, _, _ = strings.Cut(comment, " Admission: ")
		}
	}
	if comment == "" {
		return "", nil, fmt.Errorf(`%s has no comment "Clause N, Title: what is done about it."`, path)
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		for _, name := range mentions(node) {
			if !slices.Contains(reasons, name) {
				reasons = append(reasons, name)
			}
		}
		return true
	})
	return upper(comment), reasons, nil
}

// mentions are the reasons that one node of the syntax tree gives.
func mentions(node ast.Node) []string {
	switch node := node.(type) {
	case *ast.SelectorExpr:
		if pkg, ok := node.X.(*ast.Ident); ok && pkg.Name == "v1alpha1" && strings.HasPrefix(node.Sel.Name, "Reason") {
			return []string{node.Sel.Name}
		}
	case *ast.CallExpr:
		switch called := node.Fun.(type) {
		case *ast.Ident:
			return shared[called.Name]
		case *ast.SelectorExpr:
			return shared[called.Sel.Name]
		}
	}
	return nil
}

type constant struct{ value, meaning string }

// constants are the string constants of a file with their comments.
func constants(path string) (map[string]constant, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	out := map[string]constant{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			_, meaning, _ := strings.Cut(strings.Join(strings.Fields(spec.Doc.Text()), " "), ": ")
			if err == nil {
				out[spec.Names[0].Name] = constant{value: value, meaning: meaning}
			}
		}
		return true
	})
	return out, nil
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
