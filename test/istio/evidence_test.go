// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"google.golang.org/grpc/codes"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

var peerAuthentications = schema.GroupVersionKind{Group: "security.istio.io", Version: "v1", Kind: "PeerAuthentication"}

// Evidence agrees with istiod about each way in which a policy of others can weaken the operator's, or not: by what a server
// takes, and by what ztunnel is told.
func TestEvidence(t *testing.T) {
	c := start(t)
	s := c.launch(t, launched(portal(portalName)), 31)
	api := &corev1.Pod{}
	NewWithT(t).Expect(c.client.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "api"}, api)).To(Succeed())
	selector := "selector: {matchLabels: {platform.ntc.gov.pk/component: api}}"

	for _, row := range []struct {
		what string
		// beneath replaces the operator's policy by this one, "none" by none; empty: the operator's stays.
		beneath string
		// others are policies made after it.
		others []string
		// open are the ports of api that take plaintext: 9090, 9091.
		open []int32
		// told is what ztunnel is told of api's PeerAuthentications.
		told []string
	}{
		{what: "the operator's alone", told: []string{strict}},
		{what: "nothing", beneath: "none", open: []int32{9090, 9091}},
		{what: "the mesh's alone", beneath: "none", others: []string{"{metadata: {name: m, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}"}, told: []string{strict}},
		{what: "unset under the mesh's", beneath: "{}", others: []string{"{metadata: {name: m, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}"}, told: []string{strict}},
		{what: "the operator's over the mesh's", others: []string{"{metadata: {name: m, namespace: istio-system}, spec: {mtls: {mode: DISABLE}}}"}, told: []string{strict}},
		{what: "a later one of the namespace", others: []string{"{metadata: {name: a, namespace: NS}, spec: {mtls: {mode: DISABLE}}}"}, told: []string{strict}},
		{what: "an older one of the namespace", beneath: "{mtls: {mode: PERMISSIVE}}", others: []string{"{metadata: {name: a, namespace: NS}, spec: {mtls: {mode: STRICT}}}"}, open: []int32{9090, 9091}},
		{what: "a weak one for the pod", others: []string{"{metadata: {name: a, namespace: NS}, spec: {SEL, mtls: {mode: DISABLE}}}"}, open: []int32{9090, 9091}},
		{what: "a weak one for another pod", others: []string{"{metadata: {name: a, namespace: NS}, spec: {selector: {matchLabels: {platform.ntc.gov.pk/component: web}}, mtls: {mode: DISABLE}}}"}, told: []string{strict}},
		{what: "one for the pod that says nothing", others: []string{"{metadata: {name: a, namespace: NS}, spec: {SEL}}"}, told: []string{strict}},
		{what: "of two for the pod the older", others: []string{
			"{metadata: {name: z, namespace: NS}, spec: {SEL, mtls: {mode: STRICT}}}", "{metadata: {name: a, namespace: NS}, spec: {SEL, mtls: {mode: DISABLE}}}",
		}, told: []string{strict}},
		{what: "a port reopened", others: []string{"{metadata: {name: a, namespace: NS}, spec: {SEL, mtls: {mode: STRICT}, portLevelMtls: {9091: {mode: DISABLE}}}}"}, open: []int32{9091}, told: []string{"NS/converted_peer_authentication_a"}},
		{what: "a port reopened under the operator's", others: []string{"{metadata: {name: a, namespace: NS}, spec: {SEL, portLevelMtls: {9091: {mode: PERMISSIVE}}}}"}, open: []int32{9091}, told: []string{"NS/converted_peer_authentication_a"}},
		{what: "a port closed in a weak namespace", beneath: "{mtls: {mode: DISABLE}}", others: []string{"{metadata: {name: a, namespace: NS}, spec: {SEL, portLevelMtls: {9091: {mode: STRICT}}}}"}, open: []int32{9090}, told: []string{"NS/converted_peer_authentication_a"}},
		{what: "a selector of the mesh's own namespace", others: []string{"{metadata: {name: a, namespace: istio-system}, spec: {SEL, mtls: {mode: DISABLE}}}"}, told: []string{strict}},
	} {
		t.Run(row.what, func(t *testing.T) {
			g := NewWithT(t)
			fill := strings.NewReplacer("NS", s.namespace, "SEL", selector)
			c.reset(t, s, row.beneath)
			for _, text := range row.others {
				c.later(t, fill.Replace(text))
			}
			g.Eventually(func(g Gomega) {
				for _, port := range []int32{9090, 9091} {
					want := codes.Unavailable
					if slices.Contains(row.open, port) {
						// Heard, and refused by name: plaintext has none.
						want = codes.PermissionDenied
					}
					g.Expect(reach(s.address("api", port), plaintext)).To(Equal(want), "plaintext to port %d", port)
				}
				want := []string{s.namespace + "/allow-api"}
				for _, policy := range row.told {
					want = append(want, fill.Replace(policy))
				}
				g.Expect(c.told(g).policies(s.namespace, "api")).To(ConsistOf(want))
			}, settle, "50ms").Should(Succeed(), "istiod follows the policies")
			g.Expect(c.gaps(t, s, api)).To(HaveLen(min(len(row.open), 1)), "evidence sees what istiod does")
		})
	}
}

