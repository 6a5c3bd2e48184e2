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
	"net"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	outsideHost      = "outside.e2e.example"
	outsidePort      = 20443
	undeclaredPort   = 20444
	outsideNamespace = "e2e-outside"
)

// A pod in the node's own network stands for a host outside, and a name server is installed that knows it: the cluster has none.
// The policy blocks the cluster's own ranges alone meanwhile, since the node's address is a private one.
var _ = Describe("An edge out of the cluster", Serial, Ordered, func() {
	var app *scenario.App
	var canaries []scenario.Canary
	var outside, base, tested string

	BeforeAll(func(ctx context.Context) {
		err := cluster.Admin.Get(ctx, types.NamespacedName{Namespace: "kube-system", Name: "kube-dns"}, &corev1.Service{})
		if err == nil {
			Skip("SKIPPED: the cluster has a DNS of its own, which does not know " + outsideHost)
		}
		Expect(err).To(MatchError(apierrors.IsNotFound, "IsNotFound"))
		canaries = canariesIn(ctx, "e2e-egress")
		node := &corev1.Node{}
		Expect(cluster.Admin.Get(ctx, types.NamespacedName{Name: canaries[0].Node}, node)).To(Succeed())
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				outside = address.Address
			}
		}
		authority := serveOutside(ctx, node.Name)
		nameOutside(ctx, outside)
		Expect(egressPolicy(ctx, map[string]any{"caBundle": authority, "blockedCIDRs": []string{"10.244.0.0/16", "10.96.0.0/16", "127.0.0.0/8", "169.254.0.0/16"}})).To(Succeed())
		DeferCleanup(func(ctx context.Context) { Expect(egressPolicy(ctx, nil)).To(Succeed()) })

		app = launched(ctx, "leaving", func(spec *specification) {
			// The web server passes on what begins with /api, to whatever its edge api is.
			spec.Components[0].ConnectsTo = []v1alpha1.Edge{{Name: "api", External: &v1alpha1.ExternalHost{Host: outsideHost, Port: outsidePort}}}
			spec.Domains[0].Paths = append(spec.Domains[0].Paths, v1alpha1.DomainPath{Path: "/api/reach", Component: "api", Port: "http"})
		})
		base, tested = "https://"+app.Host, testURL(ctx, app)
		eventuallyServes(ctx, cluster.Public(), base+"/")
		eventuallyServes(ctx, cluster.VPN(), tested+"/")
		eventuallyTries(ctx, cluster.Public(), base)
	})

	It("carries what the component says in the clear over TLS to the declared name", func(ctx context.Context) {
		Eventually(func() string { return answerOf(ctx, cluster.Public(), base+"/api/greeting").Body }).
			Should(Equal("asked for "+outsideHost+" by tls1.3"), "the proxy learns the address a moment after it started")
	})

	It("leads nowhere in test", func(ctx context.Context) {
		Expect(statusOf(ctx, cluster.VPN(), tested+"/api/greeting")).To(Equal(http.StatusBadGateway))
	})

	It("is refused to components that try the address themselves", func(ctx context.Context) {
		address := net.JoinHostPort(outside, fmt.Sprint(outsidePort))
		Eventually(func() (bool, error) { return canaries[0].Reaches(ctx, address) }).Should(BeTrue(), "whom no policy holds reaches it")
		Expect(reaches(ctx, cluster.Public(), base, address)).To(BeFalse())
	})

	It("is the proxy's at the declared port alone, and to callers that declared it", func(ctx context.Context) {
		proxy := net.JoinHostPort(addressOf(ctx, app, "govpk-egress"), "15443")
		Expect(reaches(ctx, cluster.Public(), base, proxy)).To(BeFalse(), "the API declared no edge to it")
		Expect(canaries[0].Reaches(ctx, proxy)).To(BeFalse())
	})

	It("ends when a host presents a certificate of an authority that the policy does not name", func(ctx context.Context) {
		Expect(egressPolicy(ctx, map[string]any{"caBundle": string(issueOutside().authority), "blockedCIDRs": []string{"10.244.0.0/16"}})).To(Succeed())
		Eventually(func() (int, error) { return cluster.Public().Status(ctx, base+"/api/greeting") }).WithTimeout(90*time.Second).
			Should(Equal(http.StatusBadGateway), "the proxy is replaced by one that reads the other authorities")
	})
})

// egressPolicy sets spec.network.egress; nil: the default.
func egressPolicy(ctx context.Context, egress map[string]any) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"network": map[string]any{"egress": egress}}})
	if err != nil {
		return err
	}
	policy := &v1alpha1.DeploymentPolicy{}
	policy.Name = v1alpha1.DeploymentPolicyName
	return cluster.Admin.Patch(ctx, policy, client.RawPatch(types.MergePatchType, patch))
}

// outsidePair is a certificate for a host, and the authority that issued it, in PEM.
type outsidePair struct{ authority, certificate, key []byte }

