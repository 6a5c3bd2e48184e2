// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
)

var scope = Scope{Organization: "sehat-digital", Namespace: "sehat-digital", Application: "health-portal", Stage: v1alpha1.LiveNamespace}

// decode is what the API server would read; an unknown or misspelt field fails.
func decode[T any](t *testing.T, o Object) *T {
	t.Helper()
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, out, true); err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
	return out
}

// sameYAML compares an object with the YAML that it must be, to the field.
func sameYAML(t *testing.T, o Object, want string) {
	t.Helper()
	got, err := yaml.Marshal(o.Object)
	if err != nil {
		t.Fatal(err)
	}
	var canonical any
	if err := yaml.Unmarshal([]byte(want), &canonical); err != nil {
		t.Fatal(err)
	}
	content, err := yaml.Marshal(canonical)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(content), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestShortHash(t *testing.T) {
	for _, s := range []string{"", "sehat-digital/health-portal", strings.Repeat("x", 1000)} {
		want := fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:8]
		if got := ShortHash(s); got != want {
			t.Errorf("ShortHash(%q) is %s, want %s", s, got, want)
		}
	}
	// Namespaces in running clusters carry this name.
	if got := scope.StageNamespace(); got != "health-portal-fab68624-live" {
		t.Errorf("stage namespace %s", got)
	}
}

// Two applications must never meet in one namespace: not those that share a name, not those whose names run together.
func TestStageNamespacesDiffer(t *testing.T) {
	seen := map[string]Scope{}
	for _, s := range []Scope{
		{Namespace: "a", Application: "app", Stage: "test"}, {Namespace: "a", Application: "app", Stage: "live"},
		{Namespace: "b", Application: "app", Stage: "test"}, {Namespace: "a-app", Application: "app", Stage: "test"},
		{Namespace: "a", Application: "app-test", Stage: "test"}, {Namespace: "a", Application: "app-test", Stage: "live"},
	} {
		if other, taken := seen[s.StageNamespace()]; taken {
			t.Errorf("%+v and %+v are both %s", s, other, s.StageNamespace())
		}
		seen[s.StageNamespace()] = s
	}
	moved := scope
	moved.Organization = "another"
	if moved.StageNamespace() != scope.StageNamespace() {
		t.Error("a re-created application must meet its own past, whatever its organization's label says")
	}
}

func TestNamesFit(t *testing.T) {
	longest := Scope{Organization: "o", Namespace: strings.Repeat("n", 63), Application: strings.Repeat("a", 40), Stage: v1alpha1.TestNamespace}
	if problems := validation.IsDNS1123Label(longest.StageNamespace()); len(problems) > 0 {
		t.Errorf("%s: %v", longest.StageNamespace(), problems)
	}
	host := strings.Repeat(strings.Repeat("h", 60)+".", 5)[:domain.MaxLength-len(".gov.pk")] + ".gov.pk"
	if err := domain.Validate(host); err != nil || len(host) != domain.MaxLength {
		t.Fatalf("%d characters: %v", len(host), err)
	}
	component := v1alpha1.Component{Name: strings.Repeat("c", 40), Ports: []v1alpha1.ComponentPort{{Name: "http", Port: 8080}}}
	allow, _ := AllowFlows(longest, Flows{Component: component, Gateways: map[string][]int32{"gateways": {8080}}})
	for _, o := range []Object{
		Service(longest, component.Name, nil), Deployment(longest, Workload{Component: component}), allow, DefaultDeny(longest), LimitRange(longest),
		Namespace(longest, nil, nil), HTTPRoute(longest, Route{Domain: v1alpha1.Domain{Host: host}}),
		StatefulSet(longest, Workload{Component: component}), PersistentVolumeClaim(longest, component, Claim{Name: CopyName(component.Name, 99), Size: resource.MustParse("1Gi")}),
		Job(longest, Workload{Component: component}, TaskName(component.Name, strings.Repeat("r", 63)), false),
		CronJob(longest, Workload{Component: component}, "UTC", false), HorizontalPodAutoscaler(longest, component, 1, 2),
		Certificate(longest, host, v1alpha1.GatewayReference{Namespace: "gateways"}, v1alpha1.IssuerReference{}),
	} {
		if problems := validation.IsDNS1123Subdomain(o.GetName()); len(problems) > 0 {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), problems)
		}
		for key, value := range o.GetLabels() {
			if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
				t.Errorf("%s %s: label %s: %v", o.GetKind(), o.GetName(), key, problems)
			}
		}
	}
	if problems := validation.IsDNS1035Label(Service(longest, component.Name, nil).GetName()); len(problems) > 0 {
		t.Errorf("Service: %v", problems)
	}
	if problems := validation.IsDNS1123Subdomain(CertificateSecret(host)); len(problems) > 0 {
		t.Errorf("%s: %v", CertificateSecret(host), problems)
	}
	listener := decode[gatewayv1.Gateway](t, Listener(longest, host, v1alpha1.GatewayReference{Name: "public", Namespace: "gateways"})).Spec.Listeners[0]
	if problems := validation.IsDNS1123Subdomain(string(listener.Name)); len(problems) > 0 || string(listener.TLS.CertificateRefs[0].Name) != CertificateSecret(host) {
		t.Errorf("listener %+v: %v", listener, problems)
	}
	// 128 is what the API server admits as a field manager.
	if owner := ClaimOwner(v1alpha1.ApplicationReference{Namespace: longest.Namespace, Name: longest.Application}); len(owner) > 128 {
		t.Errorf("field owner %s has %d characters", owner, len(owner))
	}
}

