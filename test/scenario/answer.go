// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// answerWithin is how long a busy machine may leave a question without an answer.
const answerWithin = 30 * time.Second

// Answer is an answer that was read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	// Certificate is the host's; nil: it was asked without TLS.
	Certificate *x509.Certificate
}

// FirstAnswer asks until somebody answers, and takes the first answer, whatever it says. A connection that is refused, cut or too slow is no
// answer; a certificate that does not verify is one, and an error.
func FirstAnswer(ctx context.Context, ask func() (*http.Response, error)) (Answer, error) {
	return firstAnswer(ctx, ask, func(Answer) bool { return true })
}

// FirstServed is FirstAnswer, but a status from 500 on is no answer either: on the way to a component somebody was not ready.
func FirstServed(ctx context.Context, ask func() (*http.Response, error)) (Answer, error) {
	return firstAnswer(ctx, ask, func(a Answer) bool { return a.Status < http.StatusInternalServerError })
}

// Answer is the FirstAnswer of a URL.
func (b Browser) Answer(ctx context.Context, url string) (Answer, error) {
	return FirstAnswer(ctx, func() (*http.Response, error) { return b.Get(ctx, url) })
}

// Served is the FirstServed of a URL.
func (b Browser) Served(ctx context.Context, url string) (Answer, error) {
	return FirstServed(ctx, func() (*http.Response, error) { return b.Get(ctx, url) })
}

func firstAnswer(ctx context.Context, ask func() (*http.Response, error), counts func(Answer) bool) (answer Answer, err error) {
	var last error
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, answerWithin, true, func(context.Context) (bool, error) {
		answer, last = read(ask())
		if unverified := (&tls.CertificateVerificationError{}); errors.As(last, &unverified) {
			return false, unverified
		}
		if last == nil && !counts(answer) {
			last = fmt.Errorf("answered %d: %s", answer.Status, answer.Body)
		}
		return last == nil, nil
	})
	if err != nil {
		return Answer{}, errors.Join(err, last)
	}
	return answer, nil
}

func read(response *http.Response, err error) (Answer, error) {
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	answer := Answer{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	if response.TLS != nil {
		answer.Certificate = response.TLS.PeerCertificates[0]
	}
	return answer, err
}
