// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"text/template"

	jsonpatch "github.com/evanphx/json-patch/v5"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

var (
	environment *envtest.Environment
	server      client.Client
)

func TestMain(m *testing.M) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "../../..")
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join(root, "bin/envtest")
	}
	environment = &envtest.Environment{
		BinaryAssetsDirectory: assets,
		CRDDirectoryPaths:     []string{filepath.Join(root, "config/crd")},
		ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	if err == nil {
		server, err = client.New(config, client.Options{})
	}
	code := 1
	if err == nil {
		code = m.Run()
	}
	if err := errors.Join(err, environment.Stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// row is a valid object with one change.
type row struct {
	Name string `json:"name"`
	// Kind picks the valid object from testdata/valid.yaml.
	Kind string `json:"kind"`
	// Stored says that the valid object stands and the row changes it, instead of creating it changed.
	Stored bool `json:"stored"`
	// Given is a JSON patch of what stands.
	Given json.RawMessage `json:"given"`
	// Patch is a JSON patch (RFC 6902).
	Patch json.RawMessage `json:"patch"`
	// Denied are parts of the refusal: the field and the remedy. Empty: the object is accepted.
	Denied []string `json:"denied"`
}

func TestRows(t *testing.T) {
	valid := map[string]*unstructured.Unstructured{}
	for _, object := range load(t, "testdata/valid.yaml") {
		valid[object.GetKind()] = object
	}
	files, err := filepath.Glob("testdata/rows-*.yaml")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(files).NotTo(BeEmpty())
	for _, file := range files {
		data, err := os.ReadFile(file)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		var rows []row
		NewWithT(t).Expect(yaml.UnmarshalStrict(repeated(t, data), &rows)).To(Succeed(), file)
		for _, row := range rows {
			t.Run(row.Kind+" "+row.Name, func(t *testing.T) {
				t.Parallel()
				g := NewWithT(t)
				g.Expect(valid).To(HaveKey(row.Kind))
				err := row.send(t, valid[row.Kind].DeepCopy())
				if len(row.Denied) == 0 {
					g.Expect(err).NotTo(HaveOccurred())
					return
				}
				g.Expect(err).To(HaveOccurred(), "it must be refused: %v", row.Denied)
				for _, part := range row.Denied {
					g.Expect(err.Error()).To(ContainSubstring(part))
				}
			})
		}
	}
}

// repeated fills in what is too long to write down: the rows are a template with the function repeat.
func repeated(t *testing.T, rows []byte) []byte {
	t.Helper()
	text, err := template.New("rows").Delims("<<", ">>").Funcs(template.FuncMap{"repeat": strings.Repeat}).Parse(string(rows))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var whole bytes.Buffer
	NewWithT(t).Expect(text.Execute(&whole, nil)).To(Succeed())
	return whole.Bytes()
}

func (r row) send(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	g := NewWithT(t)
	if !r.Stored {
		return server.Create(t.Context(), r.patched(t, object, r.Patch), client.DryRunAll)
	}
	if r.Given != nil {
		object = r.patched(t, object, r.Given)
	}
	object.SetName("")
	object.SetGenerateName("stored-")
	g.Expect(server.Create(t.Context(), object)).To(Succeed())
	return server.Update(t.Context(), r.patched(t, object, r.Patch), client.DryRunAll)
}

func (r row) patched(t *testing.T, object *unstructured.Unstructured, changes json.RawMessage) *unstructured.Unstructured {
	t.Helper()
	g := NewWithT(t)
	before, err := object.MarshalJSON()
	g.Expect(err).NotTo(HaveOccurred())
	patch, err := jsonpatch.DecodePatch(changes)
	g.Expect(err).NotTo(HaveOccurred(), "patch of row %q", r.Name)
	after, err := patch.Apply(before)
	g.Expect(err).NotTo(HaveOccurred(), "patch of row %q", r.Name)
	result := &unstructured.Unstructured{}
	g.Expect(result.UnmarshalJSON(after)).To(Succeed())
	return result
}

func load(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(file)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		objects = append(objects, object)
	}
}
