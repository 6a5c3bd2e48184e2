// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// envComponent makes this program its own child that is the component which is asked. Components are processes: in one process the caller
// would be answered without the kernel waking anybody, which no pod is.
const envComponent = "GOVPK_BENCH_EDGE_COMPONENT"

// component answers until the context ends, and says where.
func component(ctx context.Context, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	body := strings.Repeat("x", largeBody)
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			w.Header().Set("Content-Length", strconv.Itoa(largeBody))
			_, _ = io.WriteString(w, body)
			return
		}
		_, _ = io.WriteString(w, "hello\n")
	})}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func startComponent(ctx context.Context) (*exec.Cmd, netip.AddrPort, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	command := exec.CommandContext(ctx, self)
	command.Env, command.Stderr = append(os.Environ(), envComponent+"=1"), os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	if err := command.Start(); err != nil {
		return nil, netip.AddrPort{}, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("the component that is asked: %w", err)
	}
	address, err := netip.ParseAddrPort(strings.TrimSpace(line))
	return command, address, err
}
