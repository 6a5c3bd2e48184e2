// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// checkSafe holds every plan against what must be true of all of them, whatever a golden file says.
func checkSafe(t *testing.T, c *Case, a Assessment, plan Plan) {
	t.Helper()
	test := c.Scope(v1alpha1.TestNamespace).StageNamespace()
	offline := a.Locked || c.Live.Offline != "" && plan.Unlock == ""
	seen := map[string]bool{}
	for _, o := range plan.Objects {
		id := o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
		if o.GetKind() == "Gateway" {
			id += " by " + o.Owner
		}
		if seen[id] {
			t.Errorf("%s is rendered twice", id)
		}
		seen[id] = true
		if labels := o.GetLabels(); o.GetKind() != "Gateway" && (labels[render.ManagedByLabel] != render.FieldOwner ||
			labels[v1alpha1.ApplicationLabel] != c.Application.Name || labels[v1alpha1.ApplicationNamespaceLabel] != c.Application.Namespace) {
			t.Errorf("%s does not say whose it is: %v", id, labels)
		}
		switch o.GetKind() {
		case "Namespace":
			checkNamespace(t, o, offline)
		case "Deployment":
			checkDeployment(t, o, offline && o.GetNamespace() == plan.Live && c.workloads() == v1alpha1.WorkloadsStop)
		case "HTTPRoute":
			checkRoute(t, c, o, o.GetNamespace() == test)
		case "Gateway":
			checkListener(t, o, plan.Live)
		case "NetworkPolicy":
			checkWaysOut(t, o)
			if offline && o.GetNamespace() == plan.Live && o.GetName() != render.DefaultDenyName {
				t.Errorf("%s allows flows while offline", id)
			}
		case "Service":
			if kind := object[corev1.Service](t, o).Spec.Type; kind != corev1.ServiceTypeClusterIP {
				t.Errorf("%s has type %s", id, kind)
			}
		case "DomainClaim":
			if err := domain.Validate(o.GetName()); err != nil {
				t.Error(err)
			}
		}
		if offline && o.GetNamespace() == plan.Live && o.GetKind() == "HTTPRoute" {
			t.Errorf("%s is rendered while offline", id)
		}
	}
	for id := range seen {
		if namespace, ok := strings.CutPrefix(id, "Namespace /"); ok && !seen["NetworkPolicy "+namespace+"/"+render.DefaultDenyName] {
			t.Errorf("%s has no default-deny", namespace)
		}
	}
	if offline && slices.Contains(plan.Namespaces, plan.Live) {
		t.Error("the locked namespace is deleted")
	}
}

func checkNamespace(t *testing.T, o render.Object, offline bool) {
	t.Helper()
	labels := o.GetLabels()
	if labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("namespace %s is not restricted", o.GetName())
	}
	if _, exposed := labels[v1alpha1.ExposureLabel]; exposed && (offline || labels[v1alpha1.StageLabel] != v1alpha1.LiveNamespace) {
		t.Errorf("namespace %s is exposed", o.GetName())
	}
}

func checkDeployment(t *testing.T, o render.Object, stopped bool) {
	t.Helper()
	deployment := object[appsv1.Deployment](t, o)
	if replicas := *deployment.Spec.Replicas; stopped && replicas != 0 || replicas < 0 {
		t.Errorf("%s runs %d replicas", o.GetName(), replicas)
	}
	template := deployment.Spec.Template
	checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range checks.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s: %s", o.GetName(), result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	spec := template.Spec
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken || spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
		t.Errorf("%s gets a token or service links", o.GetName())
	}
	if o.GetName() == mesh.EgressName {
		if !strings.HasSuffix(o.GetNamespace(), "-"+v1alpha1.LiveNamespace) {
			t.Errorf("%s has a way out of %s", o.GetName(), o.GetNamespace())
		}
	} else if spec.DNSPolicy != corev1.DNSNone || !slices.Equal(spec.DNSConfig.Nameservers, []string{"127.0.0.1"}) {
		t.Errorf("%s resolves names: %s, %v", o.GetName(), spec.DNSPolicy, spec.DNSConfig)
	}
	terms := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	if len(terms) == 0 || slices.ContainsFunc(terms, func(term corev1.NodeSelectorTerm) bool { return len(term.MatchExpressions) == 0 }) {
		t.Errorf("%s may run on any node: %v", o.GetName(), terms)
	}
	for _, container := range spec.Containers {
		if !strings.Contains(container.Image, "@sha256:") {
			t.Errorf("%s runs %s, which is not a digest", o.GetName(), container.Image)
		}
		for _, variable := range container.Env {
			if strings.HasSuffix(variable.Name, "_HOST") && variable.Value == "" {
				t.Errorf("%s gets an empty %s", o.GetName(), variable.Name)
			}
		}
	}
}

