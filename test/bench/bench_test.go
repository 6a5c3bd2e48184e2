// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	report := newReport(2)
	for _, what := range []string{NewApplication, Edit, Unchanged, Restart, Flag} {
		report.add(what, Side{30 * time.Millisecond, Counts{"GET pods": 2, "PATCH pods": 1, "POST events": 4}, 3}, Side{10 * time.Millisecond, Counts{"PATCH pods": 1}, 0})
		report.add(what, Side{20 * time.Millisecond, Counts{"GET pods": 2, "PATCH pods": 3}, 3}, Side{20 * time.Millisecond, Counts{"PATCH pods": 1}, 0})
	}
	report.Skipped[Silent] = "no cluster"
	var out bytes.Buffer
	report.print(&out)
	for _, want := range []string{"2.00 (1.00–3.00)", "25.0 (20.0–30.0)", "2 GET, 2 (1–3) PATCH, 2 (0–4) event", "*** SKIPPED, NOT MEASURED: " + Silent} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	if err := report.write(filepath.Join(t.TempDir(), "bin/bench.json")); err != nil {
		t.Error(err)
	}
}

func TestUnchangedPassAsksNothing(t *testing.T) {
	if err := asksNothing(Unchanged, nil); err != nil {
		t.Error(err)
	}
	if err := asksNothing(Unchanged, Counts{"PATCH services": 1}); err == nil || !strings.Contains(err.Error(), "PATCH services") {
		t.Errorf("got %v: the request must be named", err)
	}
}

func TestResource(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/namespaces/a":                                            "namespaces",
		"/api/v1/namespaces/a/status":                                     "namespaces/status",
		"/api/v1/namespaces/a/services/web":                               "services",
		"/api/v1/namespaces/a/pods/web/log":                               "pods/log",
		"/apis/apps/v1/namespaces/a/deployments/web/status":               "deployments/status",
		"/apis/platform.ntc.gov.pk/v1alpha1/domainclaims/a.gov.pk":        "domainclaims",
		"/apis/events.k8s.io/v1/namespaces/default/events":                "events",
		"/apis/platform.ntc.gov.pk/v1alpha1/policyviolations/leak/status": "policyviolations/status",
	} {
		if got := resource(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestFinal(t *testing.T) {
	apply := func(path, query, body string) write {
		return write{http.MethodPatch, path, query, applyType, []byte(body)}
	}
	got := final([]write{
		apply("/a", "fieldManager=govpk", "1"), apply("/b", "fieldManager=govpk", "1"),
		apply("/a", "fieldManager=govpk&force=true", "2"), apply("/a", "fieldManager=other", "3"),
	})
	var bodies []string
	for _, w := range got {
		bodies = append(bodies, w.path+string(w.body))
	}
	if strings.Join(bodies, " ") != "/a2 /b1 /a3" {
		t.Errorf("got %v: the last body of each object and owner, where it was first written", bodies)
	}
}

func TestMoved(t *testing.T) {
	from, to := place{"operator-1", "portal", "operator-1.health.gov.pk"}, place{"bare-1", "portal", "bare-1.health.gov.pk"}
	w := write{method: http.MethodPatch, path: "/api/v1/namespaces/" + from.live(), body: []byte(from.organization + " " + from.host)}
	got := moved([]write{w}, from, to)[0]
	if got.path != "/api/v1/namespaces/"+to.live() || string(got.body) != "bare-1 bare-1.health.gov.pk" {
		t.Errorf("got %s %s", got.path, got.body)
	}
}

func TestParse(t *testing.T) {
	got, err := parse("goos: linux\nBenchmarkPass/components=3/hosts=1-2 \t 288\t 4693756 ns/op\t 604413 B/op\t 7523 allocs/op\nPASS\n")
	if err != nil || len(got) != 1 || got[0] != (Benchmark{"components=3/hosts=1", 4693756, 604413, 7523}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := parse("PASS\n"); err == nil {
		t.Error("no line must be an error")
	}
}

func TestByMethod(t *testing.T) {
	got := Counts{"GET pods": 1, "GET nodes": 2, "POST events": 3, "PATCH events": 1, "GET events": 1}.byMethod()
	if !maps.Equal(got, Counts{"GET": 4, "event": 4}) {
		t.Errorf("got %v", got)
	}
}
