// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Whatever is rendered passes the API server's strict validation, and is met again unchanged on the next pass.
var _ = Describe("Every kind of workload", func() {
	var o *operator
	var scope render.Scope
	var plan sop.Plan

	pass := func(ctx context.Context) error {
		_, err := o.Applier.Run(ctx, &sop.Case{}, plan)
		return err
	}
	rests := func(ctx context.Context) {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			o.requests.take()
			g.Expect(pass(ctx)).To(Succeed())
			g.Expect(o.requests.take()).To(BeEmpty())
		}).Should(Succeed(), "once the cache shows what was written, a pass makes no request")
	}

	BeforeEach(func(ctx context.Context) {
		namespace := fmt.Sprintf("org-%d-%d", GinkgoParallelProcess(), serial.Add(1))
		scope = render.Scope{Organization: namespace, Namespace: namespace, Application: "kinds", Stage: "unmanaged"}
		// Not labelled as managed: the test acts for controllers that the admission policies would ask for by name.
		Expect(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: scope.StageNamespace()}})).To(Succeed())
		// There admission lets the operator write nothing of an application either.
		groups := operatorGroups
		operatorGroups = append(slices.Clone(groups), "platform.ntc.gov.pk:break-glass")
		DeferCleanup(func() { operatorGroups = groups })
		breakGlass(ctx, scope.StageNamespace())
		o = start()
		plan = sop.Plan{Objects: everyWorkload(scope, nodesOf("ntc-islamabad"), false)}
		Eventually(func() error { return pass(ctx) }).Should(Succeed(), "admission learns of the label by a watch; the API server refuses a field that it does not know")
		rests(ctx)
	})

	It("leaves a claim's volume to the binder", func(ctx context.Context) {
		claim := &corev1.PersistentVolumeClaim{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: scope.StageNamespace(), Name: "data-db"}, claim)).To(Succeed())
		claim.Spec.VolumeName = "pv-1"
		Expect(admin.Update(ctx, claim, client.FieldOwner("kube-controller-manager"))).To(Succeed())
		rests(ctx)
	})

	It("lets a Job end on the nodes it was made for, and suspends it", func(ctx context.Context) {
		plan = sop.Plan{Objects: everyWorkload(scope, nodesOf("elsewhere"), true)}
		Expect(pass(ctx)).To(Succeed())
		job := &batchv1.Job{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: scope.StageNamespace(), Name: render.TaskName("migrate", "kinds-1")}, job)).To(Succeed())
		terms := job.Spec.Template.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		Expect(terms[0].MatchExpressions[0].Values).To(ConsistOf("ntc-islamabad"))
		Expect(*job.Spec.Suspend).To(BeTrue())
		rests(ctx)
	})

	It("keeps what an autoscaler decided", func(ctx context.Context) {
		web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: scope.StageNamespace(), Name: "web"}}
		scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}
		Expect(admin.SubResource("scale").Update(ctx, web, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager"))).To(Succeed())
		for i := range plan.Objects {
			if plan.Objects[i].GetKind() == "Deployment" {
				plan.Objects[i] = render.Deployment(scope, render.Workload{Component: webComponent(), Replicas: 5, Nodes: nodesOf("ntc-islamabad")})
			}
		}
		rests(ctx)
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(web), web)).To(Succeed())
		Expect(*web.Spec.Replicas).To(BeEquivalentTo(5))
	})
})

func nodesOf(provider string) []metav1.LabelSelector {
	return []metav1.LabelSelector{{MatchLabels: map[string]string{"node.platform.ntc.gov.pk/provider": provider}}}
}

