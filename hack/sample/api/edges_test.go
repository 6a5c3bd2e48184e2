// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func leadTo(t *testing.T, name, address string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(name+"_HOST", host)
	t.Setenv(name+"_PORT", port)
}

// asked is the last line of what ask says.
func asked(t *testing.T, path string) *tally {
	t.Helper()
	w := httptest.NewRecorder()
	handler(nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	got := &tally{}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), got); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return got
}

func TestAsk(t *testing.T) {
	server := httptest.NewServer(handler(nil))
	leadTo(t, "API", server.Listener.Addr().String())
	if got := asked(t, "/api/ask?seconds=1&rate=50"); got.Asked != 50 || got.Failed != 0 {
		t.Errorf("%d asked, %d failed: %v", got.Asked, got.Failed, got.Problems)
	}
	server.Close()
	if got := asked(t, "/api/ask?seconds=1&rate=50"); got.Failed != 50 || len(got.Problems) != maxProblems {
		t.Errorf("of nobody: %d failed, %d said", got.Failed, len(got.Problems))
	}
}

func TestGRPC(t *testing.T) {
	server, err := serveGRPC("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	leadTo(t, "GRPC", server.address)
	var got struct{ Check, Watch string }
	get(t, "/api/grpc", &got)
	if got.Check != "serving" || got.Watch != "serving" {
		t.Errorf("%+v", got)
	}
}
