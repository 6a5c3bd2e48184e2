// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager holds the manifests of the operator's own pods.
package manager

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// objects are those of the manifests in a folder.
func objects(t *testing.T, folder string) []unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", folder, files, err)
	}
	var found []unstructured.Unstructured
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range strings.SplitSeq(string(content), "\n---\n") {
			o := unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			found = append(found, o)
		}
	}
	return found
}

func into[T any](t *testing.T, content map[string]any) T {
	t.Helper()
	var typed T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(content, &typed, true); err != nil {
		t.Fatal(err)
	}
	return typed
}

// pods are the pod templates of everything that the installation runs, by name.
func pods(t *testing.T) map[string]corev1.PodTemplateSpec {
	t.Helper()
	found := map[string]corev1.PodTemplateSpec{}
	for _, o := range slices.Concat(objects(t, "."), objects(t, "../canary")) {
		if template, ok, _ := unstructured.NestedMap(o.Object, "spec", "template"); ok {
			found[o.GetNamespace()+"/"+o.GetName()] = into[corev1.PodTemplateSpec](t, template)
		}
	}
	if len(found) != 3 {
		t.Fatalf("%d pod templates: the operator, the canary and its peer", len(found))
	}
	return found
}

// What the API server would refuse in a namespace labelled restricted, and what that level does not ask for.
func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, template := range pods(t) {
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		spec := template.Spec
		if token := spec.AutomountServiceAccountToken; token == nil || *token != (name == "govpk-system/govpk-operator") {
			t.Errorf("%s: a token is for the operator alone, who says so", name)
		}
		// The canary finds its peers by these, since it has no DNS.
		if links := spec.EnableServiceLinks; links == nil || *links != (name == "govpk-canary/canary") || spec.HostNetwork || spec.HostPID || spec.HostIPC || spec.SecurityContext.RunAsUser == nil {
			t.Errorf("%s: service links %v, host %v %v %v, user %v", name, *links, spec.HostNetwork, spec.HostPID, spec.HostIPC, spec.SecurityContext.RunAsUser)
		}
		for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
			context := container.SecurityContext
			if context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem || len(context.Capabilities.Add) > 0 {
				t.Errorf("%s %s: read-only %v, capabilities %v", name, container.Name, context.ReadOnlyRootFilesystem, context.Capabilities)
			}
			if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
				t.Errorf("%s %s: resources %v", name, container.Name, container.Resources)
			}
		}
		for _, volume := range spec.Volumes {
			if volume.Secret == nil || volume.Secret.SecretName != "govpk-operator-metrics" {
				t.Errorf("%s: volume %s", name, volume.Name)
			}
		}
	}
}

func TestNamespacesAreRestricted(t *testing.T) {
	names := map[string]bool{}
	for _, o := range slices.Concat(objects(t, "../default"), objects(t, "../canary")) {
		if o.GetKind() == "Namespace" {
			names[o.GetName()] = o.GetLabels()["pod-security.kubernetes.io/enforce"] == "restricted"
		}
	}
	for _, name := range []string{"govpk-system", "govpk-evidence", "govpk-canary"} {
		if !names[name] {
			t.Errorf("namespace %s does not enforce restricted", name)
		}
	}
}

// Everything is denied both ways; the operator reaches the API server's ports, and its metrics are reached from one namespace.
func TestNetworkPolicies(t *testing.T) {
	byName := map[string]netv1.NetworkPolicySpec{}
	for _, o := range objects(t, ".") {
		if o.GetKind() == "NetworkPolicy" {
			byName[o.GetName()] = into[netv1.NetworkPolicy](t, o.Object).Spec
		}
	}
	both := []netv1.PolicyType{netv1.PolicyTypeIngress, netv1.PolicyTypeEgress}
	deny := byName["default-deny"]
	if len(byName) != 2 || !slices.Equal(deny.PolicyTypes, both) || len(deny.PodSelector.MatchLabels)+len(deny.PodSelector.MatchExpressions)+len(deny.Ingress)+len(deny.Egress) > 0 {
		t.Errorf("%d policies, default-deny %+v", len(byName), deny)
	}
	allow, operator := byName["govpk-operator"], pods(t)["govpk-system/govpk-operator"]
	selector, err := metav1.LabelSelectorAsSelector(&allow.PodSelector)
	if err != nil || selector.Empty() || allow.PodSelector.MatchLabels["app.kubernetes.io/name"] != operator.Labels["app.kubernetes.io/name"] {
		t.Errorf("it is not about the operator: %+v, %v", allow.PodSelector, err)
	}
	if len(allow.Ingress) != 1 || len(allow.Ingress[0].From) != 1 || len(allow.Ingress[0].Ports) != 1 || allow.Ingress[0].From[0].NamespaceSelector == nil ||
		allow.Ingress[0].From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != "monitoring" {
		t.Fatalf("ingress %+v", allow.Ingress)
	}
	args := strings.Join(operator.Spec.Containers[0].Args, " ")
	if port := allow.Ingress[0].Ports[0].Port.String(); !strings.Contains(args, "--metrics-bind-address=:"+port) {
		t.Errorf("port %s is not that of the metrics: %s", port, args)
	}
	var ports []string
	for _, rule := range allow.Egress {
		for _, port := range rule.Ports {
			ports = append(ports, port.Port.String())
		}
	}
	if len(allow.Egress) != 1 || !slices.Equal(ports, []string{"443", "6443"}) {
		t.Errorf("egress to %v", ports)
	}
}
