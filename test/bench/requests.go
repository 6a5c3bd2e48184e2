// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
)

// applyType is the media type of a server-side apply.
const applyType = "application/apply-patch+yaml"

// Counts are requests by method and resource, as "PATCH deployments/status".
type Counts map[string]int

// byMethod sums over resources. Writes of events stand apart: nothing waits for them. A takedown also reads events, as evidence.
func (c Counts) byMethod() Counts {
	sums := Counts{}
	for request, n := range c {
		method, resource, _ := strings.Cut(request, " ")
		if resource == "events" && method != http.MethodGet {
			method = "event"
		}
		sums[method] += n
	}
	return sums
}

// resource is the resource of a path, with its subresource.
func resource(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	// api/v1, or apis, group and version.
	parts = parts[min(len(parts), map[string]int{"api": 2, "apis": 3}[parts[0]]):]
	if len(parts) > 2 && parts[0] == "namespaces" && parts[2] != "status" {
		parts = parts[2:]
	}
	switch {
	case len(parts) == 0:
		return path
	case len(parts) > 2:
		return parts[0] + "/" + parts[2]
	default:
		return parts[0]
	}
}

// write is a request that makes or changes an object.
type write struct {
	method, path, query, contentType string
	body                             []byte
}

// requests counts what goes to the API server and remembers the writes.
type requests struct {
	mu     sync.Mutex
	counts Counts
	writes []write
	total  int
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if err := r.record(request); err != nil {
			return nil, err
		}
		return next.RoundTrip(request)
	})
}

func (r *requests) record(request *http.Request) error {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = Counts{}
	}
	r.total++
	of := resource(request.URL.Path)
	r.counts[request.Method+" "+of]++
	if of == "events" {
		return nil
	}
	contentType := request.Header.Get("Content-Type")
	if request.Method == http.MethodPost || request.Method == http.MethodPatch && contentType == applyType {
		r.writes = append(r.writes, write{request.Method, request.URL.Path, request.URL.RawQuery, contentType, body})
	}
	return nil
}

// take hands over what was seen since it was last called.
func (r *requests) take() (Counts, []write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts, writes := r.counts, r.writes
	r.counts, r.writes = nil, nil
	return counts, writes
}

func (r *requests) seen() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
