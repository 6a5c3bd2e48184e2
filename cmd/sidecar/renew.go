// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A refused push is tried again after a second, then after twice as long each time, up to a minute.
const (
	firstRetry   = time.Second
	longestRetry = time.Minute
)

// snapshot is the link that the kubelet turns from one complete set of files to the next.
const snapshot = "..data"

// material is what HAProxy holds, in PEM.
type material struct {
	pair, authorities []byte
	notAfter          time.Time
}

func (p place) watch() (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return w, errors.Join(w.Add(p.tls), w.Add(p.ca))
}

// renew pushes what changes, for as long as the process lives.
func (p place) renew(changes *fsnotify.Watcher, held material, h *haproxy) {
	wait := firstRetry
	retry := time.NewTimer(wait)
	retry.Stop()
	for {
		select {
		case event := <-changes.Events:
			if filepath.Base(event.Name) != snapshot {
				continue
			}
			wait = firstRetry
		case err := <-changes.Errors:
			// Events were lost: look as if one had come.
			slog.Warn("watch the certificates", "error", err)
		case <-retry.C:
		}
		if err := p.push(&held, h); err != nil {
			slog.Error("not renewed, what was there goes on", "retryIn", wait, "error", err)
			retry.Reset(wait)
			wait = min(2*wait, longestRetry)
			continue
		}
		retry.Stop()
		wait = firstRetry
	}
}

// push gives HAProxy what differs from what it holds. Certificates are replaced in place: that happens twice an hour, and a process
// for each would stay for every connection that does. Authorities are not: HAProxy before 2025's last releases (its issue 3165)
// renews no certificate properly after that and dies at the next change. They come with a new process, twice in a rotation.
func (p place) push(held *material, h *haproxy) error {
	next, err := p.read()
	if err != nil {
		return err
	}
	if !bytes.Equal(next.authorities, held.authorities) {
		if err := h.reload(); err != nil {
			return err
		}
		*held = next
		slog.Info("authorities renewed", "certificates", bytes.Count(next.authorities, []byte("-----BEGIN")), "notAfter", next.notAfter)
		return nil
	}
	if !bytes.Equal(next.pair, held.pair) {
		if err := h.runtime(h.generation).replaceCertificate(filepath.Join(p.tls, "tls.crt"), next.pair); err != nil {
			return err
		}
		*held = next
		slog.Info("certificate renewed", "notAfter", next.notAfter)
	}
	return nil
}

// read takes each directory's files from one snapshot, and refuses what HAProxy would have to refuse.
func (p place) read() (material, error) {
	files, err := readSnapshot(p.tls, "tls.crt", "tls.key")
	if err != nil {
		return material{}, err
	}
	// The error says which of the two is wrong, and nothing of what is in them.
	pair, err := tls.X509KeyPair(files[0], files[1])
	if err != nil {
		return material{}, fmt.Errorf("%s: %w", p.tls, err)
	}
	bundle, err := readSnapshot(p.ca, "ca.crt")
	if err != nil {
		return material{}, err
	}
	authorities, err := certificates(bundle[0])
	if err != nil {
		return material{}, fmt.Errorf("%s/ca.crt: %w", p.ca, err)
	}
	return material{
		pair:        append(blocks(files[0]), blocks(files[1])...),
		authorities: authorities,
		notAfter:    pair.Leaf.NotAfter,
	}, nil
}

func readSnapshot(dir string, names ...string) ([][]byte, error) {
	current, err := filepath.EvalSymlinks(filepath.Join(dir, snapshot))
	if err != nil {
		return nil, fmt.Errorf("%s is no volume of a Secret or ConfigMap: %w", dir, err)
	}
	var files [][]byte
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(current, name))
		if err != nil {
			return nil, err
		}
		files = append(files, content)
	}
	return files, nil
}

// certificates are a bundle's, each of them parsed.
func certificates(bundle []byte) ([]byte, error) {
	clean := blocks(bundle)
	for rest := clean; len(rest) > 0; {
		block, more := pem.Decode(rest)
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s; authorities are certificates", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, err
		}
		rest = more
	}
	if len(clean) == 0 {
		return nil, errors.New("no certificate in it")
	}
	return clean, nil
}

// blocks drops all that is not PEM: comments, and empty lines, at which HAProxy's socket would begin another command.
func blocks(content []byte) []byte {
	var clean bytes.Buffer
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		clean.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	}
	return clean.Bytes()
}
