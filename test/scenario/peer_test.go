// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"io"
	"testing"
)

func TestWhatTheEndOfTheWaitDidIsNoRefusal(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		err                 error
		refused, unanswered bool
	}{
		"served":                    {nil, false, false},
		"ended by the peer":         {inTime(t.Context(), refused{io.EOF}), true, false},
		"ended by the wait's end":   {inTime(over, refused{io.EOF}), false, true},
		"served before the end":     {inTime(over, nil), false, false},
		"nobody listens":            {inTime(t.Context(), refused{errors.New("dial tcp 127.0.0.1:1: connect: connection refused")}), false, false},
		"an answer that is no HTTP": {inTime(t.Context(), errors.New("malformed HTTP response")), false, false},
		"the API server is away":    {unanswered{io.EOF}, false, true},
	} {
		if Refused(c.err) != c.refused || Unanswered(c.err) != c.unanswered {
			t.Errorf("%s: refused %v, unanswered %v", name, Refused(c.err), Unanswered(c.err))
		}
	}
}
