// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// recipe says what goes into an image. Equal recipes make equal digests.
type recipe struct {
	// refs are full references. One that ends in "@" gets the digest behind it,
	// so that a pod may name the image by digest without any registry.
	refs   []string
	layers [][]file
	config v1.Config
}

// file is a file of the host, some text, or a symbolic link.
type file struct{ path, source, text, link string }

var accounts = []file{
	{path: "/etc/passwd", text: "root:x:0:0:root:/:/\nnonroot:x:65532:65532:nonroot:/:/\n"},
	{path: "/etc/group", text: "root:x:0:\nnonroot:x:65532:\n"},
}

// key changes when the image would, without reading large programs: a tool's
// own path holds the hash of all it was built from.
func (r recipe) key(toolCache string) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{r.refs, r.config}); err != nil {
		return "", err
	}
	for _, f := range slices.Concat(r.layers...) {
		fmt.Fprintf(h, "%q %q %q\n", f.path, f.text, f.link)
		if f.source == "" {
			continue
		}
		target, err := filepath.EvalSymlinks(f.source)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(f.source, toolCache+"/") {
			fmt.Fprintln(h, filepath.Base(filepath.Dir(target)))
			continue
		}
		content, err := os.ReadFile(target)
		if err != nil {
			return "", err
		}
		h.Write(content)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (r recipe) build() (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: architecture, Config: r.config})
	if err != nil {
		return nil, err
	}
	for _, files := range slices.Concat([][]file{accounts}, r.layers) {
		content, err := pack(files)
		if err != nil {
			return nil, err
		}
		if img, err = mutate.AppendLayers(img, static.NewLayer(content, types.OCIUncompressedLayer)); err != nil {
			return nil, err
		}
	}
	return img, nil
}

// pack makes a layer with sorted names, fixed times and root as owner.
func pack(files []file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.WriteHeader(&tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777, ModTime: time.Unix(0, 0)}); err != nil {
		return nil, err
	}
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	for _, f := range files {
		header := &tar.Header{Name: strings.TrimPrefix(f.path, "/"), Typeflag: tar.TypeReg, Mode: 0o644, ModTime: time.Unix(0, 0)}
		content := []byte(f.text)
		switch {
		case f.link != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, f.link
		case f.source != "":
			info, err := os.Stat(f.source)
			if err != nil {
				return nil, err
			}
			header.Mode |= int64(info.Mode() & 0o111)
			if content, err = os.ReadFile(f.source); err != nil {
				return nil, err
			}
		}
		header.Size = int64(len(content))
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil { // it writes the end of the archive
		return nil, err
	}
	return out.Bytes(), nil
}

// writeArchive writes the images as one OCI archive, each under its names.
func writeArchive(out io.Writer, images map[string]v1.Image) error {
	w := tar.NewWriter(out)
	written := map[v1.Hash]bool{}
	add := func(name string, content []byte) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err := w.Write(content)
		return err
	}
	blob := func(hash v1.Hash, content []byte) error {
		if written[hash] {
			return nil
		}
		written[hash] = true
		return add("blobs/sha256/"+hash.Hex, content)
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for ref, img := range images {
		digest, err := img.Digest()
		if err != nil {
			return err
		}
		manifest, err := img.RawManifest()
		if err != nil {
			return err
		}
		config, err := img.RawConfigFile()
		if err != nil {
			return err
		}
		configHash, err := img.ConfigName()
		if err != nil {
			return err
		}
		index.Manifests = append(index.Manifests, v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Digest: digest, Size: int64(len(manifest)),
			Annotations: map[string]string{"io.containerd.image.name": ref},
		})
		layers, err := img.Layers()
		if err != nil {
			return err
		}
		for _, layer := range layers {
			if err := writeLayer(layer, blob); err != nil {
				return err
			}
		}
		if err := blob(configHash, config); err != nil {
			return err
		}
		if err := blob(digest, manifest); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(index)
	if err != nil {
		return err
	}
	if err := add("index.json", raw); err != nil {
		return err
	}
	if err := add("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	return w.Close()
}

func writeLayer(layer v1.Layer, blob func(v1.Hash, []byte) error) error {
	hash, err := layer.Digest()
	if err != nil {
		return err
	}
	r, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return blob(hash, content)
}
