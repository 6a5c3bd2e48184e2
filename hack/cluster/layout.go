// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"text/template"
)

const (
	name              = "govpk" // of the network namespace and of the cgroup
	nodeName          = "govpk-1"
	nodeAddress       = "10.201.0.2"
	kubernetesVersion = "v1.36.3"
	containerdSocket  = "/run/containerd/containerd.sock"
	netpolSocket      = "/run/netpol.sock"
	apiAddress        = "127.0.0.1:16443"
	publicAddress     = "127.0.0.1:18443"
	vpnAddress        = "127.0.0.1:18444"
)

// forwards are the ways from the host into the namespace.
var forwards = []struct{ name, from, to string }{
	{"API server", apiAddress, nodeAddress + ":6443"},
	{"public gateway", publicAddress, "10.96.0.80:443"},
	{"VPN gateway", vpnAddress, "10.96.0.80:8444"},
}

//go:embed config manifests
var embedded embed.FS

// layout says where things are on the host.
type layout struct{ root, dir, state, log, tools string }

func newLayout() (layout, error) {
	root := os.Getenv("GOVPK_ROOT") // set for the processes inside the namespace
	if root == "" {
		wd, err := os.Getwd()
		if err != nil {
			return layout{}, err
		}
		root = filepath.Dir(filepath.Dir(wd))
	}
	if _, err := os.Stat(filepath.Join(root, "hack/cluster/go.mod")); err != nil {
		return layout{}, fmt.Errorf("run this in hack/cluster, or use make cluster: %w", err)
	}
	dir := filepath.Join(root, "bin/cluster")
	return layout{
		root:  root,
		dir:   dir,
		state: filepath.Join(dir, "state"),
		log:   filepath.Join(dir, "log"),
		tools: filepath.Join(root, "bin/tools/current"),
	}, nil
}

func (l layout) kubeconfig() string { return filepath.Join(l.dir, "kubeconfig") }
func (l layout) caFile() string     { return filepath.Join(l.dir, "ca.crt") }

// exclusively keeps two commands from working on the cluster at once.
func (l layout) exclusively(do func() error) error {
	if os.Geteuid() != 0 {
		return errors.New("the cluster needs root: it makes namespaces, mounts and cgroups; try sudo")
	}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join("/run", name+"-cluster.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return do()
}

// config returns an embedded file with its placeholders filled in.
func (l layout) config(file string) ([]byte, error) {
	t, err := template.ParseFS(embedded, "config/"+file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]string{
		"State": l.state, "Tools": l.tools, "Name": name,
		"NodeName": nodeName, "NodeAddress": nodeAddress,
		"KubernetesVersion": kubernetesVersion, "PauseImage": pauseImage,
		"ContainerdSocket": containerdSocket, "NetpolSocket": netpolSocket,
	})
	return out.Bytes(), err
}

func (l layout) writeConfig(file, target string) error {
	content, err := l.config(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o600)
}
