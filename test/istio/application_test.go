// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

var publicGateway = v1alpha1.GatewayReference{Namespace: "gateways-public", Name: "public"}

// Hosts outside: web reaches one, api the other, worker none.
var (
	bank = v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 443}
	mail = v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}
)

// portal is reached at web, which calls api's grpc port; nobody calls admin, nor worker.
func portal(name string) *v1alpha1.ThirdPartyApplication {
	app := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "org-sehat", UID: "1"}}
	app.Spec.Components = []v1alpha1.Component{
		component("web", []v1alpha1.Edge{{Component: "api", Port: "grpc"}, {Name: "bank", External: &bank}}, v1alpha1.ComponentPort{Name: "http", Port: 8080}),
		component("api", []v1alpha1.Edge{{Name: "mail", External: &mail}}, v1alpha1.ComponentPort{Name: "grpc", Port: 9090}, v1alpha1.ComponentPort{Name: "admin", Port: 9091}),
		component("worker", []v1alpha1.Edge{{Component: "worker-db", Port: "sql"}}, v1alpha1.ComponentPort{Name: "debug", Port: 7070}),
		component("worker-db", nil, v1alpha1.ComponentPort{Name: "sql", Port: 5432}),
	}
	app.Spec.Domains = []v1alpha1.Domain{{Host: name + ".gov.pk", Paths: []v1alpha1.DomainPath{{Path: "/", Component: "web", Port: "http"}}}}
	return app
}

const portalName = "portal"

// narrowed is portal without the edges of web.
func narrowed(name string) *v1alpha1.ThirdPartyApplication {
	app := portal(name)
	app.Spec.Components[0].ConnectsTo = nil
	return app
}

func component(name string, edges []v1alpha1.Edge, ports ...v1alpha1.ComponentPort) v1alpha1.Component {
	return v1alpha1.Component{
		Name: name, Type: v1alpha1.ComponentService, ConnectsTo: edges, Ports: ports, Replicas: v1alpha1.Replicas{Min: 1, Max: 1},
		Image: "registry.ntc.gov.pk/sehat/" + name + "@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865",
		Resources: v1alpha1.Resources{
			Requests: v1alpha1.ResourceRequests{CPU: resource.MustParse("10m"), Memory: resource.MustParse("16Mi")},
			Limits:   v1alpha1.ResourceLimits{Memory: resource.MustParse("16Mi")},
		},
	}
}

// stage is a live namespace as Istio sees it.
type stage struct {
	namespace string
	// templates are the pod templates that the operator wrote, by component.
	templates map[string]corev1.PodTemplateSpec
	// hosts are the loopback addresses of the components' servers.
	hosts map[string]string
	// exits are the ports of the egress proxy by the host that they lead to.
	exits map[string]int32
}

// launch applies the operator's own plan for an application that is live, and runs a server behind every port of it.
func (c *control) launch(t *testing.T, facts *sop.Case, subnet int) stage {
	t.Helper()
	g, app := NewWithT(t), facts.Application
	s := stage{hosts: map[string]string{}, exits: map[string]int32{}}
	s.namespace, s.templates = stageOf(g, c.apply(t, facts))
	var proxy sidecar.Proxy
	g.Expect(json.Unmarshal([]byte(s.templates[mesh.EgressName].Spec.Containers[0].Env[0].Value), &proxy)).To(Succeed())
	egress := v1alpha1.Component{Name: mesh.EgressName}
	for _, exit := range proxy.Exits {
		s.exits[exit.Host] = exit.Listen
		egress.Ports = append(egress.Ports, v1alpha1.ComponentPort{Port: exit.Listen})
	}
	g.Expect(s.exits).To(HaveLen(2))
	for i, component := range append(app.Spec.Components, egress) {
		template := s.templates[component.Name]
		s.hosts[component.Name] = fmt.Sprintf("127.0.%d.%d", subnet, i+1)
		c.pod(t, s.namespace, component.Name, template, fmt.Sprintf("10.244.%d.%d", subnet, i+1))
		c.entry(t, s.namespace, component.Name, template, s.hosts[component.Name])
		var addresses []string
		for _, port := range component.Ports {
			addresses = append(addresses, s.address(component.Name, port.Port))
		}
		c.serve(t, c.enrol(t, s.namespace, template.Spec.ServiceAccountName), template.Labels, addresses...)
	}
	return s
}

// stageOf finds the namespace and the pod templates in a plan.
func stageOf(g Gomega, objects []render.Object) (namespace string, templates map[string]corev1.PodTemplateSpec) {
	templates = map[string]corev1.PodTemplateSpec{}
	for _, object := range objects {
		switch object.GetKind() {
		case "Namespace":
			namespace = object.GetName()
		case "Deployment":
			deployment := &appsv1.Deployment{}
			g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, deployment)).To(Succeed())
			templates[deployment.Name] = deployment.Spec.Template
		}
	}
	return namespace, templates
}

// read are the kinds that Istio reads.
var read = []schema.GroupVersionKind{
	apply.NamespaceKind, apply.NetworkPolicyKind, apply.AccountKind, apply.ServiceKind, apply.DeploymentKind, apply.PeersKind, apply.CallersKind, apply.ExternalsKind,
	apply.GatewayKind, apply.HTTPRouteKind,
}

