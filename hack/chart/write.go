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

// Values stand in what runs the operator's image as these words until it is text: Helm's actions are not YAML.
var values = map[string]string{
	"VALUE_IMAGE":       `{{ include "govpk-operator.image" . }}`,
	"VALUE_PULL_POLICY": `{{ .Values.image.pullPolicy }}`,
	"VALUE_REPLICAS":    `{{ .Values.replicas }}`,
	"VALUE_RESOURCES":   `{{- toYaml .Values.resources | nindent 10 }}`,
}

// certManagerUser is whom the policies know as cert-manager, plugins the kinds that accounts of network plugins and provisioners write in stage
// namespaces, as a CEL map, which JSON is. An installation may differ in both.
const (
	certManagerUser = "system:serviceaccount:cert-manager:cert-manager"
	plugins         = "- expression: dyn({})\n    name: plugins\n"
)

// pluginsFlag tells the operator what the policies name, so that it knows its own.
const pluginsFlag = "--plugins={}"

// words are those that each kind holds. The canary's DaemonSets have an image, and nothing that an installation sets.
var words = map[string][]string{
	"deployment": {"VALUE_IMAGE", "VALUE_PULL_POLICY", "VALUE_REPLICAS", "VALUE_RESOURCES"},
	"daemonset":  {"VALUE_IMAGE", "VALUE_PULL_POLICY"},
}

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
	containers := 1
	if words[kind] != nil {
		if containers, err = parameterize(o); err != nil {
			return "", "", err
		}
	}
	content, err := yaml.Marshal(o.Object)
	if err != nil {
		return "", "", err
	}
	text = strings.ReplaceAll(string(content), "{{", `{{ "{{" }}`)
	for _, word := range words[kind] {
		if n := strings.Count(text, word); n != containers {
			return "", "", fmt.Errorf("%s occurs %d times, want it in each of %d containers", word, n, containers)
		}
		text = strings.ReplaceAll(text, " "+word, " "+values[word])
	}
	text = strings.ReplaceAll(text, certManagerUser, "{{ .Values.certManagerUser }}")
	text = strings.ReplaceAll(text, plugins, strings.Replace(plugins, "{}", "{{ .Values.plugins | toJson }}", 1))
	text = strings.ReplaceAll(text, pluginsFlag, `{{ printf "--plugins=%s" (toJson .Values.plugins) | quote }}`)
	return "templates/generated/" + kind + ".yaml", text, nil
}

// parameterize puts words where values go, and says in how many containers.
func parameterize(o *unstructured.Unstructured) (int, error) {
	pod := []string{"spec", "template", "spec", "containers"}
	containers, found, err := unstructured.NestedSlice(o.Object, pod...)
	if err != nil {
		return 0, err
	}
	deployment := o.GetKind() == "Deployment"
	if !found || deployment && len(containers) != 1 {
		return 0, fmt.Errorf("spec.template.spec.containers has %d entries; the chart's values are for one", len(containers))
	}
	for i := range containers {
		container, ok := containers[i].(map[string]any)
		if !ok {
			return 0, fmt.Errorf("container is a %T", containers[i])
		}
		container["image"] = "VALUE_IMAGE"
		container["imagePullPolicy"] = "VALUE_PULL_POLICY"
		if deployment {
			container["resources"] = "VALUE_RESOURCES"
		}
	}
	if err := unstructured.SetNestedSlice(o.Object, containers, pod...); err != nil || !deployment {
		return len(containers), err
	}
	return len(containers), unstructured.SetNestedField(o.Object, "VALUE_REPLICAS", "spec", "replicas")
}
