// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("A takedown of an application in use", func() {
	It("cuts WebSockets and downloads, and keeps the end of the pods' logs for the evidence reader", func(ctx context.Context) {
		// Without its database the API says so in its log at each question for visits.
		marker := "visits-" + time.Now().Format("150405.000")
		app := launched(ctx, "streams", func(spec *specification) {
			spec.Components[1].Env = append(spec.Components[1].Env,
				v1alpha1.EnvVar{Name: "DB_HOST", Value: "127.0.0.1"}, v1alpha1.EnvVar{Name: "DB_PORT", Value: "5432"},
				v1alpha1.EnvVar{Name: "DB_USER", Value: "sehat"}, v1alpha1.EnvVar{Name: "DB_PASSWORD", Value: "none"},
				v1alpha1.EnvVar{Name: "DB_NAME", Value: marker})
		})
		url := "https://" + app.Host
		eventuallyServes(ctx, cluster.Public(), url+"/api/greeting")
		for range 250 {
			Expect(statusOf(ctx, cluster.Public(), url+"/api/visits")).To(Equal(http.StatusServiceUnavailable))
		}
		socket, download := open(ctx, app)

		start := time.Now()
		violation := raise(ctx, app, v1alpha1.WorkloadsStop)
		for name, stream := range map[string]*scenario.Stream{"WebSocket": socket, "download": download} {
			ended, err := stream.Ended(30 * time.Second)
			Expect(err).NotTo(HaveOccurred(), name)
			AddReportEntry("flag → "+name+" cut", ended.Sub(start).Round(time.Millisecond).String())
		}
		Expect(download.Broken()).To(BeTrue(), "the download breaks off instead of ending")
		enforced(ctx, violation)
		Expect(app.Reach(ctx, v1alpha1.StageOffline)).To(Succeed())
		stopped(ctx, app)

		ntc := ntcPeople(ctx)
		part := &corev1.ConfigMap{}
		key := types.NamespacedName{Namespace: "govpk-evidence", Name: violation.Status.Evidence[0]}
		Expect(app.Developer.Get(ctx, key, part)).To(MatchError(ContainSubstring("forbidden")), "tenants read no evidence")
		evidence, err := scenario.Evidence(ctx, ntc.Investigator, violation)
		Expect(err).NotTo(HaveOccurred())
		Expect(evidence.Gaps).To(BeEmpty())
		Expect(evidence.Logs).To(ContainElement(And(HaveField("Container", "api"), HaveField("Text", ContainSubstring("database="+marker)))))
		for _, log := range evidence.Logs {
			Expect(log.Text).To(Satisfy(bounded), "%s/%s", log.Pod, log.Container)
		}
	})

	It("isolates: pods stay for forensics, behind default-deny and without a route", func(ctx context.Context) {
		app := launched(ctx, "isolated", nil)
		url := "https://" + app.Host
		eventuallyServes(ctx, cluster.Public(), url+"/api/greeting")
		web := nearby(ctx, app)
		if web != nil {
			Eventually(func() error { return web(ctx, "/api/greeting") }).Should(Succeed(), "the edge to the API carries")
		} else {
			AddReportEntry("SKIPPED: the edges of an isolated application", "no web pod is reached from the API server's node")
		}
		before := uids(ctx, app)
		socket, download := open(ctx, app)

		start := time.Now()
		violation := flag(ctx, app, v1alpha1.WorkloadsIsolate)
		Expect(violation.Status.Steps).NotTo(ContainElement(HaveField("Name", v1alpha1.StepStopWorkloads)))
		eventuallyCloses(ctx, url+"/")
		AddReportEntry("flag → closed at the gateway, isolated", time.Since(start).Round(time.Millisecond).String())
		var routes gatewayv1.HTTPRouteList
		Expect(cluster.Admin.List(ctx, &routes, client.InNamespace(app.Namespace("live")))).To(Succeed())
		Expect(routes.Items).To(BeEmpty())
		var policies networkingv1.NetworkPolicyList
		Expect(cluster.Admin.List(ctx, &policies, client.InNamespace(app.Namespace("live")))).To(Succeed())
		Expect(policies.Items).To(HaveExactElements(HaveField("Name", "default-deny")))
		if web != nil {
			Eventually(func() error { return web(ctx, "/healthz") }).Should(Succeed(), "web itself runs on")
			// Web asks the API over connections that it keeps, and those go on like any established one.
			AddReportEntry("web still reaches the API over connections it kept", web(ctx, "/api/greeting") == nil)
		}
		Consistently(func() []types.UID { return uids(ctx, app) }, 2*time.Second).Should(Equal(before), "the pods stay")

		for name, stream := range map[string]*scenario.Stream{"WebSocket": socket, "download": download} {
			state := "goes on while its pod lives"
			if ended, err := stream.Ended(3 * time.Second); err == nil {
				state = "ended after " + ended.Sub(start).Round(time.Millisecond).String()
			}
			AddReportEntry("established before Isolate: "+name, state)
		}

		By("stopping what was isolated")
		start = time.Now()
		enforced(ctx, raise(ctx, app, v1alpha1.WorkloadsStop))
		stopped(ctx, app)
		for name, stream := range map[string]*scenario.Stream{"WebSocket": socket, "download": download} {
			ended, err := stream.Ended(30 * time.Second)
			Expect(err).NotTo(HaveOccurred(), name)
			AddReportEntry("Stop after Isolate: "+name+" cut", ended.Sub(start).Round(time.Millisecond).String())
		}
	})
})

