// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// loadInto loads images into the running cluster; by default those that may
// change while it runs.
func (l layout) loadInto(ctx context.Context, images []string) error {
	if len(images) == 0 {
		images = l.present(applications)
	}
	for _, m := range machines {
		p, err := m.running()
		if err != nil {
			return err
		}
		if p == nil && m.joins() {
			continue
		}
		if p == nil || p.Root != l.root {
			return errors.New("no cluster of this checkout is running; start it with make cluster")
		}
		start := time.Now()
		loaded, err := l.on(m).load(ctx, p.path(containerdSocket), images)
		if err != nil {
			return err
		}
		if len(loaded) > 0 {
			fmt.Printf("loaded %s into %s in %.1f s\n", strings.Join(loaded, ", "), m.node, time.Since(start).Seconds())
		}
	}
	return nil
}

// present leaves the operator out while nobody has built it.
func (l layout) present(images []string) []string {
	return slices.DeleteFunc(slices.Clone(images), func(i string) bool {
		_, err := os.Stat(filepath.Join(l.root, "bin/govpk-operator"))
		return i == "operator" && errors.Is(err, fs.ErrNotExist)
	})
}

// load imports those images whose content has changed since they were loaded
// last, and returns their names.
func (l layout) load(ctx context.Context, socket string, images []string) ([]string, error) {
	archive, keys := map[string]v1.Image{}, map[string]string{}
	samples := map[string]string{}
	for _, name := range images {
		r, err := l.recipe(name)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", name, err)
		}
		key, err := r.key(l.tools)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w; run make tools", name, err)
		}
		if old, _ := os.ReadFile(l.loadedFile(name)); string(old) == key {
			continue
		}
		img, err := r.build()
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", name, err)
		}
		digest, err := img.Digest()
		if err != nil {
			return nil, err
		}
		for _, ref := range r.refs {
			if strings.HasSuffix(ref, "@") {
				ref += digest.String()
				samples[name] = ref
			}
			archive[ref] = img
		}
		keys[name] = key
	}
	if len(archive) == 0 {
		return nil, nil
	}
	if err := l.importArchive(ctx, socket, archive); err != nil {
		return nil, err
	}
	if err := l.recordSamples(samples); err != nil {
		return nil, err
	}
	var names []string
	for name, key := range keys {
		names = append(names, name)
		if err := os.MkdirAll(filepath.Dir(l.loadedFile(name)), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(l.loadedFile(name), []byte(key), 0o644); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

func (l layout) loadedFile(image string) string { return filepath.Join(l.state, "loaded", image) }

func (l layout) importArchive(ctx context.Context, socket string, archive map[string]v1.Image) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(writeArchive(w, archive)) }()
	ctr := exec.CommandContext(ctx, filepath.Join(l.tools, "ctr"), "--address", socket, "--namespace", "k8s.io",
		"images", "import", "--local", "-")
	ctr.Stdin = r
	if out, err := ctr.CombinedOutput(); err != nil {
		return fmt.Errorf("ctr images import: %w\n%s", err, out)
	}
	return nil
}

// recordSamples keeps bin/cluster/images.json, where manifests find digests.
func (l layout) recordSamples(samples map[string]string) error {
	if len(samples) == 0 {
		return nil
	}
	target := filepath.Join(l.dir, "images.json")
	all := map[string]string{}
	if old, err := os.ReadFile(target); err == nil {
		if err := json.Unmarshal(old, &all); err != nil {
			return fmt.Errorf("%s: %w; delete it", target, err)
		}
	}
	for name, ref := range samples {
		all[name] = ref
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(target, append(raw, '\n'), 0o644)
}
