// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package netpol

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

const (
	organization  = "sehat-digital"
	publicGateway = "gateways-public"
	vpnGateway    = "gateways-vpn"
)

func scope(app *v1alpha1.ThirdPartyApplication, stage string) render.Scope {
	return render.Scope{Organization: organization, Namespace: app.Namespace, Application: app.Name, Stage: stage}
}

// policies are what the plan of an application that is in test and live holds, as cyclonus reads them.
func policies(t *testing.T, app *v1alpha1.ThirdPartyApplication, mesh v1alpha1.MeshType, offline bool, change ...func(*sop.Case)) *matcher.Policy {
	t.Helper()
	release := sop.Snapshot(app)
	c := &sop.Case{
		Application: app, Organization: organization, Releases: []v1alpha1.Release{*release},
		Policy: &v1alpha1.DeploymentPolicySpec{Gateways: v1alpha1.Gateways{
			Live: []v1alpha1.GatewayReference{{Namespace: publicGateway, Name: "public"}},
			Test: v1alpha1.TestGateway{GatewayReference: v1alpha1.GatewayReference{Namespace: vpnGateway, Name: "vpn"}, Domain: "test.ntc.gov.pk"},
		}, Mesh: v1alpha1.MeshPolicy{Type: mesh}},
		Test: stage(app, release), Live: stage(app, release),
		Ingress: sop.ObservedIngress{Gateways: []sop.ObservedGateway{{
			GatewayReference: v1alpha1.GatewayReference{Namespace: publicGateway, Name: "public"}, Exists: true,
		}}},
	}
	if offline {
		c.Violations = []v1alpha1.PolicyViolation{{ObjectMeta: metav1.ObjectMeta{Name: "leak"}}}
	}
	for _, f := range change {
		f(c)
	}
	plan := sop.PlanFor(c, sop.Assessment{Current: release, CurrentStage: v1alpha1.StageLive, Test: release, Live: release, Locked: offline})
	var all []*networkingv1.NetworkPolicy
	for _, object := range plan.Objects {
		if object.GetKind() == "NetworkPolicy" {
			policy := &networkingv1.NetworkPolicy{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, policy, true); err != nil {
				t.Fatal(err)
			}
			all = append(all, policy)
		}
	}
	return matcher.BuildNetworkPolicies(false, all)
}

func stage(app *v1alpha1.ThirdPartyApplication, release *v1alpha1.Release) sop.ObservedStage {
	observed := sop.ObservedStage{Exists: true, Release: release.Name, Addresses: map[string]string{}}
	for i, c := range app.Spec.Components {
		observed.Addresses[c.Name] = fmt.Sprintf("10.96.1.%d", i+1)
	}
	return observed
}

func stringMap(object map[string]any, path []string) map[string]string {
	labels, _, _ := unstructured.NestedStringMap(object, path...)
	return labels
}

func applications() []*v1alpha1.ThirdPartyApplication {
	all := []*v1alpha1.ThirdPartyApplication{
		application("alone", service("web", "http:8080")),
		application("two-ports-one-edge",
			connect(service("web", "http:8080"), "api:http"), service("api", "http:8090", "admin:9000")),
		application("two-ports-two-callers",
			connect(service("web", "http:8080"), "api:http"), connect(service("back", "http:8080"), "api:admin"), service("api", "http:8090", "admin:9000")),
		application("one-number-in-every-component",
			connect(service("web", "http:8080"), "api:http"), connect(service("api", "http:8080"), "db:http"), service("db", "http:8080")),
		application("circle",
			connect(service("web", "http:8080"), "api:http"), connect(service("api", "http:8080"), "web:http")),
		application("tasks",
			connect(service("web", "http:8080"), "db:sql"), stored(service("db", "sql:5432", "admin:5433")),
			connect(task("migrate", v1alpha1.ComponentTask), "db:sql"), connect(task("report", v1alpha1.ComponentScheduledTask), "db:admin", "web:http"),
			task("idle", v1alpha1.ComponentTask)),
		application("names-that-begin-alike",
			connect(service("web", "http:8080"), "web-api:http"), service("web-api", "http:8080"), service("web-api-2", "http:8080")),
	}
	all[2].Spec.Domains = append(all[2].Spec.Domains, v1alpha1.Domain{Host: "admin.health.gov.pk", Paths: []v1alpha1.DomainPath{
		{Path: "/", Component: "back", Port: "http"}, {Path: "/api", Component: "api", Port: "http"},
	}})
	random := rand.New(rand.NewPCG(5, 22))
	for i := range 25 {
		all = append(all, generated(random, fmt.Sprintf("generated-%d", i)))
	}
	return all
}

// generated has up to six components of every type, and edges and hosts by chance.
func generated(random *rand.Rand, name string) *v1alpha1.ThirdPartyApplication {
	components := []v1alpha1.Component{service("web", "http:8080")}
	for i := range random.IntN(6) {
		switch name := fmt.Sprintf("c%d", i); random.IntN(5) {
		case 0:
			components = append(components, task(name, v1alpha1.ComponentTask))
		case 1:
			components = append(components, task(name, v1alpha1.ComponentScheduledTask))
		case 2:
			components = append(components, stored(service(name, "sql:5432")))
		default:
			components = append(components, service(name, "http:8080", fmt.Sprintf("other:%d", 9000+random.IntN(3))))
		}
	}
	app := application(name, components...)
	for i := range components {
		for j := range components {
			for _, port := range components[j].Ports {
				if i != j && random.IntN(3) == 0 {
					app.Spec.Components[i] = connect(app.Spec.Components[i], components[j].Name+":"+port.Name)
				}
				if random.IntN(12) == 0 {
					paths := &app.Spec.Domains[0].Paths
					*paths = append(*paths, v1alpha1.DomainPath{Path: fmt.Sprintf("/%d", len(*paths)), Component: components[j].Name, Port: port.Name})
				}
			}
		}
	}
	return app
}

// application serves its first component.
func application(name string, components ...v1alpha1.Component) *v1alpha1.ThirdPartyApplication {
	app := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: organization, Name: name}}
	app.Spec.Components = components
	app.Spec.Domains = []v1alpha1.Domain{{Host: "portal.health.gov.pk", Paths: []v1alpha1.DomainPath{
		{Path: "/", Component: components[0].Name, Port: components[0].Ports[0].Name},
	}}}
	return app
}

func service(name string, listens ...string) v1alpha1.Component {
	c := v1alpha1.Component{Name: name, Type: v1alpha1.ComponentService}
	for _, l := range listens {
		name, number, _ := strings.Cut(l, ":")
		port := v1alpha1.ComponentPort{Name: name}
		if _, err := fmt.Sscan(number, &port.Port); err != nil {
			panic(err)
		}
		c.Ports = append(c.Ports, port)
	}
	return c
}

func task(name string, kind v1alpha1.ComponentType) v1alpha1.Component {
	c := v1alpha1.Component{Name: name, Type: kind}
	if kind == v1alpha1.ComponentScheduledTask {
		c.Schedule = "30 2 * * *"
	}
	return c
}

func stored(c v1alpha1.Component) v1alpha1.Component {
	c.Storage = &v1alpha1.Storage{Size: resource.MustParse("1Gi"), MountPath: "/data"}
	return c
}

func connect(c v1alpha1.Component, to ...string) v1alpha1.Component {
	for _, peer := range to {
		component, port, _ := strings.Cut(peer, ":")
		c.ConnectsTo = append(c.ConnectsTo, v1alpha1.Edge{Component: component, Port: port, Name: component + "-" + port})
	}
	return c
}
