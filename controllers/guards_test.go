// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

func shipped() sop.Guards {
	GinkgoHelper()
	guards, err := controllers.ShippedGuards(controllers.CertManagerUser, controllers.NoPlugins)
	Expect(err).NotTo(HaveOccurred())
	return guards
}

var _ = Describe("Admission policies", func() {
	guarded := func(ctx context.Context, w *world, reason, message string) func(Gomega) {
		return func(g Gomega) {
			condition := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionAdmissionInForce)
			g.Expect(condition).To(HaveValue(And(HaveField("Reason", reason), HaveField("Message", ContainSubstring(message)))))
		}
	}

	It("let break-glass repair one namespace, and the application says so", func(ctx context.Context) {
		w, o := newWorld(ctx), start()
		w.passAudit(ctx, o)
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
		w.settle(ctx, o)
		breakGlass(ctx, w.test())
		w.until(ctx, o, guarded(ctx, w, v1alpha1.ReasonBreakGlass, "writes in namespace "+w.test()+" for incident INC-7"))
		w.untilEvent(ctx, o, HavePrefix("Warning BreakGlass "))
		w.settle(ctx, o)
		mendGlass(ctx, w.test())
		w.until(ctx, o, guarded(ctx, w, v1alpha1.ReasonGuarded, "is in force"))
	})

	It("are what the operator ships, and whoever removes or weakens one is seen on every application", func(ctx context.Context) {
		one, two, o := newWorld(ctx), newWorld(ctx), start()
		recorder := events.NewFakeRecorder(100)
		r := &controllers.GuardsReconciler{Client: o.Client, Recorder: recorder, Shipped: o.Shipped}
		both := func(reason, message string) {
			GinkgoHelper()
			for _, w := range []*world{one, two} {
				w.until(ctx, o, guarded(ctx, w, reason, message))
			}
			Eventually(func(g Gomega) {
				_, err := r.Reconcile(ctx, ctrl.Request{})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(recorder.Events).To(Receive(And(ContainSubstring(message), HavePrefix(map[string]string{
					v1alpha1.ReasonGuarded: "Normal GuardsRestored ", v1alpha1.ReasonGuardMissing: "Warning GuardMissing ", v1alpha1.ReasonGuardWeakened: "Warning GuardWeakened ",
				}[reason]))))
			}).Should(Succeed(), "the cache follows")
		}
		for _, w := range []*world{one, two} {
			Expect(admin.Create(ctx, w.app)).To(Succeed())
			w.until(ctx, o, guarded(ctx, w, v1alpha1.ReasonGuarded, "is in force"))
		}
		_, err := r.Reconcile(ctx, ctrl.Request{})
		Expect(err).NotTo(HaveOccurred())
		Expect(recorder.Events).NotTo(Receive(), "nothing was lost")

		By("removing a binding")
		binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
		Expect(admin.Get(ctx, client.ObjectKey{Name: "govpk-evidence"}, binding)).To(Succeed())
		Expect(admin.Delete(ctx, binding)).To(Succeed())
		DeferCleanup(func(ctx context.Context) {
			again := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: binding.Name}, Spec: binding.Spec}
			Expect(client.IgnoreAlreadyExists(admin.Create(ctx, again))).To(Succeed())
		})
		both(v1alpha1.ReasonGuardMissing, "ValidatingAdmissionPolicyBinding govpk-evidence is missing: nothing is launched")
		restored := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: binding.Name}, Spec: binding.Spec}
		Expect(admin.Create(ctx, restored)).To(Succeed())
		both(v1alpha1.ReasonGuarded, "in force")

		By("a binding that only warns")
		warn := []byte(`{"spec":{"validationActions":["Warn"]}}`)
		Expect(admin.Patch(ctx, restored, client.RawPatch(types.MergePatchType, warn))).To(Succeed())
		both(v1alpha1.ReasonGuardWeakened, "ValidatingAdmissionPolicyBinding govpk-evidence has spec.validationActions [Warn] without Deny")
		restored.Spec = binding.Spec
		Expect(admin.Update(ctx, restored)).To(Succeed())

		By("a policy that lets failures through")
		policy := &admissionv1.ValidatingAdmissionPolicy{}
		Expect(admin.Get(ctx, client.ObjectKey{Name: "govpk-evidence"}, policy)).To(Succeed())
		spec, ignore := policy.Spec.DeepCopy(), admissionv1.Ignore
		policy.Spec.FailurePolicy = &ignore
		Expect(admin.Update(ctx, policy)).To(Succeed())
		DeferCleanup(func(ctx context.Context) {
			Expect(admin.Get(ctx, client.ObjectKeyFromObject(policy), policy)).To(Succeed())
			policy.Spec = *spec
			Expect(admin.Update(ctx, policy)).To(Succeed())
		})
		both(v1alpha1.ReasonGuardWeakened, "ValidatingAdmissionPolicy govpk-evidence has spec.failurePolicy Ignore")
		policy.Spec = *spec.DeepCopy()
		Expect(admin.Update(ctx, policy)).To(Succeed())
		both(v1alpha1.ReasonGuarded, "in force")
	})
})

// breakGlass labels a namespace, so that members of the group write there once admission knows.
func breakGlass(ctx context.Context, namespace string) {
	GinkgoHelper()
	member, err := client.New(impersonated("engineer-9@ntc.gov.pk", "system:masters", "platform.ntc.gov.pk:break-glass"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	label := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.ntc.gov.pk/break-glass":"INC-7"}}}`))
	Expect(member.Patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, label)).To(Succeed())
}

// mendGlass takes the label away as somebody who is no member.
func mendGlass(ctx context.Context, namespace string) {
	GinkgoHelper()
	label := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.ntc.gov.pk/break-glass":null}}}`))
	Expect(admin.Patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, label)).To(Succeed())
}
