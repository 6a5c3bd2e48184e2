// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

var issuerKind = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "ClusterIssuer"}

const (
	meshIssuer = "govpk-mesh"
	// nextName is the name of the authority that the tests change to.
	nextName = "e2e next"
	// takesUp is how long a kubelet may take to bring what changed to a pod, also once it is told to look.
	takesUp = 90 * time.Second
	// rate is how many requests a second go along an edge meanwhile.
	rate = 200
)

// They change what every application's certificates rest on.
var _ = Describe("Certificates under load", Serial, Ordered, ContinueOnFailure, func() {
	var app *scenario.App

	BeforeAll(func(ctx context.Context) { app = withDesk(ctx, "renewing") })

	It("are renewed without a failed request, and without an end to a session of PostgreSQL", func(ctx context.Context) {
		api := podOf(ctx, app, v1alpha1.LiveNamespace, "api")
		session := follow(ctx, api, "/api/session?seconds=600")
		use := useEdge(ctx, app)
		before := presents(ctx, app)
		Eventually(session.all).ShouldNot(BeEmpty())
		renewAll(ctx, app)
		Eventually(func(g Gomega) {
			look(ctx, g, app)
			g.Expect(presents(ctx, app).SerialNumber).NotTo(Equal(before.SerialNumber))
			for _, pod := range meshed(ctx, app) {
				g.Expect(said(ctx, g, pod)).To(ContainSubstring("certificate renewed"), pod.Name)
			}
		}).WithTimeout(takesUp).WithPolling(time.Second).Should(Succeed())
		use.goesOn()
		use.stop(ctx, "a renewal of every certificate")
		seen := len(session.all())
		Eventually(func() int { return len(session.all()) }).Should(BeNumerically(">", seen), "the session goes on")
		Expect(slices.Compact(slices.Clone(session.all()))).To(HaveLen(1), "by the same process of PostgreSQL")
	})

	It("that are not current take the route down after the policy's grace, and bring it back once they are", func(ctx context.Context) {
		url := "https://" + app.Host + "/api/greeting"
		broken := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"ca": map[string]any{"secretName": "e2e-none"}}}}
		broken.SetGroupVersionKind(issuerKind)
		broken.SetName("e2e-broken")
		Expect(client.IgnoreAlreadyExists(cluster.Admin.Create(ctx, broken))).To(Succeed())
		DeferCleanup(func(ctx context.Context) { Expect(cluster.Admin.Delete(ctx, broken)).To(Succeed()) })
		// Whatever else is live here loses its encryption too, which would pass for the platform's fault.
		heal := setMesh(ctx, map[string]any{"graceSeconds": 8, "fleetLossPercent": 100, "issuer": map[string]any{"kind": "ClusterIssuer", "name": "e2e-broken"}})
		lost := isTold(ctx, app, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonEncryptionLost, "Certificate "+app.Namespace("live")+"/")
		Expect(lost.Status).To(Equal(metav1.ConditionFalse))
		Expect(statusOf(ctx, cluster.Public(), url)).To(Equal(http.StatusOK), "the grace has not passed: %s", lost.Message)
		eventuallyCloses(ctx, url)
		AddReportEntry("encryption lost → the host stops answering", time.Since(lost.LastTransitionTime.Time).Round(100*time.Millisecond).String())
		var routes gatewayv1.HTTPRouteList
		Expect(cluster.Admin.List(ctx, &routes, client.InNamespace(app.Namespace("live")))).To(Succeed())
		Expect(routes.Items).To(BeEmpty())
		Expect(app.Pods(ctx, v1alpha1.LiveNamespace)).NotTo(BeEmpty(), "the pods run on")

		heal(ctx)
		isReasoned(ctx, app, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonEncrypted)
		eventuallyServes(ctx, cluster.Public(), url)
		Expect(app.Reach(ctx, v1alpha1.StageLive)).To(Succeed())
	})

	It("are not given up for an Istio that is not there: everything stays as it is, and the finding says what to do", func(ctx context.Context) {
		before := meshed(ctx, app)
		visits := keepVisiting(ctx, "https://"+app.Host+"/api/greeting")
		use := useEdge(ctx, app)
		restore := setMesh(ctx, map[string]any{"type": v1alpha1.MeshIstio})
		isTold(ctx, app, v1alpha1.ConditionInfrastructureProvisioned, v1alpha1.ReasonKindMissing, "PeerAuthentication")
		use.goesOn()
		Expect(presents(ctx, app).Issuer.CommonName).NotTo(BeEmpty(), "the API's sidecar answers")
		restore(ctx)
		isReasoned(ctx, app, v1alpha1.ConditionTrafficEncrypted, v1alpha1.ReasonEncrypted)
		use.stop(ctx, "a change to an Istio that is not there, and back")
		total, problems := visits.stop()
		Expect(problems).To(BeEmpty(), "of %d requests of visitors", total)
		names := func(pods []corev1.Pod) (names []string) {
			for _, pod := range pods {
				names = append(names, pod.Name)
			}
			return names
		}
		Expect(names(meshed(ctx, app))).To(ConsistOf(names(before)), "no pod was replaced")
	})

	It("change their authority without a failed request, where the old and the new one overlap", func(ctx context.Context) {
		issuer := &unstructured.Unstructured{}
		issuer.SetGroupVersionKind(issuerKind)
		Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: meshIssuer}, issuer)).To(Succeed())
		secret, _, err := unstructured.NestedString(issuer.Object, "spec", "ca", "secretName")
		Expect(err).NotTo(HaveOccurred())
		if secret == "" {
			Skip("SKIPPED: ClusterIssuer " + meshIssuer + " of this cluster is none with a Secret; its authority is not ours to change")
		}
		old := cluster.Authorities()
		next := newAuthority(ctx)
		DeferCleanup(func(ctx context.Context) {
			signsBy(ctx, secret)
			cluster.Trust(old)
			// The namespace of live is kept, and cert-manager keeps a Secret whose authority nobody trusts any more until it is due.
			renewAll(ctx, app)
			Eventually(func() []string { return issuers(ctx, app) }).WithTimeout(takesUp).ShouldNot(ContainElement(nextName), "cert-manager issues")
			Expect(cluster.Admin.Delete(ctx, next)).To(Succeed())
		})
		bundle := string(next.Data[corev1.TLSCertKey])
		cluster.Trust(old + bundle) // the test's own
		use := useEdge(ctx, app)
		visits := keepVisiting(ctx, "https://"+app.Host+"/api/greeting")

		By("adding the new authority")
		restore := setMesh(ctx, map[string]any{"caBundle": old + bundle})
		everySidecarSays(ctx, app, "authorities renewed", "certificates=2")
		By("issuing by the new authority")
		before := presents(ctx, app)
		signsBy(ctx, next.Name)
		renewAll(ctx, app)
		everySidecarSays(ctx, app, "authorities renewed", "certificate renewed")
		Eventually(func(g Gomega) {
			look(ctx, g, app)
			g.Expect(presents(ctx, app).Issuer.CommonName).To(Equal(nextName))
		}).WithTimeout(takesUp).Should(Succeed())
		Expect(before.Issuer.CommonName).NotTo(Equal(nextName))
		By("removing the old authority")
		setMesh(ctx, map[string]any{"caBundle": bundle})
		everySidecarSays(ctx, app, "certificates=2", "certificates=1")
		cluster.Trust(bundle)
		presents(ctx, app)
		use.goesOn()
		total, problems := visits.stop()
		Expect(problems).To(BeEmpty(), "of %d requests of visitors", total)
		use.stop(ctx, "a change of the authority")
		AddReportEntry("visitors' requests meanwhile", total)
		restore(ctx)
	})
})

