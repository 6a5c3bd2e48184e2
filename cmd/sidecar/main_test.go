// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

func (p *aPod) ends(want int) {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
		p.t.Fatalf("still there:\n%s", p.logs.String())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		p.t.Errorf("exit status %d, want %d:\n%s", got, want, p.logs.String())
	}
}

func (p *aPod) signal(s syscall.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// The image's paths are those of the configuration.
func TestPaths(t *testing.T) {
	if want := placeIn("", "/usr/sbin/haproxy"); pod != want {
		t.Errorf("got %v, want %v", pod, want)
	}
}

func TestStop(t *testing.T) {
	ca := newAuthority(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGINT} {
		p := newPod(t, ca.issue(api), ca.pem).start(apiProxy())
		p.signal(s)
		p.ends(0)
	}
}

// What is on its way may end, nobody new comes in, and who does not end is cut: after a while, or when it is asked twice.
func TestStopLetsConnectionsEnd(t *testing.T) {
	client, _ := twoPods(t, newAuthority(t))
	held := lines(t, dialPlain(t, client.at(edgePort)))
	held.exchange("before")
	client.signal(syscall.SIGTERM)
	client.logged("stopped")
	held.exchange("while it stops")
	must(t, held.conn.Close())
	client.ends(0)
}

func TestStopIsBounded(t *testing.T) {
	client, _ := twoPods(t, newAuthority(t))
	held := lines(t, dialPlain(t, client.at(edgePort)))
	held.exchange("before")
	client.signal(syscall.SIGTERM)
	must(t, held.conn.SetReadDeadline(time.Now().Add(stopGrace+patience)))
	if _, err := held.reader.ReadByte(); err == nil || isTimeout(err) {
		t.Errorf("a held connection outlives the stop: %v", err)
	}
	client.ends(143)
}

func TestSecondSignalCuts(t *testing.T) {
	client, _ := twoPods(t, newAuthority(t))
	held := lines(t, dialPlain(t, client.at(edgePort)))
	held.exchange("before")
	client.signal(syscall.SIGTERM)
	client.logged("stopped")
	held.exchange("while it stops")
	client.signal(syscall.SIGTERM)
	if _, err := held.reader.ReadByte(); err != io.EOF && err == nil {
		t.Error("a held connection outlives the second signal")
	}
	client.ends(143)
}

func TestConfiguration(t *testing.T) {
	for name, c := range map[string]struct{ pod, want string }{
		"nothing":        {"", "SIDECAR_CONFIG is empty"},
		"not JSON":       {"global\n", "SIDECAR_CONFIG: invalid character"},
		"a newer field":  {`{"inbound":[{"serverName":"http.api","port":8080,"deny":["web"]}]}`, `unknown field "deny"`},
		"a wrong number": {`{"inbound":[{"port":80800000000}]}`, "cannot unmarshal"},
	} {
		if _, err := configuration(c.pod); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if got, err := configuration(apiProxy().String()); err != nil || got != apiProxy().Config() {
		t.Errorf("%v: what the operator writes is read otherwise", err)
	}
}

func TestBadStart(t *testing.T) {
	ca := newAuthority(t)
	good := apiProxy().Config()
	for name, c := range map[string]struct {
		config string
		spoil  func(*aPod)
		logged string
	}{
		"HAProxy refuses":           {"nonsense\n", func(*aPod) {}, "unknown keyword 'nonsense'"},
		"key of another":            {good, func(p *aPod) { p.give(pair{ca.issue(api).certificate, ca.issue(api).key}) }, "private key does not match"},
		"no volume of certificates": {good, func(p *aPod) { must(t, os.RemoveAll(p.dir+sidecar.TLSDirectory)) }, "no such file"},
		"no place to write":         {good, func(p *aPod) { must(t, os.RemoveAll(p.dir+sidecar.RunDirectory)) }, "haproxy.cfg"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPod(t, ca.issue(api), ca.pem)
			c.spoil(p)
			p.launch(c.config)
			p.ends(1)
			if !strings.Contains(p.logs.String(), c.logged) {
				t.Errorf("no %q in\n%s", c.logged, p.logs.String())
			}
		})
	}
}

// The pod's other processes have nothing to read in it.
func TestConfigurationIsPrivate(t *testing.T) {
	ca := newAuthority(t)
	p := newPod(t, ca.issue(api), ca.pem).start(apiProxy())
	for _, name := range []string{"haproxy.cfg", "haproxy-1.sock"} {
		info, err := os.Stat(filepath.Join(p.dir+sidecar.RunDirectory, name))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
}
