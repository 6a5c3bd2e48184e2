// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	xdscreds "google.golang.org/grpc/credentials/xds"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/xds"
	istiosecurity "istio.io/api/security/v1alpha1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// identity is what a pod has of the mesh: a certificate that istiod signed for its ServiceAccount.
type identity struct {
	namespace, account string
	// key, certificates and root are paths of PEM files.
	key, certificates, root string
}

// enrol does what ztunnel does for a pod: it asks istiod for a certificate with the account's token.
func (c *control) enrol(t *testing.T, namespace, account string) identity {
	t.Helper()
	g := NewWithT(t)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"istio-ca"}}}
	token, err := c.accounts.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, request, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred(), "the account must exist, as the operator's or the gateway's")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.Expect(err).NotTo(HaveOccurred())
	signing, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	g.Expect(err).NotTo(HaveOccurred())
	connection, err := grpc.NewClient(c.grpc, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: c.roots})))
	g.Expect(err).NotTo(HaveOccurred())
	defer connection.Close()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token.Status.Token, "clusterid", "Kubernetes")
	issued, err := istiosecurity.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx, &istiosecurity.IstioCertificateRequest{
		Csr: string(block("CERTIFICATE REQUEST", signing)), ValidityDuration: 3600,
	})
	g.Expect(err).NotTo(HaveOccurred())
	private, err := x509.MarshalPKCS8PrivateKey(key)
	g.Expect(err).NotTo(HaveOccurred())
	dir, last := t.TempDir(), len(issued.CertChain)-1
	who := identity{namespace, account, filepath.Join(dir, "key.pem"), filepath.Join(dir, "certificates.pem"), filepath.Join(dir, "root.pem")}
	write(t, who.key, block("PRIVATE KEY", private))
	write(t, who.certificates, []byte(strings.Join(issued.CertChain[:last], "")))
	write(t, who.root, []byte(issued.CertChain[last]))
	return who
}

func block(kind string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
}

// serve runs a server at each address as one pod of a component. What it demands of callers istiod says.
func (c *control) serve(t *testing.T, who identity, labels map[string]string, addresses ...string) {
	t.Helper()
	g := NewWithT(t)
	host, _, err := net.SplitHostPort(addresses[0])
	g.Expect(err).NotTo(HaveOccurred())
	files := map[string]any{"certificate_file": who.certificates, "private_key_file": who.key, "ca_certificate_file": who.root}
	bootstrap, err := json.Marshal(map[string]any{
		"xds_servers": []any{map[string]any{
			"server_uri": c.grpc, "server_features": []string{"xds_v3"}, "channel_creds": []any{map[string]any{"type": "tls", "config": files}},
		}},
		"node": map[string]any{
			"id": fmt.Sprintf("sidecar~%s~%s.%s~%s.svc.cluster.local", host, who.account, who.namespace, who.namespace),
			"metadata": map[string]any{
				"GENERATOR": "grpc", "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0", "NAMESPACE": who.namespace,
				"SERVICE_ACCOUNT": who.account, "INSTANCE_IPS": host, "LABELS": labels,
			},
		},
		"certificate_providers":                  map[string]any{"default": map[string]any{"plugin_name": "file_watcher", "config": files}},
		"server_listener_resource_name_template": "xds.istio.io/grpc/lds/inbound/%s",
	})
	g.Expect(err).NotTo(HaveOccurred())
	// Without a word from istiod the server does not serve, so the fallback is used only where istiod says plaintext.
	transport, err := xdscreds.NewServerCredentials(xdscreds.ServerOptions{FallbackCreds: insecure.NewCredentials()})
	g.Expect(err).NotTo(HaveOccurred())
	server, err := xds.NewGRPCServer(grpc.Creds(transport), xds.BootstrapContentsForTesting(bootstrap))
	g.Expect(err).NotTo(HaveOccurred())
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	t.Cleanup(server.Stop)
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		g.Expect(err).NotTo(HaveOccurred())
		go func() { _ = server.Serve(listener) }()
	}
}

// caller is who opens a connection, and how.
type caller struct {
	name string
	as   credentials.TransportCredentials
}

var plaintext = caller{"plaintext", insecure.NewCredentials()}

func (i identity) caller(t *testing.T) caller {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(i.certificates, i.key)
	if err != nil {
		t.Fatal(err)
	}
	return withCertificate(i.namespace+"/"+i.account, pair)
}

// forged presents a component's name that istiod did not sign.
func forged(t *testing.T, namespace, account string) caller {
	t.Helper()
	g := NewWithT(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.Expect(err).NotTo(HaveOccurred())
	name, err := url.Parse(fmt.Sprintf("spiffe://cluster.local/ns/%s/sa/%s", namespace, account))
	g.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), URIs: []*url.URL{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	g.Expect(err).NotTo(HaveOccurred())
	return withCertificate("forged "+account, tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key})
}

// withCertificate does not verify the server: what is judged here is whom the server admits.
func withCertificate(name string, pair tls.Certificate) caller {
	return caller{name, credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})} //nolint:gosec // see above
}

// reach makes one call over a connection of its own: OK served, PermissionDenied known and refused, Unavailable not even
// heard.
func reach(address string, from caller) codes.Code {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(from.as))
	if err != nil {
		return codes.Internal
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err = grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return status.Code(err)
}
