// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// root resolves a path of the repository.
func root(path string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../..", path)
}

func assets() string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir
	}
	return root("bin/envtest")
}

func moduleDirectory(from, module string) (string, error) {
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Dir = root(from)
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("where is %s: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// startServer starts kube-apiserver and etcd with what users install and what a platform has. No controller of the
// cluster runs: the player does their part.
func startServer(ctx context.Context) (*envtest.Environment, *scenario.Cluster, error) {
	gatewayAPI, err := moduleDirectory(".", "sigs.k8s.io/gateway-api")
	if err != nil {
		return nil, nil, err
	}
	certManager, err := moduleDirectory("hack/tools/certmanager", "github.com/cert-manager/cert-manager")
	if err != nil {
		return nil, nil, err
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets(),
		ErrorIfCRDPathMissing: true,
		CRDDirectoryPaths: []string{
			root("config/crd"), filepath.Join(gatewayAPI, "config/crd/standard"), filepath.Join(certManager, "deploy/crds"),
		},
	}
	config, err := environment.Start()
	if err != nil {
		return nil, nil, errors.Join(err, environment.Stop())
	}
	cluster, err := furnish(ctx, config)
	if err != nil {
		return nil, nil, errors.Join(err, environment.Stop())
	}
	return environment, cluster, nil
}

func furnish(ctx context.Context, config *rest.Config) (*scenario.Cluster, error) {
	image := func(digit string) string { return "registry.ntc.gov.pk/bench@sha256:" + strings.Repeat(digit, 64) }
	cluster, err := scenario.On(config, scenario.Images{Web: image("a"), API: image("b"), APIv2: image("c")})
	if err != nil {
		return nil, err
	}
	command := exec.Command(filepath.Join(assets(), "kubectl"), "kustomize", root("config/default"))
	manifests, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl kustomize config/default: %w", err)
	}
	platform, err := os.ReadFile(root("test/bench/testdata/platform.yaml"))
	if err != nil {
		return nil, err
	}
	for _, content := range [][]byte{manifests, platform} {
		if err := install(ctx, cluster.Admin, content); err != nil {
			return nil, err
		}
	}
	// Admission taints a new node until a controller finds it ready, and none runs.
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}}
	if err := cluster.Admin.Patch(ctx, node, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"taints":null}}`))); err != nil {
		return nil, err
	}
	if err := enrolPlatform(ctx, cluster.Admin); err != nil {
		return nil, err
	}
	return cluster, guarded(ctx, cluster.Admin)
}

func install(ctx context.Context, admin client.Client, manifests []byte) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		// The definitions are there, and the operator runs in this process.
		if object.GetKind() == "CustomResourceDefinition" || object.GetKind() == "Deployment" {
			continue
		}
		var subresources []string
		if object.Object["status"] != nil {
			subresources = append(subresources, "status")
		}
		if err := applyWith(ctx, admin, object, subresources); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func applyWith(ctx context.Context, admin client.Client, object *unstructured.Unstructured, subresources []string) error {
	owner := client.FieldOwner("install")
	if err := admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), owner, client.ForceOwnership); err != nil {
		return err
	}
	for _, name := range subresources {
		err := admin.SubResource(name).Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), owner, client.ForceOwnership)
		if err != nil {
			return err
		}
	}
	return nil
}

// guarded waits until the admission policies are in force, which follow their creation by a moment.
func guarded(ctx context.Context, admin client.Client) error {
	return scenario.Eventually(ctx, 30*time.Second, func() error {
		forged := &v1alpha1.SignOff{}
		forged.Namespace, forged.Name = "default", "forged"
		forged.Spec = v1alpha1.SignOffSpec{
			Release: "nothing-00000000", Type: v1alpha1.SignOffEndToEndTest, Party: v1alpha1.PartyNITB,
			Decision: v1alpha1.DecisionApproved, SignedBy: "somebody-else",
		}
		if err := admin.Create(ctx, forged, client.DryRunAll); err == nil {
			return errors.New("the admission policies are not in force yet")
		}
		return nil
	})
}