// Every object that server-side apply sends must hold only what the operator means to own.
func TestObjectsOwnNothingByAccident(t *testing.T) {
	component := newComponent()
	component.Files = []v1alpha1.File{{Path: "/etc/app.conf"}}
	component.Storage = &v1alpha1.Storage{Size: resource.MustParse("1Gi"), MountPath: "/data"}
	allow, _ := AllowFlows(scope, Flows{Component: component, Gateways: map[string][]int32{"gateways": {8080}}})
	files, _ := Files(scope, component)
	budget, _ := PodDisruptionBudget(scope, component, 2)
	w := Workload{Component: component}
	gateway := v1alpha1.GatewayReference{Namespace: "gateways", Name: "public"}
	for _, o := range []Object{
		Namespace(scope, nil, nil), ResourceQuota(scope, "", resource.MustParse("1"), resource.MustParse("1Gi"), resource.MustParse("0")), LimitRange(scope),
		DefaultDeny(scope), allow, Service(scope, "web", nil), Deployment(scope, Workload{Component: component}), RoleBinding(scope, "n", "r", "g"),
		StatefulSet(scope, w), PersistentVolumeClaim(scope, component, Claim{Name: StorageName("web"), Size: component.Storage.Size}), files, budget,
		Job(scope, w, "migrate-1", false), CronJob(scope, w, "UTC", false), HorizontalPodAutoscaler(scope, component, 1, 2),
		HTTPRoute(scope, newRoute()), Certificate(scope, "a.gov.pk", gateway, v1alpha1.IssuerReference{Kind: "ClusterIssuer", Name: "govpk"}), Listener(scope, "a.gov.pk", gateway),
		PeerCertificate(scope, "web", "web.0123", []string{"http.api"}, v1alpha1.IssuerReference{Kind: "ClusterIssuer", Name: "govpk-mesh"}), Authorities(scope, "pem", "pem"),
		EgressDeployment(scope, Egress{Name: "govpk-egress", Sidecar: Sidecar{Image: "i"}}), AllowEgress(scope, Flows{Component: component, Callers: map[string][]int32{"web": {15443}}}, []int32{443}, []string{"10.0.0.0/8"}),
		ServiceEntry(scope, "pay.bank.example", []int32{443}),
		BackendTLSPolicy(scope, "web", ServicePort{Name: "http", Port: 8080}, "http.web.0123"),
	} {
		if path := empty("", o.Object); path != "" {
			t.Errorf("%s %s: %s is null", o.GetKind(), o.GetName(), path)
		}
		if _, set := o.Object["status"]; set {
			t.Errorf("%s %s has a status", o.GetKind(), o.GetName())
		}
	}
}

// empty is the path of a null or of a creation time, which typed structs leak.
func empty(path string, value any) string {
	switch value := value.(type) {
	case nil:
		return path
	case map[string]any:
		for key, child := range value {
			if key == "creationTimestamp" {
				return path + "." + key
			}
			if found := empty(path+"."+key, child); found != "" {
				return found
			}
		}
	case []any:
		for _, child := range value {
			if found := empty(path+"[]", child); found != "" {
				return found
			}
		}
	}
	return ""
}

func TestNamespace(t *testing.T) {
	sameYAML(t, Namespace(scope, map[string]string{v1alpha1.ExposureLabel: "live"}, map[string]string{v1alpha1.ReleaseAnnotation: "r"}), `
apiVersion: v1
kind: Namespace
metadata:
  name: health-portal-fab68624-live
  labels:
    app.kubernetes.io/managed-by: govpk-operator
    istio-injection: disabled
    platform.ntc.gov.pk/application: health-portal
    platform.ntc.gov.pk/application-namespace: sehat-digital
    platform.ntc.gov.pk/organization: sehat-digital
    platform.ntc.gov.pk/stage: live
    platform.ntc.gov.pk/exposure: live
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/enforce-version: latest
  annotations: {platform.ntc.gov.pk/release: r}
`)
}

func TestQuota(t *testing.T) {
	sameYAML(t, ResourceQuota(scope, "", resource.MustParse("4"), resource.MustParse("8Gi"), resource.MustParse("20Gi")), `
apiVersion: v1
kind: ResourceQuota
metadata:
  name: hardware
  namespace: health-portal-fab68624-live
  labels: {app.kubernetes.io/managed-by: govpk-operator, platform.ntc.gov.pk/application: health-portal, platform.ntc.gov.pk/application-namespace: sehat-digital}
spec:
  hard: {requests.cpu: "4", limits.memory: 8Gi, requests.storage: 20Gi, services.nodeports: "0", services.loadbalancers: "0"}
`)
}
