// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command build makes the programs of the test cluster from their Go modules.
// A result is kept in a directory named after everything that went into it,
// so that a module nobody touched is built once.
//
//	go run . [tool…]     # every tool of the cluster when none is named
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatalf("build: %v", err)
	}
}

func run(names []string) error {
	for _, n := range names {
		if !slices.ContainsFunc(tools, func(t tool) bool { return t.name == n }) {
			return fmt.Errorf("no tool is named %q; see hack/tools/build/tools.go", n)
		}
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		return err
	}
	local := filepath.Join(root, "bin", "tools")
	cache := os.Getenv("GOVPK_CACHE")
	if cache == "" {
		cache = local
	}
	if !filepath.IsAbs(cache) {
		cache = filepath.Join(root, cache)
	}
	current := filepath.Join(local, "current")
	for _, d := range []string{cache, current} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return fmt.Errorf("tool cache: %w; name a writable directory in GOVPK_CACHE", err)
		}
	}
	for _, t := range tools {
		if !slices.Contains(names, t.name) && (len(names) > 0 || t.development) {
			continue
		}
		dir, err := t.ensure(root, cache)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if err := t.link(dir, current); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// ensure returns the directory with the tool's programs, building them first
// when no earlier build had the same inputs.
func (t tool) ensure(root, cache string) (string, error) {
	hash, err := t.hash(root)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, t.name+"-"+hash)
	lock, err := os.OpenFile(filepath.Join(cache, t.name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	// Two make commands at once build a tool once.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err == nil {
		fmt.Printf("%-12s cached\n", t.name)
		return dir, nil
	}
	fmt.Printf("%-12s building…\n", t.name)
	start := time.Now()
	tmp, err := os.MkdirTemp(cache, "."+t.name+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	for _, p := range t.programs {
		if err := t.compile(root, p, filepath.Join(tmp, p.name)); err != nil {
			return "", err
		}
	}
	for _, l := range t.links {
		if err := os.Symlink(t.programs[0].name, filepath.Join(tmp, l)); err != nil {
			return "", err
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", err
	}
	fmt.Printf("%-12s %.0f s\n", t.name, time.Since(start).Seconds())
	return dir, nil
}

func (t tool) compile(root string, p program, out string) error {
	cmd := exec.Command("go", append(t.args(p), "-o", out, p.pkg)...)
	cmd.Dir = filepath.Join(root, t.dir)
	cmd.Env = append(os.Environ(), buildEnv...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s in %s: %w\n%s", p.pkg, t.dir, err, strings.TrimSpace(string(msg)))
	}
	return nil
}

// link points bin/tools/current at this build's programs.
func (t tool) link(dir, current string) error {
	names := slices.Clone(t.links)
	for _, p := range t.programs {
		names = append(names, p.name)
	}
	for _, n := range names {
		target, link := filepath.Join(dir, n), filepath.Join(current, n)
		if old, _ := os.Readlink(link); old == target {
			continue
		}
		next := link + ".next"
		if err := os.RemoveAll(next); err != nil {
			return err
		}
		if err := os.Symlink(target, next); err != nil {
			return err
		}
		if err := os.Rename(next, link); err != nil {
			return err
		}
	}
	return nil
}
