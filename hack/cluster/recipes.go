// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	architecture = runtime.GOARCH
	pauseImage   = "localhost/pause:local"
	shellImage   = "localhost/shell:local"
	nonroot      = "65532:65532"
	sampleRepo   = "registry.ntc.gov.pk/sehat/"
)

// controlPlane has what the node needs before its first pod; samples and the
// operator may change while the cluster runs.
var (
	controlPlane = []string{"pause", "kube", "etcd", "kube-proxy"}
	member       = []string{"pause", "kube-proxy"} // the same for a node that joins
	platform     = []string{"traefik", "certmanager", "metrics-server", "local-path-provisioner", "shell"}
	applications = []string{"operator", "sidecar", "web", "api", "api-v2", "api-broken", "postgres", "miniflux"}
)

func (l layout) recipe(image string) (recipe, error) {
	switch image {
	case "pause":
		return l.program("pause", pauseImage), nil
	case "kube":
		var refs []string
		for _, p := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
			refs = append(refs, "localhost/k8s/"+p+":"+kubernetesVersion)
		}
		return recipe{refs: refs, layers: [][]file{l.kube()}, config: root}, nil
	case "kube-proxy":
		// It calls nft and conntrack, which come from Debian with their libraries.
		debian, err := withLibraries("nft", "conntrack")
		return recipe{refs: []string{"localhost/k8s/kube-proxy:" + kubernetesVersion}, layers: [][]file{l.kube(), debian}, config: root}, err
	case "etcd":
		return recipe{refs: []string{"localhost/k8s/etcd:local"}, layers: [][]file{{l.tool("etcd", "/usr/local/bin/etcd")}}, config: root}, nil
	case "traefik", "certmanager", "metrics-server", "local-path-provisioner":
		return l.program(image, "localhost/"+image+":local"), nil
	case "shell":
		// The volume provisioner makes and removes directories by scripts.
		busybox, err := exec.LookPath("busybox")
		files := []file{{path: "/bin/busybox", source: busybox}}
		for _, command := range []string{"sh", "mkdir", "rm"} {
			files = append(files, file{path: "/bin/" + command, link: "busybox"})
		}
		return recipe{refs: []string{shellImage}, layers: [][]file{files}, config: v1.Config{Env: []string{"PATH=/bin"}}}, err
	case "api", "api-v2", "api-broken":
		return recipe{
			refs:   []string{sampleRepo + "api@"},
			layers: [][]file{{l.tool(image, "/api")}},
			config: v1.Config{User: nonroot, Entrypoint: []string{"/api"}},
		}, nil
	case "web":
		return l.web()
	case "postgres":
		return l.postgres()
	case "sidecar":
		return l.sidecar()
	case "miniflux":
		return recipe{
			refs:   []string{"registry.ntc.gov.pk/khabar/miniflux@"},
			layers: [][]file{{l.tool("miniflux", "/miniflux")}},
			config: v1.Config{User: nonroot, Entrypoint: []string{"/miniflux"}},
		}, nil
	case "operator":
		binary := filepath.Join(l.root, "bin/govpk-operator")
		if _, err := os.Stat(binary); err != nil {
			return recipe{}, fmt.Errorf("build it first, or use make cluster-load: %w", err)
		}
		return recipe{
			refs:   []string{"localhost/govpk-operator:dev"},
			layers: [][]file{{{path: "/govpk-operator", source: binary}}},
			config: v1.Config{User: nonroot, Entrypoint: []string{"/govpk-operator"}},
		}, nil
	}
	return recipe{}, fmt.Errorf("no image is named %q; there are %v, %v and %v", image, controlPlane, platform, applications)
}

// root is for kubeadm's static pods, whose manifests name their command.
var root = v1.Config{Env: []string{"PATH=/usr/local/bin:/usr/sbin"}}

func (l layout) tool(tool, path string) file {
	return file{path: path, source: filepath.Join(l.tools, tool)}
}

func (l layout) program(tool, ref string) recipe {
	return recipe{
		refs:   []string{ref},
		layers: [][]file{{l.tool(tool, "/"+tool)}},
		config: v1.Config{User: nonroot, Entrypoint: []string{"/" + tool}},
	}
}

func (l layout) kube() []file {
	files := []file{l.tool("kube", "/usr/local/bin/kube")}
	for _, p := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"} {
		files = append(files, file{path: "/usr/local/bin/" + p, link: "kube"})
	}
	return files
}

func (l layout) web() (recipe, error) {
	dir := filepath.Join(l.root, "hack/sample/web")
	files := []file{l.tool("caddy", "/caddy"), {path: "/etc/caddy/Caddyfile", source: filepath.Join(dir, "Caddyfile")}}
	err := filepath.WalkDir(filepath.Join(dir, "srv"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, file{path: path[len(dir):], source: path})
		}
		return err
	})
	return recipe{
		refs:   []string{sampleRepo + "web@"},
		layers: [][]file{files},
		config: v1.Config{
			User:       nonroot,
			Entrypoint: []string{"/caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"},
			Env:        []string{"HOME=/tmp", "XDG_DATA_HOME=/tmp", "XDG_CONFIG_HOME=/tmp"},
		},
	}, err
}

var library = regexp.MustCompile(`/\S+\.so\S*`)

func withLibraries(programs ...string) ([]file, error) {
	var files []file
	seen := map[string]bool{}
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: "/usr/sbin/" + p, source: path})
		out, err := exec.Command("ldd", path).Output()
		if err != nil {
			return nil, fmt.Errorf("ldd %s: %w", path, err)
		}
		for _, lib := range library.FindAllString(string(out), -1) {
			if !seen[lib] {
				seen[lib] = true
				files = append(files, file{path: lib, source: lib})
			}
		}
	}
	return files, nil
}
