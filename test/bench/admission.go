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

// How admission is measured.
const (
	warmRequests      = 15
	latencyRequests   = 100
	accountRequests   = 50
	throughputWriters = 32
	throughputTime    = 3 * time.Second
	// sites are the managed namespaces that are written to on each side, spread over all.
	sites = 25
)

// managedNamespaces are how many there are when it is measured.
var managedNamespaces = []int{10, 1000, 5000}

// Who writes.
const (
	theOperator     = "the operator"
	anOrganization  = "an organization"
	anAdministrator = "an administrator"
)

// AdmissionSide is what was measured where policies are in force, or where they are not.
type AdmissionSide struct {
	// Latencies are those of single requests one after another in milliseconds, by who writes what.
	Latencies map[string][]float64 `json:"milliseconds"`
	// Policies is how long one of them was before the policies by the API server's own account, on average, in milliseconds. Where
	// none is in force they are still matched.
	Policies map[string]float64 `json:"policiesMilliseconds"`
	// PerSecond are the operator's writes by many at once: with the policies installed, and with none.
	PerSecond float64 `json:"operatorWritesPerSecond"`
}

// AdmissionRound is both sides.
type AdmissionRound struct {
	With    AdmissionSide `json:"with"`
	Without AdmissionSide `json:"without"`
}

// admissionBench is one API server on which policies come and go.
type admissionBench struct {
	cluster *scenario.Cluster
	guards  *guards
	set     *kubernetes.Clientset
	writers []writer
	count   atomic.Int64
	// guarded and open are where it is written to.
	guarded, open []site
}

// writer is somebody who writes one kind of object again and again.
type writer struct {
	who, what string
	http      *http.Client
	body      func(site, int64) write
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
		for i := range warm + rounds {
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
	if err := b.join(anAdministrator, cluster.Config); err != nil {
		return nil, err
	}
	slices.SortFunc(b.writers, func(a, c writer) int { return strings.Compare(a.String(), c.String()) })
	return b, nil
}

func (b *admissionBench) join(who string, config *rest.Config) error {
	// Go's client for HTTP has no rate limit.
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	for what, body := range bodiesOf(who) {
		b.writers = append(b.writers, writer{who, what, client, body})
	}
	return nil
}

// round measures both sides, request by request in turn, then many at once, for which policies come and go: that takes a second or two.
func (b *admissionBench) round(ctx context.Context, withFirst bool) (AdmissionRound, error) {
	round := AdmissionRound{}
	for _, side := range []*AdmissionSide{&round.With, &round.Without} {
		side.Latencies, side.Policies = map[string][]float64{}, map[string]float64{}
	}
	if err := b.guards.install(ctx); err != nil {
		return round, err
	}
	for _, w := range b.writers {
		if err := b.inTurn(ctx, w, &round); err != nil {
			return round, err
		}
	}
	floods := []struct {
		side *AdmissionSide
		into func(context.Context) error
	}{{&round.Without, b.guards.remove}, {&round.With, b.guards.install}}
	if withFirst {
		slices.Reverse(floods)
	}
	for _, flood := range floods {
		if err := flood.into(ctx); err != nil {
			return round, err
		}
		var err error
		if flood.side.PerSecond, err = b.flood(ctx); err != nil {
			return round, err
		}
	}
	return round, nil
}

// inTurn has somebody write where policies are in force and where they are not, each as often as first, and then asks the API server for its account.
func (b *admissionBench) inTurn(ctx context.Context, w writer, round *AdmissionRound) error {
	sides := []struct {
		sites []site
		out   *AdmissionSide
	}{{b.guarded, &round.With}, {b.open, &round.Without}}
	for i := range warmRequests + latencyRequests {
		slices.Reverse(sides)
		for _, side := range sides {
			begun := time.Now()
			if err := b.write(ctx, w, side.sites, "&dryRun=All"); err != nil {
				return err
			}
			// The first ones meet policies that are compiled, and caches that are filled.
			if i >= warmRequests {
				side.out.Latencies[w.String()] = append(side.out.Latencies[w.String()], milliseconds(time.Since(begun)))
			}
		}
	}
	for _, side := range sides {
		before, err := b.inPolicies(ctx)
		if err != nil {
			return err
		}
		for range accountRequests {
			if err := b.write(ctx, w, side.sites, "&dryRun=All"); err != nil {
				return err
			}
		}
		after, err := b.inPolicies(ctx)
		if err != nil {
			return err
		}
		side.out.Policies[w.String()] = (after - before) / accountRequests
	}
	return nil
}

// flood is how much the operator writes in a second by many at once.
func (b *admissionBench) flood(ctx context.Context) (float64, error) {
	var done atomic.Int64
	operators := b.writersOf(theOperator)
	begun := time.Now()
	err := atOnce(throughputWriters, func(int) error {
		for time.Since(begun) < throughputTime {
			if err := b.write(ctx, operators[done.Add(1)%int64(len(operators))], b.guarded, ""); err != nil {
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
func (b *admissionBench) write(ctx context.Context, w writer, sites []site, options string) error {
	n := b.count.Add(1)
	return b.send(ctx, w.http, w.body(sites[n%int64(len(sites))], n), options)
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
