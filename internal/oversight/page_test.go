// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// docs/metrics.md lists every metric that is registered, with its labels and its help, and no other; and each has a sample somewhere.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, line := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(line, "| `govpk_") {
			listed = append(listed, line)
		}
	}
	var registered []string
	for _, g := range gauges {
		registered = append(registered, fmt.Sprintf("| %#q | %s | %s |", g.name, strings.Join(g.labels, ", "), g.help))
	}
	if diff := cmp.Diff(registered, listed); diff != "" {
		t.Errorf("docs/metrics.md (+) is not what is registered (-):\n%s", diff)
	}
	samples := scrape(t, everything()...)
	for _, g := range gauges {
		if !slices.ContainsFunc(samples, func(line string) bool { return strings.HasPrefix(line, g.name+"{") }) {
			t.Errorf("%s has no sample in a cluster that has everything", g.name)
		}
	}
}

// https://prometheus.io/docs/practices/naming: one word first, what is measured, its base unit last; no counter's ending on a gauge.
func TestNames(t *testing.T) {
	for _, g := range gauges {
		if !regexp.MustCompile(`^govpk(_[a-z]+)+$`).MatchString(g.name) || strings.HasSuffix(g.name, "_total") || strings.HasSuffix(g.name, "_count") {
			t.Errorf("%s: a gauge is named govpk_<what>[_<base unit>]", g.name)
		}
		for _, label := range g.labels {
			if strings.Contains(g.name, "_by_"+label) {
				t.Errorf("%s repeats its label %s", g.name, label)
			}
		}
	}
}

type ruleFile struct {
	Spec struct {
		Groups []struct {
			Rules []struct {
				Record, Alert, Expr string
				Annotations         map[string]string
			}
		}
	}
}

var (
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	quoted   = regexp.MustCompile(`"[^"]*"`)
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)="([^"]*)"`)
	template = regexp.MustCompile(`\$labels\.(\w+)`)
)

// What a rule may ask for besides metrics and their labels.
var promQL = []string{"max", "by", "time", "absent", "sum", "increase", "or", "unless", "offset"}

// spans are what PromQL calls durations.
var spans = regexp.MustCompile(`\[?\b\d+[smhd]\b\]?`)

// theirs are metrics that others export, and their labels.
var theirs = map[string][]string{"apiserver_validating_admission_policy_check_total": {"policy", "enforcement_action"}}

// Rules name exported metrics and their labels alone, and each of their selectors finds something in a cluster that has everything: an
// alert that nothing can raise is worse than none.
func TestRules(t *testing.T) {
	content, err := os.ReadFile("../../config/prometheus/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file ruleFile
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	known, labels := map[string]string{}, map[string][]string{}
	for _, g := range gauges {
		known[g.name], labels[g.name] = g.name, g.labels
	}
	for metric, of := range theirs {
		known[metric], labels[metric] = metric, of
	}
	samples := scrape(t, everything()...)
	alerts := 0
	for _, group := range file.Spec.Groups {
		for _, rule := range group.Rules {
			name := rule.Record + rule.Alert
			var of []string
			for _, found := range selector.FindAllStringSubmatch(quoted.ReplaceAllString(rule.Expr, `""`), -1) {
				of = append(of, labels[known[found[1]]]...)
			}
			for _, w := range word.FindAllString(spans.ReplaceAllString(quoted.ReplaceAllString(rule.Expr, ""), ""), -1) {
				if known[w] == "" && !slices.Contains(promQL, w) && !slices.Contains(of, w) {
					t.Errorf("%s: %s is no exported metric or label of one", name, w)
				}
			}
			for _, found := range selector.FindAllStringSubmatch(rule.Expr, -1) {
				if metric := known[found[1]]; metric != "" && theirs[metric] == nil && !matches(samples, metric, found[2]) {
					t.Errorf("%s: %s finds nothing in a cluster that has everything", name, found[0])
				}
			}
			if rule.Record != "" {
				known[rule.Record] = first(known, rule.Expr)
				continue
			}
			alerts++
			text := strings.Join(slices.Sorted(maps.Values(rule.Annotations)), " ")
			if rule.Annotations["summary"] == "" || rule.Annotations["remedy"] == "" {
				t.Errorf("%s: an alert has a summary and a remedy", name)
			}
			for _, used := range template.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(of, used[1]) {
					t.Errorf("%s: its text asks for label %s, which its metric does not have", name, used[1])
				}
			}
		}
	}
	if alerts < 5 {
		t.Errorf("%d alerts", alerts)
	}
}

// first is the exported metric that a recorded one is made of.
func first(known map[string]string, expression string) string {
	for _, w := range word.FindAllString(expression, -1) {
		if known[w] != "" {
			return known[w]
		}
	}
	return ""
}

func matches(samples []string, metric, matchers string) bool {
	return slices.ContainsFunc(samples, func(line string) bool {
		if !strings.HasPrefix(line, metric+"{") {
			return false
		}
		for _, m := range matcher.FindAllString(matchers, -1) {
			if !strings.Contains(line, m) {
				return false
			}
		}
		return true
	})
}
