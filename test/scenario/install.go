// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var operatorKey = types.NamespacedName{Namespace: "govpk-system", Name: "govpk-operator"}

// Install applies the manifests that users install and waits for the operator and its admission policies.
func (c *Cluster) Install(ctx context.Context) error {
	manifests, err := os.ReadFile(filepath.Join(c.root, "bin/install.yaml"))
	if err != nil {
		return fmt.Errorf("%w; run make manifests first", err)
	}
	objects, err := decode(manifests)
	if err != nil {
		return err
	}
	for _, object := range objects {
		change := map[string]func(*unstructured.Unstructured) error{"Deployment": c.setImage, "DaemonSet": c.setImage, "DeploymentPolicy": c.setPolicy}[object.GetKind()]
		if change != nil {
			if err := change(object); err != nil {
				return err
			}
		}
		// A custom resource waits for its definition to be served.
		err := Eventually(ctx, 30*time.Second, func() error {
			err := c.Admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), client.FieldOwner("install"), client.ForceOwnership)
			if meta.IsNoMatchError(err) {
				return err
			}
			if err != nil {
				return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := c.OperatorAvailable(ctx); err != nil {
		return err
	}
	return c.guarded(ctx)
}

// setPolicy names the mesh, and lets the applications of all specs share a node of two cores: they declare more than they ever use.
func (c *Cluster) setPolicy(policy *unstructured.Unstructured) error {
	spec := map[string]any{
		"capacity": map[string]any{"cpuOvercommitPercent": int64(5000), "memoryOvercommitPercent": int64(1000)},
		"mesh":     map[string]any{"image": c.Images.Sidecar, "caBundle": c.authorities},
	}
	for field, value := range spec {
		if err := unstructured.SetNestedField(policy.Object, value, "spec", field); err != nil {
			return err
		}
	}
	return nil
}

// setImage makes a Deployment or DaemonSet run the operator that is meant.
func (c *Cluster) setImage(workload *unstructured.Unstructured) error {
	if c.Current {
		containers, _, err := unstructured.NestedSlice(workload.Object, "spec", "template", "spec", "containers")
		if err != nil {
			return err
		}
		for i := range containers {
			containers[i].(map[string]any)["image"] = c.operatorImage
		}
		return unstructured.SetNestedSlice(workload.Object, containers, "spec", "template", "spec", "containers")
	}
	binary, err := os.ReadFile(filepath.Join(c.root, "bin/govpk-operator"))
	if err != nil {
		return fmt.Errorf("%w; run make cluster-load first", err)
	}
	// The tag stays the same when the operator is built anew; the digest rolls the pods.
	path := []string{"spec", "template", "metadata", "annotations", "govpk-operator/binary"}
	return unstructured.SetNestedField(workload.Object, fmt.Sprintf("%x", sha256.Sum256(binary)), path...)
}

func decode(manifests []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// OperatorAvailable waits until every replica of the operator runs what was installed.
func (c *Cluster) OperatorAvailable(ctx context.Context) error {
	return Eventually(ctx, patience, func() error {
		d := &appsv1.Deployment{}
		if err := c.Admin.Get(ctx, operatorKey, d); err != nil {
			return err
		}
		want := *d.Spec.Replicas
		if d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedReplicas != want || d.Status.AvailableReplicas != want || d.Status.Replicas != want {
			return fmt.Errorf("operator: %d of %d replicas available", d.Status.AvailableReplicas, want)
		}
		return nil
	})
}

// ScaleOperator sets the operator's replicas and waits for them.
func (c *Cluster) ScaleOperator(ctx context.Context, replicas int32) error {
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = operatorKey.Namespace, operatorKey.Name
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	if err := c.Admin.Patch(ctx, d, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return err
	}
	if replicas > 0 {
		return c.OperatorAvailable(ctx)
	}
	return Eventually(ctx, patience, func() error {
		var pods corev1.PodList
		if err := c.Admin.List(ctx, &pods, client.InNamespace(operatorKey.Namespace)); err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d pods of the operator still exist", len(pods.Items))
		}
		return nil
	})
}

// guarded waits until the admission policies are in force; they follow their creation by a moment.
func (c *Cluster) guarded(ctx context.Context) error {
	return Eventually(ctx, patience, func() error {
		forged := &v1alpha1.SignOff{}
		forged.Namespace, forged.Name = "default", "forged"
		forged.Spec = v1alpha1.SignOffSpec{
			Release: "nothing-00000000", Type: v1alpha1.SignOffEndToEndTest, Party: v1alpha1.PartyNITB,
			Decision: v1alpha1.DecisionApproved, SignedBy: "somebody-else",
		}
		if err := c.Admin.Create(ctx, forged, client.DryRunAll); err == nil {
			return errors.New("the admission policies are not in force yet")
		}
		return nil
	})
}
