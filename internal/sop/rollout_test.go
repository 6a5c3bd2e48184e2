// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// withDatabase gives the application of the tests a database and a Task that needs it.
func withDatabase(spec *v1alpha1.ThirdPartyApplicationSpec) {
	db := *spec.Components[1].DeepCopy()
	db.Name, db.Env = "db", nil
	db.Storage = &v1alpha1.Storage{Size: resource.MustParse("1Gi"), MountPath: "/data"}
	migrate := v1alpha1.Component{Name: "migrate", Type: v1alpha1.ComponentTask, Image: newImage, Resources: db.Resources,
		ConnectsTo: []v1alpha1.Edge{{Component: "db", Port: "http"}}}
	spec.Components = append(spec.Components, db, migrate)
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"  \n ":                         "",
		"plain":                         "plain",
		"two\nlines\r\n\tand more ":     "two lines and more",
		"\x1b[31mred\x1b[0m":            "[31mred [0m",
		"bidi \u202egpj.exe\u2066 end":  "bidi gpj.exe end",
		"اردو میں خطا":                  "اردو میں خطا",
		"bad \xff\xfe utf8":             "bad \ufffd\ufffd utf8",
		strings.Repeat("x", 301):        strings.Repeat("x", 300) + "…",
		strings.Repeat("y", 300) + "\n": strings.Repeat("y", 300),
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWordsAreTheNewestPods(t *testing.T) {
	at := hours
	stage := ObservedStage{Pods: []ObservedPod{
		{Component: "web", Name: "web-old", Created: at(1), Trouble: "old trouble"},
		{Component: "web", Name: "web-b", Created: at(2), Trouble: "b"},
		{Component: "web", Name: "web-a", Created: at(2), Trouble: "a"},
		{Component: "web", Name: "web-well", Created: at(3)},
		{Component: "api", Name: "api-1", Created: at(4), Trouble: "another component's"},
	}}
	if got := stage.words("web"); got != ": pod web-a says: a" {
		t.Errorf("got %q", got)
	}
	if got := stage.words("db"); got != "" {
		t.Errorf("got %q", got)
	}
	slices.Reverse(stage.Pods)
	if got := stage.words("web"); got != ": pod web-a says: a" {
		t.Errorf("in another order %q", got)
	}
}

// A StatefulSet knows no deadline of progress: its pods say when it is hopeless.
func TestHopeless(t *testing.T) {
	for _, row := range []struct {
		name string
		pod  ObservedPod
		want bool
		next time.Duration
	}{
		{name: "well", pod: ObservedPod{Created: hours(47)}},
		{name: "in trouble for a minute", pod: ObservedPod{Created: hours(48).Add(-time.Minute), Trouble: "x", Restarts: 2}, next: 4 * time.Minute},
		{name: "crashed again and again", pod: ObservedPod{Created: hours(48), Trouble: "x", Restarts: 3}, want: true},
		{name: "in trouble for as long as the policy allows", pod: ObservedPod{Created: hours(48).Add(-5 * time.Minute), Trouble: "x"}, want: true},
		{name: "another component's", pod: ObservedPod{Component: "other", Created: hours(1), Trouble: "x", Restarts: 9}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := underAudit(t)
			if row.pod.Component == "" {
				row.pod.Component = "db"
			}
			got, next := c.hopeless(ObservedStage{Pods: []ObservedPod{row.pod}}, "db")
			if got != row.want || row.next == 0 != next.IsZero() || row.next != 0 && !next.Equal(c.Now.Add(row.next)) {
				t.Errorf("hopeless %v, next %v", got, next)
			}
		})
	}
}

