// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// Edge is an edge of an application: one component asks another.
const Edge = "an edge, direct and through two sidecars"

// A round goes to and fro between the direct way and the sidecars in small blocks, so that a neighbour's load hits both.
const (
	blocks           = 10
	keptPerBlock     = 200
	newPerBlock      = 20
	floodFor         = 100 * time.Millisecond
	floodConnections = 8
	largeBody        = 16 << 20
)

// EdgeSide is one way to a component in one round.
type EdgeSide struct {
	// Latencies in milliseconds of a small request, on a connection that is kept and with a new one for each.
	KeptP50 float64 `json:"keptP50Milliseconds"`
	KeptP99 float64 `json:"keptP99Milliseconds"`
	NewP50  float64 `json:"newP50Milliseconds"`
	NewP99  float64 `json:"newP99Milliseconds"`
	// Requests are small ones by eight callers at once, each on its own connection, in a second.
	Requests float64 `json:"requestsPerSecond"`
	// Megabytes are those of a large body on one connection in a second.
	Megabytes float64 `json:"megabytesPerSecond"`
}

// EdgeRound is both ways at the same time.
type EdgeRound struct {
	Direct   EdgeSide `json:"direct"`
	Sidecars EdgeSide `json:"sidecars"`
}

// SidecarMemory is what one sidecar takes in MiB: resident, with the pages of its program files, and of that its own.
type SidecarMemory struct {
	Sidecar    string  `json:"sidecar"`
	When       string  `json:"when"`
	HAProxy    float64 `json:"haproxyMiB"`
	HAProxyOwn float64 `json:"haproxyOwnMiB"`
	Entry      float64 `json:"entryMiB"`
	EntryOwn   float64 `json:"entryOwnMiB"`
	Limit      float64 `json:"limitMiB"`
}

// EdgeReport is what an edge costs.
type EdgeReport struct {
	Rounds []EdgeRound     `json:"rounds"`
	Memory []SidecarMemory `json:"memory"`
}

// measureEdge measures the real sidecars on loopback.
func measureEdge(ctx context.Context, haproxy string, rounds int) (*EdgeReport, error) {
	report := &EdgeReport{}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server, address, err := startComponent(ctx)
	if err != nil {
		return nil, err
	}
	caller, callee, err := twoSidecars(ctx, haproxy, int(address.Port()))
	if err != nil {
		return nil, err
	}
	defer func() {
		cancel()
		_, _, _ = caller.command.Wait(), callee.command.Wait(), server.Wait()
	}()
	e := &edge{direct: newWay(address.String()), sidecars: newWay("127.0.0.1:" + strconv.Itoa(sidecar.FirstEdgePort))}
	err = scenario.Eventually(ctx, patience, func() error {
		_, err := ask(ctx, e.sidecars.anew, e.sidecars.url)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the sidecars do not carry the edge; their lines above say why: %w", err)
	}
	if err := report.remember("at rest", caller, callee); err != nil {
		return nil, err
	}
	for i := range rounds + 1 {
		round, err := e.round(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s, round %d: %w", Edge, i, err)
		}
		if i > 0 { // the first one warms up
			report.Rounds = append(report.Rounds, round)
		}
	}
	err = report.remember("after the load", caller, callee)
	return report, err
}

// haproxyProgram is that of the sidecar's image, else the machine's.
func haproxyProgram() (string, bool) {
	image := root("bin/tools/current/haproxy")
	if _, err := os.Stat(image); err == nil {
		return image, true
	}
	installed, err := exec.LookPath("haproxy")
	return installed, err == nil
}

// twoSidecars are those of web, which has an edge to api, and of api, which listens on the port.
func twoSidecars(ctx context.Context, haproxy string, port int) (caller, callee *sidecarProcess, err error) {
	dir, err := os.MkdirTemp("", "entry")
	if err != nil {
		return nil, nil, err
	}
	context.AfterFunc(ctx, func() { os.RemoveAll(dir) })
	entry := filepath.Join(dir, "sidecar")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", entry, "./cmd/sidecar")
	build.Dir, build.Env = root("."), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("build cmd/sidecar: %w\n%s", err, out)
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, nil, err
	}
	scope := render.Scope{Namespace: "bench", Application: "edge", Stage: v1alpha1.LiveNamespace}
	web, api := mesh.Identity(scope, "web"), mesh.Identity(scope, "api")
	callee, err = startSidecar(ctx, entry, haproxy, ca, api, sidecar.Proxy{
		Inbound: []sidecar.Inbound{{ServerName: "http." + api, Port: int32(port), Peers: true}},
	})
	if err != nil {
		return nil, nil, err
	}
	caller, err = startSidecar(ctx, entry, haproxy, ca, web, sidecar.Proxy{Outbound: []sidecar.Outbound{{
		Listen: sidecar.FirstEdgePort, Address: "127.0.0.1", Port: sidecar.PeerPort, ServerName: "http." + api, Identity: api,
	}}}, "http.api")
	return caller, callee, err
}