func issueOutside() outsidePair { return issueFor(outsideHost) }

func issueFor(host string) outsidePair {
	GinkgoHelper()
	now := time.Now()
	issuerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "outside"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authority, err := x509.CreateCertificate(rand.Reader, issuer, issuer, issuerKey.Public(), issuerKey)
	Expect(err).NotTo(HaveOccurred())
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1), DNSNames: []string{host}, NotBefore: issuer.NotBefore, NotAfter: issuer.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, leaf, issuer, key.Public(), issuerKey)
	Expect(err).NotTo(HaveOccurred())
	secret, err := x509.MarshalECPrivateKey(key)
	Expect(err).NotTo(HaveOccurred())
	block := func(kind string, content []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	}
	return outsidePair{block("CERTIFICATE", authority), block("CERTIFICATE", certificate), block("EC PRIVATE KEY", secret)}
}

// serveOutside starts a server of the declared name in the network of a node and returns its authority.
func serveOutside(ctx context.Context, node string) string {
	GinkgoHelper()
	pair := issueOutside()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: outsideNamespace}}
	Expect(client.IgnoreAlreadyExists(cluster.Admin.Create(ctx, namespace))).To(Succeed())
	caddyfile := fmt.Sprintf(`{
	admin off
	auto_https off
	persist_config off
}
:%d, :%d {
	tls /outside/tls.crt /outside/tls.key
	respond "asked for {http.request.tls.server_name} by {http.request.tls.version}"
}
`, outsidePort, undeclaredPort)
	files := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: outsideNamespace, GenerateName: "outside-"}, Data: map[string][]byte{
		"tls.crt": pair.certificate, "tls.key": pair.key, "Caddyfile": []byte(caddyfile),
	}}
	Expect(cluster.Admin.Create(ctx, files)).To(Succeed())
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: outsideNamespace, Name: "outside"}, Spec: corev1.PodSpec{
		NodeName: node, HostNetwork: true, TerminationGracePeriodSeconds: new(int64),
		Containers: []corev1.Container{{
			Name: "outside", Image: cluster.Images.Web, ImagePullPolicy: corev1.PullIfNotPresent,
			Command:        []string{"/caddy", "run", "--config", "/outside/Caddyfile", "--adapter", "caddyfile"},
			VolumeMounts:   []corev1.VolumeMount{{Name: "files", MountPath: "/outside", ReadOnly: true}},
			ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(outsidePort)}}},
		}},
		Volumes: []corev1.Volume{{Name: "files", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: files.Name}}}},
	}}
	startAnew(ctx, pod)
	return string(pair.authority)
}

// nameOutside installs a name server that knows the host outside, where the kubelets tell pods to ask.
func nameOutside(ctx context.Context, address string) {
	GinkgoHelper()
	kubelet := &corev1.ConfigMap{}
	Expect(cluster.Admin.Get(ctx, types.NamespacedName{Namespace: "kube-system", Name: "kubelet-config"}, kubelet)).To(Succeed())
	var config struct{ ClusterDNS []string }
	Expect(yaml.Unmarshal([]byte(kubelet.Data["kubelet"]), &config)).To(Succeed())
	Expect(config.ClusterDNS).NotTo(BeEmpty())
	selector := map[string]string{"k8s-app": "kube-dns"}
	startAnew(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "e2e-names", Labels: selector}, Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: new(int64),
		Containers: []corev1.Container{{
			Name: "names", Image: cluster.Images.API, ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"names", outsideHost + "=" + address},
			SecurityContext: &corev1.SecurityContext{RunAsUser: new(int64)},
		}},
	}})
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-dns"}, Spec: corev1.ServiceSpec{
		ClusterIP: config.ClusterDNS[0], Selector: selector, Ports: []corev1.ServicePort{{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}},
	}}
	Expect(cluster.Admin.Create(ctx, service)).To(Succeed())
	DeferCleanup(func(ctx context.Context) {
		Expect(client.IgnoreNotFound(cluster.Admin.Delete(ctx, service))).To(Succeed())
	})
}

// startAnew runs a pod until the specs end, without one that an earlier run left.
func startAnew(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	remove := func(ctx context.Context) {
		Expect(client.IgnoreNotFound(cluster.Admin.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}}))).To(Succeed())
	}
	remove(ctx)
	Eventually(func() error {
		pod.ResourceVersion = ""
		return cluster.Admin.Create(ctx, pod)
	}).Should(Succeed(), "the former one ends, and a namespace has its ServiceAccount, a moment later")
	DeferCleanup(remove)
	Eventually(func(g Gomega) {
		g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(pod), pod)).To(Succeed())
		g.Expect(pod.Status.Conditions).To(ContainElement(And(HaveField("Type", corev1.PodReady), HaveField("Status", corev1.ConditionTrue))))
	}).WithTimeout(90 * time.Second).Should(Succeed())
}
