// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

var _ = Describe("A live application whose policy names another carrier", func() {
	It("stays until all is there, moves by its rollout, and comes back the same way", func(ctx context.Context) {
		installIstio(ctx)
		w, o := newWorld(ctx), start()
		w.alone = true
		w.app.Spec.Components[1].ConnectsTo = []v1alpha1.Edge{{Name: "mail", External: &v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}}}
		reach := func(condition func(Gomega)) {
			GinkgoHelper()
			w.until(ctx, o, func(g Gomega) { w.replacePods(ctx); condition(g) })
		}
		rests := func() {
			GinkgoHelper()
			Eventually(func(g Gomega) {
				w.follow(ctx)
				w.replacePods(ctx)
				o.requests.take()
				g.Expect(w.pass(ctx, o)).To(Succeed())
				g.Expect(o.requests.take()).To(BeEmpty())
			}).Should(Succeed(), "the cache follows the API server")
		}
		encrypted := func(reason string) {
			GinkgoHelper()
			reach(func(g Gomega) { w.reason(ctx, v1alpha1.ConditionTrafficEncrypted, reason)(g) })
		}
		w.liveBy(ctx, reach)
		rests()
		sidecars := w.inventory(ctx)

		By("the Gateways are of another software, and Istio runs on no node")
		carry(ctx, v1alpha1.MeshIstio)
		DeferCleanup(carry, v1alpha1.MeshSidecar)
		encrypted(v1alpha1.ReasonMeshNotConfigured)
		Expect(w.inventory(ctx)).To(Equal(sidecars), "nothing is half applied")
		gatewayClass(ctx, mesh.GatewayClass)
		DeferCleanup(gatewayClass, gatewayv1.ObjectName("traefik"))
		encrypted(v1alpha1.ReasonMeshNotConfigured)
		Expect(w.kinds(ctx)).NotTo(ContainElement("PeerAuthentication"))
		Expect(w.carrier(ctx)).To(Equal(v1alpha1.MeshSidecar))

		By("all is there")
		nodeProxy(ctx, "node-1")
		reach(func(g Gomega) {
			w.reason(ctx, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonEncrypted)(g)
			g.Expect(w.carrier(ctx)).To(Equal(v1alpha1.MeshIstio))
			g.Expect(w.kinds(ctx)).To(ContainElements("PeerAuthentication", "AuthorizationPolicy", "ServiceEntry", "ServiceAccount"))
			g.Expect(w.kinds(ctx)).NotTo(Or(ContainElement("BackendTLSPolicy"), ContainElement("ConfigMap")))
			g.Expect(w.meshCertificates(ctx)).To(BeEmpty())
		})
		w.ready(ctx, string(v1alpha1.StageLive))(Default)
		Expect(w.sidecarsIn(ctx, "api")).To(BeFalse())
		rests()
		ambient := w.inventory(ctx)

		By("a certificate is not there yet")
		carry(ctx, v1alpha1.MeshSidecar)
		Eventually(func(g Gomega) {
			g.Expect(w.pass(ctx, o)).To(Succeed())
			w.reason(ctx, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonCertificateNotReady)(g)
			g.Expect(w.meshCertificates(ctx)).NotTo(BeEmpty())
		}).Should(Succeed(), "certificates are asked for before anything moves")
		after := w.inventory(ctx)
		for object, version := range ambient {
			if !strings.HasPrefix(object, "ResourceQuota ") {
				Expect(after).To(HaveKeyWithValue(object, version), "nothing is half applied")
			}
		}
		Expect(w.carrier(ctx)).To(Equal(v1alpha1.MeshIstio))

		By("they are there")
		reach(func(g Gomega) {
			w.reason(ctx, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonEncrypted)(g)
			g.Expect(w.carrier(ctx)).To(Equal(v1alpha1.MeshSidecar))
			g.Expect(w.kinds(ctx)).NotTo(Or(ContainElement("PeerAuthentication"), ContainElement("AuthorizationPolicy"), ContainElement("ServiceEntry")))
		})
		Expect(w.sidecarsIn(ctx, "api")).To(BeTrue())
		rests()
		back := w.inventory(ctx)
		for object := range sidecars {
			Expect(back).To(HaveKey(object))
		}
		Expect(back).To(HaveLen(len(sidecars)))
	})
})

// missingKinds asks anew: the cluster may have learned or unlearned a kind since another client asked.
func missingKinds() []string {
	GinkgoHelper()
	web, err := rest.HTTPClientFor(config)
	Expect(err).NotTo(HaveOccurred())
	mapper, err := apiutil.NewDynamicRESTMapper(config, web)
	Expect(err).NotTo(HaveOccurred())
	missing, err := controllers.MissingKinds(mapper)
	Expect(err).NotTo(HaveOccurred())
	return missing
}

// installIstio makes the cluster serve Istio's kinds until the spec ends.
func installIstio(ctx context.Context) {
	GinkgoHelper()
	Expect(missingKinds()).To(HaveLen(3), "Istio is not installed for other specs")
	options := envtest.CRDInstallOptions{Paths: []string{"../test/admission/testdata/istio"}, ErrorIfPathMissing: true}
	definitions, err := envtest.InstallCRDs(config, options)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		Expect(envtest.UninstallCRDs(config, envtest.CRDInstallOptions{CRDs: definitions})).To(Succeed())
		Eventually(missingKinds).Should(HaveLen(3), "discovery follows a definition by a moment")
	})
	Eventually(missingKinds).Should(BeEmpty(), "discovery follows a definition by a moment")
	Expect(client.IgnoreAlreadyExists(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: mesh.RootNamespace}}))).To(Succeed())
}