// everyWorkload renders each kind with every field that a component can have.
func everyWorkload(s render.Scope, nodes []metav1.LabelSelector, suspend bool) []render.Object {
	web, db, migrate, report := webComponent(), component("db"), component("migrate"), component("report")
	web.LivenessProbe = nil
	db.Ports = []v1alpha1.ComponentPort{{Name: "postgres", Port: 5432}}
	db.Storage = &v1alpha1.Storage{Size: resource.MustParse("1Gi"), MountPath: "/var/lib/postgresql"}
	db.LivenessProbe = &v1alpha1.Probe{Exec: &v1alpha1.ExecProbe{Command: []string{"pg_isready", "-q"}}}
	db.ReadinessProbe = &v1alpha1.Probe{TCPSocket: &v1alpha1.TCPSocketProbe{Port: "postgres"}, InitialDelaySeconds: 1}
	migrate.Type, report.Type = v1alpha1.ComponentTask, v1alpha1.ComponentScheduledTask
	migrate.ConnectsTo = []v1alpha1.Edge{{Component: "db", Port: "postgres"}}
	report.Schedule = "30 2 * * *"
	stage := mesh.Stage{Scope: s, Policy: v1alpha1.MeshPolicy{Image: meshImage, CABundle: meshAuthorities, Issuer: v1alpha1.IssuerReference{Kind: "ClusterIssuer", Name: "govpk-mesh"}}}
	for _, c := range []v1alpha1.Component{web, db, migrate, report} {
		stage.Components = append(stage.Components, meshComponent(c))
	}
	carrier := mesh.For(stage.Policy)
	workload := func(c v1alpha1.Component) render.Workload {
		w := render.Workload{Component: c, Replicas: 2, Nodes: nodes, DeadlineSeconds: 300, Bandwidth: ptr.To(resource.MustParse("12.5M"))}
		return carrier.Attach(stage, meshComponent(c), w)
	}
	objects := []render.Object{
		render.DefaultDeny(s), render.LimitRange(s), render.Service(s, "web", carrier.ServicePorts(meshComponent(web))), render.Service(s, "db", carrier.ServicePorts(meshComponent(db))),
		render.Deployment(s, workload(webComponent())),
		render.PersistentVolumeClaim(s, db, render.Claim{Name: render.StorageName("db"), Size: db.Storage.Size}), render.StatefulSet(s, workload(db)),
		render.Job(s, workload(migrate), render.TaskName("migrate", "kinds-1"), suspend),
		render.CronJob(s, workload(report), "Asia/Karachi", suspend),
		render.HorizontalPodAutoscaler(s, web, 2, 6),
	}
	for _, c := range []v1alpha1.Component{web, db, migrate, report} {
		if files, ok := render.Files(s, c); ok {
			objects = append(objects, files)
		}
	}
	if budget, ok := render.PodDisruptionBudget(s, web, 2); ok {
		objects = append(objects, budget)
	}
	return objects
}

// meshComponent is reached on every port by gateways, and connects to db.
func meshComponent(c v1alpha1.Component) mesh.Component {
	out := mesh.Component{Name: c.Name, Ports: c.Ports, Routed: c.Ports}
	for _, edge := range c.ConnectsTo {
		out.Edges = append(out.Edges, mesh.Edge{Component: edge.Component, Address: "10.96.0.9", Port: render.ServicePort{Name: edge.Port, Port: 5432}})
	}
	return out
}

func webComponent() v1alpha1.Component {
	c := component("web")
	c.Ports = []v1alpha1.ComponentPort{{Name: "http", Port: 8080}, {Name: "grpc", Port: 9090}}
	c.ReadinessProbe = &v1alpha1.Probe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/healthz", Port: "http"}}
	c.LivenessProbe = &v1alpha1.Probe{GRPC: &v1alpha1.GRPCProbe{Port: "grpc"}, PeriodSeconds: 30, TimeoutSeconds: 5, FailureThreshold: 2}
	c.StartupProbe = &v1alpha1.Probe{GRPC: &v1alpha1.GRPCProbe{Port: "grpc", Service: "health"}}
	return c
}

func component(name string) v1alpha1.Component {
	return v1alpha1.Component{
		Name: name, Image: "registry.ntc.gov.pk/sehat/" + name + "@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865",
		Command: []string{"/" + name}, Args: []string{"--verbose"},
		Resources: v1alpha1.Resources{
			Requests: v1alpha1.ResourceRequests{CPU: resource.MustParse("0.1"), Memory: resource.MustParse("64Mi")},
			Limits:   v1alpha1.ResourceLimits{Memory: resource.MustParse("0.125Gi")},
		},
		Env: []v1alpha1.EnvVar{
			{Name: "LOG_LEVEL", Value: "info"}, {Name: "EMPTY"},
			{Name: "PASSWORD", ValueFrom: &v1alpha1.EnvVarSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "db", Key: "password"}}},
		},
		Files:            []v1alpha1.File{{Path: "/etc/app/b.conf", Content: "b"}, {Path: "/etc/app/a.conf"}},
		ImagePullSecrets: []v1alpha1.SecretReference{{Name: "registry"}},
	}
}
