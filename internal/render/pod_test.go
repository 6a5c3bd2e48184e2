// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func deploymentOf(t *testing.T, w Workload) *appsv1.Deployment {
	t.Helper()
	return decode[appsv1.Deployment](t, Deployment(scope, w))
}

func TestProbes(t *testing.T) {
	http := v1alpha1.Probe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/healthz", Port: "http"}}
	settled := http
	settled.InitialDelaySeconds, settled.PeriodSeconds, settled.TimeoutSeconds, settled.FailureThreshold = 5, 20, 3, 9
	httpGet := corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}}
	for name, row := range map[string]struct {
		component                    v1alpha1.Component
		readiness, liveness, startup *corev1.Probe
	}{
		"none": {},
		"defaults differ by purpose": {
			component: v1alpha1.Component{ReadinessProbe: &http, LivenessProbe: &http, StartupProbe: &http},
			readiness: &corev1.Probe{ProbeHandler: httpGet, PeriodSeconds: 2, TimeoutSeconds: 1, FailureThreshold: 3},
			liveness:  &corev1.Probe{ProbeHandler: httpGet, PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3},
			startup:   &corev1.Probe{ProbeHandler: httpGet, PeriodSeconds: 2, TimeoutSeconds: 1, FailureThreshold: 30},
		},
		"every setting": {
			component: v1alpha1.Component{StartupProbe: &settled},
			startup:   &corev1.Probe{ProbeHandler: httpGet, InitialDelaySeconds: 5, PeriodSeconds: 20, TimeoutSeconds: 3, FailureThreshold: 9},
		},
		"every other way to ask": {
			component: v1alpha1.Component{
				ReadinessProbe: &v1alpha1.Probe{TCPSocket: &v1alpha1.TCPSocketProbe{Port: "metrics"}},
				LivenessProbe:  &v1alpha1.Probe{GRPC: &v1alpha1.GRPCProbe{Port: "metrics", Service: "health"}},
				StartupProbe:   &v1alpha1.Probe{Exec: &v1alpha1.ExecProbe{Command: []string{"pg_isready", "-q"}}},
			},
			readiness: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("metrics")}}, PeriodSeconds: 2, TimeoutSeconds: 1, FailureThreshold: 3},
			liveness:  &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9090, Service: ptr.To("health")}}, PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3},
			startup:   &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready", "-q"}}}, PeriodSeconds: 2, TimeoutSeconds: 1, FailureThreshold: 30},
		},
	} {
		t.Run(name, func(t *testing.T) {
			component := newComponent()
			component.ReadinessProbe, component.LivenessProbe, component.StartupProbe = row.component.ReadinessProbe, row.component.LivenessProbe, row.component.StartupProbe
			container := deploymentOf(t, Workload{Component: component}).Spec.Template.Spec.Containers[0]
			for _, pair := range [][2]*corev1.Probe{{row.readiness, container.ReadinessProbe}, {row.liveness, container.LivenessProbe}, {row.startup, container.StartupProbe}} {
				if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// A variable may refer to those above it, and an edge's are above all.
func TestEnvironment(t *testing.T) {
	component := newComponent()
	component.ConnectsTo = []v1alpha1.Edge{{Component: "db", Port: "sql"}}
	component.Env = []v1alpha1.EnvVar{
		{Name: "URL", Value: "postgres://$(DB_HOST):$(DB_PORT)"}, {Name: "EMPTY"},
		{Name: "PASSWORD", ValueFrom: &v1alpha1.EnvVarSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "db", Key: "password"}}},
	}
	object := Deployment(scope, Workload{Component: component, Addresses: []Address{{Host: "10.96.0.9", Port: 5432}}})
	if diff := cmp.Diff([]corev1.EnvVar{
		{Name: "DB_HOST", Value: "10.96.0.9"}, {Name: "DB_PORT", Value: "5432"},
		{Name: "URL", Value: "postgres://$(DB_HOST):$(DB_PORT)"}, {Name: "EMPTY"},
		{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "db"}, Key: "password",
		}}},
	}, decode[appsv1.Deployment](t, object).Spec.Template.Spec.Containers[0].Env); diff != "" {
		t.Error(diff)
	}
}

func TestPullSecrets(t *testing.T) {
	component := newComponent()
	component.ImagePullSecrets = []v1alpha1.SecretReference{{Name: "registry"}, {Name: "mirror"}}
	got := deploymentOf(t, Workload{Component: component}).Spec.Template.Spec.ImagePullSecrets
	if diff := cmp.Diff([]corev1.LocalObjectReference{{Name: "registry"}, {Name: "mirror"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBandwidth(t *testing.T) {
	for name, row := range map[string]struct {
		bandwidth *resource.Quantity
		want      map[string]string
	}{
		"none":  {},
		"some":  {ptr.To(resource.MustParse("200M")), map[string]string{"kubernetes.io/ingress-bandwidth": "200M", "kubernetes.io/egress-bandwidth": "200M"}},
		"split": {ptr.To(resource.MustParse("12.5M")), map[string]string{"kubernetes.io/ingress-bandwidth": "12500k", "kubernetes.io/egress-bandwidth": "12500k"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, deploymentOf(t, Workload{Component: newComponent(), Bandwidth: row.bandwidth}).Spec.Template.Annotations); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Pods of one revision stay apart where there is room. A constraint that must hold would keep a cluster of one node from a
// rollout, and two constraints would hold nothing where nodes have no zone.
func TestSpread(t *testing.T) {
	own := &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.ComponentLabel: "web"}}
	spec := deploymentOf(t, Workload{Component: newComponent()}).Spec.Template.Spec
	nodes := []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: own, MatchLabelKeys: []string{"pod-template-hash"},
	}}
	if diff := cmp.Diff(nodes, spec.TopologySpreadConstraints); diff != "" {
		t.Error(diff)
	}
	zones := &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
		Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: "topology.kubernetes.io/zone", LabelSelector: own, MatchLabelKeys: []string{"pod-template-hash"}},
	}}}
	if diff := cmp.Diff(zones, spec.Affinity.PodAntiAffinity); diff != "" {
		t.Error(diff)
	}
}

func TestRolloutDeadline(t *testing.T) {
	if got := deploymentOf(t, Workload{Component: newComponent(), DeadlineSeconds: 120}).Spec.ProgressDeadlineSeconds; got == nil || *got != 120 {
		t.Errorf("deadline %v", got)
	}
	if got := deploymentOf(t, Workload{Component: newComponent()}).Spec.ProgressDeadlineSeconds; got != nil {
		t.Errorf("deadline %d, which the API server refuses", *got)
	}
}
