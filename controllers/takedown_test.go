// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

var _ = Describe("Takedown", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) { w, o = liveWorld(ctx) })

	It("locks, closes, keeps evidence and stops, in this order, and then rests", func(ctx context.Context) {
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectOffline(ctx, w, violation.Name)

		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		enforced := meta.FindStatusCondition(violation.Status.Conditions, v1alpha1.ConditionEnforced)
		Expect(enforced).To(HaveValue(SatisfyAll(HaveField("Status", BeEquivalentTo("True")), HaveField("Reason", v1alpha1.ReasonEnforced))))
		var names []v1alpha1.TakedownStepName
		for i, step := range violation.Status.Steps {
			names = append(names, step.Name)
			if i > 0 {
				Expect(step.Time.Time).NotTo(BeTemporally("<", violation.Status.Steps[i-1].Time.Time))
			}
		}
		Expect(names).To(Equal([]v1alpha1.TakedownStepName{
			v1alpha1.StepLock, v1alpha1.StepCloseRoutes, v1alpha1.StepClosePolicies, v1alpha1.StepKeepEvidence, v1alpha1.StepStopWorkloads,
		}))

		w.settle(ctx, o)
		before := w.inventory(ctx)
		again := start()
		Expect(w.pass(ctx, again)).To(Succeed())
		Expect(again.requests.take()).To(BeEmpty(), "an application that stays offline costs nothing, also after a restart")
		Expect(w.inventory(ctx)).To(Equal(before))
	})

	It("keeps evidence that says who, what and when, immutable", func(ctx context.Context) {
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		Expect(violation.Status.Evidence).To(HaveLen(1))
		kept := &corev1.ConfigMap{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: "govpk-evidence", Name: violation.Status.Evidence[0]}, kept)).To(Succeed())
		Expect(kept.Immutable).To(HaveValue(BeTrue()))
		zipped, err := gzip.NewReader(bytes.NewReader(kept.BinaryData[apply.EvidenceKey]))
		Expect(err).NotTo(HaveOccurred())
		var evidence apply.Evidence
		Expect(json.NewDecoder(zipped).Decode(&evidence)).To(Succeed())
		Expect(evidence.Violation.Spec.FlaggedBy).To(Equal(securityUser))
		Expect(evidence.Release.Name).To(Equal(w.release()))
		Expect(evidence.SignOffs).To(HaveLen(4))
		Expect(evidence.Gaps).To(BeEmpty())
		var kinds []string
		for _, manifest := range evidence.Manifests {
			kinds = append(kinds, manifest.GetKind())
		}
		Expect(kinds).To(ContainElements("HTTPRoute", "Deployment", "Service", "NetworkPolicy"), "as they were when the flag arrived")
	})

	DescribeTable("goes on where the operator was stopped", func(ctx context.Context, writes int) {
		violation := w.flag(ctx, "leak")
		stopped := start(stopAfter(writes))
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, stopped)).To(MatchError(errStopped))
		}).Should(Succeed(), "the flag reaches the cache in a moment")
		stopped.stop()
		anew := start()
		w.until(ctx, anew, w.ready(ctx, v1alpha1.ReasonTakenDown))
		expectOffline(ctx, w, violation.Name)
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
		Expect(violation.Status.Evidence).To(HaveLen(1))
		Expect(violation.Status.Steps).To(HaveLen(5))
	}, interruptions(10))

	It("closes and stops what it can while evidence cannot be kept", func(ctx context.Context) {
		violation := w.flag(ctx, "leak")
		hindered := start(withoutConfigMaps)
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, hindered)).To(MatchError(errStopped))
		}).Should(Succeed(), "the flag reaches the cache in a moment")
		expectOffline(ctx, w, violation.Name)
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		Expect(meta.FindStatusCondition(violation.Status.Conditions, v1alpha1.ConditionEnforced).Reason).To(Equal(v1alpha1.ReasonEnforcing))
		Expect(violation.Status.Steps).To(ContainElement(HaveField("Name", v1alpha1.StepStopWorkloads)))
		Expect(violation.Status.Steps).NotTo(ContainElement(HaveField("Name", v1alpha1.StepKeepEvidence)))

		w.until(ctx, o, func(g Gomega) {
			g.Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
			g.Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
			g.Expect(violation.Status.Evidence).To(HaveLen(1))
		})
	})

	It("returns only lifted and signed anew, and then runs as before", func(ctx context.Context) {
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		Expect(as(operatorUser).Delete(ctx, violation)).NotTo(Succeed(), "an open violation stays")
		w.lift(ctx, violation)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonReturnPending))
		expectOffline(ctx, w, violation.Name)

		waitForNextSecond(violation.CreationTimestamp)
		w.signAll(ctx)
		w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
		namespace := &corev1.Namespace{}
		Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
		Expect(namespace.Labels).NotTo(HaveKey(v1alpha1.OfflineLabel))
		Expect(namespace.Labels).To(HaveKeyWithValue(v1alpha1.ExposureLabel, "live"))
		Expect(namespace.Annotations).To(HaveKeyWithValue(v1alpha1.LiftedAnnotation, violation.Name))
		deployment := &appsv1.Deployment{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, deployment)).To(Succeed())
		Expect(*deployment.Spec.Replicas).To(BeEquivalentTo(2))
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		Expect(meta.FindStatusCondition(violation.Status.Conditions, v1alpha1.ConditionEnforced).Reason).To(Equal(v1alpha1.ReasonLifted))
	})

	It("holds for the newest of several violations until all are lifted", func(ctx context.Context) {
		first := w.flag(ctx, "first")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		waitForNextSecond(first.CreationTimestamp)
		second := w.flag(ctx, "second")
		w.until(ctx, o, func(g Gomega) { g.Expect(lockedBy(ctx, w)).To(Equal(second.Name)) })
		w.lift(ctx, second)
		w.until(ctx, o, func(g Gomega) { g.Expect(lockedBy(ctx, w)).To(Equal(first.Name)) })
		w.lift(ctx, first)
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonReturnPending))
		expectOffline(ctx, w, first.Name)
	})

	It("survives the application: emptied and locked, and a re-created one is offline", func(ctx context.Context) {
		violation := w.flag(ctx, "leak")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		release := w.release()
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = nil })
		Expect(admin.Delete(ctx, w.get(ctx))).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			g.Expect(admin.Get(ctx, w.key(), &v1alpha1.ThirdPartyApplication{})).To(MatchError(apierrors.IsNotFound, "the finalizer is gone"))
		}).Should(Succeed(), "the test namespace takes a moment to go")
		Expect(w.inventory(ctx)).To(SatisfyAll(HaveLen(4), HaveKey("DomainClaim /"+w.host),
			HaveKey("Namespace /"+w.live()), HaveKey("NetworkPolicy "+w.live()+"/default-deny"), HaveKey("Release "+w.namespace+"/"+release)))
		Expect(lockedBy(ctx, w)).To(Equal(violation.Name))

		w.app = application(w.namespace, w.app.Name, w.host)
		w.app.Spec.Launch = &v1alpha1.Launch{Release: release}
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		w.settle(ctx, o)
		expectOffline(ctx, w, violation.Name)
	})

	It("keeps pods for forensics when asked to isolate", func(ctx context.Context) {
		violation := &v1alpha1.PolicyViolation{}
		violation.Name = w.namespace + "-isolate"
		violation.Spec = v1alpha1.PolicyViolationSpec{
			Application: v1alpha1.ApplicationReference{Namespace: w.namespace, Name: w.app.Name}, Category: "Vulnerability", Severity: "High",
			Reason: "keep the memory", FlaggedBy: securityUser, Workloads: v1alpha1.WorkloadsIsolate,
		}
		Expect(as(securityUser).Create(ctx, violation)).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		deployment := &appsv1.Deployment{}
		Expect(admin.Get(ctx, types.NamespacedName{Namespace: w.live(), Name: "web"}, deployment)).To(Succeed())
		Expect(*deployment.Spec.Replicas).To(BeEquivalentTo(2))
		expectClosed(ctx, w)
	})

	It("says that no application has the flagged name", func(ctx context.Context) {
		other := newWorld(ctx)
		violation := other.flag(ctx, "typo")
		Eventually(func(g Gomega) {
			g.Expect(other.pass(ctx, o)).To(Succeed())
			g.Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
			enforced := meta.FindStatusCondition(violation.Status.Conditions, v1alpha1.ConditionEnforced)
			g.Expect(enforced).NotTo(BeNil())
			g.Expect(enforced.Reason).To(Equal(v1alpha1.ReasonApplicationMissing))
		}).Should(Succeed(), "the flag reaches the cache in a moment")
		Expect(admin.Create(ctx, other.app)).To(Succeed())
		other.until(ctx, o, other.ready(ctx, v1alpha1.ReasonTakenDown))
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
	})

	It("takes nothing live offline for an application that never launched, but launches nothing either", func(ctx context.Context) {
		other := newWorld(ctx)
		Expect(admin.Create(ctx, other.app)).To(Succeed())
		violation := other.flag(ctx, "early")
		other.until(ctx, o, other.ready(ctx, v1alpha1.ReasonTakenDown))
		Expect(admin.Get(ctx, client.ObjectKeyFromObject(violation), violation)).To(Succeed())
		Expect(meta.IsStatusConditionTrue(violation.Status.Conditions, v1alpha1.ConditionEnforced)).To(BeTrue())
		Expect(admin.Get(ctx, types.NamespacedName{Name: other.live()}, &corev1.Namespace{})).To(MatchError(apierrors.IsNotFound, "never made"))
	})
})

