// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// healthy asks the API server and both gateways, the way the host reaches them.
func (l layout) healthy(ctx context.Context) error {
	ca, err := l.apiCA()
	if err != nil {
		return err
	}
	if err := get(ctx, ca, apiAddress, "127.0.0.1", "/readyz", http.StatusOK); err != nil {
		return fmt.Errorf("API server: %w", err)
	}
	return l.gatewaysAnswer(ctx)
}

// gatewaysAnswer wants certificates of the cluster's issuer for hosts without
// a route, which are answered with 404.
func (l layout) gatewaysAnswer(ctx context.Context) error {
	ca, err := os.ReadFile(l.caFile())
	if err != nil {
		return err
	}
	if err := get(ctx, ca, publicAddress, "status.ntc.gov.pk", "/", http.StatusNotFound); err != nil {
		return fmt.Errorf("public gateway: %w", err)
	}
	if err := get(ctx, ca, vpnAddress, "up.test.ntc.gov.pk", "/", http.StatusNotFound); err != nil {
		return fmt.Errorf("VPN gateway: %w", err)
	}
	return nil
}

var caData = regexp.MustCompile(`certificate-authority-data: (\S+)`)

func (l layout) apiCA() ([]byte, error) {
	raw, err := os.ReadFile(l.kubeconfig())
	if err != nil {
		return nil, err
	}
	found := caData.FindSubmatch(raw)
	if found == nil {
		return nil, fmt.Errorf("%s names no certificate authority", l.kubeconfig())
	}
	return base64.StdEncoding.DecodeString(string(found[1]))
}

func get(ctx context.Context, ca []byte, address, host, path string, want int) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return errors.New("its CA certificate is not PEM")
	}
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: host},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+path, nil)
	if err != nil {
		return err
	}
	request.Host = host
	resp, err := client.Do(request)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != want {
		return fmt.Errorf("https://%s answered %s, want %d", host, resp.Status, want)
	}
	return nil
}

func (l layout) status(ctx context.Context) error {
	p, err := l.running()
	if err != nil {
		return err
	}
	if p == nil {
		return errors.New("no cluster is running; start it with make cluster")
	}
	if p.Root != l.root {
		return fmt.Errorf("the cluster that is running belongs to %s", p.Root)
	}
	if err := l.healthy(ctx); err != nil {
		return err
	}
	fmt.Printf("process %d answers\n", p.PID)
	for _, m := range machines[1:] {
		if p, err := m.running(); err != nil {
			return err
		} else if p == nil {
			continue
		}
		if err := l.on(m).ready(ctx, "1s"); err != nil {
			return err
		}
		fmt.Printf("%s is Ready\n", m.node)
	}
	for _, f := range forwards {
		fmt.Printf("%-15s https://%s\n", f.name, f.from)
	}
	fmt.Printf("kubeconfig      %s\nCA of the hosts %s\n", l.kubeconfig(), l.caFile())
	return nil
}

// death says why the machine's process ended.
func (l layout) death(err error) error {
	raw, readErr := os.ReadFile(filepath.Join(l.log, "node.log"))
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return errors.Join(fmt.Errorf("%s has ended: %s", l.node, strings.Join(lines[max(0, len(lines)-5):], "\n")), err, readErr)
}
