// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// applied is the set of fields that an owner holds by server-side apply; nil when it holds none.
func applied(o *unstructured.Unstructured, owner string) (*fieldpath.Set, error) {
	for _, entry := range o.GetManagedFields() {
		if entry.Manager == owner && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" {
			return fields(entry)
		}
	}
	return nil, nil
}

func fields(entry metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	if entry.FieldsV1 == nil {
		return fieldpath.NewSet(), nil
	}
	set := fieldpath.NewSet()
	if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err != nil {
		return nil, fmt.Errorf("managed fields of %s: %w", entry.Manager, err)
	}
	return set, nil
}

// upToDate is true when applying desired would change nothing: the owner holds exactly the desired fields, with the
// desired values. Whoever changes a value takes the field from its owner, so no drift escapes.
func upToDate(current, desired *unstructured.Unstructured, owned *fieldpath.Set) bool {
	content := map[string]any{}
	for key, field := range desired.Object {
		switch key {
		case "apiVersion", "kind", "metadata":
		default:
			content[key] = field
		}
	}
	metadata := map[string]any{}
	if labels, ok, _ := unstructured.NestedMap(desired.Object, "metadata", "labels"); ok {
		metadata["labels"] = labels
	}
	if annotations, ok, _ := unstructured.NestedMap(desired.Object, "metadata", "annotations"); ok {
		metadata["annotations"] = annotations
	}
	if len(metadata) > 0 {
		content["metadata"] = metadata
	}
	return same(owned, content, current.Object)
}

// same compares along the owned fields: each must be desired, each desired one owned, and the values equal.
func same(owned *fieldpath.Set, desired, current any) bool {
	switch desired := desired.(type) {
	case map[string]any:
		current, _ := current.(map[string]any)
		return sameMap(owned, desired, current)
	case []any:
		current, _ := current.([]any)
		return sameList(owned, desired, current)
	}
	return contains(current, desired)
}

func sameMap(owned *fieldpath.Set, desired, current map[string]any) bool {
	for _, element := range elements(owned) {
		if element.FieldName == nil {
			return false
		}
		if _, wanted := desired[*element.FieldName]; !wanted {
			return false
		}
	}
	for key, value := range desired {
		if !sameElement(owned, fieldpath.FieldNameElement(key), value, current[key]) {
			return false
		}
	}
	return true
}

func sameList(owned *fieldpath.Set, desired, current []any) bool {
	matched := 0
	for _, element := range elements(owned) {
		value, wanted := find(desired, element)
		if !wanted {
			return false
		}
		actual, _ := find(current, element)
		if !sameElement(owned, element, value, actual) {
			return false
		}
		matched++
	}
	return matched == len(desired)
}

func sameElement(owned *fieldpath.Set, element fieldpath.PathElement, desired, current any) bool {
	if children, ok := owned.Children.Get(element); ok {
		return same(children, desired, current)
	}
	return owned.Members.Has(element) && contains(current, desired)
}

// elements are the direct elements of a set, each once.
func elements(set *fieldpath.Set) []fieldpath.PathElement {
	var all []fieldpath.PathElement
	set.Members.Iterate(func(element fieldpath.PathElement) { all = append(all, element) })
	set.Children.Iterate(func(element fieldpath.PathElement) {
		if !set.Members.Has(element) {
			all = append(all, element)
		}
	})
	return all
}

// find looks up an item of an associative list by its keys, or of a set by its value.
func find(list []any, element fieldpath.PathElement) (any, bool) {
	for _, item := range list {
		if element.Value != nil && value.Equals(value.NewValueInterface(item), *element.Value) {
			return item, true
		}
		if fields, ok := item.(map[string]any); ok && element.Key != nil && hasKeys(fields, *element.Key) {
			return item, true
		}
	}
	return nil, false
}

func hasKeys(fields map[string]any, keys value.FieldList) bool {
	for _, key := range keys {
		if !value.Equals(value.NewValueInterface(fields[key.Name]), key.Value) {
			return false
		}
	}
	return true
}

// contains is true when current has everything of desired; the API server's defaults may stand beside it.
func contains(current, desired any) bool {
	switch desired := desired.(type) {
	case map[string]any:
		current, ok := current.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range desired {
			actual, present := current[key]
			if !present || !contains(actual, value) {
				return false
			}
		}
		return true
	case []any:
		current, ok := current.([]any)
		return ok && slices.EqualFunc(current, desired, contains)
	}
	return current == desired
}
