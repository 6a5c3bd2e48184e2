// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// Each way into a pod that the API server offers.
var ways = []struct {
	resource, suffix, subresource string
	options                       runtime.Object
}{
	{"pods", "", "exec", &corev1.PodExecOptions{Command: []string{"/bin/true"}, Stdout: true}},
	{"pods", "", "attach", &corev1.PodAttachOptions{Stdout: true}},
	{"pods", "", "portforward", &corev1.PodPortForwardOptions{Ports: []int32{8080}}},
	{"pods", ":8080", "proxy", &corev1.PodProxyOptions{}},
	{"services", ":http", "proxy", &corev1.ServiceProxyOptions{}},
}

var _ = Describe("What runs on the real cluster", Ordered, func() {
	var app *scenario.App

	BeforeAll(func(ctx context.Context) { app = application(ctx, "entered") })

	DescribeTable("is entered by nobody", func(ctx context.Context, says, user string, groups ...string) {
		for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
			pod := podOf(ctx, app, stage, "api")
			for _, way := range ways {
				name := pod.Name
				if way.resource == "services" {
					name = "api"
				}
				err := enter(ctx, user, groups, pod.Namespace, way.resource, name+way.suffix, way.subresource, way.options)
				Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%s %s/%s by %s: %v", way.subresource, pod.Namespace, name, user, err)
				Expect(err).To(MatchError(ContainSubstring(says)), "%s by %s", way.subresource, user)
			}
		}
	},
		Entry("of its own organization", "cannot", "developer-1@sehat.example", "organization:"+organization),
		Entry("of another organization", "cannot", "developer-1@other.example", "organization:other"),
		Entry("of level 1", "cannot", "operator-1@ntc.gov.pk", "ntc:operations"),
		Entry("of the security team", "cannot", "security-1@ntc.gov.pk", "ntc:security"),
		Entry("with every right of RBAC", "nobody enters or reaches what runs past the gateway", "admin-1@ntc.gov.pk", "system:masters"),
	)

	It("is entered by who breaks the glass, and names an incident first", func(ctx context.Context) {
		pod := podOf(ctx, app, v1alpha1.LiveNamespace, "api")
		mended := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, v1alpha1.BreakGlassLabel))
		Expect(cluster.Admin.Patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: pod.Namespace}}, mended)).To(Succeed())
		Eventually(func() error {
			return enter(ctx, "engineer-9@ntc.gov.pk", []string{"platform.ntc.gov.pk:break-glass", "system:masters"}, pod.Namespace, "pods", pod.Name, "attach", &corev1.PodAttachOptions{Stdout: true})
		}).Should(MatchError(ContainSubstring("to break the glass of this namespace see docs/break-glass.md")), "admission learns of the label by a watch")
		var connection net.Conn
		Eventually(func() (err error) {
			connection, err = cluster.Forward(ctx, pod, 8080)
			return err
		}).Should(Succeed(), "the way leads through a kubelet, which may be busy")
		Expect(connection.Close()).To(Succeed())
	})
})

// enter asks as kubectl does, but for the upgrade of the connection, which comes after admission.
func enter(ctx context.Context, user string, groups []string, namespace, resource, name, subresource string, options runtime.Object) error {
	GinkgoHelper()
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	set, err := kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
	return set.CoreV1().RESTClient().Post().Namespace(namespace).Resource(resource).Name(name).SubResource(subresource).
		VersionedParams(options, scheme.ParameterCodec).Do(ctx).Error()
}