// apply is a pass of the operator's own applier, and returns its plan. The API server must take every object, and Istio's
// schema know every field: a second pass finds nothing to write.
func (c *control) apply(t *testing.T, facts *sop.Case) []render.Object {
	t.Helper()
	g, app, release := NewWithT(t), facts.Application, &facts.Releases[0]
	written := sop.PlanFor(facts, sop.Assessment{Current: release, CurrentStage: v1alpha1.StageLive, Live: release})
	written.Objects = slices.DeleteFunc(written.Objects, func(o render.Object) bool { return !slices.Contains(read, o.GroupVersionKind()) })
	facts.Children = c.children(t, app)
	applier := apply.Applier{Client: c.client, Live: c.client}
	_, err := applier.Run(t.Context(), facts, written)
	g.Expect(err).NotTo(HaveOccurred())
	before := versions(c.children(t, app))
	facts.Children = c.children(t, app)
	_, err = applier.Run(t.Context(), facts, written)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(versions(c.children(t, app))).To(Equal(before), "a second pass writes nothing")
	return written.Objects
}

func (c *control) children(t *testing.T, app *v1alpha1.ThirdPartyApplication) []unstructured.Unstructured {
	t.Helper()
	var children []unstructured.Unstructured
	for _, kind := range read {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		NewWithT(t).Expect(c.client.List(t.Context(), list, client.MatchingLabels{render.ManagedByLabel: render.FieldOwner, v1alpha1.ApplicationLabel: app.Name})).To(Succeed())
		children = append(children, list.Items...)
	}
	return children
}

func versions(objects []unstructured.Unstructured) map[string]string {
	found := map[string]string{}
	for _, o := range objects {
		found[o.GetKind()+" "+o.GetName()] = o.GetResourceVersion()
	}
	return found
}

func (s stage) address(component string, port int32) string {
	return net.JoinHostPort(s.hosts[component], strconv.Itoa(int(port)))
}

// launched are the facts of an application whose release was launched.
func launched(app *v1alpha1.ThirdPartyApplication) *sop.Case {
	release := sop.Snapshot(app)
	live := sop.ObservedStage{Exists: true, Release: release.Name, RolledOut: release.Name, Addresses: map[string]string{}}
	for i, name := range append(names(app), mesh.EgressName) {
		live.Addresses[name] = fmt.Sprintf("10.96.1.%d", i+1)
	}
	return &sop.Case{
		Application: app, Organization: "sehat", Releases: []v1alpha1.Release{*release}, Live: live,
		Policy: &v1alpha1.DeploymentPolicySpec{
			Gateways: v1alpha1.Gateways{Live: []v1alpha1.GatewayReference{publicGateway}},
			Mesh:     v1alpha1.MeshPolicy{Type: v1alpha1.MeshIstio, Image: "registry.ntc.gov.pk/govpk/sidecar@sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"},
		},
		Ingress: sop.ObservedIngress{Gateways: []sop.ObservedGateway{{GatewayReference: publicGateway, Exists: true}}},
	}
}

func names(app *v1alpha1.ThirdPartyApplication) []string {
	var names []string
	for _, c := range app.Spec.Components {
		names = append(names, c.Name)
	}
	return names
}

// pod is one that a Deployment's controller would make, after Istio took it into the mesh.
func (c *control) pod(t *testing.T, namespace, component string, template corev1.PodTemplateSpec, ip string) {
	t.Helper()
	g := NewWithT(t)
	pod := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
	pod.Name, pod.Namespace, pod.Spec.NodeName = component, namespace, "node-1"
	metav1.SetMetaDataAnnotation(&pod.ObjectMeta, "ambient.istio.io/redirection", "enabled")
	g.Expect(c.client.Create(t.Context(), pod)).To(Succeed())
	c.runs(t, pod, ip)
}

// runs says of a pod what its kubelet would.
func (c *control) runs(t *testing.T, pod *corev1.Pod, ip string) {
	t.Helper()
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	NewWithT(t).Expect(c.client.Status().Update(t.Context(), pod)).To(Succeed())
}

// entry puts the server of a component on an address of the loopback, with the labels, the ports and the account of its pod.
func (c *control) entry(t *testing.T, namespace, component string, template corev1.PodTemplateSpec, host string) {
	t.Helper()
	labels := map[string]any{}
	for key, value := range template.Labels {
		labels[key] = value
	}
	ports := map[string]any{}
	for _, port := range template.Spec.Containers[0].Ports {
		ports[port.Name] = int64(port.ContainerPort)
	}
	NewWithT(t).Expect(c.client.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.istio.io/v1", "kind": "WorkloadEntry",
		"metadata": map[string]any{"name": component + "-server", "namespace": namespace},
		"spec":     map[string]any{"address": host, "labels": labels, "ports": ports, "serviceAccount": template.Spec.ServiceAccountName},
	}})).To(Succeed())
}

// gateway is the account that Istio runs a Gateway's proxy under.
func (c *control) gateway(t *testing.T, gateway v1alpha1.GatewayReference) identity {
	t.Helper()
	c.namespace(t, gateway.Namespace, nil)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: gateway.Namespace, Name: gateway.Name + "-istio"}}
	NewWithT(t).Expect(c.client.Create(t.Context(), account)).To(Succeed())
	return c.enrol(t, account.Namespace, account.Name)
}

func account(component string) string { return render.AccountName(component) }
