// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// authority stands for cert-manager's issuer.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

// pair is what a Secret of cert-manager's holds.
type pair struct{ certificate, key []byte }

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: "govpk mesh"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{t: t, certificate: certificate, key: key, pem: encode("CERTIFICATE", der)}
}

// issue makes a certificate as the operator orders it for an identity, and then changed.
func (a authority) issue(identity string, changes ...func(*x509.Certificate)) pair {
	a.t.Helper()
	return sign(a.t, identity, a.certificate, a.key, changes...)
}

// selfSigned is by the key that it certifies.
func selfSigned(t *testing.T, identity string) pair {
	t.Helper()
	return sign(t, identity, nil, nil)
}

// issueWeak certifies a key that OpenSSL takes for too short, and Go does not.
func (a authority) issueWeak(identity string) pair {
	a.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	must(a.t, err)
	return signKey(a.t, identity, key, a.certificate, a.key)
}

func sign(t *testing.T, identity string, parent *x509.Certificate, by *ecdsa.PrivateKey, changes ...func(*x509.Certificate)) pair {
	t.Helper()
	key := newKey(t)
	if by == nil {
		by = key
	}
	return signKey(t, identity, key, parent, by, changes...)
}

// grants are what each component of these tests may call.
var grants = map[string][]string{"web": {"8080.api", "443.egress", "8443.egress", "8444.egress", "nadra.data", "tax.data"}, "worker": {"9090.api"}, "govpk-copy-target": {"copy.govpk-copy-source"}}

func signKey(t *testing.T, identity string, key crypto.Signer, parent *x509.Certificate, by *ecdsa.PrivateKey, changes ...func(*x509.Certificate)) pair {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: identity, OrganizationalUnit: grants[strings.SplitN(identity, ".", 2)[0]]}, DNSNames: []string{identity, "*." + identity},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, change := range changes {
		change(template)
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{certificate: encode("CERTIFICATE", der), key: encode("PRIVATE KEY", raw)}
}

func (p pair) tls(t *testing.T) tls.Certificate {
	t.Helper()
	certificate, err := tls.X509KeyPair(p.certificate, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func pool(bundle []byte) *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(bundle)
	return p
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serial(t *testing.T) *big.Int {
	t.Helper()
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
