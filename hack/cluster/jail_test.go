// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

const jailed = "GOVPK_TEST_JAIL"

// inJail runs a test once more, in network and mount namespaces of its own, and says whether this is that second time.
// Whatever it mounts and starts is gone afterwards.
func inJail(t *testing.T) bool {
	t.Helper()
	if os.Getenv(jailed) != "" {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes namespaces and mounts")
	}
	again := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	again.Env = append(os.Environ(), jailed+"="+t.TempDir())
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	out, err := again.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
	return false
}

// jail holds the extracted images.
type jail struct {
	*testing.T
	layout
	dir   string
	roots map[string]bool
}

func newJail(t *testing.T) jail {
	t.Helper()
	l, err := newLayout()
	if err != nil {
		t.Fatal(err)
	}
	j := jail{T: t, layout: l, dir: os.Getenv(jailed), roots: map[string]bool{}}
	j.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	// In memory: a disk's flushes would take most of the time.
	j.must(unix.Mount("tmpfs", j.dir, "tmpfs", 0, "mode=755"))
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("ip: %v\n%s", err, out)
	}
	return j
}

func (j jail) must(err error) {
	j.Helper()
	if err != nil {
		j.Fatal(err)
	}
}

// container is an image's process, as a pod would run it.
type container struct {
	*exec.Cmd
	t      *testing.T
	config v1.Config
	output *bytes.Buffer
	ended  chan struct{}
}

// start runs an image with a read-only root, an empty /tmp of 64 MiB, no capability and, when given, a volume.
func (j jail) start(image, volume string, env []string, command ...string) *container {
	j.Helper()
	r, err := j.recipe(image)
	j.must(err)
	root := filepath.Join(j.dir, fmt.Sprint("root-", len(j.roots)))
	j.roots[root] = true
	j.must(os.Mkdir(root, 0o755))
	j.must(unix.Mount(j.extracted(image, r), root, "", unix.MS_BIND, ""))
	j.must(unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	j.must(unix.Mount("tmpfs", filepath.Join(root, "tmp"), "tmpfs", 0, "mode=1777,size=64m"))
	j.must(unix.Mount("/dev", filepath.Join(root, "dev"), "", unix.MS_BIND|unix.MS_REC, ""))
	if volume != "" {
		j.must(unix.Mount(volume, filepath.Join(root, "var/lib/postgresql"), "", unix.MS_BIND, ""))
	}
	if len(command) == 0 || command[0][0] != '/' {
		command = append(r.config.Entrypoint, command...)
	}
	c := &container{Cmd: exec.Command(command[0], command[1:]...), t: j.T, config: r.config, output: &bytes.Buffer{}, ended: make(chan struct{})}
	c.Env = slices.Concat(r.config.Env, env)
	c.Dir = "/"
	c.Stdout, c.Stderr = c.output, c.output
	c.SysProcAttr = &syscall.SysProcAttr{
		Chroot: root, Cloneflags: unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
		Credential: &syscall.Credential{Uid: 65532, Gid: 65532},
	}
	j.must(c.Start())
	go func() {
		_ = c.Wait() // ProcessState says more
		close(c.ended)
	}()
	return c
}

func (j jail) extracted(image string, r recipe) string {
	j.Helper()
	dir := filepath.Join(j.dir, image)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	for _, mountPoint := range []string{"dev", "var/lib/postgresql"} {
		j.must(os.MkdirAll(filepath.Join(dir, mountPoint), 0o755))
	}
	for _, layer := range append([][]file{accounts}, r.layers...) {
		content, err := pack(layer)
		j.must(err)
		untar := exec.Command("tar", "-x", "-C", dir)
		untar.Stdin = bytes.NewReader(content)
		j.must(untar.Run())
	}
	return dir
}

// run waits for the end of a container and returns its exit code and its words.
func (j jail) run(image, volume string, env []string, command ...string) (code int, words string) {
	j.Helper()
	c := j.start(image, volume, env, command...)
	<-c.ended
	return c.ProcessState.ExitCode(), c.output.String()
}

// end stops a container as a kubelet does and reports one that does not end well in time.
func (c *container) end() {
	c.t.Helper()
	signal := syscall.SIGTERM
	if c.config.StopSignal != "" {
		signal = unix.SignalNum(c.config.StopSignal)
	}
	c.signal(signal)
	if !c.ProcessState.Success() {
		c.t.Errorf("%s: %s\n%s", c.Path, c.ProcessState, c.output)
	}
}

func (c *container) signal(signal syscall.Signal) {
	c.t.Helper()
	if err := c.Process.Signal(signal); err != nil {
		c.t.Fatalf("%v\n%s", err, c.output)
	}
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		c.t.Fatalf("%s still runs 10 s after %s\n%s", c.Path, signal, c.output)
	}
}

// volume is a directory as a kubelet hands it to a pod with a group of its own.
func (j jail) volume() string {
	j.Helper()
	dir, err := os.MkdirTemp(j.dir, "volume-")
	j.must(err)
	j.handOver(dir)
	return dir
}

// handOver gives everything to the pod's group: kubelets do it at each mount.
func (j jail) handOver(dir string) {
	j.Helper()
	for _, args := range [][]string{{"chgrp", "-R", "65532", dir}, {"chmod", "-R", "g+rwX", dir}, {"find", dir, "-type", "d", "-exec", "chmod", "g+s", "{}", "+"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			j.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}
