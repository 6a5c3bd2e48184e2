// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// Identity is the name of a component's certificate in a stage.
func (a *App) Identity(stage, component string) string {
	return mesh.Identity(render.Scope{Namespace: a.key.Namespace, Application: a.key.Name, Stage: stage}, component)
}

// Stolen is the certificate of a component with its key. Only who reads Secrets of managed namespaces has it: neither the organization nor
// the operator.
func (a *App) Stolen(ctx context.Context, stage, component string) (tls.Certificate, error) {
	return a.cluster.KeyPair(ctx, types.NamespacedName{Namespace: a.Namespace(stage), Name: render.PeerSecret(component)})
}

// KeyPair is what a Secret of type kubernetes.io/tls holds.
func (c *Cluster) KeyPair(ctx context.Context, key types.NamespacedName) (tls.Certificate, error) {
	secret := &corev1.Secret{}
	if err := c.Admin.Get(ctx, key, secret); err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
}

// Forge makes a certificate that says what another one says and ends when the caller says, signed by an authority, or by itself where
// that is nil.
func Forge(like tls.Certificate, end time.Time, authority *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: like.Leaf.Subject, DNSNames: like.Leaf.DNSNames,
		NotBefore: end.Add(-time.Hour), NotAfter: end, KeyUsage: like.Leaf.KeyUsage, ExtKeyUsage: like.Leaf.ExtKeyUsage,
	}
	parent, signer := template, any(key)
	if authority != nil {
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// Caller is somebody who speaks to the sidecar in a pod, past every NetworkPolicy.
type Caller struct {
	// Certificate is what it proves itself with; nil: nothing.
	Certificate *tls.Certificate
	// ServerName is the port that it asks for.
	ServerName string
}

// Get asks for a path over mutual TLS and returns the certificate that the pod answers with.
func (c *Cluster) Get(ctx context.Context, pod *corev1.Pod, caller Caller, path string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raw, err := c.Forward(ctx, pod, sidecar.PeerPort)
	if err != nil {
		return nil, unanswered{err}
	}
	defer raw.Close()
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(c.authorities))
	config := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: caller.ServerName, RootCAs: authorities}
	if caller.Certificate != nil {
		// Also where the server's list of authorities says that it will not do.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return caller.Certificate, nil }
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, inTime(ctx, refused{err})
	}
	// TLS 1.3 lets a client send before the server has judged its certificate: the verdict comes with the first answer.
	return conn.ConnectionState().PeerCertificates[0], inTime(ctx, get(ctx, conn, path))
}

// tlsAlert begins a record that ends a connection.
const tlsAlert = 21

// Plain asks for a path at a port of a sidecar without TLS.
func (c *Cluster) Plain(ctx context.Context, pod *corev1.Pod, port int, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := c.Forward(ctx, pod, port)
	if err != nil {
		return unanswered{err}
	}
	defer conn.Close()
	return inTime(ctx, get(ctx, conn, path))
}

func get(ctx context.Context, conn net.Conn, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://pod"+path, nil)
	if err != nil {
		return err
	}
	if err := request.Write(conn); err != nil {
		return refused{err}
	}
	answer := bufio.NewReader(conn)
	first, err := answer.Peek(1)
	if err != nil {
		return refused{err}
	}
	if first[0] == tlsAlert {
		return refused{errors.New("answered by a TLS alert")}
	}
	response, err := http.ReadResponse(answer, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", path, response.Status)
	}
	return nil
}

// refused is a connection that the peer ended before it answered.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// unanswered says nothing of the peer: it was not come to, or not waited for.
type unanswered struct{ error }

func (u unanswered) Unwrap() error { return u.error }

// inTime tells what a peer did from what the end of the wait did.
func inTime(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return unanswered{errors.Join(ctx.Err(), err)}
	}
	return err
}

// Unanswered is true where nothing was learned of the peer: the way to it leads through the API server and a kubelet.
func Unanswered(err error) bool { return errors.As(err, &unanswered{}) }

// Refused is true where a peer ended the connection before it answered; that nobody listens there is no refusal.
func Refused(err error) bool {
	return !Unanswered(err) && errors.As(err, &refused{}) && !strings.Contains(err.Error(), "connection refused")
}

// Authorities are those that a caller trusts, in PEM.
func (c *Cluster) Authorities() string { return c.authorities }

// Trust changes them, while the cluster's own change.
func (c *Cluster) Trust(authorities string) { c.authorities = authorities }
