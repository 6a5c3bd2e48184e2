// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Names of a pod's volumes.
const (
	temporaryVolume = "tmp"
	filesVolume     = "files"
	storageVolume   = "data"
)

const (
	// temporaryStorage bounds /tmp, the only place beside its storage that a component may write to.
	temporaryStorage = "64Mi"
	// storageGroup is the group that a volume belongs to, whatever user the image runs as.
	storageGroup = 65532
)

// StorageName is the name of a component's PersistentVolumeClaim.
func StorageName(component string) string {
	return storageVolume + "-" + component
}

// CopyName is the name of the n-th claim that a component's data was copied to. No component's name has a dot.
func CopyName(component string, n int) string {
	return fmt.Sprintf("%s.%d", StorageName(component), n)
}

// Claim is a component's storage.
type Claim struct {
	Name string
	// Class is that of the storage; empty: the cluster's default one.
	Class string
	Size  resource.Quantity
	// User is whom files in it belong to, as <uid>:<gid>; empty: not known.
	User string
	// CopiedFrom is the claim that it is a copy of, for nodes of Provider, and Copied what was copied, once that is all.
	CopiedFrom, Provider, Copied string
}

// PersistentVolumeClaim is a component's storage.
func PersistentVolumeClaim(s Scope, component v1alpha1.Component, claim Claim) Object {
	spec := applycore.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(applycore.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: claim.Size}))
	if claim.Class != "" {
		spec.WithStorageClassName(claim.Class)
	}
	labels, annotations := s.componentLabels(component.Name), map[string]string{}
	if claim.Provider != "" {
		labels[v1alpha1.ProviderLabel] = claim.Provider
	}
	for key, value := range map[string]string{
		v1alpha1.UserAnnotation: claim.User, v1alpha1.CopiedFromAnnotation: claim.CopiedFrom, v1alpha1.CopiedAnnotation: claim.Copied,
	} {
		if value != "" {
			annotations[key] = value
		}
	}
	return NewObject(applycore.PersistentVolumeClaim(claim.Name, s.StageNamespace()).
		WithLabels(labels).
		WithAnnotations(annotations).
		WithSpec(spec))
}

// ReadClaim is the opposite of PersistentVolumeClaim.
func ReadClaim(claim *corev1.PersistentVolumeClaim) Claim {
	return Claim{
		Name: claim.Name, Size: claim.Spec.Resources.Requests[corev1.ResourceStorage], Provider: claim.Labels[v1alpha1.ProviderLabel],
		User: claim.Annotations[v1alpha1.UserAnnotation], CopiedFrom: claim.Annotations[v1alpha1.CopiedFromAnnotation], Copied: claim.Annotations[v1alpha1.CopiedAnnotation],
	}
}

// Files holds the files that a component declares; false when it declares none. Its name comes from their content, so
// that old pods keep the files of their own release during a rollout.
func Files(s Scope, component v1alpha1.Component) (Object, bool) {
	if len(component.Files) == 0 {
		return Object{}, false
	}
	data := map[string]string{}
	for i, file := range filesByPath(component) {
		data[fileKey(i)] = file.Content
	}
	return NewObject(applycore.ConfigMap(filesName(component), s.StageNamespace()).
		WithLabels(s.componentLabels(component.Name)).
		WithImmutable(true).
		WithData(data)), true
}

func filesName(component v1alpha1.Component) string {
	content, err := json.Marshal(filesByPath(component))
	if err != nil {
		panic(fmt.Sprintf("render: files of %s: %v", component.Name, err))
	}
	return component.Name + "-files-" + ShortHash(string(content))
}

// filesByPath makes the order in which files are declared mean nothing.
func filesByPath(component v1alpha1.Component) []v1alpha1.File {
	return slices.SortedFunc(slices.Values(component.Files), func(a, b v1alpha1.File) int { return strings.Compare(a.Path, b.Path) })
}

// fileKey is the key of the i-th file. A path is no key: it has slashes, and what could stand for them may be in it too.
func fileKey(i int) string {
	return fmt.Sprintf("file-%d", i)
}

func volumes(component v1alpha1.Component, claim string) []*applycore.VolumeApplyConfiguration {
	out := []*applycore.VolumeApplyConfiguration{
		applycore.Volume().WithName(temporaryVolume).WithEmptyDir(applycore.EmptyDirVolumeSource().
			WithSizeLimit(resource.MustParse(temporaryStorage))),
	}
	if len(component.Files) > 0 {
		out = append(out, applycore.Volume().WithName(filesVolume).
			WithConfigMap(applycore.ConfigMapVolumeSource().WithName(filesName(component))))
	}
	if component.Storage != nil {
		out = append(out, applycore.Volume().WithName(storageVolume).
			WithPersistentVolumeClaim(applycore.PersistentVolumeClaimVolumeSource().WithClaimName(cmp.Or(claim, StorageName(component.Name)))))
	}
	return out
}

func mounts(component v1alpha1.Component) []*applycore.VolumeMountApplyConfiguration {
	out := []*applycore.VolumeMountApplyConfiguration{
		applycore.VolumeMount().WithName(temporaryVolume).WithMountPath("/tmp"),
	}
	for i, file := range filesByPath(component) {
		out = append(out, applycore.VolumeMount().
			WithName(filesVolume).WithMountPath(file.Path).WithSubPath(fileKey(i)).WithReadOnly(true))
	}
	if component.Storage != nil {
		out = append(out, applycore.VolumeMount().WithName(storageVolume).WithMountPath(component.Storage.MountPath))
	}
	return out
}
