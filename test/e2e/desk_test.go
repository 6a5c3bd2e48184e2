// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// desk is the sample API once more, as a component that calls the API itself: by HTTP, at a rate, and by gRPC.
const desk = "desk"

// withDesk is the sample with its database and a desk.
func withDesk(ctx context.Context, name string) *scenario.App {
	GinkgoHelper()
	app := cluster.Sample(people, organization, name, name+".mesh.gov.pk", "application.yaml", scenario.Secrets{"db": {"password": "of the organization"}})
	Expect(app.Clear(ctx)).To(Succeed())
	manifest, err := app.Manifest(strconv.FormatInt(time.Now().UnixNano(), 10))
	Expect(err).NotTo(HaveOccurred())
	web, api := &manifest.Spec.Components[0], &manifest.Spec.Components[1]
	web.Replicas = v1alpha1.Replicas{Min: 1, Max: 1}
	api.Replicas = v1alpha1.Replicas{Min: 1, Max: 1}
	api.Ports = append(api.Ports, v1alpha1.ComponentPort{Name: "grpc", Port: 9090})
	manifest.Spec.Components = append(manifest.Spec.Components, v1alpha1.Component{
		Name: desk, Image: api.Image, Ports: api.Ports[:1], Resources: web.Resources, ReadinessProbe: web.ReadinessProbe,
		ConnectsTo: []v1alpha1.Edge{{Component: "api", Port: "http"}, {Component: "api", Port: "grpc", Name: "grpc"}},
	})
	DeferCleanup(app.Clear)
	Expect(app.Developer.Create(ctx, manifest)).To(Succeed())
	Expect(app.Pass(ctx)).To(Succeed())
	eventuallyServes(ctx, cluster.Public(), "https://"+app.Host+"/api/visits")
	return app
}

func ptrTo(certificate tls.Certificate) *tls.Certificate { return &certificate }

func stolen(ctx context.Context, app *scenario.App, stage, component string) tls.Certificate {
	GinkgoHelper()
	certificate, err := app.Stolen(ctx, stage, component)
	Expect(err).NotTo(HaveOccurred())
	return certificate
}

func forged(like tls.Certificate, end time.Time, authority *tls.Certificate) *tls.Certificate {
	GinkgoHelper()
	certificate, err := scenario.Forge(like, end, authority)
	Expect(err).NotTo(HaveOccurred())
	return &certificate
}

// clientOf is a client whose requests come to a port of a pod by its own loopback.
func clientOf(pod *corev1.Pod, port int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return cluster.Forward(ctx, pod, port) },
	}}
}

// ask asks a component in its pod.
func ask(ctx context.Context, pod *corev1.Pod, path string) string {
	GinkgoHelper()
	lines := follow(ctx, pod, path)
	Eventually(lines.ended).Should(BeTrue())
	return strings.Join(lines.all(), "\n")
}

// lines are those of an answer that goes on and on.
type lines struct {
	mutex sync.Mutex
	seen  []string
	done  bool
}

// follow reads a component's answer in its pod, at port 8080 or another one of loopback. It ends with the spec.
func follow(ctx context.Context, pod *corev1.Pod, path string, port ...int) *lines {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	DeferCleanup(cancel)
	at := append(port, 8080)[0]
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://pod"+path, nil)
	Expect(err).NotTo(HaveOccurred())
	var response *http.Response
	Eventually(func() (err error) {
		response, err = clientOf(pod, at).Do(request) //nolint:bodyclose // the reader below closes it
		return err
	}).Should(Succeed(), "the way leads through the API server and a kubelet")
	Expect(response.StatusCode).To(Equal(http.StatusOK), path)
	l := &lines{}
	go func() {
		defer response.Body.Close()
		for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
			l.mutex.Lock()
			l.seen = append(l.seen, scanner.Text())
			l.mutex.Unlock()
		}
		l.mutex.Lock()
		l.done = true
		l.mutex.Unlock()
	}()
	return l
}

func (l *lines) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.seen
}

func (l *lines) ended() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.done
}

// tally is what desk counted of its requests so far.
type tally struct {
	Asked, Failed int
	Problems      []string
}

func (l *lines) tally() (t tally, err error) {
	seen := l.all()
	if len(seen) == 0 {
		return t, nil
	}
	err = json.Unmarshal([]byte(seen[len(seen)-1]), &t)
	return t, err
}
