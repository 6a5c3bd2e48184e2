// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	psaapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const image = "registry.ntc.gov.pk/sehat/web@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"

func newComponent() v1alpha1.Component {
	return v1alpha1.Component{
		Name: "web", Image: image,
		Ports: []v1alpha1.ComponentPort{{Name: "http", Port: 8080}, {Name: "metrics", Port: 9090}},
		Resources: v1alpha1.Resources{
			Requests: v1alpha1.ResourceRequests{CPU: resource.MustParse("100m"), Memory: resource.MustParse("64Mi")},
			Limits:   v1alpha1.ResourceLimits{Memory: resource.MustParse("128Mi")},
		},
	}
}

// Whatever a component declares, its pods pass Pod Security "restricted", get no token and resolve no name.
func TestPodSecurity(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*v1alpha1.Component){
		"plain":             func(*v1alpha1.Component) {},
		"without ports":     func(c *v1alpha1.Component) { c.Ports = nil },
		"with all settings": func(c *v1alpha1.Component) { c.Command, c.Args = []string{"sh"}, []string{"-c"} },
		"with a probe": func(c *v1alpha1.Component) {
			c.ReadinessProbe = &v1alpha1.Probe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/", Port: "http"}}
		},
		"with storage and files": func(c *v1alpha1.Component) {
			c.Storage = &v1alpha1.Storage{Size: resource.MustParse("1Gi"), MountPath: "/data"}
			c.Files = []v1alpha1.File{{Path: "/etc/app.conf", Content: "a"}}
		},
		"a task":           func(c *v1alpha1.Component) { c.Type, c.Ports = v1alpha1.ComponentTask, nil },
		"a scheduled task": func(c *v1alpha1.Component) { c.Type, c.Ports = v1alpha1.ComponentScheduledTask, nil },
	} {
		t.Run(name, func(t *testing.T) {
			component := newComponent()
			change(&component)
			template := templateOf(t, component)
			level := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
			for _, result := range evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec) {
				if !result.Allowed {
					t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
			spec := template.Spec
			if *spec.AutomountServiceAccountToken || *spec.EnableServiceLinks || spec.DNSPolicy != corev1.DNSNone || spec.ServiceAccountName != "" {
				t.Errorf("token %v, links %v, DNS %s", *spec.AutomountServiceAccountToken, *spec.EnableServiceLinks, spec.DNSPolicy)
			}
			if diff := cmp.Diff(&corev1.PodDNSConfig{Nameservers: []string{"127.0.0.1"}}, spec.DNSConfig); diff != "" {
				t.Error(diff)
			}
			if !*spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem {
				t.Error("the root file system can be written")
			}
			if spec.Volumes[0].EmptyDir == nil || spec.Volumes[0].EmptyDir.SizeLimit.String() != "64Mi" || spec.Containers[0].VolumeMounts[0].MountPath != "/tmp" {
				t.Errorf("volumes %v", spec.Volumes)
			}
			for _, mount := range spec.Containers[0].VolumeMounts {
				declared := mount.ReadOnly || component.Storage != nil && mount.MountPath == component.Storage.MountPath
				if mount.MountPath != "/tmp" && !declared {
					t.Errorf("%s can be written", mount.MountPath)
				}
			}
		})
	}
}

// templateOf is the pod of whatever runs a component.
func templateOf(t *testing.T, component v1alpha1.Component) corev1.PodTemplateSpec {
	t.Helper()
	w := Workload{Component: component}
	switch {
	case component.Storage != nil:
		return decode[appsv1.StatefulSet](t, StatefulSet(scope, w)).Spec.Template
	case component.Type == v1alpha1.ComponentTask:
		return decode[batchv1.Job](t, Job(scope, w, "migrate-1", false)).Spec.Template
	case component.Type == v1alpha1.ComponentScheduledTask:
		return decode[batchv1.CronJob](t, CronJob(scope, w, "Asia/Karachi", false)).Spec.JobTemplate.Spec.Template
	}
	return decode[appsv1.Deployment](t, Deployment(scope, w)).Spec.Template
}

