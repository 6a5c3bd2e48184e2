// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

const previous = `{"cniVersion":"1.0.0","ips":[{"address":"10.244.0.7/24"}]}`

// The plugin must not answer before the enforcer has covered the pod.
func TestPluginWaitsForTheTable(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e := newEnforcer()
	if err := e.listen(ctx, socket); err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		var out strings.Builder
		in, _ := json.Marshal(map[string]any{"socket": socket, "prevResult": json.RawMessage(previous)})
		plugin("ADD", "IgnoreUnknown=1;K8S_POD_NAMESPACE=a;K8S_POD_NAME=web;K8S_POD_UID=u1", strings.NewReader(string(in)), &out)
		done <- strings.TrimSpace(out.String())
	}()
	<-e.dirty // announced
	e.release(map[types.UID]string{"u1": "10.244.0.3"})
	if e.waiting["u1"] == nil {
		t.Fatal("let the pod go while the table held another address")
	}
	e.release(map[types.UID]string{"u1": "10.244.0.7"})
	if out := <-done; out != previous {
		t.Errorf("got %s, want the previous result %s", out, previous)
	}
}

func TestPluginFailsWithoutEnforcer(t *testing.T) {
	var out strings.Builder
	code := plugin("ADD", "K8S_POD_UID=u1", strings.NewReader(`{"socket":"/nonexistent","prevResult":`+previous+`}`), &out)
	if code == 0 || !strings.Contains(out.String(), "does not answer") {
		t.Errorf("got exit code %d and %s, want a failure that names the enforcer", code, out.String())
	}
}
