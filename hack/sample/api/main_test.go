// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestReach(t *testing.T) {
	server := httptest.NewServer(handler())
	defer server.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	for address, want := range map[string]bool{server.Listener.Addr().String(): true, closed.Addr().String(): false} {
		resp, err := http.Get(server.URL + "/api/reach?timeout=500&address=" + address)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Reached bool }
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		if err != nil || got.Reached != want {
			t.Errorf("reach %s: got %v (%v), want %v", address, got.Reached, err, want)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, path := range []string{
		"/api/hold", "/api/hold?seconds=0", "/api/hold?seconds=601",
		"/api/reach?timeout=100", "/api/reach?address=x&timeout=100",
		"/api/reach?address=127.0.0.1:1&timeout=0", "/api/reach?address=127.0.0.1:1&timeout=5001",
	} {
		w := httptest.NewRecorder()
		handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", path, w.Code)
		}
	}
}
