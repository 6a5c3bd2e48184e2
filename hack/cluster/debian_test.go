// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A program whose library is in no package must not become an image.
func TestLibrariesAreAllThere(t *testing.T) {
	tree := t.TempDir()
	program, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := libraries(tree, []string{program}); err == nil || !strings.Contains(err.Error(), program+": needs libc.so.6") {
		t.Errorf("without libraries: %v", err)
	}
	if found, err := libraries("/", []string{program}); err != nil || len(found) < 2 {
		t.Errorf("on this machine: %v, %v", found, err)
	}
}

func TestFilesOfATree(t *testing.T) {
	tree := t.TempDir()
	for _, name := range []string{"usr/share/keep/one", "usr/share/man/page"} {
		if err := os.MkdirAll(filepath.Join(tree, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("one", filepath.Join(tree, "usr/share/keep/two")); err != nil {
		t.Fatal(err)
	}
	found, err := files(tree, "/usr/share", regexp.MustCompile("/man$"))
	if err != nil || len(found) != 2 || found[0].path != "/usr/share/keep/one" || found[1] != (file{path: "/usr/share/keep/two", link: "one"}) {
		t.Errorf("got %v, %v", found, err)
	}
}
