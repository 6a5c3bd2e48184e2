// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestReach(t *testing.T) {
	server := httptest.NewServer(handler(nil))
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

func get(t *testing.T, path string, into any) {
	t.Helper()
	w := httptest.NewRecorder()
	handler(nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%s: %d %s: %v", path, w.Code, w.Body, err)
	}
}

func TestResolve(t *testing.T) {
	var known struct{ Addresses []string }
	get(t, "/api/resolve?name=localhost", &known)
	if len(known.Addresses) == 0 {
		t.Error("localhost has no address")
	}
	var unknown struct{ Error string }
	get(t, "/api/resolve?name=nothing.invalid", &unknown)
	if unknown.Error == "" {
		t.Error("a name under .invalid was resolved")
	}
}

func TestBurn(t *testing.T) {
	start := time.Now()
	var got struct{ Rounds int }
	get(t, "/api/burn?milliseconds=50", &got)
	if took := time.Since(start); got.Rounds == 0 || took < 50*time.Millisecond {
		t.Errorf("%d rounds in %s", got.Rounds, took)
	}
}

// The socket ticks by itself, sends back what it is told and stays open.
func TestSocket(t *testing.T) {
	server := httptest.NewServer(handler(nil))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, server.URL+"/api/socket", nil) //nolint:bodyclose // the connection closes it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	if err := conn.Write(ctx, websocket.MessageText, []byte("salaam")); err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{"tick 0": true, "tick 1": true, "salaam": true}
	for len(missing) > 0 {
		_, content, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("%v; still missing %v", err, missing)
		}
		delete(missing, string(content))
	}
}

func TestWithoutDatabase(t *testing.T) {
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/api/greeting": 200, "/api/visits": 404} {
		w := httptest.NewRecorder()
		handler(nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
	}
	if err := run(t.Context(), []string{"migrate"}); err == nil || !strings.Contains(err.Error(), "DB_HOST is empty") {
		t.Errorf("migrate: %v", err)
	}
}

// Where nothing listens, migrate says so in the system's own words, and the API says it is not ready.
func TestUnreachableDatabase(t *testing.T) {
	for name, value := range map[string]string{
		"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_USER": "u", "DB_PASSWORD": "p", "DB_NAME": "n",
	} {
		t.Setenv(name, value)
	}
	if err := run(t.Context(), []string{"migrate"}); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("migrate: %v", err)
	}
	t.Setenv("DB_PASSWORD", "")
	if err := run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "DB_PASSWORD is empty") {
		t.Errorf("without password: %v", err)
	}
	t.Setenv("DB_PASSWORD", "p")
	t.Setenv("DB_PORT", "65536")
	if err := run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "DB_PORT") {
		t.Errorf("with a port that is none: %v", err)
	}
}

func TestBroken(t *testing.T) {
	broken = "true"
	defer func() { broken = "" }()
	if err := run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "broken on purpose") {
		t.Errorf("a broken build: %v", err)
	}
}

func TestBounds(t *testing.T) {
	for _, path := range []string{
		"/api/hold", "/api/hold?seconds=0", "/api/hold?seconds=601",
		"/api/reach?timeout=100", "/api/reach?address=x&timeout=100",
		"/api/reach?address=127.0.0.1:1&timeout=0", "/api/reach?address=127.0.0.1:1&timeout=5001",
		"/api/resolve", "/api/resolve?name=127.0.0.1", "/api/resolve?name=::1",
		"/api/ask?rate=1", "/api/ask?seconds=1&rate=0", "/api/ask?seconds=601&rate=1",
		"/api/burn", "/api/burn?milliseconds=0", "/api/burn?milliseconds=10001", "/api/burn?milliseconds=1e3",
	} {
		w := httptest.NewRecorder()
		handler(nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", path, w.Code)
		}
	}
}
