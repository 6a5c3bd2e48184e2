// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// compare proves that the chart with its default values is config/default, object by object.
func compare(install, rendered []byte) error {
	want, err := byName(install)
	if err != nil {
		return err
	}
	got, err := byName(rendered)
	if err != nil {
		return err
	}
	different := 0
	for _, n := range slices.Sorted(maps.Keys(want)) {
		if diff := cmp.Diff(strings.Split(want[n], "\n"), strings.Split(got[n], "\n")); diff != "" {
			fmt.Printf("%s (-config/default +chart):\n%s\n", n, diff)
			different++
		}
		delete(got, n)
	}
	for n := range got {
		fmt.Printf("%s is in the chart alone\n", n)
		different++
	}
	if different > 0 {
		return fmt.Errorf("%d objects differ: run make generate, or bring charts/govpk-operator/values.yaml in line with config/manager", different)
	}
	fmt.Printf("chart: %d objects, the same as config/default\n", len(want))
	return nil
}

// byName returns each object as YAML, whose lines make a readable difference.
func byName(manifests []byte) (map[string]string, error) {
	objects, err := parse(manifests)
	if err != nil {
		return nil, err
	}
	result := map[string]string{}
	for _, o := range objects {
		if byRelease(o) {
			continue
		}
		if _, double := result[name(o)]; double {
			return nil, fmt.Errorf("%s occurs twice", name(o))
		}
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			return nil, err
		}
		result[name(o)] = string(text)
	}
	return result, nil
}

func name(o *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s/%s", o.GroupVersionKind().GroupKind(), o.GetNamespace(), o.GetName())
}

func parse(manifests []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		o := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &o.Object); err != nil {
			return nil, fmt.Errorf("document %d: %w", len(objects)+1, err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}
