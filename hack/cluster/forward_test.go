// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"testing"
	"time"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t *testing.T, l net.Listener) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// A server that answers only after its client has finished sending.
func TestForwardKeepsHalfClosedConnections(t *testing.T) {
	server, entry := listen(t), listen(t)
	go forward(entry, server.Addr().String())
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		got, err := io.ReadAll(conn)
		if err == nil {
			_, err = conn.Write(append([]byte("got "), got...))
		}
		if err != nil {
			t.Error(err)
		}
	}()
	conn := dial(t, entry)
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "got hello" {
		t.Errorf("got %q (%v), want %q", got, err, "got hello")
	}
}

func TestForwardClosesWhenNobodyListens(t *testing.T) {
	gone, entry := listen(t), listen(t)
	gone.Close()
	go forward(entry, gone.Addr().String())
	if got, err := io.ReadAll(dial(t, entry)); err != nil || len(got) != 0 {
		t.Errorf("got %q (%v), want the connection closed", got, err)
	}
}
