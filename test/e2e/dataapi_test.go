// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	dataAPIName = "e2e-verification"
	dataAPIHost = "verify.nadra.gov.pk"
	dataAPIPort = 8443
	verifier    = "verifying"
)

// A pod with TLS in a namespace of its own stands for a data service of the government's. The sample's web server passes on what begins
// with /api, to whatever its edge api is.
var _ = Describe("An edge to government data", Ordered, func() {
	var app *scenario.App
	var server *corev1.Pod
	var base, tested string

	BeforeAll(func(ctx context.Context) {
		server = serveData(ctx)
		app = launched(ctx, verifier, func(spec *specification) {
			spec.Components[0].ConnectsTo = []v1alpha1.Edge{{Name: "api", GovernmentDataAPI: dataAPIName}}
			spec.Domains[0].Paths = append(spec.Domains[0].Paths, v1alpha1.DomainPath{Path: "/api/reach", Component: "api", Port: "http"})
		})
		base, tested = "https://"+app.Host, testURL(ctx, app)
		eventuallyServes(ctx, cluster.Public(), base+"/")
		eventuallyTries(ctx, cluster.Public(), base)
	})

	It("reads in live and in test, and the API knows for whom", func(ctx context.Context) {
		for url, c := range map[string]struct {
			browser scenario.Browser
			stage   string
		}{base: {cluster.Public(), "live"}, tested: {cluster.VPN(), "test"}} {
			Eventually(func(g Gomega) {
				answer := answerOf(ctx, c.browser, url+"/api/citizens/7")
				g.Expect(answer.Status).To(Equal(http.StatusOK), answer.Body)
				g.Expect(answer.Body).To(And(HavePrefix("GET /api/citizens/7 by CN=govpk-data."), HaveSuffix(" for "+exposureOrganization+"/"+verifier+" in "+c.stage)))
			}).Should(Succeed(), "the proxy starts a moment after the components")
		}
	})

	It("refuses a write until it is granted, and fails no read meanwhile", func(ctx context.Context) {
		write := func() scenario.Answer { return posted(ctx, base+"/api/citizens", "{}") }
		refused := write()
		Expect(refused.Status).To(Equal(http.StatusForbidden), refused.Body)
		var refusal struct{ API, Method, Path, Message string }
		Expect(json.Unmarshal([]byte(refused.Body), &refusal)).To(Succeed(), refused.Body)
		Expect(refusal.API).To(Equal(dataAPIName))
		Expect(refusal.Method + " " + refusal.Path).To(Equal("POST /api/citizens"))
		Expect(refusal.Message).To(And(ContainSubstring("NADRA"), ContainSubstring("spec.grants")))
		Expect(statusOf(ctx, cluster.Public(), base+"/api/other")).To(Equal(http.StatusForbidden))

		asking := keepAsking(ctx, base+"/api/citizens/7")
		grant := fmt.Sprintf(`{"spec":{"grants":[{"application":{"namespace":%q,"name":%q},"operations":["register"],"requestsPerSecond":1000}]}}`, exposureOrganization, verifier)
		Expect(cluster.Admin.Patch(ctx, dataAPIObject(), client.RawPatch(types.MergePatchType, []byte(grant)))).To(Succeed())
		Eventually(func() int { return write().Status }).WithTimeout(90*time.Second).Should(Equal(http.StatusOK), "the proxy is replaced by one that knows the grant")
		asked, failed := asking.stop()
		Expect(failed).To(BeEmpty(), "of %d", asked)
	})

	It("is refused to components without an edge, and at addresses that nobody declared", func(ctx context.Context) {
		for _, address := range []string{net.JoinHostPort(addressOf(ctx, app, "govpk-data"), "15443"), net.JoinHostPort(server.Status.PodIP, fmt.Sprint(dataAPIPort))} {
			Expect(reaches(ctx, cluster.Public(), base, address)).To(BeFalse(), address)
		}
	})

	It("closes with its Service, while the application stays live, and says so", func(ctx context.Context) {
		service := &corev1.Service{}
		Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: server.Namespace, Name: "verification"}, service)).To(Succeed())
		Expect(cluster.Admin.Delete(ctx, service)).To(Succeed())
		isReasoned(ctx, app, v1alpha1.ConditionLaunched, v1alpha1.ReasonDataAPIUnavailable)
		Eventually(func() bool {
			status, err := cluster.Public().Status(ctx, base+"/api/citizens/7")
			return err == nil && status < http.StatusInternalServerError
		}).Should(BeFalse(), "the way is closed: packets go nowhere, so the component waits, and so does the browser")
		Expect(statusOf(ctx, cluster.Public(), base+"/")).To(Equal(http.StatusOK))
		Expect(cluster.Admin.Create(ctx, dataService(server.Namespace))).To(Succeed())
		eventuallyServes(ctx, cluster.Public(), base+"/api/citizens/7")
	})

	It("keeps the API from being deleted", func(ctx context.Context) {
		Expect(cluster.Admin.Delete(ctx, dataAPIObject())).To(Succeed())
		Eventually(func(g Gomega) {
			api := dataAPIObject()
			g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(api), api)).To(Succeed())
			g.Expect(meta.FindStatusCondition(api.Status.Conditions, v1alpha1.ConditionDeletionBlocked)).To(HaveValue(HaveField("Message", ContainSubstring(exposureOrganization+"/"+verifier))))
		}).Should(Succeed())
		Expect(statusOf(ctx, cluster.Public(), base+"/api/citizens/7")).To(Equal(http.StatusOK))
	})
})

