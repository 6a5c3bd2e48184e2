// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

func claim(ctx context.Context, host string) *v1alpha1.DomainClaim {
	GinkgoHelper()
	claim := &v1alpha1.DomainClaim{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: host}, claim)).To(Succeed())
	return claim
}

// holds is met once a host's claim exists in a state.
func holds(ctx context.Context, host string, state v1alpha1.DomainClaimState) func(Gomega) {
	return func(g Gomega) {
		claim := &v1alpha1.DomainClaim{}
		g.Expect(admin.Get(ctx, client.ObjectKey{Name: host}, claim)).To(Succeed())
		g.Expect(claim.Spec.State).To(Equal(state))
	}
}

// rival wants the host of another application.
func rival(ctx context.Context, host string) *world {
	GinkgoHelper()
	w := newWorld(ctx)
	w.app.Spec.Domains[0].Host, w.host = host, host
	Expect(admin.Create(ctx, w.app)).To(Succeed())
	return w
}

// later is a life of the operator some days from now.
func later(days int) *operator {
	GinkgoHelper()
	o := start()
	o.Clock = clocktesting.NewFakePassiveClock(time.Now().AddDate(0, 0, days))
	return o
}

// claimed says that the application has a claim in a state.
func (w *world) claimed(ctx context.Context, state v1alpha1.DomainClaimState) func(Gomega) {
	return func(g Gomega) {
		claim := &v1alpha1.DomainClaim{}
		g.Expect(admin.Get(ctx, client.ObjectKey{Name: w.host}, claim)).To(Succeed())
		g.Expect(claim.Spec.Application).To(Equal(v1alpha1.ApplicationReference{Namespace: w.namespace, Name: w.app.Name}))
		g.Expect(claim.Spec.State).To(Equal(state))
	}
}

