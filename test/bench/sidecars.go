// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// sidecarProcess is the real entry program, started as its image starts it, and the HAProxy that it runs.
type sidecarProcess struct {
	command *exec.Cmd
}

// inPlace gives the program the paths of its pod: in a mount namespace of its own, /etc, /run and /usr/sbin are
// those of the directory.
const inPlace = `mount --bind "$1/etc" /etc && mount --bind "$1/run" /run && mount --bind "$1/sbin" /usr/sbin && exec "$1/sidecar"`

// startSidecar runs one with a certificate of the authority. Its ports are the real ones.
func startSidecar(ctx context.Context, entry, haproxy string, ca authority, identity string, proxy sidecar.Proxy) (*sidecarProcess, error) {
	dir, err := os.MkdirTemp("", "sidecar")
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { os.RemoveAll(dir) })
	certificate, key, err := ca.issue(identity)
	if err != nil {
		return nil, err
	}
	err = inTurn(
		func() error {
			return volume(dir+sidecar.TLSDirectory, map[string][]byte{"tls.crt": certificate, "tls.key": key})
		},
		func() error { return volume(dir+sidecar.CADirectory, map[string][]byte{"ca.crt": ca.certificate}) },
		func() error { return os.MkdirAll(dir+sidecar.RunDirectory, 0o700) },
		func() error { return os.Mkdir(dir+"/sbin", 0o755) },
		func() error {
			return os.WriteFile(dir+"/sbin/haproxy", fmt.Appendf(nil, "#!/bin/sh\nexec '%s' \"$@\"\n", haproxy), 0o755)
		},
		func() error { return os.Link(entry, dir+"/sidecar") },
	)
	if err != nil {
		return nil, err
	}
	s := &sidecarProcess{command: exec.CommandContext(ctx, "/bin/sh", "-c", inPlace, "sh", dir)}
	s.command.Env = []string{"SIDECAR_CONFIG=" + proxy.String(), "PATH=/usr/bin:/bin"}
	s.command.Stdout, s.command.Stderr = os.Stderr, os.Stderr
	// HAProxy must not outlive a run that ends.
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Cloneflags: syscall.CLONE_NEWNS}
	s.command.Cancel = func() error { return syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL) }
	return s, s.command.Start()
}

// processes are the entry program and HAProxy.
func (s *sidecarProcess) processes() []int {
	pid := s.command.Process.Pid
	found := []int{pid}
	// Each thread has the children that it made.
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		content, _ := os.ReadFile(thread) // a thread may end
		for _, field := range strings.Fields(string(content)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// volume is what a kubelet makes of a Secret or ConfigMap.
func volume(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir+"/..first", 0o755); err != nil {
		return err
	}
	if err := os.Symlink("..first", dir+"/..data"); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, "..first", name), content, 0o600); err != nil {
			return err
		}
		if err := os.Symlink("..data/"+name, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// authority stands for the issuer of components' certificates.
type authority struct {
	certificate []byte
	parsed      *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := certificateOf("bench")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	parsed, err := x509.ParseCertificate(der)
	return authority{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), parsed, key}, err
}

// issue makes a certificate as the operator orders it for an identity.
func (a authority) issue(identity string) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := certificateOf(identity)
	template.Subject.OrganizationalUnit = []string{"http.api"} // the one edge there is
	template.DNSNames, template.KeyUsage = []string{identity, "*." + identity}, x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.parsed, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}

func certificateOf(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour),
	}
}