// edgeUse are requests along the edge from desk to the API, half of them on connections of their own.
type edgeUse struct {
	*lines
	app   *scenario.App
	begun time.Time
}

func useEdge(ctx context.Context, app *scenario.App) *edgeUse {
	GinkgoHelper()
	l := follow(ctx, podOf(ctx, app, v1alpha1.LiveNamespace, desk), fmt.Sprintf("/api/ask?seconds=600&rate=%d", rate))
	use := &edgeUse{lines: l, app: app, begun: time.Now()}
	use.goesOn()
	return use
}

func (u *edgeUse) goesOn() {
	GinkgoHelper()
	now := len(u.all())
	Eventually(func() int { return len(u.all()) }).Should(BeNumerically(">", now+1), "desk counts each second")
}

func (u *edgeUse) stop(ctx context.Context, during string) {
	GinkgoHelper()
	took := time.Since(u.begun)
	Expect(u.ended()).To(BeFalse(), "the load went on all the while")
	t, err := u.tally()
	Expect(err).NotTo(HaveOccurred())
	Expect(t.Failed).To(BeZero(), func() string {
		return fmt.Sprintf("of %d: %v; the sidecars say:\n%s", t.Asked, t.Problems, sidecarLogs(ctx, u.app))
	})
	Expect(float64(t.Asked)/took.Seconds()).To(BeNumerically(">", rate/4), "requests a second: fewer than asked for where the machine is busy")
	AddReportEntry("requests along the edge during "+during, fmt.Sprintf("%d in %.1f s, none failed; the aim is %d a second", t.Asked, took.Seconds(), rate))
}

