// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

// An API server that does not answer lets nobody read, and no token gets into the log or the answer.
func TestNobodyReadsWithoutAVerdict(t *testing.T) {
	for name, answer := range map[string]struct {
		review, access string
		status         int
	}{
		"no verdict on who":       {"", "", http.StatusInternalServerError},
		"not a review":            {`{"kind":"Status","status":"Failure"}`, "", http.StatusInternalServerError},
		"unknown":                 {`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":false}}`, "", http.StatusUnauthorized},
		"no verdict on what":      {`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true}}`, "", http.StatusInternalServerError},
		"neither allowed nor not": {`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true}}`, `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{}}`, http.StatusForbidden},
		"allowed":                 {`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true}}`, `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true}}`, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			apiServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := answer.review
				if strings.Contains(r.URL.Path, "subjectaccessreviews") {
					body = answer.access
				}
				if body == "" {
					http.Error(w, "out of order", http.StatusServiceUnavailable)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(body))
			}))
			defer apiServer.Close()
			filter, err := readersOnly(&rest.Config{Host: apiServer.URL}, http.DefaultClient)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			served := false
			handler, err := filter(logr.FromSlogHandler(slog.NewTextHandler(&log, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }))
			if err != nil {
				t.Fatal(err)
			}
			const token = "a-token-that-nobody-may-see"
			request, recorder := httptest.NewRequest(http.MethodGet, "/metrics", nil), httptest.NewRecorder()
			request.Header.Set("Authorization", "Bearer "+token)
			handler.ServeHTTP(recorder, request)
			if recorder.Code != answer.status || served != (answer.status == http.StatusOK) {
				t.Errorf("status %d, served %v", recorder.Code, served)
			}
			if strings.Contains(log.String()+recorder.Body.String(), token) {
				t.Errorf("the token is told: %s %s", log.String(), recorder.Body)
			}
			if answer.status == http.StatusInternalServerError && log.Len() == 0 {
				t.Error("nobody hears of it")
			}
		})
	}
}
