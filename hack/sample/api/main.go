// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command api is the back end of the sample application. Besides a greeting it
// offers what flow tests need: a connection held open and a connection tried.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// version is set when linking, so that two versions are two images.
var version = "dev"

const (
	maxHold  = 10 * time.Minute
	maxReach = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{Addr: ":8080", Handler: handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(drain) != nil {
			server.Close() // held connections never become idle
		}
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /api/greeting", greeting)
	mux.HandleFunc("GET /api/hold", hold)
	mux.HandleFunc("GET /api/reach", reach)
	return mux
}

func greeting(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"message": "Assalam o alaikum", "version": version})
}

// hold streams a line each second for ?seconds=N.
func hold(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || n < 1 || time.Duration(n)*time.Second > maxHold {
		http.Error(w, fmt.Sprintf("seconds: give a number from 1 to %.0f", maxHold.Seconds()), http.StatusBadRequest)
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	flow := http.NewResponseController(w)
	for i := range n {
		fmt.Fprintln(w, i)
		if flow.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// reach tries one TCP connection to ?address=host:port within ?timeout=ms.
func reach(w http.ResponseWriter, r *http.Request) {
	address := r.URL.Query().Get("address")
	if _, _, err := net.SplitHostPort(address); err != nil {
		http.Error(w, "address: give host:port", http.StatusBadRequest)
		return
	}
	ms, err := strconv.Atoi(r.URL.Query().Get("timeout"))
	timeout := time.Duration(ms) * time.Millisecond
	if err != nil || timeout <= 0 || timeout > maxReach {
		http.Error(w, fmt.Sprintf("timeout: give milliseconds from 1 to %d", maxReach.Milliseconds()), http.StatusBadRequest)
		return
	}
	start := time.Now()
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(r.Context(), "tcp", address)
	result := map[string]any{"address": address, "reached": err == nil, "milliseconds": time.Since(start).Milliseconds()}
	if err != nil {
		result["error"] = err.Error()
	} else {
		conn.Close()
	}
	answer(w, result)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