// way is an address of the component, and the clients that ask there.
type way struct {
	url        string
	kept, anew *http.Client
}

func newWay(address string) way {
	return way{
		url:  "http://" + address,
		kept: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: floodConnections}},
		anew: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

type edge struct{ direct, sidecars way }

// round takes turns in who is first, too.
func (e *edge) round(ctx context.Context) (EdgeRound, error) {
	samples := [2]samples{}
	for block := range blocks {
		for turn := range 2 {
			side := (block + turn) % 2
			w := []way{e.direct, e.sidecars}[side]
			if err := samples[side].block(ctx, w); err != nil {
				return EdgeRound{}, err
			}
		}
	}
	return EdgeRound{Direct: samples[0].side(), Sidecars: samples[1].side()}, nil
}

type samples struct {
	kept, anew         []float64
	requests, received float64
	flooded, receiving time.Duration
}

func (s *samples) block(ctx context.Context, w way) error {
	// What was idle since its last turn is not what is measured.
	if _, err := ask(ctx, w.kept, w.url); err != nil {
		return err
	}
	for range keptPerBlock {
		took, err := timed(func() error { _, err := ask(ctx, w.kept, w.url); return err })
		if err != nil {
			return err
		}
		s.kept = append(s.kept, milliseconds(took))
	}
	for range newPerBlock {
		took, err := timed(func() error { _, err := ask(ctx, w.anew, w.url); return err })
		if err != nil {
			return err
		}
		s.anew = append(s.anew, milliseconds(took))
	}
	took, err := timed(func() error {
		n, err := ask(ctx, w.kept, w.url+"/large")
		s.received += float64(n)
		return err
	})
	s.receiving += took
	if err != nil {
		return err
	}
	return s.flood(ctx, w)
}

// flood is as many requests as eight callers get answered.
func (s *samples) flood(ctx context.Context, w way) error {
	var group sync.WaitGroup
	var answered atomic.Int64
	failed := make([]error, floodConnections)
	begun := time.Now()
	for i := range floodConnections {
		group.Go(func() {
			for time.Since(begun) < floodFor && failed[i] == nil {
				_, failed[i] = ask(ctx, w.kept, w.url)
				answered.Add(1)
			}
		})
	}
	group.Wait()
	s.flooded += time.Since(begun)
	s.requests += float64(answered.Load())
	return errors.Join(failed...)
}

func (s *samples) side() EdgeSide {
	return EdgeSide{
		KeptP50: percentile(s.kept, 50), KeptP99: percentile(s.kept, 99), NewP50: percentile(s.anew, 50), NewP99: percentile(s.anew, 99),
		Requests: s.requests / s.flooded.Seconds(), Megabytes: s.received / 1e6 / s.receiving.Seconds(),
	}
}

// percentile is the least of the values that so many percent do not exceed.
func percentile(values []float64, percent int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)*percent+99)/100-1]
}

// ask returns how many bytes were answered.
func ask(ctx context.Context, c *http.Client, url string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return n, err
}
