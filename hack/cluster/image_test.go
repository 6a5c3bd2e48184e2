// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func testRecipe(t *testing.T, content string, modified time.Time) recipe {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(program, modified, modified); err != nil {
		t.Fatal(err)
	}
	return recipe{
		layers: [][]file{{{path: "/b", source: program}, {path: "/a", text: "text"}, {path: "/c", link: "b"}}},
		config: v1.Config{User: nonroot, Entrypoint: []string{"/b"}},
	}
}

func digest(t *testing.T, r recipe) string {
	t.Helper()
	img, err := r.build()
	if err != nil {
		t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func key(t *testing.T, r recipe) string {
	t.Helper()
	k, err := r.key("/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Where a file lies and when it was written must not change an image; its
// content must, and a load must notice.
func TestDigestFollowsContent(t *testing.T) {
	one := testRecipe(t, "v1", time.Unix(1, 0))
	same := testRecipe(t, "v1", time.Unix(2, 0))
	other := testRecipe(t, "v2", time.Unix(1, 0))
	if digest(t, one) != digest(t, same) || key(t, one) != key(t, same) {
		t.Error("equal content gave two digests or keys")
	}
	if digest(t, one) == digest(t, other) || key(t, one) == key(t, other) {
		t.Error("different content gave one digest or key")
	}
}

// Readers that are strict about it miss the end of the archive.
func TestLayerEnds(t *testing.T) {
	content, err := pack([]file{{path: "/a", text: "text"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(content)%512 != 0 || !bytes.HasSuffix(content, make([]byte, 1024)) {
		t.Errorf("%d bytes without two empty blocks at the end", len(content))
	}
}

// Two names of one image share its blobs, and each is in the index.
func TestArchiveNamesImages(t *testing.T) {
	img, err := testRecipe(t, "v1", time.Unix(1, 0)).build()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeArchive(&out, map[string]v1.Image{"localhost/a:1": img, "localhost/b:1": img}); err != nil {
		t.Fatal(err)
	}
	names, seen := map[string]bool{}, map[string]bool{}
	for r := tar.NewReader(&out); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if seen[header.Name] {
			t.Errorf("%s is there twice", header.Name)
		}
		seen[header.Name] = true
		if header.Name != "index.json" {
			continue
		}
		var index v1.IndexManifest
		if err := json.NewDecoder(r).Decode(&index); err != nil {
			t.Fatal(err)
		}
		for _, m := range index.Manifests {
			names[m.Annotations["io.containerd.image.name"]] = true
			if !seen["blobs/sha256/"+m.Digest.Hex] {
				t.Errorf("manifest %s is missing", m.Digest)
			}
		}
	}
	if !names["localhost/a:1"] || !names["localhost/b:1"] {
		t.Errorf("the index names %v", names)
	}
}
