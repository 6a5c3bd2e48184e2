// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// gateway answers with statuses, one connection after the other; 0: it cuts the connection. It counts the connections.
func gateway(t *testing.T, statuses ...int) (browser Browser, url string, connections *int) {
	t.Helper()
	connections = new(int)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status := statuses[*connections-1]
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport)
	transport.DisableKeepAlives = true
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		*connections++
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return Browser{server.Client()}, server.URL, connections
}

func TestAnAnswerIsNeverAskedForAgain(t *testing.T) {
	for name, c := range map[string]struct {
		statuses    []int
		ask         func(Browser, context.Context, string) (Answer, error)
		want, asked int
	}{
		"after cut connections":                  {[]int{0, 0, 404, 200}, Browser.Answer, 404, 3},
		"one of the gateway's own":               {[]int{502, 200}, Browser.Answer, 502, 1},
		"served, after some of the gateway's":    {[]int{0, 502, 503, 200, 404}, Browser.Served, 200, 4},
		"served, though it is not what is hoped": {[]int{403, 200}, Browser.Served, 403, 1},
	} {
		t.Run(name, func(t *testing.T) {
			browser, url, connections := gateway(t, c.statuses...)
			answer, err := c.ask(browser, t.Context(), url)
			if err != nil || answer.Status != c.want || *connections != c.asked {
				t.Errorf("%d by connection %d, %v; want %d by %d", answer.Status, *connections, err, c.want, c.asked)
			}
		})
	}
}

func TestAnUnverifiedCertificateIsAnAnswer(t *testing.T) {
	browser, url, connections := gateway(t, http.StatusOK)
	browser.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = x509.NewCertPool()
	_, err := browser.Answer(t.Context(), url)
	if unverified := (&tls.CertificateVerificationError{}); !errors.As(err, &unverified) || *connections != 1 {
		t.Errorf("%v by connection %d", err, *connections)
	}
}
