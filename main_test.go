// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// On a cluster without Gateway API and cert-manager the operator says so on every application, and once they are
// installed it restarts to watch them.
func TestMissingKinds(t *testing.T) {
	g := NewWithT(t)
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = "bin/envtest"
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{"config/crd"}, ErrorIfCRDPathMissing: true}
	config, err := environment.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(environment.Stop()).To(Succeed()) })
	user, err := environment.AddUser(envtest.User{Name: "operator", Groups: []string{"system:masters"}}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "kubeconfig")
	g.Expect(os.WriteFile(file, kubeconfig, 0o600)).To(Succeed())
	t.Setenv("KUBECONFIG", file)

	scheme := runtime.NewScheme()
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	g.Expect(corev1.AddToScheme(scheme)).To(Succeed())
	c, err := client.New(config, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "sehat-digital", Labels: map[string]string{v1alpha1.OrganizationLabel: "sehat-digital"}}}
	g.Expect(c.Create(t.Context(), namespace)).To(Succeed())
	g.Expect(c.Create(t.Context(), &v1alpha1.DeploymentPolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DeploymentPolicyName}})).To(Succeed())
	app := &v1alpha1.ThirdPartyApplication{}
	sample, err := os.ReadFile("config/samples/organization.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml.Unmarshal([]byte(strings.Split(string(sample), "\n---")[0]), app)).To(Succeed())
	g.Expect(c.Create(t.Context(), app)).To(Succeed())

	stopped := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { stopped <- run(ctx, false, "0", "0") }()
	g.Eventually(func(g Gomega) {
		g.Expect(c.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
		provisioned := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionInfrastructureProvisioned)
		g.Expect(provisioned).NotTo(BeNil())
		g.Expect(provisioned.Reason).To(Equal(v1alpha1.ReasonKindMissing))
		g.Expect(provisioned.Message).To(ContainSubstring("Gateway.gateway.networking.k8s.io"))
	}, 30*time.Second).Should(Succeed(), "the operator starts and makes a pass")
	exported, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(exported).To(ContainElement(HaveField("GetName()", "govpk_applications")))

	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	g.Expect(err).NotTo(HaveOccurred())
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{
		Paths: []string{filepath.Join(strings.TrimSpace(string(out)), "config/crd/standard/gateway.networking.k8s.io_gateways.yaml")},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(stopped, 30*time.Second).Should(Receive(BeNil()), "the kubelet starts the operator anew")
}