// reset leaves one policy in the stage, the operator's or another in its place, and waits until istiod has seen it go or come:
// what follows must be seen to change something.
func (c *control) reset(t *testing.T, s stage, beneath string) {
	t.Helper()
	g := NewWithT(t)
	for _, policy := range c.policies(t) {
		g.Expect(c.client.Delete(t.Context(), &policy)).To(Succeed())
	}
	g.Eventually(func() codes.Code { return reach(s.address("api", 9090), plaintext) }, settle, "50ms").Should(Equal(codes.PermissionDenied), "without a policy plaintext is heard")
	switch beneath {
	case "none":
	case "":
		c.later(t, "{metadata: {name: default, namespace: "+s.namespace+"}, spec: {mtls: {mode: STRICT}}}")
		g.Eventually(func() codes.Code { return reach(s.address("api", 9090), plaintext) }, settle, "50ms").Should(Equal(codes.Unavailable), "the operator's policy")
	default:
		c.later(t, "{metadata: {name: default, namespace: "+s.namespace+"}, spec: "+beneath+"}")
	}
}

// later makes a policy in a second of its own: the older of two holds, and the API server counts in seconds.
func (c *control) later(t *testing.T, text string) {
	t.Helper()
	g := NewWithT(t)
	policy := &unstructured.Unstructured{}
	g.Expect(yaml.Unmarshal([]byte(text), &policy.Object)).To(Succeed())
	policy.SetGroupVersionKind(peerAuthentications)
	latest := time.Time{}
	for _, other := range c.policies(t) {
		if made := other.GetCreationTimestamp().Time; made.After(latest) {
			latest = made
		}
	}
	g.Eventually(time.Now, "3s", "20ms").Should(BeTemporally(">=", latest.Add(time.Second)), "the next second begins")
	g.Expect(c.client.Create(t.Context(), policy)).To(Succeed())
}

func (c *control) policies(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(peerAuthentications)
	NewWithT(t).Expect(c.client.List(t.Context(), list)).To(Succeed())
	return list.Items
}

func (c *control) gaps(t *testing.T, s stage, pod *corev1.Pod) []mesh.Gap {
	t.Helper()
	state := mesh.IstioState{Namespace: s.namespace, Pods: []mesh.IstioPod{mesh.ObservedIstioPod(pod)}}
	for _, policy := range c.policies(t) {
		observed, err := mesh.ObservedIstioPeerAuthentication(&policy)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		state.Peers = append(state.Peers, observed)
	}
	return mesh.IstioGaps(state)
}
