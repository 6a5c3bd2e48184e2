// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// The most that a Candidate holds of changes.
const (
	maxChanges     = 50
	maxChangeValue = 256
	maxChangeField = 512
)

// listKeys are the fields that tell the items of the lists in a Release apart, as their CRD says: all that an item has. Other lists
// are one value.
var listKeys = map[string][]string{
	"components": {"name"}, "ports": {"name"}, "env": {"name"}, "files": {"path"}, "imagePullSecrets": {"name"},
	"connectsTo": {"component", "port", "governmentDataAPI", "external"}, "domains": {"host"}, "paths": {"path"},
}

// MaterialChange is true when more than image digests differ, so that the audit of one does not hold for the other.
func MaterialChange(from, to *v1alpha1.Release) bool { return !sameButImages(from, to) }

// Changes are the differences between two releases, ordered by field, at most 50. What is wholly new or gone is one
// change, and so is another order of the same items. Values of Secrets cannot appear: a Release holds references only.
func Changes(from, to *v1alpha1.Release) []v1alpha1.ReleaseChange {
	if equality.Semantic.DeepEqual(from.Spec, to.Spec) {
		return nil
	}
	var changes []v1alpha1.ReleaseChange
	compare("", document(from), document(to), &changes)
	slices.SortFunc(changes, func(a, b v1alpha1.ReleaseChange) int { return strings.Compare(a.Field, b.Field) })
	return changes[:min(len(changes), maxChanges)]
}

func document(release *v1alpha1.Release) any {
	content, err := json.Marshal(release.Spec)
	if err != nil {
		panic(fmt.Sprintf("sop: release %s: %v", release.Name, err))
	}
	var out any
	if err := json.Unmarshal(content, &out); err != nil {
		panic(fmt.Sprintf("sop: release %s: %v", release.Name, err))
	}
	return out
}

// compare adds what differs beneath a field. nil is what is not there.
func compare(field string, from, to any, changes *[]v1alpha1.ReleaseChange) {
	if equality.Semantic.DeepEqual(from, to) {
		return
	}
	before, after := members(field, from), members(field, to)
	if before == nil || after == nil {
		*changes = append(*changes, v1alpha1.ReleaseChange{
			Field: shortened(field, maxChangeField), From: encoded(from), To: encoded(to),
		})
		return
	}
	if order(field, from) != order(field, to) && maps.EqualFunc(before, after, func(any, any) bool { return true }) {
		*changes = append(*changes, v1alpha1.ReleaseChange{Field: shortened(field, maxChangeField), From: order(field, from), To: order(field, to)})
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for name := range names {
		compare(field+name, before[name], after[name], changes)
	}
}

// members are the parts of an object or of a keyed list by their path in it; nil: the value has no parts.
func members(field string, value any) map[string]any {
	out := map[string]any{}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if field != "" {
				name = "." + name
			}
			out[name] = member
		}
		return out
	case []any:
		keys := listKeys[lastField(field)]
		if keys == nil {
			return nil
		}
		for _, item := range value {
			out[key(item, keys)] = item
		}
		return out
	default:
		return nil
	}
}

func key(item any, keys []string) string {
	fields, _ := item.(map[string]any)
	var values []string
	for _, k := range keys {
		switch value := fields[k].(type) {
		case nil:
		case map[string]any:
			// An edge out of the cluster is known by where it leads.
			values = append(values, fmt.Sprint(value["host"]), fmt.Sprint(value["port"]))
		default:
			values = append(values, fmt.Sprint(value))
		}
	}
	return "[" + strings.Join(values, ":") + "]"
}

// order lists the items of a keyed list; empty: the value is none.
func order(field string, value any) string {
	list, ok := value.([]any)
	if !ok {
		return ""
	}
	var names []any
	for _, item := range list {
		names = append(names, strings.Trim(key(item, listKeys[lastField(field)]), "[]"))
	}
	return encoded(names)
}

func lastField(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func encoded(value any) string {
	if value == nil {
		return ""
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("sop: %v: %v", value, err))
	}
	return shortened(strings.TrimSuffix(out.String(), "\n"), maxChangeValue)
}

// shortened keeps a text within what the status may hold, which counts characters.
func shortened(text string, most int) string {
	if characters := []rune(text); len(characters) > most {
		return string(characters[:most-1]) + "…"
	}
	return text
}