func dataAPIObject() *v1alpha1.GovernmentDataAPI {
	return &v1alpha1.GovernmentDataAPI{ObjectMeta: metav1.ObjectMeta{Name: dataAPIName}}
}

func dataService(namespace string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "verification"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "verification"}, Ports: []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromInt32(dataAPIPort)}},
	}}
}

// serveData declares a data API and starts its server, which asks its callers for a certificate and repeats what it was asked. Both are
// there until the specs end.
func serveData(ctx context.Context) *corev1.Pod {
	GinkgoHelper()
	const namespace = "e2e-nadra"
	pair := issueFor(dataAPIHost)
	Expect(client.IgnoreAlreadyExists(cluster.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))).To(Succeed())
	caddyfile := fmt.Sprintf(`{
	admin off
	auto_https off
	persist_config off
}
:%d {
	tls /outside/tls.crt /outside/tls.key {
		client_auth {
			mode require
		}
	}
	respond "{http.request.method} {http.request.uri.path} by {http.request.tls.client.subject} for {http.request.header.X-Govpk-Application} in {http.request.header.X-Govpk-Stage}"
}
`, dataAPIPort)
	files := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "verification-"}, Data: map[string][]byte{
		"tls.crt": pair.certificate, "tls.key": pair.key, "Caddyfile": []byte(caddyfile),
	}}
	Expect(cluster.Admin.Create(ctx, files)).To(Succeed())
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "verification", Labels: map[string]string{"app": "verification"}}, Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: new(int64),
		Containers: []corev1.Container{{
			Name: "verification", Image: cluster.Images.Web, ImagePullPolicy: corev1.PullIfNotPresent,
			Command:        []string{"/caddy", "run", "--config", "/outside/Caddyfile", "--adapter", "caddyfile"},
			VolumeMounts:   []corev1.VolumeMount{{Name: "files", MountPath: "/outside", ReadOnly: true}},
			ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(dataAPIPort)}}},
		}},
		Volumes: []corev1.Volume{{Name: "files", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: files.Name}}}},
	}}
	startAnew(ctx, pod)
	Expect(client.IgnoreAlreadyExists(cluster.Admin.Create(ctx, dataService(namespace)))).To(Succeed())
	api := dataAPIObject()
	api.Spec = v1alpha1.GovernmentDataAPISpec{
		Owner: "NADRA", DataClass: v1alpha1.DataClassRestricted, RequestsPerSecond: 1000,
		Service: v1alpha1.DataService{Namespace: namespace, Name: "verification", Port: 443, ServerName: dataAPIHost, CABundle: string(pair.authority)},
		Operations: []v1alpha1.DataOperation{
			{Name: "read", Methods: []v1alpha1.HTTPMethod{"GET", "HEAD"}, PathPrefix: "/api/citizens"},
			{Name: "register", Methods: []v1alpha1.HTTPMethod{"POST"}, PathPrefix: "/api/citizens"},
		},
	}
	Eventually(func() error {
		if err := cluster.Admin.Delete(ctx, dataAPIObject()); client.IgnoreNotFound(err) != nil {
			return err
		}
		api.ResourceVersion = ""
		return cluster.Admin.Create(ctx, api)
	}).WithTimeout(90*time.Second).Should(Succeed(), "the one of an earlier run goes once no application uses it")
	DeferCleanup(func(ctx context.Context) {
		Expect(client.IgnoreNotFound(cluster.Admin.Delete(ctx, dataAPIObject()))).To(Succeed())
	})
	return pod
}
