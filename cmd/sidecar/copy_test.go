// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/internal/cutover"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

const (
	copySource = "govpk-copy-source" + hash
	copyTarget = "govpk-copy-target" + hash
	copyName   = "copy.govpk-copy-source" + hash
)

// copying is a pair of pods with sidecars as the operator makes them; the target's certificate grants it the source's port, unless its
// identity is another's.
func copying(t *testing.T, target string) (source, fetcher *aPod) {
	t.Helper()
	ca := newAuthority(t)
	source = newPod(t, ca.issue(copySource), ca.pem).start(sidecar.Proxy{Inbound: []sidecar.Inbound{{ServerName: copyName, Port: cutover.Port, Peers: true}}})
	fetcher = newPod(t, ca.issue(target), ca.pem).start(sidecar.Proxy{Outbound: []sidecar.Outbound{{
		Listen: edgePort, Address: source.address, Port: sidecar.PeerPort, ServerName: copyName, Identity: copySource,
	}}})
	return source, fetcher
}

// directory is a volume with a few files.
func directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 120 {
		path := filepath.Join(dir, fmt.Sprintf("base/%d/%d", i%7, i))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(strings.Repeat("row", 1000*i)), 0o600))
	}
	return dir
}

// The two programs as they are in the image, with two real sidecars and mutual TLS between them, of which the source is killed in the middle.
func TestAVolumeIsCopiedThroughTheMesh(t *testing.T) {
	source, fetcher := copying(t, copyTarget)
	terminationLog = filepath.Join(t.TempDir(), "log")
	from, to := directory(t), t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	fetched := make(chan error, 1)
	// The target is there first, and waits.
	go func() { fetched <- fetchVolume(ctx, to, "http://"+fetcher.at(edgePort)+"/copy-1") }()
	source.logged("failed")
	stop := serving(t, from, source, "copy-1")
	NewWithT(t).Eventually(func() ([]os.DirEntry, error) { return os.ReadDir(to) }, patience).ShouldNot(BeEmpty(), "it begins by itself")
	stop()
	serving(t, from, source, "copy-1")
	must(t, <-fetched)
	said, err := os.ReadFile(terminationLog)
	must(t, err)
	if want := "120 files, 21420000 bytes"; string(said) != want {
		t.Errorf("said %q, want %q", said, want)
	}
	if content, err := os.ReadFile(filepath.Join(to, "base/0/119")); err != nil || len(content) != 3*1000*119 {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

// serving runs the source until it is stopped.
func serving(t *testing.T, from string, pod *aPod, token string) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveVolume(ctx, from, pod.at(cutover.Port), token) }()
	var stopped bool
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// Whoever else has a certificate of the mesh gets nothing of a volume.
func TestOthersReadNoVolume(t *testing.T) {
	source, fetcher := copying(t, "worker"+hash)
	serving(t, directory(t), source, "copy-1")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	to := t.TempDir()
	if err := fetchVolume(ctx, to, "http://"+fetcher.at(edgePort)+"/copy-1"); err == nil {
		t.Error("it was copied")
	}
	if found, err := os.ReadDir(to); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	source.logged("identity=\"worker", "state=PR")
}

func TestCopyUsage(t *testing.T) {
	for _, arguments := range [][]string{{"serve-volume"}, {"copy", "x"}, {cutover.FetchCommand, "a", "b"}} {
		if status := copyVolume(t.Context(), arguments); status != 1 {
			t.Errorf("%v: status %d", arguments, status)
		}
	}
}
