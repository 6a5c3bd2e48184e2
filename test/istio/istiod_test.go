// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// settle is how long istiod and the servers may take to follow a change; istiod waits 100 ms for the next one.
const settle = 20 * time.Second

// control is an API server and the istiod that watches it.
type control struct {
	client   client.Client
	accounts kubernetes.Interface
	// grpc is istiod's address for certificates and configuration, debug the one for people.
	grpc, debug string
	roots       *x509.CertPool
}

func start(t *testing.T) *control {
	t.Helper()
	g := NewWithT(t)
	program, err := filepath.Abs("../../bin/tools/current/pilot-discovery")
	g.Expect(err).NotTo(HaveOccurred())
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run make istio, which builds it", err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: "../../bin/envtest",
		ErrorIfCRDPathMissing: true,
		CRDDirectoryPaths: []string{
			filepath.Join(module(t, "istio.io/api"), "kubernetes/customresourcedefinitions.gen.yaml"),
			filepath.Join(module(t, "sigs.k8s.io/gateway-api"), "config/crd/standard"),
		},
	}
	config, err := environment.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	config.QPS = -1
	c := &control{grpc: address(t), debug: address(t)}
	c.accounts, err = kubernetes.NewForConfig(config)
	g.Expect(err).NotTo(HaveOccurred())
	scheme := runtime.NewScheme()
	g.Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	g.Expect(gatewayv1.Install(scheme)).To(Succeed())
	c.client, err = client.New(config, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	c.namespace(t, mesh.RootNamespace, nil)
	user, err := environment.AddUser(envtest.User{Name: "istiod", Groups: []string{"system:masters"}}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	c.run(t, program, kubeconfig)
	return c
}

// run starts istiod on loopback addresses and waits until it serves and has its root certificate.
func (c *control) run(t *testing.T, program string, kubeconfig []byte) {
	t.Helper()
	g := NewWithT(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "kubeconfig"), kubeconfig)
	write(t, filepath.Join(dir, "mesh"), []byte("trustDomain: "+mesh.TrustDomain+"\nrootNamespace: "+mesh.RootNamespace+"\n"))
	log, err := os.Create(filepath.Join(dir, "log"))
	g.Expect(err).NotTo(HaveOccurred())
	cmd := exec.CommandContext(context.Background(), program, "discovery", "--kubeconfig", filepath.Join(dir, "kubeconfig"), "--meshConfig", filepath.Join(dir, "mesh"),
		"--secureGRPCAddr", c.grpc, "--httpAddr", c.debug, "--httpsAddr", address(t), "--grpcAddr", address(t), "--monitoringAddr", address(t), "--ctrlz_port", "0")
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "POD_NAMESPACE=" + mesh.RootNamespace, "POD_NAME=istiod", "CLUSTER_ID=Kubernetes", "ISTIOD_CUSTOM_HOST=127.0.0.1",
		"PILOT_ENABLE_AMBIENT=true", "INJECT_ENABLED=false", "INJECTION_WEBHOOK_CONFIG_NAME=", "VALIDATION_WEBHOOK_CONFIG_NAME="}
	cmd.Stdout, cmd.Stderr = log, log
	// It must not outlive a test that panics.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	g.Expect(cmd.Start()).To(Succeed())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("istiod's last words:\n%s", said[max(0, len(said)-4000):])
		}
	})
	g.Eventually(func() error { _, err := c.get("/ready"); return err }, time.Minute, "100ms").Should(Succeed(), "istiod is ready once it has read the cluster")
	c.roots = x509.NewCertPool()
	g.Eventually(func() bool {
		secret := &corev1.Secret{}
		if err := c.client.Get(t.Context(), client.ObjectKey{Namespace: mesh.RootNamespace, Name: "istio-ca-secret"}, secret); err != nil {
			return false
		}
		return c.roots.AppendCertsFromPEM(secret.Data["ca-cert.pem"])
	}, settle, "100ms").Should(BeTrue(), "istiod makes its own authority")
}

func (c *control) get(path string) ([]byte, error) {
	response, err := http.Get("http://" + c.debug + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, err
}

// told is what istiod tells ztunnel.
type told struct {
	Workloads []struct {
		Namespace, Name, ServiceAccount, TunnelProtocol string
		// AuthorizationPolicies are those that select the workload, and what PeerAuthentications become.
		AuthorizationPolicies []string
	}
	Policies []policy
	Services []service
}

// service has its addresses only where Istio would lead callers to one.
type service struct {
	Namespace, Hostname string
	Addresses           []any
}

type policy struct{ Namespace, Name, Scope, Action string }

func (c *control) told(g Gomega) told {
	body, err := c.get("/debug/ambientz")
	g.Expect(err).NotTo(HaveOccurred())
	var all told
	g.Expect(json.Unmarshal(body, &all)).To(Succeed())
	return all
}

// policies are those that ztunnel is told to hold a pod to.
func (t told) policies(namespace, pod string) []string {
	for _, w := range t.Workloads {
		if w.Namespace == namespace && w.Name == pod && w.TunnelProtocol == "HBONE" {
			return w.AuthorizationPolicies
		}
	}
	return nil
}

func (c *control) namespace(t *testing.T, name string, labels map[string]string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	NewWithT(t).Expect(c.client.Create(t.Context(), namespace)).To(Succeed())
}

func address(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// module is the directory of a module that this one requires.
func module(t *testing.T, path string) string { return moduleOf(t, ".", path) }

// moduleOf is the directory of a module that the one in dir requires.
func moduleOf(t *testing.T, dir, path string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", path)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("find module %s: %v", path, err)
	}
	return strings.TrimSpace(string(out))
}
