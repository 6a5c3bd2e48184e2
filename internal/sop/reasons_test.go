// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// reached are the reasons that findings gave in the tests of this package.
var reached sync.Map

// byTheOperator are the reasons that no rule gives: they tell of writing, and the specs of controllers/ reach them.
var byTheOperator = []string{
	v1alpha1.ReasonConflict, v1alpha1.ReasonApplyFailed, v1alpha1.ReasonDeleting, v1alpha1.ReasonEnforced, v1alpha1.ReasonEnforcing,
	v1alpha1.ReasonApplicationMissing, v1alpha1.ReasonLifted,
}

// TestMain proves, once every test ran, that each reason of the API was reached by one of them.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == ""; all && code == 0 {
		for _, reason := range byTheOperator {
			reached.Store(reason, true)
		}
		for name, reason := range declaredReasons() {
			if _, ok := reached.Load(reason); !ok {
				fmt.Printf("--- FAIL: no test reaches %s\n", name)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// declaredReasons are the constants of the API whose names begin with Reason.
func declaredReasons() map[string]string {
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		panic(err)
	}
	reasons := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		if value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value); err == nil {
			reasons[spec.Names[0].Name] = value
		}
		return true
	})
	if len(reasons) == 0 {
		panic("no reason found in conditions.go")
	}
	return reasons
}
