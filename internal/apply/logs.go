// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Bounds of the logs that evidence holds: of one instance of a container, and of all together.
const (
	logLines    int64 = 200
	logBytes          = 64 << 10
	allLogBytes       = 4 << 20
	// streamBytes ends the stream of a container whose last lines have no end.
	streamBytes int64 = 4 << 20
	// logReaders is how many logs are read at once.
	logReaders = 16
)

// Logs opens the log of a container. Opening and reading end with the context.
type Logs func(ctx context.Context, namespace, pod string, opts *corev1.PodLogOptions) (io.ReadCloser, error)

// LogsFrom asks the API server.
func LogsFrom(pods corev1client.PodsGetter) Logs {
	return func(ctx context.Context, namespace, pod string, opts *corev1.PodLogOptions) (io.ReadCloser, error) {
		return pods.Pods(namespace).GetLogs(pod, opts).Stream(ctx)
	}
}

// Log is the end of what one instance of a container wrote.
type Log struct {
	Pod       string `json:"pod"`
	Container string `json:"container"`
	// Previous is true for the instance before the one that runs.
	Previous bool   `json:"previous,omitempty"`
	Text     string `json:"text"`
}

func (l Log) name() string {
	if l.Previous {
		return fmt.Sprintf("log of the previous %s of pod %s", l.Container, l.Pod)
	}
	return fmt.Sprintf("log of %s of pod %s", l.Container, l.Pod)
}

// readLogs reads the logs of pods side by side, in the order of the pods as far as the bound of all logs reaches. What is
// not read, or not to its end, is a gap.
func (a *Applier) readLogs(ctx context.Context, pods []corev1.Pod) (logs []Log, gaps []string) {
	wanted := wantedLogs(pods)
	problems := make([]error, len(wanted))
	left := allLogBytes
	var mutex sync.Mutex
	take := func(text string) (string, error) {
		mutex.Lock()
		defer mutex.Unlock()
		if len(text) <= left {
			left -= len(text)
			return text, nil
		}
		end := strings.ToValidUTF8(text[len(text)-left:], "")
		left = 0
		return end, fmt.Errorf("evidence holds %d bytes of logs at most", allLogBytes)
	}
	full := func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return left == 0
	}
	next := make(chan int)
	var readers sync.WaitGroup
	for range min(logReaders, len(wanted)) {
		readers.Go(func() {
			for i := range next {
				if full() {
					_, problems[i] = take(" ")
					continue
				}
				text, err := a.readLog(ctx, pods[0].Namespace, wanted[i])
				var over error
				wanted[i].Text, over = take(text)
				problems[i] = errors.Join(err, over)
			}
		})
	}
	for i := range wanted {
		next <- i
	}
	close(next)
	readers.Wait()
	for i, log := range wanted {
		if problems[i] != nil {
			gaps = append(gaps, log.name()+": "+problems[i].Error())
		}
		if log.Text != "" {
			logs = append(logs, log)
		}
	}
	return logs, gaps
}

// readLog returns the last bytes of the last lines, also where reading ended early.
func (a *Applier) readLog(ctx context.Context, namespace string, log Log) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("not read in time: %w", err)
	}
	lines, bytes := logLines, streamBytes
	stream, err := a.Logs(ctx, namespace, log.Pod, &corev1.PodLogOptions{
		Container: log.Container, Previous: log.Previous, Timestamps: true, TailLines: &lines, LimitBytes: &bytes,
	})
	if err != nil {
		return "", err
	}
	text, err := tail(io.LimitReader(stream, streamBytes))
	return text, errors.Join(err, stream.Close())
}

// tail is the last logBytes of a stream, also of one that fails.
func tail(stream io.Reader) (string, error) {
	kept := make([]byte, 0, 2*logBytes)
	for {
		if len(kept) == cap(kept) {
			kept = append(kept[:0], kept[len(kept)-logBytes:]...)
		}
		n, err := stream.Read(kept[len(kept):cap(kept)])
		kept = kept[:len(kept)+n]
		if err != nil {
			kept = kept[max(0, len(kept)-logBytes):]
			if errors.Is(err, io.EOF) {
				err = nil
			}
			// A rune that the cut parted is no text, and JSON holds no other bytes.
			return strings.ToValidUTF8(string(kept), ""), err
		}
	}
}

// wantedLogs names the instances that wrote something: a container that waits to start for the first time has not.
func wantedLogs(pods []corev1.Pod) []Log {
	var wanted []Log
	for i := range pods {
		statuses := slices.Concat(pods[i].Status.InitContainerStatuses, pods[i].Status.ContainerStatuses, pods[i].Status.EphemeralContainerStatuses)
		for _, name := range containers(&pods[i]) {
			status := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == name })
			if status < 0 || statuses[status].State.Waiting == nil {
				wanted = append(wanted, Log{Pod: pods[i].Name, Container: name})
			}
			if status >= 0 && statuses[status].LastTerminationState.Terminated != nil {
				wanted = append(wanted, Log{Pod: pods[i].Name, Container: name, Previous: true})
			}
		}
	}
	return wanted
}

func containers(pod *corev1.Pod) []string {
	var names []string
	for _, c := range pod.Spec.Containers {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.InitContainers {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		names = append(names, c.Name)
	}
	return names
}
