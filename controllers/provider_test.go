// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/events"
	testclock "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
)

const patchedImage = "registry.ntc.gov.pk/sehat/web@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

// newProvider makes an accredited provider with one node of its own.
func newProvider(ctx context.Context, name string) {
	GinkgoHelper()
	like := &v1alpha1.CloudServiceProvider{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: "ntc-islamabad"}, like)).To(Succeed())
	provider := &v1alpha1.CloudServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: *like.Spec.DeepCopy()}
	provider.Spec.NodeSelector = metav1.LabelSelector{MatchLabels: map[string]string{providerLabel: name}}
	Expect(admin.Create(ctx, provider)).To(Succeed())
	ensureNode(ctx, "node-"+name, name)
	DeferCleanup(func(ctx context.Context) {
		Expect(client.IgnoreNotFound(admin.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-" + name}}))).To(Succeed())
	})
}

func changeProvider(ctx context.Context, name string, change func(*v1alpha1.CloudServiceProviderSpec)) {
	GinkgoHelper()
	bind(ctx, "govpk-cloud-office", cloudOffice)
	provider := &v1alpha1.CloudServiceProvider{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: name}, provider)).To(Succeed())
	before := provider.DeepCopy()
	change(&provider.Spec)
	Eventually(func() error { return as(cloudOffice).Patch(ctx, provider.DeepCopy(), client.MergeFrom(before)) }).Should(Succeed(), "roles take effect a moment after they are bound")
}

// midnight begins the day so many days from today in the policy's time zone.
func midnight(days int) time.Time {
	GinkgoHelper()
	zone, err := time.LoadLocation("Asia/Karachi")
	Expect(err).NotTo(HaveOccurred())
	year, month, day := time.Now().In(zone).Date()
	return time.Date(year, month, day+days, 0, 0, 0, 0, zone)
}

func dateIn(days int) v1alpha1.Date { return v1alpha1.Date(midnight(days).Format(time.DateOnly)) }

func at(o *operator, now time.Time) { o.Clock = testclock.NewFakePassiveClock(now) }

func webTerms(ctx context.Context, namespace string) []corev1.NodeSelectorTerm {
	GinkgoHelper()
	d := &appsv1.Deployment{}
	Expect(admin.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, d)).To(Succeed())
	return d.Spec.Template.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

func boundTo(provider string) []corev1.NodeSelectorTerm {
	return []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: providerLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{provider}}}}}
}