// open opens a WebSocket and a download through the public gateway.
func open(ctx context.Context, app *scenario.App) (socket, download *scenario.Stream) {
	GinkgoHelper()
	socket = opened(ctx, cluster.Public().Socket, "https://"+app.Host+"/api/socket")
	download = opened(ctx, cluster.Public().Download, "https://"+app.Host+"/api/hold?seconds=600")
	for range 2 {
		Expect(socket.Next(15 * time.Second)).To(Succeed())
		Expect(download.Next(15 * time.Second)).To(Succeed())
	}
	return socket, download
}

// opened is a stream that is open until the spec ends.
func opened(ctx context.Context, open func(context.Context, string) (*scenario.Stream, error), url string) (stream *scenario.Stream) {
	GinkgoHelper()
	Eventually(func() (err error) {
		stream, err = open(ctx, url)
		return err
	}).Should(Succeed(), "a busy gateway may not take it at once")
	DeferCleanup(stream.Close)
	return stream
}

// stopped waits until no pod of live is left, and none comes back.
func stopped(ctx context.Context, app *scenario.App) {
	GinkgoHelper()
	live := livePods(ctx, app)
	Eventually(live).Should(BeEmpty(), "kubelets end pods in their own time")
	Consistently(live, time.Second).Should(BeEmpty())
}

// bounded holds for a log that is no longer than evidence may hold.
func bounded(log string) bool {
	return len(log) <= 64<<10 && strings.Count(log, "\n") <= 200
}

func uids(ctx context.Context, app *scenario.App) []types.UID {
	GinkgoHelper()
	pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
	Expect(err).NotTo(HaveOccurred())
	var found []types.UID
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil {
			found = append(found, pod.UID)
		}
	}
	return found
}

// nearby asks a live web pod that the API server's node reaches whatever the policies say, as its kubelet does: the one way
// to see what a pod reaches after every way to it is closed. Nil: there is none on that node.
func nearby(ctx context.Context, app *scenario.App) func(context.Context, string) error {
	GinkgoHelper()
	set, err := kubernetes.NewForConfig(cluster.Config)
	Expect(err).NotTo(HaveOccurred())
	pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
	Expect(err).NotTo(HaveOccurred())
	for _, pod := range pods {
		if pod.Labels[v1alpha1.ComponentLabel] != "web" {
			continue
		}
		get := func(ctx context.Context, path string) error {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			_, err := set.CoreV1().Pods(pod.Namespace).ProxyGet("http", pod.Name, "8080", path, nil).DoRaw(ctx)
			return err
		}
		if get(ctx, "/healthz") == nil {
			return get
		}
	}
	return nil
}
