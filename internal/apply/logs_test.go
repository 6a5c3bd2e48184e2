// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func podsNamed(n int) []corev1.Pod {
	pods := make([]corev1.Pod, n)
	for i := range pods {
		pods[i].Namespace, pods[i].Name = "live", fmt.Sprintf("web-%03d", i)
		pods[i].Spec.Containers = []corev1.Container{{Name: "web"}}
	}
	return pods
}

func answering(text string) Logs {
	return func(context.Context, string, string, *corev1.PodLogOptions) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

func TestWantedLogs(t *testing.T) {
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
	pod := corev1.Pod{Spec: corev1.PodSpec{
		InitContainers:      []corev1.Container{{Name: "init"}},
		Containers:          []corev1.Container{{Name: "fresh"}, {Name: "restarted"}, {Name: "crashing"}, {Name: "starting"}, {Name: "unknown"}},
		EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug"}}},
	}}
	pod.Name = "p"
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init", State: ended}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "fresh", State: running},
		{Name: "restarted", State: running, LastTerminationState: ended},
		{Name: "crashing", State: waiting, LastTerminationState: ended},
		{Name: "starting", State: waiting},
	}
	pod.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debug", State: waiting}}
	var got []string
	for _, log := range wantedLogs([]corev1.Pod{pod}) {
		got = append(got, log.name())
	}
	want := []string{
		"log of fresh of pod p", "log of restarted of pod p", "log of the previous restarted of pod p",
		"log of the previous crashing of pod p", "log of unknown of pod p", "log of init of pod p",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLogOptions(t *testing.T) {
	pods := podsNamed(1)
	pods[0].Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	a := &Applier{Logs: func(_ context.Context, namespace, pod string, o *corev1.PodLogOptions) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(fmt.Sprint(namespace, " ", pod, " ", o.Container, " ", o.Previous, " ", *o.TailLines, " ", o.Timestamps))), nil
	}}
	logs, gaps := a.readLogs(t.Context(), pods)
	want := []Log{
		{Pod: "web-000", Container: "web", Text: "live web-000 web false 200 true"},
		{Pod: "web-000", Container: "web", Previous: true, Text: "live web-000 web true 200 true"},
	}
	if len(gaps) != 0 || len(logs) != 2 || logs[0] != want[0] || logs[1] != want[1] {
		t.Errorf("got %v and gaps %v", logs, gaps)
	}
}

func TestLogKeepsItsEnd(t *testing.T) {
	for _, row := range []struct {
		name, stream, want string
	}{
		{"short", "a\nb\n", "a\nb\n"},
		{"empty", "", ""},
		{"as long as the bound", strings.Repeat("a", logBytes), strings.Repeat("a", logBytes)},
		{"longer", "first" + strings.Repeat("a", 5*logBytes) + "last", strings.Repeat("a", logBytes-4) + "last"},
		{"cut inside a rune", strings.Repeat("ا", logBytes) + "x", strings.Repeat("ا", logBytes/2-1) + "x"},
		{"binary", "a\xff\x00b", "a\x00b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := &Applier{Logs: answering(row.stream)}
			logs, gaps := a.readLogs(t.Context(), podsNamed(1))
			got := ""
			if len(logs) > 0 {
				got = logs[0].Text
			}
			if got != row.want || len(gaps) != 0 {
				t.Errorf("kept %d bytes, want %d; gaps %v", len(got), len(row.want), gaps)
			}
		})
	}
}

func TestLogsTogetherAreBounded(t *testing.T) {
	const pods = 100
	var asked atomic.Int32
	a := &Applier{Logs: func(context.Context, string, string, *corev1.PodLogOptions) (io.ReadCloser, error) {
		asked.Add(1)
		return io.NopCloser(strings.NewReader(strings.Repeat("a", 60_000))), nil
	}}
	logs, gaps := a.readLogs(t.Context(), podsNamed(pods))
	total := 0
	for _, log := range logs {
		total += len(log.Text)
	}
	// The log on which the bound fell is both: its end is kept, and its beginning is a gap.
	if total != allLogBytes || len(logs)+len(gaps) != pods+1 {
		t.Errorf("%d bytes in %d logs, %d gaps", total, len(logs), len(gaps))
	}
	if n := int(asked.Load()); n > len(logs)+logReaders {
		t.Errorf("%d logs were asked for, though %d fill the bound", n, len(logs))
	}
	if len(gaps) == 0 || !strings.Contains(gaps[0], "of pod web-0") || !strings.Contains(gaps[0], "evidence holds 4194304 bytes of logs at most") {
		t.Errorf("gaps %q", gaps)
	}
}

// A log that never answers costs its own content and no other's, and all together the time that evidence has.
func TestLogsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), evidenceTime/2)
		defer cancel()
		begin := time.Now()
		a := &Applier{Logs: func(ctx context.Context, _, pod string, _ *corev1.PodLogOptions) (io.ReadCloser, error) {
			switch pod {
			case "web-001":
				<-ctx.Done()
				return nil, ctx.Err()
			case "web-002":
				return io.NopCloser(io.MultiReader(strings.NewReader("begun"), untilDone{ctx})), nil
			case "web-003":
				return nil, errors.New("container is gone")
			case "web-004":
				return io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("broken")))), nil
			}
			return io.NopCloser(strings.NewReader("whole")), nil
		}}
		logs, gaps := a.readLogs(ctx, podsNamed(40))
		if spent := time.Since(begin); spent != evidenceTime/2 {
			t.Errorf("it took %s", spent)
		}
		if len(logs) != 38 || logs[0].Text != "whole" || logs[1].Text != "begun" || logs[2].Text != "half" {
			t.Errorf("%d logs: %v", len(logs), logs)
		}
		for i, part := range []string{"web-001: context deadline exceeded", "web-002: context deadline exceeded", "web-003: container is gone", "web-004: broken"} {
			if len(gaps) != 4 || !strings.Contains(gaps[i], part) {
				t.Fatalf("gaps %q", gaps)
			}
		}
	})
}

// When every reader hangs, what nobody came to is a gap too.
func TestLogsOfManyThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), evidenceTime/2)
		defer cancel()
		a := &Applier{Logs: func(ctx context.Context, _, _ string, _ *corev1.PodLogOptions) (io.ReadCloser, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		logs, gaps := a.readLogs(ctx, podsNamed(50))
		if len(logs) != 0 || len(gaps) != 50 || !strings.Contains(gaps[49], "not read in time") {
			t.Errorf("%d logs, %d gaps, the last %q", len(logs), len(gaps), gaps[len(gaps)-1])
		}
	})
}

func TestNoPodsNoLogs(t *testing.T) {
	if logs, gaps := (&Applier{}).readLogs(t.Context(), nil); logs != nil || gaps != nil {
		t.Errorf("got %v, %v", logs, gaps)
	}
}

type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}
