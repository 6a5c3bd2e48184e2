// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/internal/cutover"
)

// terminationLog is where the kubelet reads what a container says at its end.
var terminationLog = "/dev/termination-log"

// copyVolume is one side of a cut-over. Its flows are encrypted by the proxy beside it, or by the mesh around the pod.
func copyVolume(ctx context.Context, arguments []string) int {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err := errors.New("usage: " + cutover.ServeCommand + " or " + cutover.FetchCommand + ", and the copy's token")
	if len(arguments) == 2 {
		switch arguments[0] {
		case cutover.ServeCommand:
			err = serveVolume(ctx, cutover.Directory, ":"+strconv.Itoa(cutover.Port), arguments[1])
		case cutover.FetchCommand:
			err = fetchVolume(ctx, cutover.Directory, "http://"+net.JoinHostPort(os.Getenv("GOVPK_COPY_SOURCE_HOST"), os.Getenv("GOVPK_COPY_SOURCE_PORT"))+"/"+arguments[1])
		}
	}
	switch {
	case err == nil:
		return 0
	case cutover.Refused(err):
		slog.Error("cannot be copied", "error", err)
		return cutover.RefusedStatus
	}
	slog.Error("cannot run", "error", err)
	return 1
}

// serveVolume serves until it is ended.
func serveVolume(ctx context.Context, directory, address, token string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	server := &http.Server{Addr: address, Handler: cutover.Source(root, token), ReadHeaderTimeout: 10 * time.Second}
	ended := context.AfterFunc(ctx, func() { server.Close() })
	defer ended()
	slog.Info("serves the volume", "copy", token)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// fetchVolume returns once all is there and verified, and says how much that is.
func fetchVolume(ctx context.Context, directory, source string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 2}}
	report, err := cutover.Target{Root: root, Source: source, Client: client, Wait: 200 * time.Millisecond}.Fetch(ctx)
	if err != nil {
		return err
	}
	slog.Info("copied and verified", "files", report.Files, "bytes", report.Bytes)
	if err := os.WriteFile(terminationLog, []byte(report.String()), 0o644); err != nil {
		return fmt.Errorf("tell what was copied: %w", err)
	}
	return nil
}
