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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// How admission is measured. Policies are put in force and taken out between the halves of a round, which takes a second or two each time,
// so there are few rounds of many requests.
const (
	admissionRounds   = 5
	warmRequests      = 15
	latencyRequests   = 100
	throughputWriters = 32
	throughputTime    = 2 * time.Second
	// places are the managed namespaces that are written to, spread over all.
	places = 50
)

// managedNamespaces are how many there are when it is measured.
var managedNamespaces = []int{10, 1000, 5000}

// Who writes.
const (
	theOperator     = "the operator"
	anOrganization  = "an organization"
	anAdministrator = "an administrator"
)

// AdmissionHalf is what was measured while the policies were in force, or while they were not.
type AdmissionHalf struct {
	// Latencies are those of single requests one after another in milliseconds, by who writes what.
	Latencies map[string][]float64 `json:"milliseconds"`
	// Policies is how long one of them was before the policies by the API server's own account, on average, in milliseconds.
	Policies map[string]float64 `json:"policiesMilliseconds"`
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
	set     *kubernetes.Clientset
	writers []writer
	count   atomic.Int64
	// spread are the namespaces that are written to.
	spread []string
}

// writer is somebody who writes one kind of object again and again.
type writer struct {
	who, what string
	http      *http.Client
	body      func(namespace string, n int64) write
}

func (w writer) String() string { return w.who + ": " + w.what }

// throughAdmission measures what the policies add to a write, on one API server, with none in force as the other side.
func throughAdmission(ctx context.Context, rounds int, report *Report) (err error) {
	environment, cluster, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, environment.Stop()) }()
	b, err := newAdmissionBench(ctx, environment, cluster)
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

func newAdmissionBench(ctx context.Context, environment *envtest.Environment, cluster *scenario.Cluster) (*admissionBench, error) {
	b := &admissionBench{cluster: cluster}
	var err error
	if b.guards, err = shippedGuards(ctx, cluster); err != nil {
		return nil, err
	}
	if b.set, err = kubernetes.NewForConfig(cluster.Config); err != nil {
		return nil, err
	}
	if err := furnishAdmission(ctx, cluster); err != nil {
		return nil, err
	}
	// By certificates of their own: to impersonate somebody costs the API server as much as the policies.
	for who, user := range map[string]envtest.User{theOperator: operatorLogin, anOrganization: tenantLogin} {
		login, err := environment.AddUser(user, nil)
		if err != nil {
			return nil, err
		}
		if err := b.join(who, login.Config()); err != nil {
			return nil, err
		}
	}
	return b, b.join(anAdministrator, cluster.Config)
}

func (b *admissionBench) join(who string, config *rest.Config) error {
	// Without a limit of its own, as Go's client for HTTP has none.
	client, err := rest.HTTPClientFor(config)
	for what, body := range bodiesOf(who) {
		b.writers = append(b.writers, writer{who, what, client, body})
	}
	slices.SortFunc(b.writers, func(a, c writer) int { return strings.Compare(a.String(), c.String()) })
	return err
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
	half := AdmissionHalf{Latencies: map[string][]float64{}, Policies: map[string]float64{}}
	for _, w := range b.writers {
		// The first ones meet policies that are compiled, and caches that are filled.
		for range warmRequests {
			if err := b.write(ctx, w, "&dryRun=All"); err != nil {
				return half, err
			}
		}
		before, err := b.inPolicies(ctx)
		if err != nil {
			return half, err
		}
		for range latencyRequests {
			begun := time.Now()
			if err := b.write(ctx, w, "&dryRun=All"); err != nil {
				return half, err
			}
			half.Latencies[w.String()] = append(half.Latencies[w.String()], milliseconds(time.Since(begun)))
		}
		after, err := b.inPolicies(ctx)
		if err != nil {
			return half, err
		}
		half.Policies[w.String()] = (after - before) / latencyRequests
	}
	var err error
	half.PerSecond, err = b.flood(ctx)
	return half, err
}

// flood is how much the operator writes in a second by many at once.
func (b *admissionBench) flood(ctx context.Context) (float64, error) {
	var done atomic.Int64
	operators := b.writersOf(theOperator)
	begun := time.Now()
	err := atOnce(throughputWriters, func(int) error {
		for time.Since(begun) < throughputTime {
			if err := b.write(ctx, operators[done.Add(1)%int64(len(operators))], ""); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(done.Load()) / time.Since(begun).Seconds(), err
}

func (b *admissionBench) writersOf(who string) (writers []writer) {
	for _, w := range b.writers {
		if w.who == who {
			writers = append(writers, w)
		}
	}
	return writers
}

// write sends one request of someone's.
func (b *admissionBench) write(ctx context.Context, w writer, options string) error {
	n := b.count.Add(1)
	return b.send(ctx, w.http, w.body(b.spread[n%int64(len(b.spread))], n), options)
}

// inPolicies is how long the API server has been before policies so far, in milliseconds: a counter of its own.
func (b *admissionBench) inPolicies(ctx context.Context) (float64, error) {
	page, err := b.set.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	return 1000 * admissionSeconds(page), err
}

// admissionSeconds reads the counter from a page of metrics. Where nothing was ever judged there is none.
func admissionSeconds(page []byte) (sum float64) {
	for line := range strings.Lines(string(page)) {
		counter, found := strings.CutPrefix(line, "apiserver_admission_controller_admission_duration_seconds_sum{")
		labels, value, _ := strings.Cut(counter, "} ")
		if seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && found && strings.Contains(labels, `name="ValidatingAdmissionPolicy"`) {
			sum += seconds
		}
	}
	return sum
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
