// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
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
	eventuallyAnswers(ctx, cluster.Public(), "https://"+app.Host+"/api/visits", http.StatusOK)
	return app
}

var _ = Describe("Edges", Ordered, func() {
	var app, neighbour *scenario.App
	var api *corev1.Pod
	// admitted is whom the API's sidecar lets in by HTTP.
	var admitted scenario.Caller

	BeforeAll(func(ctx context.Context) {
		app = withDesk(ctx, "edges")
		neighbour = underTest(ctx, otherOrganization, "elsewhere", nil)
		api = podOf(ctx, app, v1alpha1.LiveNamespace, "api")
		certificate := stolen(ctx, app, v1alpha1.LiveNamespace, "web")
		admitted = scenario.Caller{Certificate: &certificate, ServerName: "http." + app.Identity(v1alpha1.LiveNamespace, "api")}
	})

	It("carry HTTP, gRPC with a stream, and a session of PostgreSQL", func(ctx context.Context) {
		load := follow(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, desk), "/api/ask?seconds=1&rate=20")
		Eventually(load.tally).Should(Equal(tally{Asked: 20}))
		var health map[string]string
		Expect(json.Unmarshal([]byte(ask(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, desk), "/api/grpc")), &health)).To(Succeed())
		Expect(health).To(Equal(map[string]string{"check": "serving", "watch": "serving"}))
		session := follow(ctx, api, "/api/session?seconds=2")
		Eventually(session.ended).Should(BeTrue())
		Expect(session.all()).To(HaveLen(2))
		Expect(session.all()[0]).To(MatchRegexp(`^\d+$`), "the process that serves the session")
	})

	// The connections come by the pod's own loopback, where no NetworkPolicy stands in the way: what refuses them is TLS.
	DescribeTable("refuse whoever is not a declared caller", func(ctx context.Context, certificate func(context.Context) *tls.Certificate) {
		_, err := cluster.Get(ctx, api, admitted, "/api/greeting")
		Expect(err).NotTo(HaveOccurred(), "the declared caller is served")
		_, err = cluster.Get(ctx, api, scenario.Caller{Certificate: certificate(ctx), ServerName: admitted.ServerName}, "/api/greeting")
		Expect(err).To(Satisfy(scenario.Refused), "%v", err)
		AddReportEntry("refused", err.Error())
	},
		Entry("no certificate", func(context.Context) *tls.Certificate { return nil }),
		Entry("another application's component of the caller's name", func(ctx context.Context) *tls.Certificate {
			return ptrTo(stolen(ctx, neighbour, v1alpha1.TestNamespace, "web"))
		}),
		Entry("the same component in test", func(ctx context.Context) *tls.Certificate {
			return ptrTo(stolen(ctx, app, v1alpha1.TestNamespace, "web"))
		}),
		Entry("a component of the application without such an edge", func(ctx context.Context) *tls.Certificate {
			return ptrTo(stolen(ctx, app, v1alpha1.LiveNamespace, "db"))
		}),
		Entry("the caller's name, signed by itself", func(context.Context) *tls.Certificate {
			return forged(app.Identity(v1alpha1.LiveNamespace, "web"), time.Now().Add(time.Hour), nil)
		}),
		Entry("the caller's name, signed by the authority, expired", func(ctx context.Context) *tls.Certificate {
			authority, err := cluster.KeyPair(ctx, types.NamespacedName{Namespace: "cert-manager", Name: "govpk-mesh"})
			Expect(err).NotTo(HaveOccurred())
			identity := app.Identity(v1alpha1.LiveNamespace, "web")
			current := scenario.Caller{Certificate: forged(identity, time.Now().Add(30*time.Minute), &authority), ServerName: admitted.ServerName}
			_, err = cluster.Get(ctx, api, current, "/api/greeting")
			Expect(err).NotTo(HaveOccurred(), "the same one is served while it is current: its end alone is what is refused")
			return forged(identity, time.Now().Add(-time.Minute), &authority)
		}),
	)

	It("refuse a caller at a port of its peer that it declares no edge to", func(ctx context.Context) {
		_, err := cluster.Get(ctx, api, scenario.Caller{Certificate: admitted.Certificate, ServerName: "grpc." + app.Identity(v1alpha1.LiveNamespace, "api")}, "/")
		Expect(err).To(Satisfy(scenario.Refused), "%v", err)
	})

	It("refuse plaintext at the sidecar's ports", func(ctx context.Context) {
		web := podOf(ctx, app, v1alpha1.LiveNamespace, "web")
		for pod, port := range map[*corev1.Pod]int{api: sidecar.PeerPort, web: sidecar.GatewayPort} {
			Expect(cluster.Plain(ctx, pod, port, "/healthz")).To(Satisfy(scenario.Refused), "port %d", port)
			Expect(cluster.Plain(ctx, pod, 8080, "/healthz")).To(Succeed(), "the component's own port, which loopback reaches, takes the same")
		}
	})

	It("leave the component's own port closed to a caller that its sidecar admits", func(ctx context.Context) {
		from := podOf(ctx, app, v1alpha1.LiveNamespace, desk)
		for port, want := range map[int]bool{sidecar.PeerPort: true, 8080: false, 9090: false} {
			var answer struct{ Reached *bool }
			path := fmt.Sprintf("/api/reach?timeout=1000&address=%s:%d", api.Status.PodIP, port)
			Expect(json.Unmarshal([]byte(ask(ctx, from, path)), &answer)).To(Succeed())
			Expect(answer.Reached).To(HaveValue(Equal(want)), "port %d", port)
		}
	})

	It("end with the release that declares them: a narrower one cuts established connections", func(ctx context.Context) {
		held := follow(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, desk), "/api/hold?seconds=300", sidecar.FirstEdgePort)
		Eventually(held.all).Should(HaveLen(2), "the API's answer goes on, second by second, along desk's edge")
		Expect(app.Edit(ctx, func(spec *specification) {
			last := &spec.Components[len(spec.Components)-1]
			last.ConnectsTo = last.ConnectsTo[1:]
		})).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting)
		Expect(app.RunsInTest(ctx)).To(Succeed())
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		Expect(held.ended()).To(BeFalse(), "nothing of live has changed yet")
		Expect(app.Launch(ctx)).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		Eventually(held.ended).Should(BeTrue())
		certificate := stolen(ctx, app, v1alpha1.LiveNamespace, desk)
		_, err := cluster.Get(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, "api"), scenario.Caller{Certificate: &certificate, ServerName: admitted.ServerName}, "/api/greeting")
		Expect(err).To(Satisfy(scenario.Refused), "%v", err)
	})
})

func ptrTo(certificate tls.Certificate) *tls.Certificate { return &certificate }

func stolen(ctx context.Context, app *scenario.App, stage, component string) tls.Certificate {
	GinkgoHelper()
	certificate, err := app.Stolen(ctx, stage, component)
	Expect(err).NotTo(HaveOccurred())
	return certificate
}

func forged(identity string, end time.Time, authority *tls.Certificate) *tls.Certificate {
	GinkgoHelper()
	certificate, err := scenario.Forge(identity, end, authority)
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
	response, err := clientOf(pod, at).Do(request)
	Expect(err).NotTo(HaveOccurred())
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
	return t, json.Unmarshal([]byte(seen[len(seen)-1]), &t)
}
