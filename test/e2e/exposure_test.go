// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var _ = Describe("Hosts and paths on the real cluster", Ordered, func() {
	const portal, clinics = "portal.exposure.gov.pk", "clinics.exposure.gov.pk"
	var app *scenario.App

	BeforeAll(func(ctx context.Context) {
		app = launched(ctx, "portal", func(spec *specification) {
			spec.Domains = []v1alpha1.Domain{
				{Host: portal, Paths: []v1alpha1.DomainPath{
					{Path: "/", Component: "web", Port: "http"},
					{Path: "/api", Component: "api", Port: "http"},
					{Path: "/api/resolve", Component: "web", Port: "http"},
				}},
				{Host: clinics, Paths: []v1alpha1.DomainPath{{Path: "/", Component: "web", Port: "http"}}},
			}
		})
		for _, host := range []string{portal, clinics} {
			eventuallyServes(ctx, cluster.Public(), "https://"+host+"/")
			eventuallyServes(ctx, cluster.Public(), "https://"+host+"/api/greeting")
		}
	})

	DescribeTable("answers", func(ctx context.Context, host, path string, byWeb bool) {
		answer := answerOf(ctx, cluster.Public(), "https://"+host+path) // it verifies the certificate against the cluster's CA
		Expect(answer.Status).To(Equal(http.StatusOK), answer.Body)
		Expect(answer.Certificate.DNSNames).To(Equal([]string{host}))
		Expect(answer.Header.Get("Strict-Transport-Security")).To(HavePrefix("max-age="))
		Expect(answer.Header.Values("Content-Security-Policy")).To(ContainElement(ContainSubstring("default-src 'self'")))
		// Caddy names itself in what it serves and in what it passes on.
		caddy := strings.Contains(answer.Header.Get("Server")+answer.Header.Get("Via"), "Caddy")
		Expect(caddy).To(Equal(byWeb), "%v", answer.Header)
	},
		Entry("the root of one host by one component", portal, "/", true),
		Entry("a path of that host by another component", portal, "/api/greeting", false),
		Entry("a longer path by the first again", portal, "/api/resolve?name=x.gov.pk", true),
		Entry("a second host", clinics, "/", true),
		Entry("a second host, which has no such path of its own", clinics, "/api/greeting", true),
	)

	It("changes to a renewed certificate without a failed request", func(ctx context.Context) {
		before := served(ctx, portal)
		ntc := ntcPeople(ctx)
		visits := keepVisiting(ctx, "https://"+portal+"/api/greeting")
		renew(ctx, ntc, portal)
		Eventually(func() string { return served(ctx, portal).SerialNumber.String() }).WithTimeout(90 * time.Second).ShouldNot(Equal(before.SerialNumber.String()))
		asked := visits.count()
		Eventually(visits.count).WithTimeout(90*time.Second).Should(BeNumerically(">", asked+20), "visitors go on after the change")
		total, problems := visits.stop()
		Expect(problems).To(BeEmpty(), "of %d requests", total)
		AddReportEntry("requests during the renewal", total)
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
	})

	It("keeps what was given up, and what lies beneath its hosts, from other organizations", func(ctx context.Context) {
		Expect(app.Edit(ctx, func(spec *specification) { spec.Domains = spec.Domains[:1] })).To(Succeed())
		candidate(ctx, app, v1alpha1.StageUnderAudit)
		Expect(app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageTesting)
		Expect(app.Test(ctx)).To(Succeed())
		candidate(ctx, app, v1alpha1.StageAwaitingLaunch)
		Expect(claim(ctx, clinics).Spec.State).To(Equal(v1alpha1.DomainBound), "it is live until the next launch")
		Expect(app.Launch(ctx)).To(Succeed())
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
		Eventually(func() v1alpha1.DomainClaimState { return claim(ctx, clinics).Spec.State }).Should(Equal(v1alpha1.DomainQuarantined))
		Eventually(func(g Gomega) {
			status, err := cluster.Public().Status(ctx, "https://"+clinics+"/")
			g.Expect(status).NotTo(Equal(http.StatusOK), "%v", err)
		}).Should(Succeed())
		Expect(statusOf(ctx, cluster.Public(), "https://"+portal+"/")).To(Equal(http.StatusOK))

		other := submitted(ctx, otherOrganization, "squatter", onHost(clinics))
		isReasoned(ctx, other, v1alpha1.ConditionDomainsBound, v1alpha1.ReasonHostQuarantined)
		Expect(other.Edit(ctx, onHost("phishing."+portal))).To(Succeed())
		isReasoned(ctx, other, v1alpha1.ConditionDomainsBound, v1alpha1.ReasonHostBeneathAnother)
		Expect(other.Edit(ctx, onHost("squatter.exposure.gov.pk"))).To(Succeed())
		isReasoned(ctx, other, v1alpha1.ConditionDomainsBound, v1alpha1.ReasonBound)
	})
})