// What a rollout says in its order: a failed Task, a component that is stuck, one that is not there yet, a Task that runs.
func TestRollout(t *testing.T) {
	for _, row := range []struct {
		name    string
		change  func(*ObservedStage, *v1alpha1.Release)
		outcome Outcome
		reason  string
		message []string
		later   bool
	}{
		{name: "done", outcome: Met, reason: v1alpha1.ReasonRollingOut},
		{
			name: "not begun", change: func(s *ObservedStage, _ *v1alpha1.Release) { s.Release = "" },
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{"begins to roll out in health-portal-"},
		},
		{
			name: "the database first", change: func(s *ObservedStage, r *v1alpha1.Release) { *s = rolling(r) },
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{"component db"},
		},
		{
			name: "the database crashes again and again", change: func(s *ObservedStage, r *v1alpha1.Release) {
				*s = rolling(r)
				s.Workloads["db"] = ObservedWorkload{Release: r.Name, Replicas: 1}
				s.Pods = []ObservedPod{{Component: "db", Name: "db-0", Created: hours(48), Restarts: 3, Trouble: "exit code 1 (Error) no space left"}}
			},
			outcome: Refused, reason: v1alpha1.ReasonRolloutFailed, message: []string{"component db", "pod db-0 says: exit code 1 (Error) no space left", "retry=<anything new>"},
		},
		{
			name: "the database may yet come", later: true, change: func(s *ObservedStage, r *v1alpha1.Release) {
				*s = rolling(r)
				s.Workloads["db"] = ObservedWorkload{Release: r.Name, Replicas: 1}
				s.Pods = []ObservedPod{{Component: "db", Name: "db-0", Created: hours(48), Trouble: "0/1 nodes are available: Insufficient cpu"}}
			},
			outcome: Progressing, reason: v1alpha1.ReasonRollingOut, message: []string{"component db", "Insufficient cpu"},
		},
		{
			name: "the Task runs", change: func(s *ObservedStage, r *v1alpha1.Release) {
				*s = rolling(r)
				s.Workloads["db"] = ObservedWorkload{Release: r.Name, Replicas: 1, RolledOut: true}
			},
			outcome: Progressing, reason: v1alpha1.ReasonTaskRunning, message: []string{"Task migrate"},
		},
		{
			name: "the Task failed", change: func(s *ObservedStage, r *v1alpha1.Release) {
				*s = rolling(r)
				s.Workloads["db"] = ObservedWorkload{Release: r.Name, Replicas: 1, RolledOut: true}
				s.Tasks[render.TaskName("migrate", r.Name)] = ObservedTask{Failed: true, Message: "deadline"}
			},
			outcome: Refused, reason: v1alpha1.ReasonTaskFailed, message: []string{"Task migrate", "deadline"},
		},
		{
			name: "a failed Task of a release that ran since is history", change: func(s *ObservedStage, r *v1alpha1.Release) {
				s.Tasks[render.TaskName("migrate", r.Name)] = ObservedTask{Failed: true, Message: "deadline"}
			},
			outcome: Met, reason: v1alpha1.ReasonRollingOut,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := underAudit(t)
			release := candidate(c, hours(1), withDatabase)
			c.Live = running(release)
			if row.change != nil {
				row.change(&c.Live, release)
			}
			f := c.rollout(c.liveTarget(release))
			if f.Outcome != row.outcome || f.Reason != row.reason || f.Deadline.IsZero() == row.later {
				t.Errorf("got %v/%s (%s) until %v", f.Outcome, f.Reason, f.Message, f.Deadline)
			}
			for _, fragment := range row.message {
				if !strings.Contains(f.Message, fragment) {
					t.Errorf("message %q lacks %q", f.Message, fragment)
				}
			}
		})
	}
}

// A volume never shrinks and, while the stage is offline, never changes.
func TestVolume(t *testing.T) {
	c := underAudit(t)
	release := candidate(c, hours(1), withDatabase)
	db := release.Spec.Components[2]
	target := c.liveTarget(release)
	for observed, want := range map[string]string{"512Mi": "1Gi", "1Gi": "1Gi", "2Gi": "2Gi"} {
		target.Observed.Volumes = map[string]resource.Quantity{"db": resource.MustParse(observed)}
		spec := c.volume(target, db).Object["spec"].(map[string]any)
		if got := spec["resources"].(map[string]any)["requests"].(map[string]any)["storage"]; got != want {
			t.Errorf("of %s: %v, want %s", observed, got, want)
		}
	}
	target.Offline = &Takedown{}
	if c.volume(target, db).Mode != render.Keep {
		t.Error("a volume is written while offline")
	}
}

// A component that has no certificate does not start, and the finding says whom to ask.
func TestRolloutWaitsForCertificates(t *testing.T) {
	c := liveCase(t)
	c.Live.RolledOut, c.Live.Workloads, c.Live.Pods = "", nil, nil
	c.Live.Certificates["api"] = ObservedCertificate{Issuer: "govpk-mesh", Message: "secret of the authority is gone"}
	f := c.rollout(c.liveTarget(&c.Releases[0]))
	if f.Outcome != Progressing || f.Reason != v1alpha1.ReasonCertificateNotReady {
		t.Fatalf("%+v", f)
	}
	for _, words := range []string{"component api", "does not start yet", "secret of the authority is gone", "NTC looks after cert-manager and issuer govpk-mesh"} {
		if !strings.Contains(f.Message, words) {
			t.Errorf("%q lacks %q", f.Message, words)
		}
	}
}
