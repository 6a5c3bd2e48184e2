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
	kubernetesVersion = "v1.36.3"
	serviceRange      = "10.96.0.0/16"
	containerdSocket  = "/run/containerd/containerd.sock"
	netpolSocket      = "/run/netpol.sock"
	apiAddress        = "127.0.0.1:16443"
	publicAddress     = "127.0.0.1:18443"
	vpnAddress        = "127.0.0.1:18444"
)

// forwards are the ways from the host into the namespace.
var forwards = []struct{ name, from, to string }{
	{"API server", apiAddress, machines[0].address + ":6443"},
	{"public gateway", publicAddress, "10.96.0.80:443"},
	{"VPN gateway", vpnAddress, "10.96.0.80:8444"},
}

//go:embed config manifests
var embedded embed.FS

// layout says where things are on the host; state and log are one machine's.
type layout struct {
	machine
	root, dir, state, log, tools string
}

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
	l := layout{root: root, dir: filepath.Join(root, "bin/cluster"), tools: filepath.Join(root, "bin/tools/current")}
	for _, m := range machines {
		if name := os.Getenv(envMachine); name == m.name { // set likewise
			return l.on(m), nil
		}
	}
	return l.on(machines[0]), nil
}

// on is the layout of another machine of the cluster.
func (l layout) on(m machine) layout {
	l.machine = m
	l.state = filepath.Join(l.dir, "state"+m.suffix)
	l.log = filepath.Join(l.dir, "log"+m.suffix)
	return l
}

func (l layout) kubeconfig() string { return filepath.Join(l.dir, "kubeconfig") }
func (l layout) caFile() string     { return filepath.Join(l.dir, "ca.crt") }
func (l layout) meshCAFile() string { return filepath.Join(l.dir, "mesh-ca.crt") }

// adminKubeconfig is for the machines' own programs: it names the first one's
// address, where kubeconfig names the forward.
func (l layout) adminKubeconfig() string {
	return filepath.Join(l.on(machines[0]).state, "etc/kubernetes/super-admin.conf")
}

// exclusively keeps two commands from working on the cluster at once.
func (l layout) exclusively(do func() error) error {
	if os.Geteuid() != 0 {
		return errors.New("the cluster needs root: it makes namespaces, mounts and cgroups; try sudo")
	}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
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
		"State": l.state, "Tools": l.tools, "Name": l.name,
		"NodeName": l.node, "NodeAddress": l.address, "PodRange": l.pods,
		"AdminKubeconfig":   l.adminKubeconfig(),
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