// checkWaysOut: the egress proxy alone reaches addresses, and no address of the cluster.
func checkWaysOut(t *testing.T, o render.Object) {
	t.Helper()
	for _, rule := range object[networkingv1.NetworkPolicy](t, o).Spec.Egress {
		if len(rule.To) == 0 || len(rule.Ports) == 0 {
			t.Errorf("%s leads everywhere", o.GetName())
		}
		for _, to := range rule.To {
			if other := to.NamespaceSelector; other != nil && o.GetName() != "allow-"+mesh.EgressName && (o.GetName() != "allow-"+mesh.DataName || len(other.MatchLabels) != 1 || to.PodSelector == nil || len(to.PodSelector.MatchLabels) == 0) {
				t.Errorf("%s in %s leads to %v", o.GetName(), o.GetNamespace(), to)
			}
			if to.IPBlock != nil && (o.GetName() != "allow-"+mesh.EgressName || !strings.HasSuffix(o.GetNamespace(), "-"+v1alpha1.LiveNamespace) ||
				!slices.Contains(to.IPBlock.Except, "10.0.0.0/8") || !slices.Contains(to.IPBlock.Except, "169.254.0.0/16")) {
				t.Errorf("%s in %s leads to %v", o.GetName(), o.GetNamespace(), to.IPBlock)
			}
		}
	}
}

func checkRoute(t *testing.T, c *Case, o render.Object, test bool) {
	t.Helper()
	route := object[gatewayv1.HTTPRoute](t, o)
	want := c.Policy.Gateways.Live
	if test {
		want = []v1alpha1.GatewayReference{c.Policy.Gateways.Test.GatewayReference}
	}
	if parents := route.Spec.ParentRefs; len(parents) != 1 ||
		!slices.Contains(want, v1alpha1.GatewayReference{Namespace: string(*parents[0].Namespace), Name: string(parents[0].Name)}) {
		t.Errorf("route %s has the parents %v, want %v", o.GetName(), parents, want)
	}
	if len(route.Spec.Hostnames) != 1 {
		t.Fatalf("route %s answers %v", o.GetName(), route.Spec.Hostnames)
	}
	h := string(route.Spec.Hostnames[0])
	if err := domain.Validate(h); err != nil {
		t.Error(err)
	}
	if inTest := strings.HasSuffix(h, "."+c.Policy.Gateways.Test.Domain); inTest != test {
		t.Errorf("route %s answers %s", o.GetName(), h)
	}
	for _, rule := range route.Spec.Rules {
		headers := map[string]bool{}
		for _, filter := range rule.Filters {
			for _, header := range append(filter.ResponseHeaderModifier.Set, filter.ResponseHeaderModifier.Add...) {
				headers[string(header.Name)] = header.Value != ""
			}
		}
		for _, name := range []string{"Strict-Transport-Security", "Content-Security-Policy", "Permissions-Policy"} {
			if !headers[name] {
				t.Errorf("route %s sets no %s", o.GetName(), name)
			}
		}
	}
}

func checkListener(t *testing.T, o render.Object, live string) {
	t.Helper()
	gateway := object[gatewayv1.Gateway](t, o)
	listeners := gateway.Spec.Listeners
	if len(listeners) != 1 || listeners[0].Protocol != gatewayv1.HTTPSProtocolType || *listeners[0].TLS.Mode != gatewayv1.TLSModeTerminate {
		t.Fatalf("listeners %+v", listeners)
	}
	if err := domain.Validate(string(*listeners[0].Hostname)); err != nil {
		t.Error(err)
	}
	selector := listeners[0].AllowedRoutes.Namespaces.Selector.MatchLabels
	if selector[corev1.LabelMetadataName] != live || selector[v1alpha1.ExposureLabel] != v1alpha1.LiveNamespace {
		t.Errorf("the listener admits %v", selector)
	}
	if o.Owner == render.FieldOwner {
		t.Error("listeners of one Gateway need owners of their own")
	}
}

// object is what the API server would read.
func object[T any](t *testing.T, o render.Object) *T {
	t.Helper()
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, out, true); err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
	return out
}

func replicasOf(t *testing.T, plan Plan, namespace, name string) int32 {
	t.Helper()
	for _, o := range plan.Objects {
		if o.GetKind() == "Deployment" && o.GetNamespace() == namespace && o.GetName() == name {
			return *object[appsv1.Deployment](t, o).Spec.Replicas
		}
	}
	t.Fatalf("Deployment %s/%s is not planned", namespace, name)
	return 0
}
