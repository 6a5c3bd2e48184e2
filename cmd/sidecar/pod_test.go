// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// The sidecars of these tests are this very program with its real main, in a directory instead of a pod.
const (
	envDirectory = "SIDECAR_TEST_DIRECTORY"
	envHAProxy   = "SIDECAR_TEST_HAPROXY"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(envDirectory); dir != "" {
		os.Exit(placeIn(dir, os.Getenv(envHAProxy)).main(os.Getenv("SIDECAR_CONFIG"), nil))
	}
	os.Exit(m.Run())
}

func placeIn(dir, haproxy string) place {
	return place{haproxy: haproxy, tls: dir + sidecar.TLSDirectory, ca: dir + sidecar.CADirectory, run: dir + sidecar.RunDirectory}
}

// program is the HAProxy of the sidecar's image, else the machine's.
func program(t *testing.T) string {
	t.Helper()
	image, err := filepath.Abs("../../bin/tools/current/haproxy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(image); err == nil {
		return image
	}
	installed, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("SKIPPED, NOTHING IS PROVEN: there is no HAProxy here; run make haproxy on Debian, or install HAProxy 2.6 or later")
	}
	return installed
}

// aPod is a sidecar with an address of its own on loopback, and the directories of its volumes.
type aPod struct {
	t       *testing.T
	address string
	dir     string
	cmd     *exec.Cmd
	exited  chan struct{}
	logs    syncedBuffer
	// read is how much of the log a test has done with.
	read int
}

var (
	podNumber atomic.Int32
	podRange  = rand.IntN(1 << 14)
)

// newPod has its volumes and does not run yet.
func newPod(t *testing.T, own pair, authorities []byte) *aPod {
	t.Helper()
	// Not TempDir: the path of a socket has to be short.
	dir, err := os.MkdirTemp("", "pod")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &aPod{t: t, dir: dir, exited: make(chan struct{})}
	p.address = fmt.Sprintf("127.%d.%d.%d", 100+podRange>>8, podRange&255, podNumber.Add(1))
	must(t, os.MkdirAll(p.dir+sidecar.RunDirectory, 0o700))
	p.give(own)
	p.trust(authorities)
	return p
}

// give writes the component's certificate, and trust the authorities, as the kubelet does.
func (p *aPod) give(own pair) {
	p.t.Helper()
	p.project(sidecar.TLSDirectory, map[string][]byte{"tls.crt": own.certificate, "tls.key": own.key})
}

func (p *aPod) trust(authorities []byte) {
	p.t.Helper()
	p.project(sidecar.CADirectory, map[string][]byte{"ca.crt": authorities})
}

// project is the kubelet's atomic writer: a new directory, one rename of the link to it, and the old directory goes.
func (p *aPod) project(volume string, files map[string][]byte) {
	p.t.Helper()
	dir := p.dir + volume
	old, _ := os.Readlink(filepath.Join(dir, snapshot))
	must(p.t, os.MkdirAll(dir, 0o755))
	next, err := os.MkdirTemp(dir, "..2026_")
	must(p.t, err)
	for name, content := range files {
		must(p.t, os.WriteFile(filepath.Join(next, name), content, 0o600))
	}
	must(p.t, os.Symlink(filepath.Base(next), filepath.Join(dir, "..data_tmp")))
	must(p.t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, snapshot)))
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			must(p.t, os.Symlink(filepath.Join(snapshot, name), filepath.Join(dir, name)))
		}
	}
	if old != "" {
		must(p.t, os.RemoveAll(filepath.Join(dir, old)))
	}
}

// start runs the sidecar, with what change makes of its configuration, and waits for its health.
func (p *aPod) start(proxy sidecar.Proxy, change ...string) *aPod {
	p.t.Helper()
	p.launch(proxy.Config(), change...)
	client := http.Client{Timeout: time.Second}
	NewWithT(p.t).Eventually(func() error {
		select {
		case <-p.exited:
			return StopTrying("the sidecar ended:\n" + p.logs.String())
		default:
		}
		response, err := client.Get("http://" + p.at(sidecar.HealthPort) + "/healthz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("healthz: %s", response.Status)
		}
		return nil
	}, 10*time.Second, 10*time.Millisecond).Should(Succeed(), "a process that starts tells nobody")
	return p
}

// launch puts the pod's directory and address in the place of the real ones.
func (p *aPod) launch(config string, change ...string) {
	p.t.Helper()
	places := []string{
		sidecar.TLSDirectory, p.dir + sidecar.TLSDirectory, sidecar.CADirectory, p.dir + sidecar.CADirectory, sidecar.RunDirectory, p.dir + sidecar.RunDirectory,
		"bind :", "bind " + p.address + ":", "127.0.0.1:", p.address + ":",
	}
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(config, change[i]) {
			p.t.Fatalf("the configuration has no %q", change[i])
		}
	}
	config = strings.NewReplacer(append(places, change...)...).Replace(config)
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(self)
	p.cmd.Env = []string{envDirectory + "=" + p.dir, envHAProxy + "=" + program(p.t), "SIDECAR_CONFIG=" + config}
	p.cmd.Stdout, p.cmd.Stderr = &p.logs, &p.logs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	p.t.Cleanup(func() {
		// The whole group: HAProxy must not outlive a test that failed.
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
		if p.t.Failed() {
			p.t.Logf("log of %s:\n%s", p.address, p.logs.String())
		}
	})
}

func (p *aPod) at(port int32) string { return net.JoinHostPort(p.address, strconv.Itoa(int(port))) }

// component listens on a port of the pod and answers each line with its port and the line, until the caller has no more.
func (p *aPod) component(port int32) {
	p.t.Helper()
	listen(p.t, p.at(port), func(conn net.Conn) { echo(conn, strconv.Itoa(int(port))) })
}

func listen(t *testing.T, address string, serve func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
}

func echo(conn net.Conn, name string) {
	defer conn.Close()
	received, buffer := []byte{}, make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		received = append(received, buffer[:n]...)
		for {
			line, rest, found := bytes.Cut(received, []byte("\n"))
			if !found {
				break
			}
			fmt.Fprintf(conn, "%s %s\n", name, line)
			received = rest
		}
		if errors.Is(err, io.EOF) {
			fmt.Fprintf(conn, "%s ends\n", name)
		}
		if err != nil {
			return
		}
	}
}

// fromHere leaves out of the log what is in it already.
func (p *aPod) fromHere() { p.read = len(p.logs.String()) }

// logged waits for a line of the log that has all of the words.
func (p *aPod) logged(words ...string) {
	p.t.Helper()
	NewWithT(p.t).Eventually(func() bool {
		for line := range strings.Lines(p.logs.String()[p.read:]) {
			missing := false
			for _, w := range words {
				missing = missing || !strings.Contains(line, w)
			}
			if !missing {
				return true
			}
		}
		return false
	}, 5*time.Second, 5*time.Millisecond).Should(BeTrue(), "a log is read as it grows; no line has %q:\n%s", words, p.logs.String())
}

type syncedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *syncedBuffer) Write(content []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(content)
}

func (b *syncedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
