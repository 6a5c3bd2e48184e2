// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"
)

const (
	maxHold    = 10 * time.Minute
	maxReach   = 5 * time.Second
	maxResolve = 5 * time.Second
	maxBurn    = 10 * time.Second
)

// number reads a query parameter from 1 to limit; when it is out of bounds, the answer is written.
func number(w http.ResponseWriter, r *http.Request, name string, unit, limit time.Duration) (time.Duration, bool) {
	most := int64(limit / unit)
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil || n < 1 || n > most {
		http.Error(w, fmt.Sprintf("%s: give a number from 1 to %d", name, most), http.StatusBadRequest)
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// hold streams a line each second for ?seconds=N.
func hold(w http.ResponseWriter, r *http.Request) {
	duration, ok := number(w, r, "seconds", time.Second, maxHold)
	if !ok {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	flow := http.NewResponseController(w)
	for i := range int(duration / time.Second) {
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
	timeout, ok := number(w, r, "timeout", time.Millisecond, maxReach)
	if !ok {
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
	answer(w, http.StatusOK, result)
}

// resolve asks for the addresses of ?name=.
func resolve(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" || net.ParseIP(name) != nil {
		http.Error(w, "name: give a host name", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxResolve)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	result := map[string]any{"name": name, "resolved": err == nil}
	if err != nil {
		result["error"] = err.Error()
	} else {
		result["addresses"] = addresses
	}
	answer(w, http.StatusOK, result)
}

// socket is a WebSocket that counts the seconds and sends back what it is told.
func socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithTimeout(r.Context(), maxHold)
	defer cancel()
	go func() {
		defer cancel()
		for {
			kind, content, err := conn.Read(ctx)
			if err != nil || conn.Write(ctx, kind, content) != nil {
				return
			}
		}
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := 0; ; i++ {
		if conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "tick %d", i)) != nil {
			return
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				conn.Close(websocket.StatusNormalClosure, "open for long enough")
			}
			return
		case <-tick.C:
		}
	}
}

// burn keeps one core busy for ?milliseconds=N.
func burn(w http.ResponseWriter, r *http.Request) {
	duration, ok := number(w, r, "milliseconds", time.Millisecond, maxBurn)
	if !ok {
		return
	}
	var sum [sha256.Size]byte
	rounds := 0
	for start := time.Now(); time.Since(start) < duration && r.Context().Err() == nil; rounds++ {
		sum = sha256.Sum256(sum[:])
	}
	answer(w, http.StatusOK, map[string]any{"rounds": rounds})
}
