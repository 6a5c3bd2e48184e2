// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const generated = "# Generated from config/ by `make generate`. DO NOT EDIT.\n"

// Values stand in the Deployment as these words until it is text: Helm's actions are not YAML.
var values = map[string]string{
	"VALUE_IMAGE":       `{{ include "govpk-operator.image" . }}`,
	"VALUE_PULL_POLICY": `{{ .Values.image.pullPolicy }}`,
	"VALUE_REPLICAS":    `{{ .Values.replicas }}`,
	"VALUE_RESOURCES":   `{{- toYaml .Values.resources | nindent 10 }}`,
}

// certManagerUser is whom the policies know as cert-manager. An installation may differ in it.
const certManagerUser = "system:serviceaccount:cert-manager:cert-manager"

// write replaces the generated parts of the chart: crds/ and templates/generated/.
func write(chart string, manifests []byte) error {
	objects, err := parse(manifests)
	if err != nil {
		return err
	}
	// A failed kustomize writes nothing into the pipe; nothing must not replace the chart.
	if len(objects) == 0 {
		return fmt.Errorf("standard input holds no objects: does kubectl kustomize config/default succeed?")
	}
	files := map[string]string{}
	for _, o := range objects {
		if byRelease(o) {
			continue
		}
		path, text, err := template(o)
		if err != nil {
			return fmt.Errorf("%s: %w", name(o), err)
		}
		if files[path] == "" {
			files[path] = generated
		}
		files[path] += "---\n" + text
	}
	for _, dir := range []string{"crds", "templates/generated"} {
		if err := os.RemoveAll(filepath.Join(chart, dir)); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(chart, dir), 0o755); err != nil {
			return err
		}
	}
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(chart, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// byRelease tells whether Helm makes the object itself: the namespace of a release exists before its objects.
func byRelease(o *unstructured.Unstructured) bool {
	return o.GetKind() == "Namespace" && o.GetName() == "govpk-system"
}

// template returns the file that an object goes to, one for each kind, and its text.
func template(o *unstructured.Unstructured) (path, text string, err error) {
	kind := strings.ToLower(o.GetKind())
	if kind == "customresourcedefinition" {
		content, err := yaml.Marshal(o.Object)
		return "crds/" + o.GetName() + ".yaml", string(content), err
	}
	if kind == "deployment" {
		if err := parameterize(o); err != nil {
			return "", "", err
		}
	}
	content, err := yaml.Marshal(o.Object)
	if err != nil {
		return "", "", err
	}
	text = strings.ReplaceAll(string(content), "{{", `{{ "{{" }}`)
	if kind == "deployment" {
		for word, action := range values {
			if n := strings.Count(text, word); n != 1 {
				return "", "", fmt.Errorf("%s occurs %d times, want once", word, n)
			}
			text = strings.Replace(text, " "+word, " "+action, 1)
		}
	}
	text = strings.ReplaceAll(text, certManagerUser, "{{ .Values.certManagerUser }}")
	return "templates/generated/" + kind + ".yaml", text, nil
}

func parameterize(deployment *unstructured.Unstructured) error {
	pod := []string{"spec", "template", "spec", "containers"}
	containers, found, err := unstructured.NestedSlice(deployment.Object, pod...)
	if err != nil {
		return err
	}
	if !found || len(containers) != 1 {
		return fmt.Errorf("spec.template.spec.containers has %d entries; the chart's values are for one", len(containers))
	}
	container, ok := containers[0].(map[string]any)
	if !ok {
		return fmt.Errorf("container is a %T", containers[0])
	}
	container["image"] = "VALUE_IMAGE"
	container["imagePullPolicy"] = "VALUE_PULL_POLICY"
	container["resources"] = "VALUE_RESOURCES"
	if err := unstructured.SetNestedSlice(deployment.Object, containers, pod...); err != nil {
		return err
	}
	return unstructured.SetNestedField(deployment.Object, "VALUE_REPLICAS", "spec", "replicas")
}