var _ = Describe("A provider that loses its accreditation", func() {
	var w *world
	var o *operator
	var provider, other string

	BeforeEach(func(ctx context.Context) {
		w, o = newWorld(ctx), start()
		provider, other = "from-"+w.namespace, "to-"+w.namespace
		newProvider(ctx, provider)
		newProvider(ctx, other)
		w.app.Spec.CloudServiceProvider = provider
	})

	accredited := func(ctx context.Context, reason string, fragments ...string) func(Gomega) {
		return func(g Gomega) {
			app := w.get(ctx)
			condition := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionProviderAccredited)
			g.Expect(condition).NotTo(BeNil())
			g.Expect(condition.Reason).To(Equal(reason), verdicts(app))
			for _, fragment := range fragments {
				g.Expect(condition.Message).To(ContainSubstring(fragment))
			}
		}
	}
	replicas := func(ctx context.Context, g Gomega) int32 {
		d := &appsv1.Deployment{}
		g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, d)).To(Succeed())
		return *d.Spec.Replicas
	}
	autoscaler := func(ctx context.Context) error {
		return admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, &autoscalingv2.HorizontalPodAutoscaler{})
	}
	stillLive := func(ctx context.Context) {
		GinkgoHelper()
		Expect(w.get(ctx).Status.Stage).To(Equal(v1alpha1.StageLive))
		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
		Expect(namespace.Labels).To(HaveKeyWithValue(v1alpha1.ExposureLabel, "live"))
	}
	// move declares the other provider and has that release audited, tested and launched.
	move := func(ctx context.Context) {
		GinkgoHelper()
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.CloudServiceProvider = other })
		w.until(ctx, o, func(g Gomega) {
			g.Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.namespace, Name: w.release()}, &v1alpha1.Release{})).To(Succeed())
		})
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.get(ctx).Status.Candidate).To(HaveValue(HaveField("Stage", v1alpha1.StageTesting)), verdicts(w.get(ctx)))
		})
		w.signAll(ctx)
		w.launch(ctx)
	}

	It("freezes launches and replicas while it is suspended, and lets go when it is reinstated", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.settle(ctx, o)
		Expect(autoscaler(ctx)).To(Succeed())
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.Accreditation.State, s.Accreditation.EffectiveFrom, s.Accreditation.Reason = v1alpha1.AccreditationSuspended, dateIn(1), "keys were stolen"
		})
		at(o, midnight(1).Add(-time.Nanosecond))
		Eventually(func(g Gomega) {
			result, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: w.key()})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result.RequeueAfter).To(BeNumerically("<=", time.Millisecond), "it wakes by itself when the day begins")
		}).Should(Succeed(), "the provider reaches the cache in a moment")
		accredited(ctx, v1alpha1.ReasonAccredited)(Default)

		By("the first instant of the suspension")
		at(o, midnight(1))
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonProviderSuspended, "keys were stolen", "by "+string(dateIn(91))))
		w.settle(ctx, o)
		stillLive(ctx)
		Expect(autoscaler(ctx)).To(MatchError(apierrors.IsNotFound, "no pod is added"))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Replicas.Min = 5 })
		w.until(ctx, o, func(g Gomega) { g.Expect(w.get(ctx).Status.ObservedGeneration).To(Equal(w.app.Generation)) })
		w.settle(ctx, o)
		Expect(replicas(ctx, Default)).To(BeEquivalentTo(2), "the organization asks for five")

		By("a patch, which needs no audit")
		live := w.get(ctx).Status.Release
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Image = patchedImage })
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.get(ctx).Status.Candidate).To(HaveValue(SatisfyAll(HaveField("Release", w.release()), HaveField("Stage", v1alpha1.StageUnderAudit))))
		})
		w.signAll(ctx)
		w.launch(ctx)
		w.until(ctx, o, func(g Gomega) {
			launched := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionLaunched)
			g.Expect(launched.Reason).To(Equal(v1alpha1.ReasonNotEligible))
			g.Expect(launched.Message).To(ContainSubstring("Suspended"))
		})
		Expect(w.get(ctx).Status.Release).To(Equal(live))
		stillLive(ctx)

		By("reinstating the provider")
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.Accreditation.State, s.Accreditation.EffectiveFrom, s.Accreditation.Reason = v1alpha1.AccreditationAccredited, "", ""
		})
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonAccredited))
		w.until(ctx, o, func(g Gomega) {
			g.Expect(autoscaler(ctx)).To(Succeed())
			g.Expect(replicas(ctx, g)).To(BeEquivalentTo(5))
		})
	})

	It("expires by itself, and tells who stays too long", func(ctx context.Context) {
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) { s.Accreditation.ValidUntil = dateIn(1) })
		w.goLive(ctx, o)
		at(o, midnight(2).Add(-time.Nanosecond))
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonAccredited, "until "+string(dateIn(1))))
		at(o, midnight(2))
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonProviderExpired, "by "+string(dateIn(92))))
		at(o, midnight(93).Add(-time.Nanosecond))
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonProviderExpired))
		at(o, midnight(93))
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonMigrationOverdue, "was to leave by "+string(dateIn(92))))
		stillLive(ctx)
	})

	It("lets what is live move to another one without a stop", func(ctx context.Context) {
		w.goLive(ctx, o)
		w.settle(ctx, o)
		before := &appsv1.Deployment{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, before)).To(Succeed())
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.Accreditation.State, s.Accreditation.EffectiveFrom = v1alpha1.AccreditationSuspended, dateIn(0)
		})
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonProviderSuspended))
		move(ctx)
		Expect(webTerms(ctx, w.live())).To(Equal(boundTo(provider)))
		accredited(ctx, v1alpha1.ReasonProviderSuspended, "is live still")(Default)
		w.until(ctx, o, func(g Gomega) {
			w.ready(ctx, string(v1alpha1.StageLive))(g)
			g.Expect(w.get(ctx).Status.Release).To(Equal(w.release()))
		})
		accredited(ctx, v1alpha1.ReasonAccredited, other)(Default)
		Expect(webTerms(ctx, w.live())).To(Equal(boundTo(other)))
		after := &appsv1.Deployment{}
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(before), after)).To(Succeed())
		Expect(after.UID).To(Equal(before.UID), "its pods are replaced one by one")
		Expect(after.Generation).To(Equal(before.Generation+1), "by one change")
		Expect(after.Spec.Strategy.RollingUpdate.MaxUnavailable).To(HaveValue(Equal(intstr.FromInt32(0))))
		Expect(*after.Spec.Replicas).To(BeEquivalentTo(2))
	})

	It("takes what stayed offline on the day of its revocation, until it runs elsewhere", func(ctx context.Context) {
		w.goLive(ctx, o)
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.Accreditation.State, s.Accreditation.EffectiveFrom, s.Accreditation.OfflineFrom = v1alpha1.AccreditationRevoked, dateIn(0), dateIn(3)
		})
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonProviderRevoked, "goes offline on "+string(dateIn(3))))
		now := midnight(3).Add(-time.Minute)
		at(o, now)
		w.settle(ctx, o)
		result, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: w.key()})
		Expect(err).NotTo(HaveOccurred())
		Expect(result.RequeueAfter).To(Equal(time.Minute), "it wakes by itself on that day")
		stillLive(ctx)

		By("the first instant of that day")
		at(o, midnight(3))
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectOffline(ctx, w, "provider."+provider)
		Expect(meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionStalled).Message).To(ContainSubstring("set spec.cloudServiceProvider"))

		By("moving")
		move(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		stillLive(ctx)
		Expect(lockedBy(ctx, w)).To(BeEmpty())
		Expect(webTerms(ctx, w.live())).To(Equal(boundTo(other)))
		Expect(replicas(ctx, Default)).To(BeEquivalentTo(2))
	})

	It("takes everything offline at once by order, until the order ends", func(ctx context.Context) {
		w.goLive(ctx, o)
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.TakeOffline = &v1alpha1.OfflineOrder{Reason: "the building burns", OrderedBy: cloudOffice}
		})
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectOffline(ctx, w, "provider."+provider)
		changeProvider(ctx, provider, func(s *v1alpha1.CloudServiceProviderSpec) { s.TakeOffline = nil })
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		stillLive(ctx)
	})

	It("is suspended by the Cloud Office's response to a breach, until that is closed", func(ctx context.Context) {
		w.goLive(ctx, o)
		d := disclose(ctx, o, w.namespace+"-suspends", func(s *v1alpha1.BreachReportSpec) { s.CloudServiceProvider = provider })
		d.acknowledge(ctx)
		d.answer(ctx, v1alpha1.BreachSuspendProvider, time.Now().Add(-time.Second))
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonProviderSuspended, d.Name))
		stillLive(ctx)
		Expect(autoscaler(ctx)).To(MatchError(apierrors.IsNotFound, "IsNotFound"))
		d.close(ctx)
		w.until(ctx, o, accredited(ctx, v1alpha1.ReasonAccredited))
		w.until(ctx, o, func(g Gomega) { g.Expect(autoscaler(ctx)).To(Succeed()) })
	})
})

