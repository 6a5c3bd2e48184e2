// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command sidecar is the entry of the sidecar's image: it runs HAProxy by the configuration in SIDECAR_CONFIG, ends as it ends,
// and gives it renewed certificates without a restart. With arguments it is one of the two programs that copy a volume.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// place says where things are in the pod.
type place struct{ haproxy, tls, ca, run string }

var pod = place{haproxy: "/usr/sbin/haproxy", tls: sidecar.TLSDirectory, ca: sidecar.CADirectory, run: sidecar.RunDirectory}

func main() {
	if len(os.Args) > 1 {
		os.Exit(copyVolume(context.Background(), os.Args[1:]))
	}
	config, err := configuration(os.Getenv("SIDECAR_CONFIG"))
	os.Exit(pod.main(config, err))
}

func (p place) main(config string, err error) int {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	status := 0
	if err == nil {
		status, err = p.serve(config)
	}
	if err != nil {
		slog.Error("cannot run", "error", err)
		return 1
	}
	return status
}

// configuration is HAProxy's, of what the operator says in the pod. An unknown field is refused: it may be what would deny.
func configuration(pod string) (string, error) {
	if pod == "" {
		return "", errors.New("SIDECAR_CONFIG is empty: the operator sets it")
	}
	var proxy sidecar.Proxy
	decoder := json.NewDecoder(strings.NewReader(pod))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&proxy); err != nil {
		return "", fmt.Errorf("SIDECAR_CONFIG: %w; the operator and this image must be of one version", err)
	}
	return proxy.Config(), nil
}

// serve returns HAProxy's exit status.
func (p place) serve(config string) (int, error) {
	h := haproxy{place: p, config: config, running: map[int]bool{}}
	renew := func() {}
	// Where a mesh is around the pod, the proxy has no certificate.
	if strings.Contains(config, p.tls) {
		// First watch, then read, then start: whatever changes in between is noticed, and pushed once more at worst.
		changes, err := p.watch()
		if err != nil {
			return 0, fmt.Errorf("watch the certificates: %w", err)
		}
		held, err := p.read()
		if err != nil {
			return 0, err
		}
		renew = func() { p.renew(changes, held, &h) }
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	if err := h.start(); err != nil {
		return 0, err
	}
	go h.stopOn(signals)
	go renew()
	return h.reap()
}
