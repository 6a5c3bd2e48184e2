// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// tool is one Go module and the programs made from it.
type tool struct {
	name, dir string
	tags      string
	programs  []program
	// links are further names of the first program, which acts by its name.
	links []string
	// development tools are built only when named: the cluster runs without them.
	development bool
}

type program struct{ name, pkg, ldflags string }

var tools = []tool{
	{
		name: "kube", dir: "hack/tools/kube",
		programs: []program{{"kube", ".", "-X k8s.io/component-base/version.gitVersion=v1.36.3 " +
			"-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"}},
		links: []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubeadm", "kubectl"},
	},
	{
		name: "etcd", dir: "hack/tools/etcd",
		programs: []program{{"etcd", "go.etcd.io/etcd/server/v3", ""}},
	},
	{
		name: "containerd", dir: "hack/tools/containerd",
		tags: "no_btrfs,no_zfs,no_devmapper,no_tracing",
		programs: []program{
			{"containerd", "github.com/containerd/containerd/v2/cmd/containerd", ""},
			{"containerd-shim-runc-v2", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", ""},
			{"ctr", "github.com/containerd/containerd/v2/cmd/ctr", ""},
		},
	},
	{
		name: "cni", dir: "hack/tools/cni",
		programs: []program{
			{"ptp", "github.com/containernetworking/plugins/plugins/main/ptp", ""},
			{"loopback", "github.com/containernetworking/plugins/plugins/main/loopback", ""},
			{"host-local", "github.com/containernetworking/plugins/plugins/ipam/host-local", ""},
			{"bandwidth", "github.com/containernetworking/plugins/plugins/meta/bandwidth", ""},
		},
	},
	{
		name: "traefik", dir: "hack/tools/traefik",
		programs: []program{{"traefik", "github.com/traefik/traefik/v3/cmd/traefik", ""}},
	},
	{
		name: "certmanager", dir: "hack/tools/certmanager",
		programs: []program{{"certmanager", ".", ""}},
	},
	{
		name: "storage", dir: "hack/tools/storage",
		programs: []program{{"local-path-provisioner", "github.com/rancher/local-path-provisioner", ""}},
	},
	{
		name: "metrics", dir: "hack/tools/metrics",
		programs: []program{{"metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server", ""}},
	},
	{
		name: "caddy", dir: "hack/tools/caddy",
		programs: []program{{"caddy", "github.com/caddyserver/caddy/v2/cmd/caddy", ""}},
	},
	{
		name: "pause", dir: "hack/tools/pause",
		programs: []program{{"pause", ".", ""}},
	},
	{
		name: "netpol", dir: "hack/netpol",
		programs: []program{{"netpol", ".", ""}},
	},
	{
		// Two versions, so that the sample application can be released twice, and one that never starts.
		name: "sample", dir: "hack/sample/api",
		programs: []program{
			{"api", ".", "-X main.version=1.0.0 -X main.schema=1"},
			{"api-v2", ".", "-X main.version=2.0.0 -X main.schema=2"},
			{"api-broken", ".", "-X main.version=3.0.0 -X main.schema=2 -X main.broken=true"},
		},
	},
	{
		name: "pgstart", dir: "hack/sample/postgres",
		programs: []program{{"pgstart", ".", ""}},
	},
	{
		name: "miniflux", dir: "hack/tools/miniflux",
		programs: []program{{"miniflux", "miniflux.app/v2", ""}},
	},
	{
		name: "controller-gen", dir: "hack/tools/gen", development: true,
		programs: []program{{"controller-gen", "sigs.k8s.io/controller-tools/cmd/controller-gen", ""}},
	},
	{
		name: "golangci-lint", dir: "hack/tools/golangci-lint", development: true,
		programs: []program{{"golangci-lint", ".", ""}},
	},
	{
		name: "crd-ref-docs", dir: "hack/tools/apidocs", development: true,
		programs: []program{{"crd-ref-docs", "github.com/elastic/crd-ref-docs", ""}},
	},
	{
		name: "istiod", dir: "hack/tools/istio", development: true,
		programs: []program{{"pilot-discovery", "istio.io/istio/pilot/cmd/pilot-discovery", ""}},
	},
	{
		name: "helm", dir: "hack/tools/helm", development: true,
		programs: []program{{"helm", "helm.sh/helm/v4/cmd/helm", ""}},
	},
}

// buildEnv makes a build independent of the caller's settings and of the
// machine's C library.
var buildEnv = []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"}

func (t tool) args(p program) []string {
	return []string{"build", "-trimpath", "-buildvcs=false", "-tags", t.tags, "-ldflags", "-s -w " + p.ldflags}
}

// hash covers the module's own files, the Go version and the build flags;
// go.sum stands for everything that is downloaded.
func (t tool) hash(root string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildEnv, t.links)
	for _, p := range t.programs {
		fmt.Fprintln(h, p.name, p.pkg, t.args(p))
	}
	dir := filepath.Join(root, t.dir)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintln(h, rel, len(content))
		_, err = h.Write(content)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:12], err
}
