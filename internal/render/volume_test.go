// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestPersistentVolumeClaim(t *testing.T) {
	for name, class := range map[string]string{"the cluster's class": "", "a class": "fast"} {
		t.Run(name, func(t *testing.T) {
			claim := decode[corev1.PersistentVolumeClaim](t, PersistentVolumeClaim(scope, newComponent(), Claim{Name: "data-web", Class: class, Size: resource.MustParse("10Gi")}))
			if claim.Name != "data-web" || claim.Spec.Resources.Requests.Storage().String() != "10Gi" || !slices.Equal(claim.Spec.AccessModes, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}) {
				t.Errorf("%s %+v", claim.Name, claim.Spec)
			}
			// An empty class is not the default one, but none.
			if got := claim.Spec.StorageClassName; class == "" && got != nil || class != "" && *got != class {
				t.Errorf("class %v", got)
			}
		})
	}
}

func TestStatefulSet(t *testing.T) {
	component := newComponent()
	component.Storage = &v1alpha1.Storage{Size: resource.MustParse("10Gi"), MountPath: "/var/lib/postgresql"}
	for want, given := range map[int32]int32{0: 0, 1: 3} {
		set := decode[appsv1.StatefulSet](t, StatefulSet(scope, Workload{Component: component, Replicas: given}))
		if set.Spec.Replicas == nil || *set.Spec.Replicas != want {
			t.Errorf("%v replicas, want %d: one volume cannot be written by two", set.Spec.Replicas, want)
		}
		if set.Spec.ServiceName != "web" || set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement || len(set.Spec.VolumeClaimTemplates) > 0 {
			t.Errorf("%+v", set.Spec)
		}
		spec := set.Spec.Template.Spec
		claims := slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim == nil })
		if len(claims) != 1 || claims[0].PersistentVolumeClaim.ClaimName != StorageName("web") {
			t.Errorf("volumes %v", claims)
		}
		if !slices.ContainsFunc(spec.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool {
			return m.Name == claims[0].Name && m.MountPath == "/var/lib/postgresql" && !m.ReadOnly
		}) {
			t.Errorf("mounts %v", spec.Containers[0].VolumeMounts)
		}
		// Without the group a user who is not root cannot write; with modes changed on every start a database refuses its files.
		if security := spec.SecurityContext; security.FSGroup == nil || *security.FSGroup == 0 || *security.FSGroupChangePolicy != corev1.FSGroupChangeOnRootMismatch {
			t.Errorf("%+v", security)
		}
		if len(spec.TopologySpreadConstraints) > 0 {
			t.Error("one pod has nothing to spread")
		}
	}
}

func TestFiles(t *testing.T) {
	component := newComponent()
	if _, some := Files(scope, component); some {
		t.Error("no files, and a ConfigMap")
	}
	// One flattened path must not be taken for another.
	component.Files = []v1alpha1.File{{Path: "/etc/a/b.conf", Content: "first"}, {Path: "/etc/a_b.conf", Content: "second"}, {Path: "/etc/a-b.conf"}}
	files := filesOf(t, component)
	if files.Immutable == nil || !*files.Immutable || files.Labels[v1alpha1.ComponentLabel] != "web" {
		t.Errorf("%+v", files)
	}
	spec := decode[appsv1.Deployment](t, Deployment(scope, Workload{Component: component})).Spec.Template.Spec
	volume := slices.IndexFunc(spec.Volumes, func(v corev1.Volume) bool { return v.ConfigMap != nil })
	if volume < 0 || spec.Volumes[volume].ConfigMap.Name != files.Name {
		t.Fatalf("volumes %v", spec.Volumes)
	}
	got := map[string]string{}
	for _, mount := range spec.Containers[0].VolumeMounts {
		if mount.Name != spec.Volumes[volume].Name {
			continue
		}
		content, known := files.Data[mount.SubPath]
		if !known || !mount.ReadOnly {
			t.Errorf("mount %+v", mount)
		}
		got[mount.MountPath] = content
	}
	if diff := cmp.Diff(map[string]string{"/etc/a/b.conf": "first", "/etc/a_b.conf": "second", "/etc/a-b.conf": ""}, got); diff != "" {
		t.Error(diff)
	}
}

func filesOf(t *testing.T, component v1alpha1.Component) *corev1.ConfigMap {
	t.Helper()
	object, _ := Files(scope, component)
	return decode[corev1.ConfigMap](t, object)
}

// A name stands for one content, whatever its order: a rollout's old pods keep the files of their release.
func TestFilesAreNamedByContent(t *testing.T) {
	component := newComponent()
	component.Name = strings.Repeat("c", 40)
	seen := map[string]bool{}
	for _, files := range [][]v1alpha1.File{
		{{Path: "/a", Content: "b"}}, {{Path: "/a", Content: "c"}}, {{Path: "/ab"}}, {{Path: "/b", Content: "b"}},
		{{Path: "/a", Content: "1"}, {Path: "/b", Content: "2"}}, {{Path: "/a", Content: "2"}, {Path: "/b", Content: "1"}},
	} {
		component.Files = files
		name := filesOf(t, component).Name
		if seen[name] {
			t.Errorf("%v: %s is another content's name", files, name)
		}
		seen[name] = true
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			t.Error(problems)
		}
		slices.Reverse(component.Files)
		if turned := filesOf(t, component).Name; turned != name {
			t.Errorf("in another order %s is %s", name, turned)
		}
	}
}
