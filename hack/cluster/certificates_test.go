// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
)

func TestAsksFor(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*x509.CertificateRequest, *signingRequest)
		want   bool
	}{
		"its own name and address": {func(*x509.CertificateRequest, *signingRequest) {}, true},
		"another node asks": {func(_ *x509.CertificateRequest, r *signingRequest) {
			r.Spec.Username = "system:node:govpk-1"
		}, false},
		"another signer": {func(_ *x509.CertificateRequest, r *signingRequest) {
			r.Spec.SignerName = "kubernetes.io/kube-apiserver-client-kubelet"
		}, false},
		"the other node's address": {func(c *x509.CertificateRequest, _ *signingRequest) {
			c.IPAddresses = []net.IP{net.ParseIP(machines[0].address)}
		}, false},
		"an address too many": {func(c *x509.CertificateRequest, _ *signingRequest) {
			c.IPAddresses = append(c.IPAddresses, net.ParseIP("10.96.0.1"))
		}, false},
		"a name too many": {func(c *x509.CertificateRequest, _ *signingRequest) {
			c.DNSNames = append(c.DNSNames, "kubernetes.default.svc")
		}, false},
		"a mail address": {func(c *x509.CertificateRequest, _ *signingRequest) {
			c.EmailAddresses = []string{"root@ntc.gov.pk"}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := machines[1]
			template := &x509.CertificateRequest{DNSNames: []string{m.node}, IPAddresses: []net.IP{net.ParseIP(m.address)}}
			r := signingRequest{}
			r.Spec.SignerName, r.Spec.Username = "kubernetes.io/kubelet-serving", "system:node:"+m.node
			c.change(template, &r)
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := x509.CreateCertificateRequest(rand.Reader, template, key)
			if err != nil {
				t.Fatal(err)
			}
			r.Spec.Request = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: raw})
			if got := r.asksFor(m); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if (signingRequest{}).asksFor(machines[1]) {
		t.Error("an empty request was taken for the machine's")
	}
}
