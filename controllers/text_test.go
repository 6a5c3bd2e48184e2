// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// hostile are texts that somebody outside might write, and how each reads.
var hostile = map[string]struct{ text, want string }{
	"plain":             {"exit code 1", "exit code 1"},
	"Urdu":              {"وزارت\u200cصحت", "وزارت\u200cصحت"},
	"a line more":       {"done\nLevel: all approved\r\n\tSignOff", "done Level: all approved   SignOff"},
	"ANSI escapes":      {"\x1b[2J\x1b[31mall approved\x1b[0m", `\x1b[2J\x1b[31mall approved\x1b[0m`},
	"a terminal's bell": {"\a\b\x7f\u009b31m", `\a\b\x7f\u009b31m`},
	"right to left":     {"evil\u202egpj.exe", `evil\u202egpj.exe`},
	"zero width":        {"ad\u200bmin\ufeff", `ad\u200bmin\ufeff`},
	"line separator":    {"a\u2028b", `a\u2028b`},
	"NUL":               {"a\x00b", `a\x00b`},
	"invalid UTF-8":     {"a\xff\xfeb", `a\xff\xfeb`},
	"replaced before":   {"a\ufffdb", "a\ufffdb"},
	"a verb of Printf":  {"100%d %s %!", "100%d %s %!"},
	"HTML":              {`<script>alert(1)</script>`, `<script>alert(1)</script>`},
	"markdown":          {"[click](javascript:x) `rm -rf`", "[click](javascript:x) `rm -rf`"},
	"JSON":              {`","approved":true,"x":"`, `","approved":true,"x":"`},
	"nothing":           {"", ""},
}

// visible is true for text that moves no terminal.
func visible(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && !joins(r) }) < 0
}

func TestPlainText(t *testing.T) {
	for name, row := range hostile {
		if got := bounded(row.text); got != row.want || !visible(got) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// Each carrier holds a mebibyte of anything to its length, and cuts no letter in two.
func TestBoundedText(t *testing.T) {
	for _, unit := range []string{"m", "پ", "\x1b", "\u202e", "\xff", "😀", "\n"} {
		for _, lead := range []string{"", "a", "aa", "aaa"} {
			text := lead + strings.Repeat(unit, 1<<20/len(unit))
			for _, most := range []int{noteLimit, conditionLimit, logLimit} {
				if got := shortened(text, most); len(got) > most || len(got) < most/2 || !visible(got) || !strings.HasSuffix(got, "…") {
					t.Errorf("%q: %d bytes of %d, ends with %q", unit, len(got), most, got[max(0, len(got)-9):])
				}
			}
		}
		exact := strings.Repeat("m", noteLimit)
		if got := shortened(exact, noteLimit); got != exact {
			t.Errorf("what fits was cut to %d", len(got))
		}
	}
}

func TestPlainEvents(t *testing.T) {
	for name, row := range hostile {
		recorder := events.NewFakeRecorder(1)
		PlainEvents{recorder}.Eventf(&v1alpha1.ThirdPartyApplication{}, nil, corev1.EventTypeWarning, "Signed", "Assess", "signed by %s", row.text)
		if got, want := <-recorder.Events, "Warning Signed signed by "+row.want; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	recorder := events.NewFakeRecorder(1)
	PlainEvents{recorder}.Eventf(&v1alpha1.ThirdPartyApplication{}, nil, corev1.EventTypeWarning, "Signed", "Assess", "%s", strings.Repeat("\x1b", 1<<20))
	if got := <-recorder.Events; len(got) > noteLimit+len("Warning Signed ") {
		t.Errorf("%d bytes", len(got))
	}
}

// A line of the log is one line of JSON, of bounded length, whether the text is a value or an error.
func TestPlainLog(t *testing.T) {
	texts := []string{strings.Repeat("x\x1b\n", 1<<19)}
	for _, row := range hostile {
		texts = append(texts, row.text)
	}
	for _, text := range texts {
		var out bytes.Buffer
		log := logr.FromSlogHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: PlainAttribute}))
		log.Error(fmt.Errorf("apply: %w", errors.New(text)), "pass failed", "component", text)
		line := map[string]any{}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || strings.Count(out.String(), "\n") != 1 || out.Len() > 4*logLimit {
			t.Fatalf("%d bytes, %v", out.Len(), err)
		}
		for _, key := range []string{"err", "component"} {
			if said, ok := line[key].(string); !ok || !visible(said) || len(said) > logLimit {
				t.Errorf("%s: %v", key, line[key])
			}
		}
	}
}

// Every condition of every kind passes by the one bound.
func TestConditionsArePlain(t *testing.T) {
	text := "\x1b[2J" + strings.Repeat("پ", 1<<16)
	app, violation := &v1alpha1.ThirdPartyApplication{}, &v1alpha1.PolicyViolation{}
	setCondition(app, v1alpha1.ConditionLaunched, metav1.ConditionFalse, v1alpha1.ReasonRolloutFailed, text)
	setEnforced(violation, metav1.ConditionFalse, v1alpha1.ReasonEnforcing, text)
	var others []metav1.Condition
	setFinding(&others, 1, v1alpha1.ConditionAvailable, metav1.ConditionFalse, sop.Finding{Reason: v1alpha1.ReasonDataAPIMissing, Message: text})
	for _, condition := range append(others, app.Status.Conditions[0], violation.Status.Conditions[0]) {
		if len(condition.Message) > conditionLimit || !visible(condition.Message) {
			t.Errorf("%s: %d bytes", condition.Type, len(condition.Message))
		}
	}
}

// A condition that is made elsewhere than above, or an event recorded by another recorder, would not be: the sources say where they are.
func TestNoOtherWayOut(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	conditions := regexp.MustCompile(`Message:\s+(\w+)`)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range conditions.FindAllSubmatch(source, -1) {
			if strings.Contains(string(source), "metav1.Condition{") && string(found[1]) != "bounded" {
				t.Errorf("%s: %s is not bounded", file.Name(), found[0])
			}
		}
	}
	main, err := os.ReadFile("../main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(main), "GetEventRecorder"); n != 1 || !strings.Contains(string(main), "PlainEvents{EventRecorder: mgr.GetEventRecorder") || !strings.Contains(string(main), "ReplaceAttr: controllers.PlainAttribute") {
		t.Errorf("%d recorders; events and logs must be plain", n)
	}
}
