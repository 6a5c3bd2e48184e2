// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Stream is an answer that goes on and on, such as a long download or a WebSocket.
type Stream struct {
	cancel context.CancelFunc
	body   io.ReadCloser
	parts  chan struct{}
	// done is closed at the end, when ended and err are known.
	done  chan struct{}
	ended time.Time
	err   error
}

// Download opens a long answer.
func (b Browser) Download(ctx context.Context, url string) (*Stream, error) {
	return b.stream(ctx, url, nil, http.StatusOK)
}

// Socket opens a WebSocket.
func (b Browser) Socket(ctx context.Context, url string) (*Stream, error) {
	return b.stream(ctx, url, http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, // the one of RFC 6455
	}, http.StatusSwitchingProtocols)
}

// stream reads an answer until it ends, however long that takes.
func (b Browser) stream(ctx context.Context, url string, header http.Header, want int) (*Stream, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	patient := *b.client
	patient.Timeout = 0
	response, err := patient.Do(request)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != want {
		cancel()
		response.Body.Close()
		return nil, fmt.Errorf("%s answered %s, want %d", url, response.Status, want)
	}
	s := &Stream{cancel: cancel, body: response.Body, parts: make(chan struct{}, 1), done: make(chan struct{})}
	go s.read()
	return s, nil
}

func (s *Stream) read() {
	defer close(s.done)
	buffer := make([]byte, 4096)
	for {
		n, err := s.body.Read(buffer)
		if n > 0 {
			select {
			case s.parts <- struct{}{}:
			default:
			}
		}
		if err != nil {
			s.ended, s.err = time.Now(), err
			return
		}
	}
}

// Next waits for a part that nobody has asked for yet.
func (s *Stream) Next(within time.Duration) error {
	select {
	case <-s.parts:
		return nil
	case <-s.done:
		return fmt.Errorf("the stream ended: %w", s.err)
	case <-time.After(within):
		return fmt.Errorf("nothing came for %s", within)
	}
}

// Ended waits for the end and says when that was.
func (s *Stream) Ended(within time.Duration) (time.Time, error) {
	select {
	case <-s.done:
		return s.ended, nil
	case <-time.After(within):
		return time.Time{}, fmt.Errorf("the stream goes on after %s", within)
	}
}

// Broken is true when the stream ended otherwise than by its server's good order.
func (s *Stream) Broken() bool {
	<-s.done
	return !errors.Is(s.err, io.EOF)
}

// Close ends the stream from the visitor's side. The context alone would leave a WebSocket open.
func (s *Stream) Close() {
	s.cancel()
	s.body.Close()
	<-s.done
}