var _ = Describe("NTC's wildcard listeners on the real cluster", Serial, func() {
	It("carry hosts without listeners of their own, each on the Gateway where it lives", func(ctx context.Context) {
		const first, second = "wild.wildcard.gov.pk", "wild.second.gov.pk"
		ntc := ntcPeople(ctx)
		public := types.NamespacedName{Namespace: "gateways", Name: "public"}
		class := gateway(ctx, public).Spec.GatewayClassName
		DeferCleanup(func(ctx context.Context) {
			Expect(scenario.Apply(ctx, ntc.Engineer, "{apiVersion: platform.ntc.gov.pk/v1alpha1, kind: DeploymentPolicy, metadata: {name: default}}")).To(Succeed())
			Expect(scenario.Apply(ctx, ntc.Engineer, "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: public, namespace: gateways}}")).To(Succeed())
			for _, object := range []*unstructured.Unstructured{
				named(schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "Gateway"}, "public-2"),
				named(certificateKind, "wildcard.gov.pk"), named(certificateKind, "second.gov.pk"),
			} {
				Expect(client.IgnoreNotFound(ntc.Engineer.Delete(ctx, object))).To(Succeed())
			}
			Eventually(func() []gatewayv1.ListenerStatus { return gateway(ctx, public).Status.Listeners }).
				ShouldNot(ContainElement(HaveField("Name", BeElementOf(gatewayv1.SectionName("wildcard.gov.pk"), gatewayv1.SectionName("second.gov.pk")))), "the gateway is as it was")
		})
		Expect(scenario.Apply(ctx, ntc.Engineer, wildcardCertificate("wildcard.gov.pk")+wildcardCertificate("second.gov.pk")+
			gatewayOf("public", "", wildcardListener("wildcard.gov.pk"))+
			gatewayOf("public-2", string(class), wildcardListener("second.gov.pk"))+`
---
apiVersion: platform.ntc.gov.pk/v1alpha1
kind: DeploymentPolicy
metadata: {name: default}
spec: {gateways: {live: [{name: public, namespace: gateways}, {name: public-2, namespace: gateways}]}}
`)).To(Succeed())
		programmed(ctx, public, "wildcard.gov.pk")
		programmed(ctx, types.NamespacedName{Namespace: "gateways", Name: "public-2"}, "second.gov.pk")

		app := launched(ctx, "wild", func(spec *specification) {
			paths := spec.Domains[0].Paths
			spec.Domains = []v1alpha1.Domain{{Host: first, Paths: paths}, {Host: second, Paths: paths}}
		})
		for host, at := range map[string][2]string{first: {"public", "wildcard.gov.pk"}, second: {"public-2", "second.gov.pk"}} {
			eventuallyServes(ctx, cluster.Public(), "https://"+host+"/")
			answer := answerOf(ctx, cluster.Public(), "https://"+host+"/")
			Expect(answer.Certificate.DNSNames).To(Equal([]string{"*." + at[1]}))
			Expect(answer.Header.Get("Strict-Transport-Security")).To(HavePrefix("max-age="))
			Expect(attached(ctx, app, host)).To(Equal(at))
			Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: host}, named(certificateKind, host))).NotTo(Succeed(), "no Certificate of its own")
		}
		for _, name := range []string{"public", "public-2"} {
			for _, listener := range gateway(ctx, types.NamespacedName{Namespace: "gateways", Name: name}).Spec.Listeners {
				Expect(listener.Name).NotTo(BeElementOf(gatewayv1.SectionName(first), gatewayv1.SectionName(second)))
			}
		}

		By("making a wildcard for the second Gateway's host on the first Gateway too")
		Expect(scenario.Apply(ctx, ntc.Engineer,
			gatewayOf("public", "", wildcardListener("wildcard.gov.pk")+wildcardListener("second.gov.pk")))).To(Succeed())
		programmed(ctx, public, "second.gov.pk")
		Consistently(func(g Gomega) {
			g.Expect(attached(ctx, app, second)).To(Equal([2]string{"public-2", "second.gov.pk"}))
			g.Expect(statusOf(ctx, cluster.Public(), "https://"+second+"/")).To(Equal(http.StatusOK))
		}, 2*time.Second, 100*time.Millisecond).Should(Succeed(), "hosts move by NTC's hand alone")
	})
})

var certificateKind = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}

func named(kind schema.GroupVersionKind, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	object.SetNamespace("gateways")
	object.SetName(name)
	return object
}

