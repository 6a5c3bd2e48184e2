// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("Edges", Ordered, ContinueOnFailure, func() {
	var app, neighbour *scenario.App
	var api *corev1.Pod
	// admitted is whom the API's sidecar lets in by HTTP.
	var admitted scenario.Caller

	BeforeAll(func(ctx context.Context) {
		app = withDesk(ctx, "flows")
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
		Eventually(calls(ctx, api, admitted, "/api/greeting")).Should(Succeed(), "the declared caller is served")
		caller := scenario.Caller{Certificate: certificate(ctx), ServerName: admitted.ServerName}
		AddReportEntry("refused", expectRefused(calls(ctx, api, caller, "/api/greeting")))
	},
		Entry("no certificate", func(context.Context) *tls.Certificate { return nil }),
		Entry("another application's component of the same name, with an edge of the same name", func(ctx context.Context) *tls.Certificate {
			return ptrTo(stolen(ctx, neighbour, v1alpha1.TestNamespace, "web"))
		}),
		Entry("the same component in test", func(ctx context.Context) *tls.Certificate {
			return ptrTo(stolen(ctx, app, v1alpha1.TestNamespace, "web"))
		}),
		Entry("a component of the application without such an edge", func(ctx context.Context) *tls.Certificate {
			return ptrTo(stolen(ctx, app, v1alpha1.LiveNamespace, "db"))
		}),
		Entry("all that the caller's says, signed by itself", func(context.Context) *tls.Certificate {
			return forged(*admitted.Certificate, time.Now().Add(30*time.Minute), nil)
		}),
		Entry("all that the caller's says, signed by the authority, expired", func(ctx context.Context) *tls.Certificate {
			authority, err := cluster.KeyPair(ctx, types.NamespacedName{Namespace: "cert-manager", Name: "govpk-mesh"})
			Expect(err).NotTo(HaveOccurred())
			current := scenario.Caller{Certificate: forged(*admitted.Certificate, time.Now().Add(30*time.Minute), &authority), ServerName: admitted.ServerName}
			Eventually(calls(ctx, api, current, "/api/greeting")).Should(Succeed(), "the same one is served while it is current: its end alone is what is refused")
			return forged(*admitted.Certificate, time.Now().Add(-time.Minute), &authority)
		}),
	)

	It("refuse a caller at a port of its peer that it declares no edge to", func(ctx context.Context) {
		port := "grpc." + app.Identity(v1alpha1.LiveNamespace, "api")
		declared := stolen(ctx, app, v1alpha1.LiveNamespace, desk)
		Eventually(calls(ctx, api, scenario.Caller{Certificate: &declared, ServerName: port}, "/")).
			Should(MatchError(ContainSubstring("malformed HTTP response")), "gRPC's server answers desk, by HTTP/2")
		expectRefused(calls(ctx, api, scenario.Caller{Certificate: admitted.Certificate, ServerName: port}, "/"))
	})

	It("refuse plaintext at the sidecar's ports", func(ctx context.Context) {
		web := podOf(ctx, app, v1alpha1.LiveNamespace, "web")
		for pod, port := range map[*corev1.Pod]int{api: sidecar.PeerPort, web: sidecar.GatewayPort} {
			plain := func(port int) func() error {
				return func() error { return cluster.Plain(ctx, pod, port, "/healthz") }
			}
			expectRefused(plain(port))
			Eventually(plain(8080)).Should(Succeed(), "the component's own port, which loopback reaches, takes the same")
		}
	})

	It("leave the component's own port closed to a caller that its sidecar admits", func(ctx context.Context) {
		from := podOf(ctx, app, v1alpha1.LiveNamespace, desk)
		for port, want := range map[int]bool{sidecar.PeerPort: true, 8080: false, 9090: false} {
			reached := func() *bool {
				var answer struct{ Reached *bool }
				path := fmt.Sprintf("/api/reach?timeout=1000&address=%s:%d", api.Status.PodIP, port)
				Expect(json.Unmarshal([]byte(ask(ctx, from, path)), &answer)).To(Succeed())
				return answer.Reached
			}
			if want {
				Eventually(reached).Should(HaveValue(BeTrue()), "port %d, which a busy pod takes a while to accept at", port)
			} else {
				Expect(reached()).To(HaveValue(BeFalse()), "port %d", port)
			}
		}
	})

	It("show nothing of a visitor's request, nor of what components make of it, on any interface of any node", func(ctx context.Context) {
		expectSealed(ctx, app)
	})

	It("end with the release that declares them: a narrower one cuts established connections", func(ctx context.Context) {
		held := follow(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, desk), "/api/hold?seconds=300", sidecar.FirstEdgePort)
		Eventually(func() int { return len(held.all()) }).Should(BeNumerically(">=", 2), "the API's answer goes on, second by second, along desk's edge")
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
		Eventually(held.ended).WithTimeout(30 * time.Second).Should(BeTrue())
		certificate := stolen(ctx, app, v1alpha1.LiveNamespace, desk)
		expectRefused(calls(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, "api"), scenario.Caller{Certificate: &certificate, ServerName: admitted.ServerName}, "/api/greeting"))
	})
})

// calls asks a component as a caller does.
func calls(ctx context.Context, pod *corev1.Pod, caller scenario.Caller, path string) func() error {
	return func() error {
		_, err := cluster.Get(ctx, pod, caller, path)
		return err
	}
}

// expectRefused expects the peer to end the connection, and says how it did. Only who did not get as far as the peer asks again.
func expectRefused(ask func() error) string {
	GinkgoHelper()
	var refusal error
	Eventually(func() error { refusal = ask(); return refusal }).ShouldNot(Satisfy(scenario.Unanswered), "the way leads through the API server and a kubelet")
	Expect(refusal).To(Satisfy(scenario.Refused), "%v", refusal)
	return refusal.Error()
}
