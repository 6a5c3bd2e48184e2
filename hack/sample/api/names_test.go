// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// Go's own resolver is the judge.
func TestNames(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	done := make(chan error, 1)
	go func() { done <- names(ctx, conn, "outside.example=192.0.2.7") }()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	if got, err := resolver.LookupHost(ctx, "outside.example."); err != nil || !slices.Equal(got, []string{"192.0.2.7"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := resolver.LookupHost(ctx, "other.example."); err == nil {
		t.Errorf("other.example is %v", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := names(t.Context(), conn, "outside.example"); err == nil {
		t.Error("a name without an address is accepted")
	}
}

func FuzzNamed(f *testing.F) {
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"))
	f.Add([]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c"))
	f.Fuzz(func(_ *testing.T, query []byte) { named(query, "a", netip.MustParseAddr("192.0.2.7")) })
}