var _ = Describe("A provider's status", func() {
	It("says where it stands, who runs there and what ends, warns, and keeps a used provider from being deleted", func(ctx context.Context) {
		w, o := newWorld(ctx), start()
		name := "listed-" + w.namespace
		newProvider(ctx, name)
		changeProvider(ctx, name, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.Accreditation.ValidUntil = dateIn(40)
			s.Attestations = []v1alpha1.Attestation{{Standard: "ISO/IEC 27001", Certificate: "1", Issuer: "a registrar", ValidUntil: dateIn(10)}}
		})
		recorder := events.NewFakeRecorder(100)
		clock := testclock.NewFakePassiveClock(time.Now())
		r := &controllers.ProviderReconciler{Client: o.Client, Recorder: recorder, Clock: clock}
		provider := &v1alpha1.CloudServiceProvider{}
		until := func(condition func(Gomega, ctrl.Result)) {
			GinkgoHelper()
			Eventually(func(g Gomega) {
				result, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: name}})
				g.Expect(client.IgnoreNotFound(err)).NotTo(HaveOccurred())
				g.Expect(client.IgnoreNotFound(admin.Get(ctx, client.ObjectKey{Name: name}, provider))).To(Succeed())
				condition(g, result)
			}).Should(Succeed(), "the cache follows the API server")
		}
		status := func(kind, reason string) func(Gomega, ctrl.Result) {
			return func(g Gomega, _ ctrl.Result) {
				condition := meta.FindStatusCondition(provider.Status.Conditions, kind)
				g.Expect(condition).NotTo(BeNil())
				g.Expect(condition.Reason).To(Equal(reason), condition.Message)
			}
		}
		next := func() string {
			select {
			case event := <-recorder.Events:
				return event
			default:
				return "no event"
			}
		}
		until(func(g Gomega, result ctrl.Result) {
			g.Expect(provider.Status.State).To(Equal(v1alpha1.ProviderAccredited))
			g.Expect(provider.Status.Applications).To(HaveValue(BeEquivalentTo(0)))
			g.Expect(provider.Status.ObservedGeneration).To(Equal(provider.Generation))
			g.Expect(provider.Status.Endings).To(HaveExactElements(
				v1alpha1.Ending{What: "attestation ISO/IEC 27001", Date: dateIn(10)}, v1alpha1.Ending{What: "accreditation", Date: dateIn(40)}))
			g.Expect(result.RequeueAfter).To(BeNumerically("~", time.Until(midnight(4)), time.Minute), "seven days before the attestation ends")
			g.Expect(provider.Finalizers).To(ContainElement(v1alpha1.InUseFinalizer))
		})
		Expect(next()).To(HavePrefix("Normal Accredited"))
		Expect(next()).To(SatisfyAll(HavePrefix("Warning Ending"), ContainSubstring("within 30 days")))
		Expect(next()).To(Equal("no event"))

		By("resting")
		Eventually(func(g Gomega) {
			o.requests.take()
			_, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: name}})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(o.requests.take()).To(BeEmpty())
		}).Should(Succeed(), "the cache follows the API server")
		Expect(next()).To(Equal("no event"))

		By("warning again")
		clock.SetTime(midnight(4))
		until(func(g Gomega, _ ctrl.Result) {
			status(v1alpha1.ConditionAttestationsCurrent, v1alpha1.ReasonEnding)(g, ctrl.Result{})
			g.Expect(meta.FindStatusCondition(provider.Status.Conditions, v1alpha1.ConditionAttestationsCurrent).Message).To(ContainSubstring("within 7 days"))
		})
		Expect(next()).To(SatisfyAll(HavePrefix("Warning Ending"), ContainSubstring("within 7 days")))
		clock.SetTime(midnight(11))
		until(status(v1alpha1.ConditionAttestationsCurrent, v1alpha1.ReasonAttestationEnded))
		Expect(next()).To(SatisfyAll(HavePrefix("Warning Ending"), ContainSubstring("accredited until")), "the accreditation's turn has come too")
		Expect(next()).To(SatisfyAll(HavePrefix("Warning AttestationEnded"), ContainSubstring("renews it")))

		By("suspending it, while an application uses it")
		w.app.Spec.CloudServiceProvider = name
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		changeProvider(ctx, name, func(s *v1alpha1.CloudServiceProviderSpec) {
			s.Accreditation.State, s.Accreditation.EffectiveFrom = v1alpha1.AccreditationSuspended, dateIn(11)
		})
		until(func(g Gomega, _ ctrl.Result) {
			g.Expect(provider.Status.State).To(Equal(v1alpha1.ProviderSuspended))
			g.Expect(provider.Status.MigrateBy).To(BeEquivalentTo(dateIn(101)))
			g.Expect(provider.Status.Applications).To(HaveValue(BeEquivalentTo(1)))
			status(v1alpha1.ConditionReady, v1alpha1.ReasonProviderSuspended)(g, ctrl.Result{})
		})
		Expect(next()).To(HavePrefix("Warning ProviderSuspended"))

		By("deleting it")
		Expect(admin.Delete(ctx, provider)).To(Succeed())
		until(status(v1alpha1.ConditionDeletionBlocked, v1alpha1.ReasonInUse))
		Expect(meta.FindStatusCondition(provider.Status.Conditions, v1alpha1.ConditionDeletionBlocked).Message).To(ContainSubstring("deletion waits for " + w.namespace + "/health-portal:"))
		Expect(next()).To(HavePrefix("Warning InUse"))
		Expect(admin.Delete(ctx, w.app)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			_, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: name}})
			g.Expect(client.IgnoreNotFound(err)).NotTo(HaveOccurred())
			g.Expect(admin.Get(ctx, client.ObjectKey{Name: name}, provider)).To(MatchError(apierrors.IsNotFound, "nobody uses it"))
		}).Should(Succeed(), "the application goes first")
	})

	It("counts those that run there though they name another", func(ctx context.Context) {
		w, o := newWorld(ctx), start()
		name, other := "left-"+w.namespace, "new-"+w.namespace
		newProvider(ctx, name)
		newProvider(ctx, other)
		w.app.Spec.CloudServiceProvider = name
		w.passAudit(ctx, o)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.CloudServiceProvider = other })
		r := &controllers.ProviderReconciler{Client: o.Client, Recorder: events.NewFakeRecorder(100), Clock: o.Clock}
		for _, used := range []string{name, other} {
			Eventually(func(g Gomega) {
				_, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: types.NamespacedName{Name: used}})
				g.Expect(err).NotTo(HaveOccurred())
				provider := &v1alpha1.CloudServiceProvider{}
				g.Expect(admin.Get(ctx, client.ObjectKey{Name: used}, provider)).To(Succeed())
				g.Expect(provider.Status.Applications).To(HaveValue(BeEquivalentTo(1)))
			}).Should(Succeed(), "the cache follows the API server")
		}
	})
})