func TestDeployment(t *testing.T) {
	component := newComponent()
	component.Env = []v1alpha1.EnvVar{{Name: "LOG_LEVEL", Value: "info"}}
	component.ConnectsTo = []v1alpha1.Edge{{Component: "data-api", Port: "http"}, {Component: "data-api", Port: "admin", Name: "api-admin"}}
	component.ReadinessProbe = &v1alpha1.Probe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/healthz", Port: "http"}}
	deployment := decode[appsv1.Deployment](t, Deployment(scope, Workload{
		Component: component, Replicas: 3,
		Nodes:     []metav1.LabelSelector{{MatchLabels: map[string]string{"provider": "ntc"}}},
		Addresses: []Address{{Host: "10.96.0.9", Port: 8090}, {Host: "10.96.0.9", Port: 9000}},
	}))
	if *deployment.Spec.Replicas != 3 || deployment.Namespace != scope.StageNamespace() {
		t.Errorf("replicas %d in %s", *deployment.Spec.Replicas, deployment.Namespace)
	}
	// A rolling update never runs fewer pods than before, and no more than one beyond: the quota counts on it.
	rolling := deployment.Spec.Strategy.RollingUpdate
	if *rolling.MaxSurge != intstr.FromInt32(1) || *rolling.MaxUnavailable != intstr.FromInt32(0) {
		t.Errorf("rolling update %+v", rolling)
	}
	if diff := cmp.Diff(deployment.Spec.Selector.MatchLabels, map[string]string{v1alpha1.ComponentLabel: "web"}); diff != "" {
		t.Error(diff)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	if diff := cmp.Diff([]corev1.EnvVar{
		{Name: "DATA_API_HOST", Value: "10.96.0.9"}, {Name: "DATA_API_PORT", Value: "8090"},
		{Name: "API_ADMIN_HOST", Value: "10.96.0.9"}, {Name: "API_ADMIN_PORT", Value: "9000"},
		{Name: "LOG_LEVEL", Value: "info"},
	}, container.Env); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}, container.ReadinessProbe.HTTPGet); diff != "" {
		t.Error(diff)
	}
	if container.Resources.Limits.Cpu().Sign() != 0 || container.Resources.Limits.Memory().String() != "128Mi" || container.Resources.Requests.Cpu().String() != "100m" {
		t.Errorf("resources %v", container.Resources)
	}
}

// Replicas must be stated also when there are none: a field that is left out is one pod.
func TestNoReplicasAreStated(t *testing.T) {
	replicas := decode[appsv1.Deployment](t, Deployment(scope, Workload{Component: newComponent()})).Spec.Replicas
	if replicas == nil || *replicas != 0 {
		t.Errorf("replicas %v, want 0", replicas)
	}
}

func TestNodes(t *testing.T) {
	for name, row := range map[string]struct {
		selectors []metav1.LabelSelector
		want      [][]corev1.NodeSelectorRequirement
	}{
		// A term without requirements matches no node.
		"none": {want: [][]corev1.NodeSelectorRequirement{nil}},
		"labels, in one order": {
			[]metav1.LabelSelector{{MatchLabels: map[string]string{"b": "2", "a": "1"}}},
			[][]corev1.NodeSelectorRequirement{{{Key: "a", Operator: "In", Values: []string{"1"}}, {Key: "b", Operator: "In", Values: []string{"2"}}}},
		},
		"expressions": {
			[]metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "a", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"1"}}, {Key: "b", Operator: metav1.LabelSelectorOpExists},
			}}},
			[][]corev1.NodeSelectorRequirement{{{Key: "a", Operator: "NotIn", Values: []string{"1"}}, {Key: "b", Operator: "Exists"}}},
		},
		"alternatives": {
			[]metav1.LabelSelector{{MatchLabels: map[string]string{"a": "1"}}, {MatchLabels: map[string]string{"b": "2"}}},
			[][]corev1.NodeSelectorRequirement{{{Key: "a", Operator: "In", Values: []string{"1"}}}, {{Key: "b", Operator: "In", Values: []string{"2"}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := decode[appsv1.Deployment](t, Deployment(scope, Workload{Component: newComponent(), Nodes: row.selectors}))
			affinity := deployment.Spec.Template.Spec.Affinity.NodeAffinity
			var terms [][]corev1.NodeSelectorRequirement
			for _, term := range affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
				terms = append(terms, term.MatchExpressions)
			}
			if diff := cmp.Diff(row.want, terms); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestService(t *testing.T) {
	sameYAML(t, Service(scope, "web", []ServicePort{{Name: "http", Port: 8080, Target: 15444}, {Name: "metrics", Port: 9090, Target: 9090}}), `
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: health-portal-fab68624-live
  labels:
    app.kubernetes.io/managed-by: govpk-operator
    platform.ntc.gov.pk/application: health-portal
    platform.ntc.gov.pk/application-namespace: sehat-digital
    platform.ntc.gov.pk/component: web
spec:
  type: ClusterIP
  selector: {platform.ntc.gov.pk/component: web}
  ports:
  - {name: http, port: 8080, protocol: TCP, targetPort: 15444}
  - {name: metrics, port: 9090, protocol: TCP, targetPort: 9090}
`)
}
