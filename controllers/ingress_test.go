// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
)

// issue does what cert-manager would with the application's Certificates.
func (w *world) issue(ctx context.Context) {
	certificates := &unstructured.UnstructuredList{}
	certificates.SetGroupVersionKind(apply.CertificateKind)
	Expect(admin.List(ctx, certificates, client.MatchingLabels{v1alpha1.ApplicationNamespaceLabel: w.namespace})).To(Succeed())
	for i := range certificates.Items {
		if _, judged := certificates.Items[i].Object["status"]; !judged {
			judge(ctx, &certificates.Items[i], map[string]any{"type": "Ready", "status": "True", "reason": "Ready"})
		}
	}
}

func judge(ctx context.Context, certificate *unstructured.Unstructured, conditions ...any) {
	GinkgoHelper()
	before := certificate.DeepCopy()
	certificate.Object["status"] = map[string]any{"conditions": conditions}
	Expect(client.IgnoreNotFound(certManager.Status().Patch(ctx, certificate, client.MergeFrom(before)))).To(Succeed())
}

// program does what the gateways' controller would with their listeners.
func program(ctx context.Context) {
	var gateways gatewayv1.GatewayList
	Expect(admin.List(ctx, &gateways)).To(Succeed())
	for i := range gateways.Items {
		gateway := &gateways.Items[i]
		before := gateway.DeepCopy()
		gateway.Status.Listeners = nil
		for _, listener := range gateway.Spec.Listeners {
			status := gatewayv1.ListenerStatus{Name: listener.Name, SupportedKinds: []gatewayv1.RouteGroupKind{{Kind: "HTTPRoute"}},
				Conditions: []metav1.Condition{{Type: "Programmed", Status: metav1.ConditionTrue, Reason: "Programmed", LastTransitionTime: metav1.Now()}},
			}
			if j := slices.IndexFunc(before.Status.Listeners, func(s gatewayv1.ListenerStatus) bool { return s.Name == listener.Name }); j >= 0 {
				status = before.Status.Listeners[j]
			}
			gateway.Status.Listeners = append(gateway.Status.Listeners, status)
		}
		if !equality.Semantic.DeepEqual(before.Status, gateway.Status) {
			Expect(client.IgnoreNotFound(admin.Status().Patch(ctx, gateway, client.MergeFrom(before)))).To(Succeed())
		}
	}
}

// listen adds listeners of NTC's to a live Gateway, and takes them away after the test.
func listen(ctx context.Context, namespace, name string, listeners ...gatewayv1.Listener) {
	GinkgoHelper()
	key := client.ObjectKey{Namespace: namespace, Name: name}
	change := func(ctx context.Context, change func([]gatewayv1.Listener) []gatewayv1.Listener) {
		Eventually(func() error {
			gateway := &gatewayv1.Gateway{}
			if err := admin.Get(ctx, key, gateway); err != nil {
				return err
			}
			gateway.Spec.Listeners = change(gateway.Spec.Listeners)
			return admin.Update(ctx, gateway)
		}).Should(Succeed(), "others write the Gateway too")
	}
	change(ctx, func(all []gatewayv1.Listener) []gatewayv1.Listener { return append(all, listeners...) })
	DeferCleanup(change, func(all []gatewayv1.Listener) []gatewayv1.Listener {
		return slices.DeleteFunc(all, func(l gatewayv1.Listener) bool {
			return slices.ContainsFunc(listeners, func(mine gatewayv1.Listener) bool { return mine.Name == l.Name })
		})
	})
}

func listener(name, hostname string, labels map[string]string) gatewayv1.Listener {
	selector := gatewayv1.NamespacesFromSelector
	return gatewayv1.Listener{
		Name: gatewayv1.SectionName(name), Hostname: ptr.To(gatewayv1.Hostname(hostname)), Port: 443, Protocol: gatewayv1.HTTPSProtocolType,
		TLS:           &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "ntc"}}},
		AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &selector, Selector: &metav1.LabelSelector{MatchLabels: labels}}},
	}
}

// setPolicy changes DeploymentPolicy default for one test.
func setPolicy(ctx context.Context, change func(*v1alpha1.DeploymentPolicySpec)) {
	GinkgoHelper()
	policy := &v1alpha1.DeploymentPolicy{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
	before := policy.DeepCopy()
	change(&policy.Spec)
	Expect(admin.Patch(ctx, policy, client.MergeFrom(before))).To(Succeed())
	DeferCleanup(func(ctx context.Context) {
		changed := policy.DeepCopy()
		policy.Spec = before.Spec
		Expect(admin.Patch(ctx, policy, client.MergeFrom(changed))).To(Succeed())
	})
}
