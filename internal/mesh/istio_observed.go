// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ObservedIstioPod reads what is judged of a pod.
func ObservedIstioPod(pod *corev1.Pod) IstioPod {
	observed := IstioPod{Name: pod.Name, Labels: pod.Labels, Annotations: pod.Annotations}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		observed.Containers = append(observed.Containers, container.Name)
	}
	return observed
}

// ObservedIstioPeerAuthentication reads a PeerAuthentication; what its schema does not admit is an error.
func ObservedIstioPeerAuthentication(o *unstructured.Unstructured) (IstioPeerAuthentication, error) {
	observed := IstioPeerAuthentication{Namespace: o.GetNamespace(), Name: o.GetName(), Created: o.GetCreationTimestamp().Time}
	var err error
	if observed.Selector, err = selectorOf(o); err != nil {
		return observed, err
	}
	mode, _, err := unstructured.NestedString(o.Object, "spec", "mtls", "mode")
	if err != nil {
		return observed, fmt.Errorf("%s: %w", observed.object(), err)
	}
	observed.Mode = MTLSMode(mode)
	ports, _, err := unstructured.NestedMap(o.Object, "spec", "portLevelMtls")
	if err != nil {
		return observed, fmt.Errorf("%s: %w", observed.object(), err)
	}
	for key, value := range ports {
		port, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return observed, fmt.Errorf("%s: spec.portLevelMtls: %w", observed.object(), err)
		}
		settings, _ := value.(map[string]any)
		mode, _ := settings["mode"].(string)
		if observed.Ports == nil {
			observed.Ports = map[int64]MTLSMode{}
		}
		observed.Ports[port] = MTLSMode(mode)
	}
	return observed, nil
}

// ObservedIstioAuthorizationPolicy reads an AuthorizationPolicy.
func ObservedIstioAuthorizationPolicy(o *unstructured.Unstructured) (IstioAuthorizationPolicy, error) {
	observed := IstioAuthorizationPolicy{Namespace: o.GetNamespace(), Name: o.GetName()}
	var err error
	if observed.Selector, err = selectorOf(o); err != nil {
		return observed, err
	}
	if observed.Action, _, err = unstructured.NestedString(o.Object, "spec", "action"); err != nil {
		return observed, fmt.Errorf("AuthorizationPolicy %s/%s: %w", o.GetNamespace(), o.GetName(), err)
	}
	for _, field := range []string{"targetRef", "targetRefs"} {
		if _, found, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", field); found {
			observed.Targeted = true
		}
	}
	return observed, nil
}

// selectorOf tells a selector without labels from none.
func selectorOf(o *unstructured.Unstructured) (map[string]string, error) {
	if _, found, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "selector"); !found {
		return nil, nil
	}
	labels, _, err := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
	if err != nil {
		return nil, fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	if labels == nil {
		labels = map[string]string{}
	}
	return labels, nil
}
