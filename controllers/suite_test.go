// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const operatorUser = "system:serviceaccount:govpk-system:govpk-operator"

var (
	environment *envtest.Environment
	config      *rest.Config
	scheme      = runtime.NewScheme()
	// admin is a cluster administrator; the admission policies hold for it too.
	admin client.Client
	// cluster acts for kube-controller-manager's controllers, which envtest does not run.
	clusterController client.Client
	certManager       client.Client
	stopManager       func()
)

func TestControllers(t *testing.T) {
	RegisterFailHandler(Fail)
	ctrl.SetLogger(GinkgoLogr)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	RunSpecs(t, "controllers")
}

var _ = BeforeSuite(func(ctx context.Context) {
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, gatewayv1.Install} {
		Expect(add(scheme)).To(Succeed())
	}
	environment = &envtest.Environment{
		BinaryAssetsDirectory: assets(),
		ErrorIfCRDPathMissing: true,
		CRDDirectoryPaths: []string{
			"../config/crd",
			filepath.Join(moduleDirectory("..", "sigs.k8s.io/gateway-api"), "config/crd/standard"),
			filepath.Join(moduleDirectory("../hack/tools/certmanager", "github.com/cert-manager/cert-manager"), "deploy/crds"),
		},
	}
	var err error
	config, err = environment.Start()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	admin, err = client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	startControllerManager()
	install(ctx)
	certManager, err = client.New(impersonated("system:serviceaccount:cert-manager:cert-manager", "system:masters"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	clusterController = as("system:serviceaccount:kube-system:deployment-controller")
})

var _ = AfterSuite(func() {
	if stopManager != nil {
		stopManager()
	}
	if environment != nil {
		Expect(environment.Stop()).To(Succeed())
	}
})

func assets() string {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir
	}
	dir, err := filepath.Abs("../bin/envtest")
	Expect(err).NotTo(HaveOccurred())
	return dir
}

func moduleDirectory(from, module string) string {
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Dir = from
	out, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return strings.TrimSpace(string(out))
}

// startControllerManager runs the real controllers that finish deletions.
func startControllerManager() {
	user, err := environment.AddUser(envtest.User{Name: "kube-controller-manager", Groups: []string{"system:masters"}}, nil)
	Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(file, kubeconfig, 0o600)).To(Succeed())
	command := exec.Command(filepath.Join(assets(), "kube-controller-manager"), "--kubeconfig="+file, "--authentication-kubeconfig="+file,
		"--authorization-kubeconfig="+file, "--controllers=namespace-controller,serviceaccount-controller,persistentvolumeclaim-protection-controller", "--use-service-account-credentials",
		"--service-account-private-key-file="+filepath.Join(environment.ControlPlane.APIServer.CertDir, "sa-signer.key"),
		"--leader-elect=false", "--secure-port=0")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	Expect(command.Start()).To(Succeed())
	stopManager = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		AddReportEntry("kube-controller-manager", ReportEntryVisibilityFailureOrVerbose, output.String())
	}
}

// install applies the manifests that users install, so that the operator's role and the admission policies are the real ones.
func install(ctx context.Context) {
	command := exec.Command(filepath.Join(assets(), "kubectl"), "kustomize", "../config/default")
	var problems bytes.Buffer
	command.Stderr = &problems
	manifests, err := command.Output()
	Expect(err).NotTo(HaveOccurred(), problems.String())
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			break
		}
		Expect(err).NotTo(HaveOccurred())
		if object.GetKind() == "CustomResourceDefinition" || object.GetKind() == "Deployment" {
			continue
		}
		Expect(admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("install"), client.ForceOwnership)).
			To(Succeed(), "%s %s", object.GetKind(), object.GetName())
	}
	gateways := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "gateways"}}
	Expect(admin.Create(ctx, gateways)).To(Succeed())
	grant(ctx)
	configureMesh(ctx)
	Eventually(func() error {
		forged := &v1alpha1.SignOff{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "forged"}, Spec: v1alpha1.SignOffSpec{
			Release: "nothing-00000000", Type: v1alpha1.SignOffEndToEndTest, Party: v1alpha1.PartyNITB, Decision: v1alpha1.DecisionApproved, SignedBy: "somebody-else",
		}}
		return admin.Create(ctx, forged, client.DryRunAll)
	}).Should(MatchError(ContainSubstring("signedBy")), "admission policies take effect a moment after they are created")
}

// grant gives the persons of the tests what NTC would.
func grant(ctx context.Context) {
	manifests := `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: test-signer}
rules:
- {apiGroups: [platform.ntc.gov.pk], resources: [signoffs, policyviolations], verbs: [create, patch, get, list, delete]}
---`
	for _, party := range []string{"NITB", "NTC", "Organization"} {
		manifests += fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: test-party-%[1]s}
rules:
- {apiGroups: [platform.ntc.gov.pk], resources: [parties], resourceNames: [%[2]s], verbs: [sign]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-party-%[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: test-party-%[1]s}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[3]s}]
---`, strings.ToLower(party), party, signer(v1alpha1.Party(party)))
	}
	manifests += fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: test-issuer}
rules:
- {apiGroups: [platform.ntc.gov.pk], resources: [noobjectioncertificates], verbs: [create, patch, get, list, delete]}
- {apiGroups: [platform.ntc.gov.pk], resources: [authorities], resourceNames: [NITB], verbs: [issue]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-issuer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: test-issuer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
---`, issuerUser)
	manifests += fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: test-security}
rules:
- {apiGroups: [platform.ntc.gov.pk], resources: [policyviolations], verbs: [flag, lift]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-security}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: test-security}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-signers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: test-signer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
`, securityUser)
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return
		}
		Expect(err).NotTo(HaveOccurred())
		Expect(admin.Create(ctx, object)).To(Succeed())
	}
}

// as is a client of another user.
func as(user string) client.Client {
	c, err := client.New(impersonated(user), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return c
}

func impersonated(user string, groups ...string) *rest.Config {
	other := rest.CopyConfig(config)
	other.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	return other
}

// requests counts what goes to the API server, but for the watches of the cache.
type requests struct {
	mu     sync.Mutex
	counts map[string]int
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.URL.Query().Get("watch") == "" {
			r.mu.Lock()
			if r.counts == nil {
				r.counts = map[string]int{}
			}
			r.counts[request.Method+" "+request.URL.Path]++
			r.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

func (r *requests) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := r.counts
	r.counts = nil
	return counts
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