// interruptions are one entry for each write after which the operator is stopped.
func interruptions(n int) []TableEntry {
	var entries []TableEntry
	for writes := range n {
		entries = append(entries, Entry(fmt.Sprintf("after %d writes", writes), writes))
	}
	return entries
}

// stopAfter lets a life of the operator make a number of writes and then stops it.
func stopAfter(writes int) func(client.Client) client.Client {
	allowed := func() error {
		if writes == 0 {
			return errStopped
		}
		writes--
		return nil
	}
	return func(c client.Client) client.Client {
		return interceptor.NewClient(withWatch{c}, interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
				if err := allowed(); err != nil {
					return err
				}
				return c.Create(ctx, o, options...)
			},
			Delete: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteOption) error {
				if err := allowed(); err != nil {
					return err
				}
				return c.Delete(ctx, o, options...)
			},
			DeleteAllOf: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.DeleteAllOfOption) error {
				if err := allowed(); err != nil {
					return err
				}
				return c.DeleteAllOf(ctx, o, options...)
			},
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, options ...client.PatchOption) error {
				if err := allowed(); err != nil {
					return err
				}
				return c.Patch(ctx, o, patch, options...)
			},
			Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, options ...client.ApplyOption) error {
				if err := allowed(); err != nil {
					return err
				}
				return c.Apply(ctx, o, options...)
			},
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
				if err := allowed(); err != nil {
					return err
				}
				return c.SubResource(sub).Patch(ctx, o, patch, options...)
			},
		})
	}
}

