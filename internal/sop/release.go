// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Snapshot is the Release of the current spec: what runs, and nothing else. It has no creation time until it is stored.
func Snapshot(app *v1alpha1.ThirdPartyApplication) *v1alpha1.Release {
	spec := v1alpha1.ReleaseSpec{
		Application:          app.Name,
		CloudServiceProvider: app.Spec.CloudServiceProvider,
		DataClass:            app.Spec.DataClass,
	}
	for i := range app.Spec.Components {
		component := app.Spec.Components[i].DeepCopy()
		if component.Type == "" {
			component.Type = v1alpha1.ComponentService
		}
		if component.Type == v1alpha1.ComponentService {
			component.Replicas = v1alpha1.Replicas{Min: 1, Max: maxReplicas(component.Replicas)}
		}
		spec.Components = append(spec.Components, *component)
	}
	for i := range app.Spec.Domains {
		spec.Domains = append(spec.Domains, *app.Spec.Domains[i].DeepCopy())
	}
	return &v1alpha1.Release{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Release"},
		ObjectMeta: metav1.ObjectMeta{Namespace: app.Namespace, Name: app.Name + "-" + contentHash(spec)},
		Spec:       spec,
	}
}

// ApplicationOf is the name of the application that a release's name belongs to.
func ApplicationOf(release string) string {
	if i := strings.LastIndexByte(release, '-'); i > 0 {
		return release[:i]
	}
	return release
}

func contentHash(spec v1alpha1.ReleaseSpec) string {
	// encoding/json writes struct fields in order and map keys sorted: the same content has the same bytes.
	content, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("sop: release of %s: %v", spec.Application, err))
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:4])
}

// sameContent guards against two contents with one name: eight digits can be made to collide on purpose.
func sameContent(a, b *v1alpha1.Release) bool {
	return equality.Semantic.DeepEqual(a.Spec, b.Spec)
}

// sameButImages is true when two releases differ in image digests alone.
func sameButImages(a, b *v1alpha1.Release) bool {
	return equality.Semantic.DeepEqual(withoutDigests(a.Spec), withoutDigests(b.Spec))
}

func withoutDigests(spec v1alpha1.ReleaseSpec) v1alpha1.ReleaseSpec {
	out := *spec.DeepCopy()
	for i := range out.Components {
		out.Components[i].Image, _, _ = strings.Cut(out.Components[i].Image, "@")
	}
	return out
}

func maxReplicas(r v1alpha1.Replicas) int32 {
	return max(r.Max, r.Min, 1)
}

// replicas is how many pods of a component run without load: the current spec's minimum within the release's maximum.
func (c *Case) replicas(component v1alpha1.Component) int32 {
	for _, declared := range c.Application.Spec.Components {
		if declared.Name == component.Name {
			return min(max(declared.Replicas.Min, 1), maxReplicas(component.Replicas))
		}
	}
	return 1
}

func releaseObject(release *v1alpha1.Release) render.Object {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(release)
	if err != nil {
		panic(fmt.Sprintf("sop: release %s: %v", release.Name, err))
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "metadata", "annotations")
	u.SetLabels(map[string]string{
		render.ManagedByLabel:              render.FieldOwner,
		v1alpha1.ApplicationLabel:          release.Spec.Application,
		v1alpha1.ApplicationNamespaceLabel: release.Namespace,
	})
	return render.Object{Unstructured: u, Mode: render.Create, Owner: render.FieldOwner}
}
