// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// memory is for how long a denied flow that passed counts: three rounds, so that a prober that chooses among many peers has
// its say.
const memory = 3 * interval

// breach remembers when a denied flow last passed. One is enough: no accident lets a connection in.
type breach struct{ last atomic.Int64 }

func (b *breach) note(flow string) {
	b.last.Store(time.Now().UnixNano())
	slog.Error("a denied flow passed", "flow", flow)
}

func (b *breach) healthy(now time.Time) error {
	if last := b.last.Load(); last != 0 {
		if ago := now.Sub(time.Unix(0, last)); ago < memory {
			return fmt.Errorf("a denied flow passed %s ago", ago.Round(time.Second))
		}
	}
	return nil
}
