// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"time"
)

// signingRequest is a CertificateSigningRequest, as far as it is read.
type signingRequest struct {
	Metadata struct{ Name string }
	Spec     struct {
		SignerName, Username string
		Request              []byte
	}
	Status struct{ Conditions []json.RawMessage }
}

// approveCertificate approves the serving certificate that the machine's kubelet
// asks for. Kubernetes leaves this to whoever knows the machines' addresses.
func (l layout) approveCertificate(ctx context.Context) error {
	return poll(ctx, 2*time.Minute, "the kubelet of "+l.node+" to ask for its certificate", func() error {
		raw, err := l.kubectlOutput(ctx, nil, "get", "certificatesigningrequests", "-o", "json")
		if err != nil {
			return err
		}
		var list struct{ Items []signingRequest }
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		for _, r := range list.Items {
			if r.asksFor(l.machine) && len(r.Status.Conditions) == 0 {
				return l.kubectl(ctx, nil, "certificate", "approve", r.Metadata.Name)
			}
		}
		return errors.New("no request for " + l.node + " at " + l.address)
	})
}

// asksFor says whether the machine's own kubelet asks for the machine's names
// and for no other.
func (r signingRequest) asksFor(m machine) bool {
	if r.Spec.SignerName != "kubernetes.io/kubelet-serving" || r.Spec.Username != "system:node:"+m.node {
		return false
	}
	block, _ := pem.Decode(r.Spec.Request)
	if block == nil {
		return false
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return false
	}
	return slices.Equal(request.DNSNames, []string{m.node}) &&
		len(request.IPAddresses) == 1 && request.IPAddresses[0].String() == m.address &&
		len(request.EmailAddresses) == 0 && len(request.URIs) == 0
}
