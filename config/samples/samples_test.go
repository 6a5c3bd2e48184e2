// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package samples

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// An unknown field in a sample is a field that a person copies and nobody obeys.
func TestSamplesDecodeStrictly(t *testing.T) {
	kinds := map[string]bool{}
	for _, object := range samples(t, newScheme(t)) {
		kinds[object.GetObjectKind().GroupVersionKind().Kind] = true
	}
	for _, kind := range []string{
		"ThirdPartyApplication", "SignOff", "PolicyViolation", "CloudServiceProvider", "DeploymentPolicy",
		"GovernmentDataAPI", "NoObjectionCertificate", "BreachReport",
	} {
		if !kinds[kind] {
			t.Errorf("no sample holds a %s", kind)
		}
	}
}

// The rules of the CustomResourceDefinitions are the API server's to run. Who may write what is tested in test/admission.
func TestAPIServerAcceptsSamples(t *testing.T) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = "../../bin/envtest"
	}
	scheme := newScheme(t)
	server := &envtest.Environment{BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{"../crd"}, ErrorIfCRDPathMissing: true}
	config, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(config, client.Options{Scheme: scheme, FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		t.Fatal(err)
	}
	objects := samples(t, scheme)
	for _, object := range objects {
		if namespace, ok := object.(*corev1.Namespace); ok {
			if err := c.Create(context.Background(), namespace); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, object := range objects {
		if _, made := object.(*corev1.Namespace); made {
			continue
		}
		if err := c.Create(context.Background(), object); err != nil {
			t.Errorf("%T %s: %v", object, object.GetName(), err)
		}
	}
	requireInstallationBesideSample(t, c)
}

// requireInstallationBesideSample: the policy of the installation is valid, and takes no holiday away that NTC applied.
func requireInstallationBesideSample(t *testing.T, c client.Client) {
	t.Helper()
	content, err := os.ReadFile("../default/deployment_policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	installed := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, installed); err != nil {
		t.Fatal(err)
	}
	brought, _, err := unstructured.NestedSlice(installed.Object, "spec", "calendar", "holidays")
	if err != nil || len(brought) == 0 {
		t.Fatalf("the installation brings %d holidays: %v", len(brought), err)
	}
	policy := &v1alpha1.DeploymentPolicy{}
	if err := c.Get(context.Background(), client.ObjectKeyFromObject(installed), policy); err != nil {
		t.Fatal(err)
	}
	own := len(policy.Spec.Calendar.Holidays)
	if err := c.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(installed), client.FieldOwner("kubectl")); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(context.Background(), client.ObjectKeyFromObject(installed), policy); err != nil {
		t.Fatal(err)
	}
	if got := len(policy.Spec.Calendar.Holidays); own == 0 || got != own+len(brought) {
		t.Errorf("%d holidays of the sample and %d of the installation became %d", own, len(brought), got)
	}
}

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, rbacv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return scheme
}

func samples(t *testing.T, scheme *runtime.Scheme) []client.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples found: %v", err)
	}
	var objects []client.Object
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			decoded, _, err := decoder.Decode(document, nil, nil)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			objects = append(objects, decoded.(client.Object))
		}
	}
	return objects
}