// withoutConfigMaps lets no evidence be kept.
func withoutConfigMaps(c client.Client) client.Client {
	return interceptor.NewClient(withWatch{c}, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
			if _, ok := o.(*corev1.ConfigMap); ok {
				return errStopped
			}
			return c.Create(ctx, o, options...)
		},
	})
}

// withoutServices lets no Service be written.
func withoutServices(c client.Client) client.Client {
	return interceptor.NewClient(withWatch{c}, interceptor.Funcs{
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, options ...client.ApplyOption) error {
			if kinded, ok := o.(interface{ GetKind() string }); ok && kinded.GetKind() == "Service" {
				return errStopped
			}
			return c.Apply(ctx, o, options...)
		},
	})
}

// withWatch satisfies the interceptor; the operator's writer watches nothing.
type withWatch struct{ client.Client }

func (withWatch) Watch(context.Context, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
	return nil, errStopped
}

func lockedBy(ctx context.Context, w *world) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{}
	Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
	return namespace.Labels[v1alpha1.OfflineLabel]
}

// expectClosed: locked, no way in, default-deny stands.
func expectClosed(ctx context.Context, w *world) {
	GinkgoHelper()
	namespace := &corev1.Namespace{}
	Expect(admin.Get(ctx, types.NamespacedName{Name: w.live()}, namespace)).To(Succeed())
	Expect(namespace.Labels).NotTo(HaveKey(v1alpha1.ExposureLabel))
	Expect(namespace.Labels).To(HaveKey(v1alpha1.OfflineLabel))
	var routes gatewayv1.HTTPRouteList
	Expect(admin.List(ctx, &routes, client.InNamespace(w.live()))).To(Succeed())
	Expect(routes.Items).To(BeEmpty())
	var policies networkingv1.NetworkPolicyList
	Expect(admin.List(ctx, &policies, client.InNamespace(w.live()))).To(Succeed())
	Expect(policies.Items).To(HaveExactElements(HaveField("Name", render.DefaultDenyName)))
}

func expectOffline(ctx context.Context, w *world, violation string) {
	GinkgoHelper()
	expectClosed(ctx, w)
	Expect(lockedBy(ctx, w)).To(Equal(violation))
	var deployments appsv1.DeploymentList
	Expect(admin.List(ctx, &deployments, client.InNamespace(w.live()))).To(Succeed())
	for _, deployment := range deployments.Items {
		Expect(*deployment.Spec.Replicas).To(BeZero(), deployment.Name)
	}
}