// nodeProxy is Istio's on a node, and ready, until the spec ends.
func nodeProxy(ctx context.Context, node string) {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: mesh.RootNamespace, Name: "ztunnel-" + node, Labels: map[string]string{"app": "ztunnel"}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "istio-proxy", Image: "ztunnel"}}},
	}
	Eventually(func() error { return admin.Create(ctx, pod) }).Should(Succeed(), "a new namespace has no ServiceAccount yet")
	DeferCleanup(func(ctx context.Context) { Expect(admin.Delete(ctx, pod, client.GracePeriodSeconds(0))).To(Succeed()) })
	before := pod.DeepCopy()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "istio-proxy", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	Expect(admin.Status().Patch(ctx, pod, client.MergeFrom(before))).To(Succeed())
}

func gatewayClass(ctx context.Context, class gatewayv1.ObjectName) {
	GinkgoHelper()
	for _, name := range []string{"public", "vpn"} {
		gateway := &gatewayv1.Gateway{}
		Expect(admin.Get(ctx, client.ObjectKey{Namespace: "gateways", Name: name}, gateway)).To(Succeed())
		before := gateway.DeepCopy()
		gateway.Spec.GatewayClassName = class
		Expect(admin.Patch(ctx, gateway, client.MergeFrom(before))).To(Succeed())
	}
}

// liveBy is goLive with pods that the spec makes.
func (w *world) liveBy(ctx context.Context, reach func(func(Gomega))) {
	GinkgoHelper()
	Expect(admin.Create(ctx, w.app)).To(Succeed())
	reach(w.stage(ctx, v1alpha1.StageUnderAudit))
	w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
	reach(w.stage(ctx, v1alpha1.StageTesting))
	w.signAll(ctx)
	reach(w.stage(ctx, v1alpha1.StageAwaitingLaunch))
	w.launch(ctx)
	reach(w.ready(ctx, string(v1alpha1.StageLive)))
}

// replacePods does what a rollout does: one pod of each Deployment's present template, on a node, and none of a former one. With Istio its
// agent takes the pod into the mesh.
func (w *world) replacePods(ctx context.Context) {
	GinkgoHelper()
	for _, namespace := range []string{w.test(), w.live()} {
		var deployments appsv1.DeploymentList
		Expect(admin.List(ctx, &deployments, client.InNamespace(namespace))).To(Succeed())
		for i := range deployments.Items {
			d := &deployments.Items[i]
			spec := d.Spec.Template.Spec
			mode, other := "ambient", "sidecar"
			if !strings.HasPrefix(spec.ServiceAccountName, "component-") {
				mode, other = other, mode
			}
			enrolAs(ctx, d, d.Name+"-"+mode, "node-1")
			if mode == "ambient" {
				intoMesh(ctx, namespace, d.Name+"-"+mode)
			}
			old := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: d.Name + "-" + other}}
			Expect(client.IgnoreNotFound(admin.Delete(ctx, old, client.GracePeriodSeconds(0)))).To(Succeed())
		}
	}
}

func intoMesh(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	pod := &corev1.Pod{}
	if err := admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, pod); err != nil {
		Expect(client.IgnoreNotFound(err)).To(Succeed())
		return
	}
	before := pod.DeepCopy()
	metav1.SetMetaDataAnnotation(&pod.ObjectMeta, "ambient.istio.io/redirection", "enabled")
	agent, err := client.New(impersonated("system:serviceaccount:istio-system:istio-cni", "system:masters"), client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(client.IgnoreNotFound(agent.Status().Patch(ctx, pod, client.MergeFrom(before)))).To(Succeed())
}

// kinds are those of the objects in the live namespace.
func (w *world) kinds(ctx context.Context) []string {
	GinkgoHelper()
	var kinds []string
	for name := range w.inventory(ctx) {
		if kind, key, _ := strings.Cut(name, " "); strings.HasPrefix(key, w.live()+"/") {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func (w *world) meshCertificates(ctx context.Context) []string {
	GinkgoHelper()
	var found []string
	for name := range w.inventory(ctx) {
		if strings.HasPrefix(name, "Certificate "+w.live()+"/") {
			found = append(found, name)
		}
	}
	return found
}

func (w *world) carrier(ctx context.Context) v1alpha1.MeshType {
	GinkgoHelper()
	namespace := &corev1.Namespace{}
	Expect(admin.Get(ctx, client.ObjectKey{Name: w.live()}, namespace)).To(Succeed())
	return mesh.Carrying(namespace.Labels)
}

func (w *world) sidecarsIn(ctx context.Context, component string) bool {
	GinkgoHelper()
	d := &appsv1.Deployment{}
	Expect(admin.Get(ctx, client.ObjectKey{Namespace: w.live(), Name: component}, d)).To(Succeed())
	return len(d.Spec.Template.Spec.InitContainers) > 0
}