// meshed are the pods of live with a sidecar that runs.
func meshed(ctx context.Context, app *scenario.App) []corev1.Pod {
	GinkgoHelper()
	pods, err := app.Pods(ctx, v1alpha1.LiveNamespace)
	Expect(err).NotTo(HaveOccurred())
	return slices.DeleteFunc(pods, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning })
}

// look makes the kubelets look at the pods: by themselves they bring changed Secrets and ConfigMaps within a minute or two. A change of
// the pod is all that it takes, and admission leaves that to its controllers.
func look(ctx context.Context, g Gomega, app *scenario.App) {
	GinkgoHelper()
	controller, err := cluster.As("system:serviceaccount:kube-system:replicaset-controller")
	g.Expect(err).NotTo(HaveOccurred())
	for _, pod := range meshed(ctx, app) {
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"e2e.example/look":%q}}}`, time.Now().Format(time.RFC3339Nano))
		g.Expect(client.IgnoreNotFound(controller.Patch(ctx, &pod, client.RawPatch(types.MergePatchType, patch)))).To(Succeed())
	}
}

// said is the log of a pod's sidecar.
func said(ctx context.Context, g Gomega, pod corev1.Pod) string {
	GinkgoHelper()
	set, err := kubernetes.NewForConfig(cluster.Config)
	g.Expect(err).NotTo(HaveOccurred())
	log, err := set.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: render.SidecarName}).DoRaw(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	return string(log)
}

// sidecarLogs are those of live.
func sidecarLogs(ctx context.Context, app *scenario.App) string {
	GinkgoHelper()
	var logs strings.Builder
	for _, pod := range meshed(ctx, app) {
		Eventually(func(g Gomega) { fmt.Fprintf(&logs, "== %s\n%s", pod.Name, said(ctx, g, pod)) }).Should(Succeed(), "the way leads through the API server and a kubelet")
	}
	return logs.String()
}

// everySidecarSays waits until the sidecars of live have said something after the last time that they said something else.
func everySidecarSays(ctx context.Context, app *scenario.App, after, what string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		look(ctx, g, app)
		for _, pod := range meshed(ctx, app) {
			log := said(ctx, g, pod)
			g.Expect(log[max(0, strings.LastIndex(log, after)):]).To(ContainSubstring(what), pod.Name)
		}
	}).WithTimeout(takesUp).WithPolling(time.Second).Should(Succeed())
}

// presents is the certificate with which the API's sidecar answers.
func presents(ctx context.Context, app *scenario.App) (served *x509.Certificate) {
	GinkgoHelper()
	certificate := stolen(ctx, app, v1alpha1.LiveNamespace, "web")
	caller := scenario.Caller{Certificate: &certificate, ServerName: "http." + app.Identity(v1alpha1.LiveNamespace, "api")}
	api := podOf(ctx, app, v1alpha1.LiveNamespace, "api")
	var err error
	Eventually(func() error {
		served, err = cluster.Get(ctx, api, caller, "/api/greeting")
		return err
	}).ShouldNot(Satisfy(scenario.Unanswered), "the way leads through the API server and a kubelet")
	Expect(err).NotTo(HaveOccurred())
	return served
}

// renewAll asks for new certificates of every component of live, as `cmctl renew` does. Admission leaves their status to cert-manager alone.
func renewAll(ctx context.Context, app *scenario.App) {
	GinkgoHelper()
	certManager, err := cluster.As("system:serviceaccount:cert-manager:cert-manager")
	Expect(err).NotTo(HaveOccurred())
	for _, found := range certificatesOf(ctx, app) {
		Eventually(func(g Gomega) {
			certificate := &unstructured.Unstructured{}
			certificate.SetGroupVersionKind(certificateKind)
			g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(&found), certificate)).To(Succeed())
			g.Expect(issuing(certificate)).To(Succeed())
			g.Expect(certManager.Status().Update(ctx, certificate)).To(Succeed())
		}).Should(Succeed(), "cert-manager may write the status meanwhile")
	}
}

// certificatesOf are those of live.
func certificatesOf(ctx context.Context, app *scenario.App) []unstructured.Unstructured {
	GinkgoHelper()
	all := &unstructured.UnstructuredList{}
	all.SetGroupVersionKind(certificateKind)
	Expect(cluster.Admin.List(ctx, all, client.InNamespace(app.Namespace("live")))).To(Succeed())
	Expect(all.Items).NotTo(BeEmpty())
	return all.Items
}

// issuers are the authorities behind the certificates of live.
func issuers(ctx context.Context, app *scenario.App) (names []string) {
	GinkgoHelper()
	for _, certificate := range certificatesOf(ctx, app) {
		issued := stolen(ctx, app, v1alpha1.LiveNamespace, certificate.GetName())
		names = append(names, issued.Leaf.Issuer.CommonName)
	}
	return names
}

func issuing(certificate *unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(certificate.Object, "status", "conditions")
	if err != nil {
		return err
	}
	return unstructured.SetNestedSlice(certificate.Object, append(conditions, map[string]any{
		"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "renewed by hand",
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339), "observedGeneration": certificate.GetGeneration(),
	}), "status", "conditions")
}

// setMesh changes fields of the policy's mesh until the caller, or the spec's end, restores them.
func setMesh(ctx context.Context, fields map[string]any) (restore func(context.Context)) {
	GinkgoHelper()
	policy := &v1alpha1.DeploymentPolicy{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: v1alpha1.DeploymentPolicyName}, policy)).To(Succeed())
	before := policy.Spec.Mesh
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"mesh": fields}})
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Admin.Patch(ctx, policy, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
	restore = func(ctx context.Context) {
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"mesh": before}})
		Expect(err).NotTo(HaveOccurred())
		Expect(cluster.Admin.Patch(ctx, policy, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
	}
	DeferCleanup(restore)
	return restore
}

// newAuthority is an authority of the test's own, where cert-manager looks for those of ClusterIssuers.
func newAuthority(ctx context.Context) *corev1.Secret {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: nextName},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	Expect(err).NotTo(HaveOccurred())
	private, err := x509.MarshalPKCS8PrivateKey(key)
	Expect(err).NotTo(HaveOccurred())
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "cert-manager", Name: "e2e-next"}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		},
	}
	if err := cluster.Admin.Delete(ctx, secret.DeepCopy()); !apierrors.IsNotFound(err) {
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(cluster.Admin.Create(ctx, secret)).To(Succeed())
	return secret
}

// signsBy makes components' certificates come from the authority in a Secret.
func signsBy(ctx context.Context, secret string) {
	GinkgoHelper()
	issuer := &unstructured.Unstructured{}
	issuer.SetGroupVersionKind(issuerKind)
	issuer.SetName(meshIssuer)
	patch := fmt.Appendf(nil, `{"spec":{"ca":{"secretName":%q}}}`, secret)
	Expect(cluster.Admin.Patch(ctx, issuer, client.RawPatch(types.MergePatchType, patch))).To(Succeed())
	Eventually(func(g Gomega) {
		g.Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: meshIssuer}, issuer)).To(Succeed())
		conditions, _, err := unstructured.NestedSlice(issuer.Object, "status", "conditions")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(conditions).To(ContainElement(And(HaveKeyWithValue("type", "Ready"), HaveKeyWithValue("status", "True"), HaveKeyWithValue("observedGeneration", issuer.GetGeneration()))))
	}).Should(Succeed())
}
