// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	_ "sigs.k8s.io/gateway-api/pkg/consts" // keeps the CRDs' version in go.mod
)

// install adds cert-manager, the gateways, volumes and metrics, and returns when
// all of them answer.
func (l layout) install(ctx context.Context, step func(string)) error {
	gatewayAPI, err := l.module(ctx, "hack/cluster", "sigs.k8s.io/gateway-api")
	if err != nil {
		return err
	}
	certManager, err := l.module(ctx, "hack/tools/certmanager", "github.com/cert-manager/cert-manager")
	if err != nil {
		return err
	}
	if err := l.kubectl(ctx, nil, "apply", "--server-side",
		"-f", filepath.Join(gatewayAPI, "config/crd/standard"), "-f", filepath.Join(certManager, "deploy/crds")); err != nil {
		return err
	}
	used := []string{"clusterissuers.cert-manager.io", "certificates.cert-manager.io",
		"gatewayclasses.gateway.networking.k8s.io", "gateways.gateway.networking.k8s.io"}
	if err := l.kubectl(ctx, nil, append([]string{"wait", "--for=condition=Established", "--timeout=30s", "crd"}, used...)...); err != nil {
		return err
	}
	for _, file := range []string{"certmanager.yaml", "gateways.yaml", "storage.yaml", "metrics.yaml"} {
		manifest, err := embedded.ReadFile("manifests/" + file)
		if err != nil {
			return err
		}
		if err := l.kubectl(ctx, manifest, "apply", "--server-side", "-f", "-"); err != nil {
			return err
		}
	}
	step("platform applied")
	if err := l.approveCertificate(ctx); err != nil {
		return err
	}
	for _, wait := range []string{
		"condition=Ready node/" + l.node,
		"condition=Ready clusterissuer/govpk clusterissuer/govpk-mesh",
		"condition=Ready certificate/ntc-status certificate/test-domain -n gateways",
		"condition=Available deployment/traefik -n gateways",
		"condition=Programmed gateway/public gateway/vpn -n gateways",
		"condition=Available deployment/local-path-provisioner -n storage",
		"condition=Available deployment/metrics-server -n kube-system",
	} {
		if err := l.kubectl(ctx, nil, append([]string{"wait", "--timeout=90s"}, strings.Fields("--for="+wait)...)...); err != nil {
			return err
		}
	}
	step("node and platform Ready")
	if err := errors.Join(l.writeCA(ctx, "govpk-root", l.caFile()), l.writeCA(ctx, "govpk-mesh", l.meshCAFile())); err != nil {
		return err
	}
	if err := l.serveMetrics(ctx); err != nil {
		return err
	}
	if err := poll(ctx, 30*time.Second, "the gateways", func() error { return l.gatewaysAnswer(ctx) }); err != nil {
		return err
	}
	step("gateways and metrics answer")
	return nil
}

// module returns the directory of a dependency's source.
func (l layout) module(ctx context.Context, dir, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path)
	cmd.Dir = filepath.Join(l.root, dir)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("download %s: %w\n%s", path, err, out)
	}
	var info struct{ Dir string }
	if err := json.Unmarshal(out, &info); err != nil {
		return "", err
	}
	return info.Dir, nil
}

func (l layout) kubectl(ctx context.Context, stdin []byte, args ...string) error {
	_, err := l.kubectlOutput(ctx, stdin, args...)
	return err
}

func (l layout) kubectlOutput(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	// The usual discovery cache is keyed by address, and remembers dead clusters.
	common := []string{"--kubeconfig", l.kubeconfig(), "--cache-dir", filepath.Join(l.state, "kubectl")}
	cmd := exec.CommandContext(ctx, filepath.Join(l.tools, "kubectl"), append(common, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, problems.Bytes())
	}
	return out, nil
}

// writeCA leaves an issuer's certificate for curl --cacert, and for the policy's authorities.
func (l layout) writeCA(ctx context.Context, secret, target string) error {
	encoded, err := l.kubectlOutput(ctx, nil, "get", "secret", secret, "-n", "cert-manager", "-o", `jsonpath={.data.tls\.crt}`)
	if err != nil {
		return err
	}
	ca, err := base64.StdEncoding.DecodeString(string(encoded))
	if err != nil {
		return err
	}
	return os.WriteFile(target, ca, 0o644)
}

// serveMetrics adds the metrics to the API, by the issuer's certificate.
func (l layout) serveMetrics(ctx context.Context) error {
	ca, err := os.ReadFile(l.caFile())
	if err != nil {
		return err
	}
	t, err := template.ParseFS(embedded, "manifests/metrics-api.yaml")
	if err != nil {
		return err
	}
	var manifest bytes.Buffer
	if err := t.Execute(&manifest, base64.StdEncoding.EncodeToString(ca)); err != nil {
		return err
	}
	if err := l.kubectl(ctx, manifest.Bytes(), "apply", "--server-side", "-f", "-"); err != nil {
		return err
	}
	return l.kubectl(ctx, nil, "wait", "--for=condition=Available", "--timeout=30s", "apiservice/v1beta1.metrics.k8s.io")
}
