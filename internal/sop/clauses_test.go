// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var clauseFile = regexp.MustCompile(`^((?:sop|cfp)\d\d)_[a-z]+\.go$`)

// The SOP has ten clauses, and the Cloud First Policy's duties follow them. Each is one file, with its test beside it.
func TestEveryClauseHasOneFileAndOneTest(t *testing.T) {
	clauses := Clauses()
	if n := slices.IndexFunc(clauses, func(c Clause) bool { return c.Source != SOP }); n != 10 {
		t.Fatalf("%d clauses; the SOP has ten", n)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]string{}
	for _, entry := range entries {
		if m := clauseFile.FindStringSubmatch(entry.Name()); m != nil {
			files[m[1]] = append(files[m[1]], entry.Name())
		}
	}
	if len(files) != len(clauses) {
		t.Errorf("files of %d clauses, want %d", len(files), len(clauses))
	}
	for i, clause := range clauses {
		want := i + 1
		if clause.Source == CloudFirst {
			want -= 10
		}
		if clause.Number != want {
			t.Errorf("%s stands at place %d", clause.Name(), want)
		}
		mine := files[fmt.Sprintf("%s%02d", clause.Source, clause.Number)]
		if len(mine) != 1 {
			t.Errorf("%s has the files %q, want exactly one", clause.Name(), mine)
			continue
		}
		if _, err := os.Stat(strings.TrimSuffix(mine[0], ".go") + "_test.go"); err != nil {
			t.Errorf("%s has no test beside it: %v", mine[0], err)
		}
		source, err := os.ReadFile(mine[0])
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(fmt.Sprintf(`\tNumber: +%d,`, clause.Number)).Match(source) {
			t.Errorf("%s does not declare %s", mine[0], clause.Name())
		}
		for _, guard := range clause.Guards {
			if comment, _, _ := bytes.Cut(source, []byte("\nfunc ")); !bytes.Contains(comment, []byte(guard)) {
				t.Errorf("the comment on %s does not name its admission policy %s", mine[0], guard)
			}
		}
	}
}

func TestEveryClauseIsWhole(t *testing.T) {
	for _, clause := range Clauses() {
		if clause.Title == "" || !strings.HasSuffix(clause.Demands, ".") || clause.Assess == nil {
			t.Errorf("%s: title %q, demands %q", clause.Name(), clause.Title, clause.Demands)
		}
	}
}

// Every condition of clauses in the API belongs to exactly one clause.
func TestEveryConditionIsUsedOnce(t *testing.T) {
	var got []string
	for _, clause := range Clauses() {
		if slices.Contains(got, clause.Condition) {
			t.Errorf("condition %s is the finding of two clauses", clause.Condition)
		}
		got = append(got, clause.Condition)
	}
	source, err := os.ReadFile("../../api/v1alpha1/conditions.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`// \w+ is the finding of .*\.\n\t\w+ = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if !slices.Contains(got, m[1]) {
			t.Errorf("condition %s is the finding of no clause", m[1])
		}
	}
}

// Every guard is a file, and every file in config/admission guards a clause.
func TestGuardsExist(t *testing.T) {
	files, err := filepath.Glob("../../config/admission/govpk-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("config/admission: %d policies, %v", len(files), err)
	}
	var guards []string
	for _, clause := range Clauses() {
		for _, guard := range clause.Guards {
			guards = append(guards, guard)
			if !slices.Contains(files, "../../config/admission/"+guard+".yaml") {
				t.Errorf("%s is guarded by %s, but config/admission/%s.yaml does not exist", clause.Name(), guard, guard)
			}
		}
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); !slices.Contains(guards, name) {
			t.Errorf("config/admission/%s.yaml guards no clause", name)
		}
	}
}

// The gates are the order of the SOP. What is not listed gates nothing; a gate that is lost lets an unready release through.
func TestGates(t *testing.T) {
	name := func(f any) string { return fmt.Sprint(reflect.ValueOf(f).Pointer()) }
	want := map[v1alpha1.Stage][]any{
		v1alpha1.StageUnderAudit:     {assessRequirements, assessSupport, assessDomains},
		v1alpha1.StageTesting:        {assessAudit, assessAccreditation, assessClassification, gateAvailability, assessMesh},
		v1alpha1.StageAwaitingLaunch: {assessEndToEndTest, assessCommercial, gateVolumes},
	}
	if len(gates) != len(want) {
		t.Fatalf("%d gates", len(gates))
	}
	for _, gate := range gates {
		if len(gate.needs) != len(want[gate.stage]) {
			t.Errorf("%s needs %d findings, want %d", gate.stage, len(gate.needs), len(want[gate.stage]))
			continue
		}
		for i, need := range gate.needs {
			if name(need) != name(want[gate.stage][i]) {
				t.Errorf("%s: need %d is another one", gate.stage, i)
			}
		}
	}
}

func TestStageOf(t *testing.T) {
	for name, row := range map[string]struct {
		given  *Case
		change func(*Case)
		want   v1alpha1.Stage
		blocks string
	}{
		"declarations refused":      {given: awaitingLaunch(t), change: func(c *Case) { c.Organization = "" }, want: v1alpha1.StageSubmitted, blocks: v1alpha1.ReasonOrganizationUnknown},
		"host not claimed yet":      {given: awaitingLaunch(t), change: func(c *Case) { c.Claims = nil }, want: v1alpha1.StageSubmitted, blocks: v1alpha1.ReasonClaiming},
		"hardware too small":        {given: awaitingLaunch(t), change: func(c *Case) { c.Application.Spec.Requirements.Hardware.CPU.SetMilli(1) }, want: v1alpha1.StageSubmitted, blocks: v1alpha1.ReasonHardwareTooSmall},
		"nobody signed":             {given: underAudit(t), want: v1alpha1.StageUnderAudit, blocks: v1alpha1.ReasonAwaitingSignOff},
		"the audit lapsed":          {given: underAudit(t), change: func(c *Case) { c.Now = auditEnd }, want: v1alpha1.StageUnderAudit, blocks: v1alpha1.ReasonOverdue},
		"tests signed but no audit": {given: awaitingLaunch(t), change: func(c *Case) { c.SignOffs = c.SignOffs[:3] }, want: v1alpha1.StageUnderAudit, blocks: v1alpha1.ReasonAwaitingSignOff},
		"provider missing":          {given: awaitingLaunch(t), change: func(c *Case) { c.Providers = nil }, want: v1alpha1.StageUnderAudit, blocks: v1alpha1.ReasonProviderMissing},
		"audited":                   {given: awaitingLaunch(t), change: func(c *Case) { c.SignOffs = c.SignOffs[3:] }, want: v1alpha1.StageTesting, blocks: v1alpha1.ReasonAwaitingSignOff},
		"commercial without NoC":    {given: awaitingLaunch(t), change: func(c *Case) { *c.Application.Spec.Commercial.Transactions = true }, want: v1alpha1.StageTesting, blocks: v1alpha1.ReasonNoCRequired},
		"everything":                {given: awaitingLaunch(t), want: v1alpha1.StageAwaitingLaunch},
	} {
		t.Run(name, func(t *testing.T) {
			if row.change != nil {
				row.change(row.given)
			}
			stage, blocking := row.given.stageOf(&row.given.Releases[0])
			if stage != row.want || blocking.Reason != row.blocks {
				t.Errorf("stage %s, blocked by %s, want %s, %s", stage, blocking.Reason, row.want, row.blocks)
			}
		})
	}
}
