// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var haproxyPackages = regexp.MustCompile(`^(lib|zlib|haproxy$|ca-certificates$)`)

const (
	haproxyProgram = "/usr/sbin/haproxy"
	// systemAuthorities is where Debian's own script puts the bundle that it makes.
	systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"
)

// sidecar is Debian's HAProxy with the authorities of the internet, started by cmd/sidecar.
func (l layout) sidecar() (recipe, error) {
	binary := filepath.Join(l.root, "bin/sidecar")
	if _, err := os.Stat(binary); err != nil {
		return recipe{}, fmt.Errorf("build it first, or use make cluster: %w", err)
	}
	tree, err := l.haproxyTree()
	if err != nil {
		return recipe{}, err
	}
	debian, err := libraries(tree, []string{tree + haproxyProgram})
	if err != nil {
		return recipe{}, err
	}
	bundle, err := authorities(tree)
	if err != nil {
		return recipe{}, err
	}
	debian = append(debian, file{path: haproxyProgram, source: tree + haproxyProgram}, file{path: systemAuthorities, text: bundle})
	return recipe{
		refs:   []string{"registry.ntc.gov.pk/platform/sidecar@"},
		layers: [][]file{debian, {{path: "/sidecar", source: binary}}},
		config: v1.Config{User: nonroot, Entrypoint: []string{"/sidecar"}},
	}, nil
}

func (l layout) haproxyTree() (string, error) {
	return l.unpacked("haproxy", haproxyPackages.MatchString, "ca-certificates")
}

// authorities are the certificates that Debian trusts, as its own script would join them.
func authorities(tree string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(tree, "usr/share/ca-certificates/mozilla/*.crt"))
	if err != nil || len(paths) == 0 {
		return "", fmt.Errorf("%s has no authorities: delete it (%w)", tree, err)
	}
	var bundle strings.Builder
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		bundle.Write(content)
	}
	return bundle.String(), nil
}

// linkHAProxy leaves the image's HAProxy beside the tools, for tests that run it without a cluster and without root.
// Elsewhere than on Debian they run what is installed.
func (l layout) linkHAProxy() error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		if _, err := exec.LookPath("haproxy"); err != nil {
			fmt.Println("there is no HAProxy here: its tests are skipped; install it to run them")
		}
		return nil
	}
	if err := os.MkdirAll(l.tools, 0o755); err != nil {
		return err
	}
	tree, err := l.haproxyTree()
	if err != nil {
		return err
	}
	program := tree + haproxyProgram
	shared, err := libraries(tree, []string{program})
	if err != nil {
		return err
	}
	_, loader, err := linked(program)
	if err != nil {
		return err
	}
	var dirs []string
	for _, f := range shared {
		if f.path == loader {
			loader = f.source
		}
		if dir := filepath.Dir(f.source); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' --library-path '%s' '%s' \"$@\"\n", loader, strings.Join(dirs, ":"), program)
	return replaceFile(filepath.Join(l.tools, "haproxy"), script)
}

// replaceFile never shows half a program to a test that runs at the same time.
func replaceFile(path, content string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == content {
		return nil
	}
	next := path + ".next"
	if err := os.WriteFile(next, []byte(content), 0o755); err != nil {
		return err
	}
	return os.Rename(next, path)
}