var _ = Describe("Hosts", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		o = start()
	})

	It("are reserved until the audit, and an ended reservation goes to who asks", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainReserved))
		reserved := claim(ctx, w.host)
		Expect(reserved.Spec.Expires.Time).To(BeTemporally("~", time.Now().AddDate(0, 0, 60), time.Minute))
		w.settle(ctx, o)

		other := rival(ctx, w.host)
		other.until(ctx, o, other.ready(ctx, v1alpha1.ReasonHostTaken))
		result, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: other.key()})
		Expect(err).NotTo(HaveOccurred())
		Expect(result.RequeueAfter).To(BeNumerically("~", 60*24*time.Hour, time.Minute), "the pass comes by itself when the reservation ends")

		future := later(61)
		Expect(w.pass(ctx, future)).To(Succeed())
		Expect(claim(ctx, w.host)).To(HaveField("UID", reserved.UID), "an ended reservation stays until somebody asks")
		other.until(ctx, future, other.claimed(ctx, v1alpha1.DomainReserved))
		Expect(claim(ctx, w.host)).To(SatisfyAll(HaveField("UID", Not(Equal(reserved.UID))), HaveField("Spec.Organization", other.namespace)))
		w.until(ctx, future, w.ready(ctx, v1alpha1.ReasonHostTaken))
		other.settle(ctx, future)
	})

	It("go to one of two applications that take over at once", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainReserved))
		ended := claim(ctx, w.host).UID
		contenders, lives := []*world{rival(ctx, w.host), rival(ctx, w.host)}, []*operator{later(61), later(61)}
		var group sync.WaitGroup
		for i := range contenders {
			group.Go(func() {
				defer GinkgoRecover()
				for range 10 {
					Expect(contenders[i].pass(ctx, lives[i])).To(Succeed())
				}
			})
		}
		group.Wait()
		taken := claim(ctx, w.host)
		Expect(taken.UID).NotTo(Equal(ended))
		winner, loser := 0, 1
		if taken.Spec.Application.Namespace == contenders[1].namespace {
			winner, loser = 1, 0
		}
		contenders[winner].until(ctx, lives[winner], contenders[winner].claimed(ctx, v1alpha1.DomainReserved))
		contenders[loser].until(ctx, lives[loser], contenders[loser].ready(ctx, v1alpha1.ReasonHostTaken))
		Expect(claim(ctx, w.host).UID).To(Equal(taken.UID))
	})

	It("are bound by the audit, and kept in quarantine for who gave them up", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainBound))
		w.settle(ctx, o)

		moved := "moved-" + w.host
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Domains[0].Host = moved })
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.claimed(ctx, v1alpha1.DomainBound)(Default)
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainQuarantined))
		Expect(claim(ctx, w.host).Spec.Expires.Time).To(BeTemporally("~", time.Now().AddDate(0, 0, 90), time.Minute))

		other := rival(ctx, w.host)
		other.until(ctx, o, other.ready(ctx, v1alpha1.ReasonHostQuarantined))
		Expect(meta.FindStatusCondition(other.get(ctx).Status.Conditions, v1alpha1.ConditionDomainsBound).Message).NotTo(ContainSubstring(w.namespace))

		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Domains[0].Host = w.host })
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainBound))
		Expect(claim(ctx, w.host).Spec.Expires).To(BeNil())
		other.until(ctx, o, other.ready(ctx, v1alpha1.ReasonHostTaken))
		w.until(ctx, o, func(g Gomega) {
			holds(ctx, moved, v1alpha1.DomainQuarantined)(g)
		})
		w.settle(ctx, o)
	})

	It("go into quarantine with their application, and then to others", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainBound))
		only := "only-" + w.host
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			second := *spec.Domains[0].DeepCopy()
			second.Host = only
			spec.Domains = append(spec.Domains, second)
		})
		w.until(ctx, o, holds(ctx, only, v1alpha1.DomainReserved))

		Expect(admin.Delete(ctx, w.get(ctx))).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			g.Expect(admin.Get(ctx, w.key(), &v1alpha1.ThirdPartyApplication{})).To(MatchError(apierrors.IsNotFound, "the finalizer is gone"))
		}).Should(Succeed(), "namespaces take a moment to go")
		w.claimed(ctx, v1alpha1.DomainQuarantined)(Default)
		Expect(admin.Get(ctx, client.ObjectKey{Name: only}, &v1alpha1.DomainClaim{})).To(MatchError(apierrors.IsNotFound, "what was only reserved is free"))

		other := rival(ctx, w.host)
		other.until(ctx, o, other.ready(ctx, v1alpha1.ReasonHostQuarantined))
		future := later(91)
		other.until(ctx, future, other.claimed(ctx, v1alpha1.DomainReserved))
	})

	It("beneath another organization's wait until that one is free", func(ctx context.Context) {
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.claimed(ctx, v1alpha1.DomainReserved))
		beneath := rival(ctx, "beneath."+w.host)
		beneath.until(ctx, o, beneath.ready(ctx, v1alpha1.ReasonHostBeneathAnother))
		var waiting v1alpha1.ThirdPartyApplicationList
		Expect(o.Client.List(ctx, &waiting, client.MatchingFields{"host": w.host})).To(Succeed())
		Expect(waiting.Items).To(ContainElement(HaveField("Namespace", beneath.namespace)), "the claim's events wake who waits beneath it")
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Domains[0].Host = "moved-" + w.host })
		w.until(ctx, o, func(g Gomega) {
			g.Expect(admin.Get(ctx, client.ObjectKey{Name: w.host}, &v1alpha1.DomainClaim{})).To(MatchError(apierrors.IsNotFound, "what was only reserved goes at once"))
		})
		beneath.until(ctx, o, beneath.claimed(ctx, v1alpha1.DomainReserved))
	})

	It("use NTC's wildcard without a listener or Certificate of their own", func(ctx context.Context) {
		parent := strings.Replace(w.host, "portal", "wild", 1)
		w.host = "portal." + parent
		w.app.Spec.Domains[0].Host = w.host
		listen(ctx, "gateways", "public", listener("wild-"+w.namespace, "*."+parent, map[string]string{v1alpha1.ExposureLabel: "live"}))
		w.goLive(ctx, o)
		route := &gatewayv1.HTTPRoute{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: w.host}, route)).To(Succeed())
		Expect(*route.Spec.ParentRefs[0].SectionName).To(BeEquivalentTo("wild-" + w.namespace))
		gateway := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: "gateways", Name: "public"}, gateway)).To(Succeed())
		Expect(gateway.Spec.Listeners).NotTo(ContainElement(HaveField("Name", BeEquivalentTo(w.host))))
		Expect(w.inventory(ctx)).NotTo(HaveKey("Certificate gateways/" + w.host))
		w.settle(ctx, o)
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, func(g Gomega) { g.Expect(lockedBy(ctx, w)).To(Equal(violation.Name)) })
		expectClosed(ctx, w)
	})

	It("go to the second Gateway where the first is full", func(ctx context.Context) {
		second := v1alpha1.GatewayReference{Namespace: "gateways-" + w.namespace, Name: "second"}
		Expect(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: second.Namespace}})).To(Succeed())
		Expect(admin.Create(ctx, &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: second.Namespace, Name: second.Name}, Spec: gatewayv1.GatewaySpec{
			GatewayClassName: "traefik", Listeners: []gatewayv1.Listener{listener("ntc", "second.ntc.gov.pk", nil)},
		}})).To(Succeed())
		setPolicy(ctx, func(policy *v1alpha1.DeploymentPolicySpec) {
			policy.Gateways.Live = append(policy.Gateways.Live, second)
		})
		public := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: "gateways", Name: "public"}, public)).To(Succeed())
		var others []gatewayv1.Listener
		for i := len(public.Spec.Listeners); i < sop.MaxListeners; i++ {
			name := fmt.Sprintf("full-%d.ntc.gov.pk", i)
			others = append(others, listener(name, name, nil))
		}
		listen(ctx, "gateways", "public", others...)

		w.goLive(ctx, o)
		carrier := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: second.Namespace, Name: second.Name}, carrier)).To(Succeed())
		Expect(carrier.Spec.Listeners).To(ContainElement(HaveField("Name", BeEquivalentTo(w.host))))
		Expect(w.inventory(ctx)).To(HaveKey("Certificate " + second.Namespace + "/" + w.host))
		policy := &networkingv1.NetworkPolicy{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: "allow-web"}, policy)).To(Succeed())
		Expect(policy.Spec.Ingress).To(ConsistOf(HaveField("From", ConsistOf(
			HaveField("NamespaceSelector.MatchLabels", map[string]string{corev1.LabelMetadataName: second.Namespace})))))
		w.settle(ctx, o)
	})

	It("are ten with sixteen paths each, one with the longest name", func(ctx context.Context) {
		longest := strings.Repeat(strings.Repeat("h", 60)+".", 5)[:253-len("."+w.host)] + "." + w.host
		paths := w.app.Spec.Domains[0].Paths
		for i := 1; i < 16; i++ {
			paths = append(paths, v1alpha1.DomainPath{Path: fmt.Sprintf("/%d", i), Component: []string{"web", "api"}[i%2], Port: "http"})
		}
		w.app.Spec.Domains = []v1alpha1.Domain{{Host: w.host, Paths: paths}, {Host: longest, Paths: paths}, {Host: "xn--mgbai9azgqp6j." + w.host, Paths: paths}}
		for i := range 7 {
			w.app.Spec.Domains = append(w.app.Spec.Domains, v1alpha1.Domain{Host: fmt.Sprintf("h%d.%s", i, w.host), Paths: paths})
		}
		w.goLive(ctx, o)
		var routes gatewayv1.HTTPRouteList
		Expect(admin.List(ctx, &routes, client.InNamespace(w.live()))).To(Succeed())
		Expect(routes.Items).To(HaveLen(10))
		Expect(routes.Items).To(HaveEach(HaveField("Spec.Rules", HaveLen(16))))
		gateway := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: "gateways", Name: "public"}, gateway)).To(Succeed())
		for _, d := range w.app.Spec.Domains {
			Expect(claim(ctx, d.Host).Spec.State).To(Equal(v1alpha1.DomainBound))
			Expect(w.inventory(ctx)).To(HaveKey("Certificate gateways/" + d.Host))
			Expect(gateway.Spec.Listeners).To(ContainElement(HaveField("Name", BeEquivalentTo(d.Host))))
		}
		w.settle(ctx, o)
	})

	It("keep their route while a Certificate is renewed, and when it has expired", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.settle(ctx, o)
		before := w.inventory(ctx)
		certificate := &unstructured.Unstructured{}
		certificate.SetGroupVersionKind(apply.CertificateKind)
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: "gateways", Name: w.host}, certificate)).To(Succeed())
		ready := func(status string) any {
			return map[string]any{"type": "Ready", "status": status, "reason": "Ready", "message": "told by cert-manager"}
		}
		judge(ctx, certificate, ready("True"), map[string]any{"type": "Issuing", "status": "True", "reason": "Renewing"})
		seen := func(status string) func(Gomega) {
			return func(g Gomega) {
				cached := certificate.DeepCopy()
				g.Expect(o.Client.Get(ctx, client.ObjectKeyFromObject(certificate), cached)).To(Succeed())
				g.Expect(cached.GetResourceVersion()).To(Equal(certificate.GetResourceVersion()), status)
			}
		}
		Eventually(seen("renewing")).Should(Succeed(), "the cache follows the API server")
		o.requests.take()
		Expect(w.pass(ctx, o)).To(Succeed())
		Expect(o.requests.take()).To(BeEmpty(), "a renewal is cert-manager's business")
		w.ready(ctx, string(v1alpha1.StageLive))(Default)

		judge(ctx, certificate, ready("False"), map[string]any{"type": "Issuing", "status": "False", "reason": "Failed"})
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonCertificateNotReady))
		Expect(meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionStalled).Message).To(ContainSubstring("told by cert-manager"))
		after := w.inventory(ctx)
		delete(before, "Certificate gateways/"+w.host)
		delete(after, "Certificate gateways/"+w.host)
		Expect(after).To(Equal(before), "the route stays")
		gateway := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: "gateways", Name: "public"}, gateway)).To(Succeed())
		Expect(gateway.Spec.Listeners).To(ContainElement(HaveField("Name", BeEquivalentTo(w.host))), "and so does the listener")
	})
})