func wildcardCertificate(domain string) string {
	return fmt.Sprintf(`
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: %[1]s, namespace: gateways}
spec:
  secretName: %[1]s
  dnsNames: ["*.%[1]s"]
  privateKey: {algorithm: ECDSA, size: 256}
  issuerRef: {kind: ClusterIssuer, name: ntc}
`, domain)
}

// gatewayOf is a Gateway of NTC's with listeners; without class it adds to one that is there.
func gatewayOf(name, class, listeners string) string {
	if class != "" {
		class = "\n  gatewayClassName: " + class
	}
	return fmt.Sprintf(`
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s, namespace: gateways}
spec:%s
  listeners:%s
`, name, class, listeners)
}

func wildcardListener(domain string) string {
	return fmt.Sprintf(`
  - name: %[1]s
    protocol: HTTPS
    port: 443
    hostname: "*.%[1]s"
    tls: {mode: Terminate, certificateRefs: [{name: %[1]s}]}
    allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {platform.ntc.gov.pk/exposure: live}}}}`, domain)
}

func ntcPeople(ctx context.Context) *scenario.NTC {
	GinkgoHelper()
	ntc, err := cluster.NTC(ctx)
	Expect(err).NotTo(HaveOccurred())
	return ntc
}

func gateway(ctx context.Context, key types.NamespacedName) *gatewayv1.Gateway {
	GinkgoHelper()
	g := &gatewayv1.Gateway{}
	Expect(cluster.Admin.Get(ctx, key, g)).To(Succeed())
	return g
}

// programmed waits until a listener works.
func programmed(ctx context.Context, key types.NamespacedName, listener string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		found := gateway(ctx, key).Status.Listeners
		g.Expect(found).To(ContainElement(And(
			HaveField("Name", gatewayv1.SectionName(listener)),
			HaveField("Conditions", ContainElement(And(HaveField("Type", "Programmed"), HaveField("Status", BeEquivalentTo("True"))))),
		)))
	}).WithTimeout(90*time.Second).Should(Succeed(), "its certificate is issued first")
}

// attached is the Gateway and the listener of a live host's route.
func attached(ctx context.Context, app *scenario.App, host string) [2]string {
	GinkgoHelper()
	route := &gatewayv1.HTTPRoute{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: app.Namespace("live"), Name: host}, route)).To(Succeed())
	parent := route.Spec.ParentRefs[0]
	Expect(parent.SectionName).NotTo(BeNil())
	return [2]string{string(parent.Name), string(*parent.SectionName)}
}

func claim(ctx context.Context, host string) *v1alpha1.DomainClaim {
	GinkgoHelper()
	c := &v1alpha1.DomainClaim{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: host}, c)).To(Succeed())
	return c
}

func onHost(host string) func(*specification) {
	return func(spec *specification) { spec.Domains[0].Host = host }
}

// served is the certificate that a host presents.
func served(ctx context.Context, host string) *x509.Certificate {
	GinkgoHelper()
	return answerOf(ctx, cluster.Public(), "https://"+host+"/").Certificate
}

// renew asks cert-manager for a new certificate, as `cmctl renew` does.
func renew(ctx context.Context, ntc *scenario.NTC, host string) {
	GinkgoHelper()
	Eventually(func() error {
		object := named(certificateKind, host)
		err := ntc.Engineer.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: host}, object)
		if err != nil {
			return err
		}
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		if err != nil {
			return err
		}
		conditions = append(conditions, map[string]any{
			"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "renewed by hand",
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339), "observedGeneration": object.GetGeneration(),
		})
		if err := unstructured.SetNestedSlice(object.Object, conditions, "status", "conditions"); err != nil {
			return err
		}
		return ntc.Engineer.Status().Update(ctx, object)
	}).Should(Succeed(), "cert-manager may write the status meanwhile")
}

// visits are requests one after the other, each on a connection of its own.
type visits struct {
	cancel   context.CancelFunc
	counts   chan int
	done     chan struct{}
	total    int
	problems []error
}

func keepVisiting(ctx context.Context, url string) *visits {
	ctx, cancel := context.WithCancel(ctx)
	v := &visits{cancel: cancel, counts: make(chan int), done: make(chan struct{})}
	go func() {
		defer close(v.done)
		for ctx.Err() == nil {
			status, err := cluster.Public().Status(ctx, url)
			if errors.Is(ctx.Err(), context.Canceled) {
				return
			}
			v.total++
			if status != http.StatusOK {
				v.problems = append(v.problems, errors.Join(fmt.Errorf("request %d answered %d", v.total, status), err))
			}
			select {
			case v.counts <- v.total:
			default:
			}
		}
	}()
	return v
}

// count is how many visits there were up to one that ends now.
func (v *visits) count() int { return <-v.counts }

func (v *visits) stop() (int, []error) {
	v.cancel()
	<-v.done
	return v.total, v.problems
}
