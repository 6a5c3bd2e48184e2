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
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
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
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, admissionv1.AddToScheme, eventsv1.AddToScheme} {
		g.Expect(add(scheme)).To(Succeed())
	}
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
	go func() {
		stopped <- run(ctx, options{metricsAddress: "0", probeAddress: "0", certManagerUser: controllers.CertManagerUser, plugins: controllers.NoPlugins})
	}()
	g.Eventually(func(g Gomega) {
		g.Expect(c.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
		provisioned := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionInfrastructureProvisioned)
		g.Expect(provisioned).NotTo(BeNil())
		g.Expect(provisioned.Reason).To(Equal(v1alpha1.ReasonKindMissing))
		g.Expect(provisioned.Message).To(ContainSubstring("Gateway.gateway.networking.k8s.io"))
	}, 30*time.Second).Should(Succeed(), "the operator starts and makes a pass")
	followsGuards(ctx, g, c, app)
	exported, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(exported).To(ContainElements(HaveField("GetName()", "govpk_applications"), HaveField("GetName()", "govpk_guard_in_force")))

	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	g.Expect(err).NotTo(HaveOccurred())
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{
		Paths: []string{filepath.Join(strings.TrimSpace(string(out)), "config/crd/standard/gateway.networking.k8s.io_gateways.yaml")},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(stopped, 30*time.Second).Should(Receive(BeNil()), "the kubelet starts the operator anew")
}

// followsGuards: nobody touches the application, and yet its verdict follows the admission policies.
func followsGuards(ctx context.Context, g *WithT, c client.Client, app *v1alpha1.ThirdPartyApplication) {
	says := func(reason, message string) {
		g.Eventually(func(g Gomega) {
			g.Expect(c.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
			guarded := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionAdmissionInForce)
			g.Expect(guarded).To(HaveValue(And(HaveField("Reason", reason), HaveField("Message", ContainSubstring(message)))))
			var told eventsv1.EventList
			g.Expect(c.List(ctx, &told, client.InNamespace("default"))).To(Succeed())
			if reason != v1alpha1.ReasonGuarded {
				g.Expect(told.Items).To(ContainElement(And(HaveField("Reason", reason), HaveField("Regarding.Kind", "DeploymentPolicy"), HaveField("Note", ContainSubstring(message)))))
				g.Expect(c.List(ctx, &told, client.InNamespace(app.Namespace))).To(Succeed())
				g.Expect(told.Items).To(ContainElement(And(HaveField("Reason", reason), HaveField("Regarding.Name", app.Name))))
			}
		}, 20*time.Second).Should(Succeed(), "a watch wakes every application")
	}
	says(v1alpha1.ReasonGuardMissing, "ValidatingAdmissionPolicy govpk-break-glass is missing (and ")
	shipped, err := controllers.ShippedGuards(controllers.CertManagerUser, controllers.NoPlugins)
	g.Expect(err).NotTo(HaveOccurred())
	for i := range shipped.Policies {
		g.Expect(c.Create(ctx, shipped.Policies[i].DeepCopy())).To(Succeed())
	}
	for i := range shipped.Bindings {
		g.Expect(c.Create(ctx, shipped.Bindings[i].DeepCopy())).To(Succeed())
	}
	says(v1alpha1.ReasonGuarded, "")
	weakened := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "govpk-offline"}}
	g.Expect(c.Patch(ctx, weakened, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"validationActions":["Audit"]}}`)))).To(Succeed())
	says(v1alpha1.ReasonGuardWeakened, "ValidatingAdmissionPolicyBinding govpk-offline has spec.validationActions [Audit] without Deny")
}
