// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// How admission is measured. Policies are put in force and taken out between the halves of a round, which takes a second or two each time,
// so there are few rounds of many requests.
const (
	admissionRounds   = 3
	warmRequests      = 25
	latencyRequests   = 125
	throughputWriters = 32
	throughputTime    = time.Second
	// places are the managed namespaces that are written to, spread over all.
	places = 50
)

// managedNamespaces are how many there are when it is measured.
var managedNamespaces = []int{10, 1000, 5000}

// Who writes.
const (
	OperatorWrites = "the operator: Service, Deployment, HTTPRoute"
	TenantWrites   = "an organization: its Secret, its application"
	OtherWrites    = "somebody else: a ConfigMap elsewhere"
)

// AdmissionHalf is what was measured while the policies were in force, or while they were not.
type AdmissionHalf struct {
	// Latencies are those of single requests one after another in milliseconds, by who writes.
	Latencies map[string][]float64 `json:"milliseconds"`
	// Processor is what one of them took of the API server's processor, in milliseconds, which neighbours change less.
	Processor map[string]float64 `json:"processorMilliseconds"`
	// PerSecond are the operator's writes by many at once.
	PerSecond float64 `json:"operatorWritesPerSecond"`
}

// AdmissionRound is both halves.
type AdmissionRound struct {
	With    AdmissionHalf `json:"with"`
	Without AdmissionHalf `json:"without"`
}

// admissionBench is one API server on which policies come and go.
type admissionBench struct {
	cluster *scenario.Cluster
	guards  *guards
	// server is the process of the API server.
	server  int
	writers map[string]writer
	count   atomic.Int64
	// spread are the namespaces that are written to.
	spread []string
}

// writer sends its bodies in turn.
type writer struct {
	http   *http.Client
	bodies []func(namespace string, n int64) write
}

// throughAdmission measures what the policies add to a write, on one API server, with none in force as the other side.
func throughAdmission(ctx context.Context, rounds int, report *Report) (err error) {
	environment, cluster, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, environment.Stop()) }()
	b, err := newAdmissionBench(ctx, cluster)
	if err != nil {
		return err
	}
	report.Admission = map[int][]AdmissionRound{}
	made := 0
	for _, n := range managedNamespaces {
		if err := b.guards.remove(ctx); err != nil {
			return err
		}
		if err := b.grow(ctx, made, n); err != nil {
			return fmt.Errorf("%d managed namespaces: %w", n, err)
		}
		made = n
		warm := 0
		if n == managedNamespaces[0] {
			warm = 1
		}
		for i := range warm + min(rounds, admissionRounds) {
			round, err := b.round(ctx, i%2 == 0)
			if err != nil {
				return fmt.Errorf("%d managed namespaces, round %d: %w", n, i, err)
			}
			if i >= warm {
				report.Admission[n] = append(report.Admission[n], round)
			}
		}
	}
	return nil
}

func newAdmissionBench(ctx context.Context, cluster *scenario.Cluster) (*admissionBench, error) {
	b := &admissionBench{cluster: cluster, writers: map[string]writer{}}
	var err error
	if b.server, err = child("kube-apiserver"); err != nil {
		return nil, err
	}
	if b.guards, err = shippedGuards(ctx, cluster); err != nil {
		return nil, err
	}
	if err := furnishAdmission(ctx, cluster); err != nil {
		return nil, err
	}
	for who, user := range map[string]*rest.Config{OperatorWrites: asOperator(cluster.Config), TenantWrites: asTenant(cluster.Config), OtherWrites: cluster.Config} {
		client, err := rest.HTTPClientFor(user)
		if err != nil {
			return nil, err
		}
		b.writers[who] = writer{client, bodiesOf(who)}
	}
	return b, nil
}

// round measures with and without policies, on the same objects.
func (b *admissionBench) round(ctx context.Context, withFirst bool) (round AdmissionRound, err error) {
	halves := []struct {
		out  *AdmissionHalf
		into func(context.Context) error
	}{{&round.Without, b.guards.remove}, {&round.With, b.guards.install}}
	if withFirst {
		slices.Reverse(halves)
	}
	for _, half := range halves {
		if err := half.into(ctx); err != nil {
			return round, err
		}
		if *half.out, err = b.half(ctx); err != nil {
			return round, err
		}
	}
	return round, nil
}

func (b *admissionBench) half(ctx context.Context) (AdmissionHalf, error) {
	half := AdmissionHalf{Latencies: map[string][]float64{}, Processor: map[string]float64{}}
	for _, who := range []string{OperatorWrites, TenantWrites, OtherWrites} {
		// The first ones meet policies that are compiled, and caches that are filled.
		for range warmRequests {
			if err := b.write(ctx, who, "&dryRun=All"); err != nil {
				return half, err
			}
		}
		before, err := processorTime(b.server)
		if err != nil {
			return half, err
		}
		for range latencyRequests {
			begun := time.Now()
			if err := b.write(ctx, who, "&dryRun=All"); err != nil {
				return half, err
			}
			half.Latencies[who] = append(half.Latencies[who], milliseconds(time.Since(begun)))
		}
		after, err := processorTime(b.server)
		if err != nil {
			return half, err
		}
		half.Processor[who] = milliseconds(after-before) / latencyRequests
	}
	var err error
	half.PerSecond, err = b.flood(ctx)
	return half, err
}

// flood is how much the operator writes in a second by many at once.
func (b *admissionBench) flood(ctx context.Context) (float64, error) {
	var done atomic.Int64
	begun := time.Now()
	err := atOnce(throughputWriters, func(int) error {
		for time.Since(begun) < throughputTime {
			if err := b.write(ctx, OperatorWrites, ""); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64(done.Load()) / time.Since(begun).Seconds(), err
}

// write sends one request of someone's.
func (b *admissionBench) write(ctx context.Context, who, options string) error {
	n, w := b.count.Add(1), b.writers[who]
	next := w.bodies[n/int64(len(b.spread))%int64(len(w.bodies))](b.spread[n%int64(len(b.spread))], n)
	return b.send(ctx, w.http, next, options)
}

func (b *admissionBench) send(ctx context.Context, client *http.Client, w write, options string) error {
	url := strings.TrimSuffix(b.cluster.Config.Host, "/") + w.path + "?" + w.query + options
	request, err := http.NewRequestWithContext(ctx, w.method, url, bytes.NewReader(w.body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", w.contentType)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s: %s", w.method, w.path, response.Status, answer)
	}
	return err
}

// atOnce runs so many at the same time, each with its number.
func atOnce(n int, run func(int) error) error {
	failed := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { failed[i] = run(i) })
	}
	group.Wait()
	return errors.Join(failed...)
}
