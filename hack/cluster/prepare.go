// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// bound are directories of the host that kubeadm and kubelet insist on; inside
// the cluster they show a part of the state instead.
var bound = []string{"/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd", "/var/log"}

// prepare makes the namespaces look like a machine of its own.
func (n node) prepare() error {
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	for _, dir := range []string{"/run/netns", "/run/lock", "/run/containerd"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, dir := range bound {
		source := filepath.Join(n.state, dir)
		if err := os.MkdirAll(source, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(source, dir, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	if err := unix.Sethostname([]byte(nodeName)); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return err
	}
	// There is no way out: no default route, and a veth pair instead of a wire.
	for _, command := range []string{
		"link set lo up",
		"link add node0 type veth peer name node0p",
		"addr add " + nodeAddress + "/24 dev node0",
		"link set node0 up",
		"link set node0p up",
		"route add 10.96.0.0/16 dev node0",
	} {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w\n%s", command, err, out)
		}
	}
	if err := makeCgroups(); err != nil {
		return fmt.Errorf("cgroups: %w", err)
	}
	return n.writeFiles()
}

func (n node) writeFiles() error {
	for _, f := range []string{"containerd.toml", "kubeadm.yaml"} {
		if err := n.writeConfig(f, filepath.Join(n.state, f)); err != nil {
			return err
		}
	}
	patches, err := embedded.ReadDir("config/patches")
	if err != nil {
		return err
	}
	for _, p := range patches {
		if err := n.writeConfig("patches/"+p.Name(), filepath.Join(n.state, "patches", p.Name())); err != nil {
			return err
		}
	}
	// An empty file: there is no name server to ask.
	if err := os.WriteFile(filepath.Join(n.state, "resolv.conf"), nil, 0o644); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(n.state, "cni"), 0o755)
}
