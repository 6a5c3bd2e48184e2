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
	if err := unix.Sethostname([]byte(n.node)); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return err
	}
	if err := n.configureNetwork(); err != nil {
		return err
	}
	if err := n.makeCgroups(); err != nil {
		return fmt.Errorf("cgroups: %w", err)
	}
	return n.writeFiles()
}

// configureNetwork gives the machine its address. There is no way out: no
// default route. The first machine's interface is a veth pair of which nobody
// has the other end; the second one's comes from wire.
func (n node) configureNetwork() error {
	if !n.joins() {
		if err := ip("link add node0 type veth peer name node0p", "link set node0p up"); err != nil {
			return err
		}
	}
	err := ip(
		"link set lo up",
		"addr add "+n.address+"/24 dev node0",
		"link set node0 up",
		"route add "+serviceRange+" dev node0",
	)
	if err != nil || !n.joins() {
		return err
	}
	return ip("route add " + machines[0].pods + " via " + machines[0].address)
}

// wire connects this machine to the first one, which may be running.
func (l layout) wire() error {
	first, here := machines[0], " -n "+machines[0].name+" "
	return ip(
		here+"link add "+l.name+" type veth peer name node0 netns "+l.name,
		// Its own address again, so that what it sends has a source.
		here+"addr add "+first.address+"/32 dev "+l.name,
		here+"link set "+l.name+" up",
		here+"route add "+l.address+" dev "+l.name,
		here+"route add "+l.pods+" via "+l.address,
	)
}

func ip(commands ...string) error {
	for _, command := range commands {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w\n%s", strings.TrimSpace(command), err, out)
		}
	}
	return nil
}

func (n node) writeFiles() error {
	for _, f := range []string{"containerd.toml", "init.yaml", "join.yaml"} {
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
