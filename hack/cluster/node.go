// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// node is the inside of a machine: the programs of one Kubernetes node, as
// kubeadm wants them. The end of one of them is the end of the machine.
type node struct {
	layout
	ctx  context.Context
	fail context.CancelCauseFunc
	step func(string)
}

func (l layout) runNode(ctx context.Context) error {
	if err := outsideHost(); err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	n := node{layout: l, ctx: ctx, fail: fail, step: stopwatch()}
	if err := n.run(); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func (n node) run() error {
	if err := n.prepare(); err != nil {
		return err
	}
	if err := n.startForwards(); err != nil {
		return err
	}
	if err := n.start("containerd", "--config", filepath.Join(n.state, "containerd.toml")); err != nil {
		return err
	}
	if err := n.until("containerd", dials("unix", containerdSocket)); err != nil {
		return err
	}
	first := controlPlane
	if n.joins() {
		first = member
	}
	if _, err := n.load(n.ctx, containerdSocket, first); err != nil {
		return err
	}
	n.step("container runtime and its first images")
	n.also(n.startKubelet)
	n.also(n.startNetpol)
	n.also(func() error {
		later := slices.Concat(platform, applications)
		if n.joins() {
			later = append([]string{"shell"}, applications...) // the platform stays on the first node
		}
		_, err := n.load(n.ctx, containerdSocket, n.present(later))
		return err
	})
	if n.joins() {
		return n.kubeadm("join")
	}
	if err := n.kubeadm("init"); err != nil {
		return err
	}
	n.step("control plane")
	return n.writeKubeconfig()
}

func (n node) startForwards() error {
	if n.joins() {
		return nil
	}
	for i, f := range forwards {
		listener, err := net.FileListener(os.NewFile(uintptr(3+i), f.name))
		if err != nil {
			return fmt.Errorf("forward to the %s: %w", f.name, err)
		}
		go forward(listener, f.to)
	}
	return nil
}

// start runs a program for as long as the machine lives.
func (n node) start(program string, args ...string) error {
	out, err := os.Create(n.logFile(program))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	n.also(func() error {
		err := cmd.Wait()
		if err == nil {
			err = errors.New("exit status 0")
		}
		return fmt.Errorf("%s has ended: %w; see %s", program, err, n.logFile(program))
	})
	return nil
}

// also does something at the same time; its error ends the machine.
func (n node) also(do func() error) {
	go func() {
		if err := do(); err != nil {
			n.fail(err)
		}
	}()
}

func (n node) logFile(program string) string { return filepath.Join(n.log, program+".log") }

// startKubelet waits for the files that kubeadm writes for it.
func (n node) startKubelet() error {
	var flags []byte
	err := n.until("kubeadm to configure the kubelet", func() (err error) {
		if _, err = os.Stat("/var/lib/kubelet/config.yaml"); err == nil {
			flags, err = os.ReadFile("/var/lib/kubelet/kubeadm-flags.env")
		}
		return err
	})
	if err != nil {
		return err
	}
	_, quoted, _ := strings.Cut(strings.TrimSpace(string(flags)), "=")
	args := []string{
		"--config=/var/lib/kubelet/config.yaml",
		"--kubeconfig=/etc/kubernetes/kubelet.conf",
		"--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
	}
	return n.start("kubelet", append(args, strings.Fields(strings.Trim(quoted, `"`))...)...)
}

// startNetpol gives the network plugin its configuration only when policies are
// enforced: the node isn't Ready before, so no pod starts unguarded.
func (n node) startNetpol() error {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // only a probe
	err := n.until("the API server", func() error {
		resp, err := client.Get("https://" + machines[0].address + ":6443/readyz")
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := n.start("netpol", "-kubeconfig", n.adminKubeconfig(), "-socket", netpolSocket); err != nil {
		return err
	}
	if err := n.until("the NetworkPolicy enforcer", dials("unix", netpolSocket)); err != nil {
		return err
	}
	return n.writeConfig("govpk.conflist", filepath.Join(n.state, "cni/govpk.conflist"))
}

func (n node) kubeadm(command string) error {
	out, err := os.Create(n.logFile("kubeadm"))
	if err != nil {
		return err
	}
	defer out.Close()
	// Its checks want services and modules of the host that are not used here.
	cmd := exec.CommandContext(n.ctx, "kubeadm", command, "--config", filepath.Join(n.state, command+".yaml"), "--ignore-preflight-errors=all")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return errors.Join(fmt.Errorf("kubeadm %s: %w; see %s", command, err, n.logFile("kubeadm")), context.Cause(n.ctx))
	}
	return nil
}

// writeKubeconfig leaves the administrator's kubeconfig for the host, which
// reaches the API server through the forward. It appears when all is up.
func (n node) writeKubeconfig() error {
	raw, err := os.ReadFile("/etc/kubernetes/admin.conf")
	if err != nil {
		return err
	}
	content := strings.ReplaceAll(string(raw), n.address+":6443", apiAddress)
	tmp := n.kubeconfig() + ".next"
	if err := os.WriteFile(tmp, []byte(content), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, n.kubeconfig())
}

// until polls what has no event to wait for.
func (n node) until(what string, ready func() error) error {
	return poll(n.ctx, 2*time.Minute, what, ready)
}

func dials(network, address string) func() error {
	return func() error {
		conn, err := net.Dial(network, address)
		if err == nil {
			conn.Close()
		}
		return err
	}
}

func poll(ctx context.Context, patience time.Duration, what string, ready func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not there after %s", patience))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; last: %w", what, context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// stopwatch prints what has been done and the seconds since its making.
func stopwatch() func(string) {
	start := time.Now()
	return func(done string) { fmt.Printf("%5.1f s  %s\n", time.Since(start).Seconds(), done) }
}
