// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// selector is what the alert asks the API server's metrics for.
var selector = regexp.MustCompile(`apiserver_validating_admission_policy_check_total\{([^}]*govpk-break-glass[^}]*)\}`)

// breakGlass: whoever is in the group breaks the glass of a namespace, is let through there and counted, by the series that alert GovpkBreakGlass watches; nobody else is.
func breakGlass(t *testing.T) {
	g := NewWithT(t)
	rules, err := os.ReadFile(root("config/prometheus/rules.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	asked := selector.FindStringSubmatch(string(rules))
	g.Expect(asked).To(HaveLen(2), "config/prometheus/rules.yaml has an alert on govpk-break-glass")
	var labels []string
	for label := range strings.SplitSeq(asked[1], ",") {
		labels = append(labels, strings.TrimSpace(label))
	}
	g.Expect(labels).To(ContainElement(`enforcement_action="audit"`))
	clients, err := kubernetes.NewForConfig(server)
	g.Expect(err).NotTo(HaveOccurred())
	counted := func() int {
		exposition, err := clients.RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		return sum(g, string(exposition), labels)
	}
	const broken, whole = "health-portal-1a2b3c4d-live", "health-portal-1a2b3c4d-test"
	patch := func(as, namespace string) error {
		return request{As: as, Verb: "patch", Object: map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": namespace}, "spec": map[string]any{"replicas": 1},
		}}.send(t.Context())
	}
	label := func(as, namespace string, incident any) error {
		return request{As: as, Verb: "patch", Object: map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace, "labels": map[string]any{"platform.ntc.gov.pk/break-glass": incident}},
		}}.send(t.Context())
	}
	g.Eventually(func() int {
		g.Expect(patch("break-glass", broken)).To(Succeed())
		return counted()
	}).WithTimeout(20*time.Second).Should(BeNumerically(">", 0), "the API server puts the policy into force a moment after it stored it")
	before := counted()
	for _, uncounted := range []error{patch("admin", broken), patch("break-glass", whole)} {
		g.Expect(uncounted).To(MatchError(ContainSubstring("only the operator writes")))
	}
	g.Expect(label("admin", whole, "INC-9")).To(MatchError(ContainSubstring("written by the operator alone")))
	g.Expect(label("admin", broken, nil)).To(Succeed())
	g.Expect(counted()).To(Equal(before), "a cluster administrator breaks no glass, and what a member may not is not done")
	g.Expect(label("break-glass", whole, "INC-9")).To(Succeed())
	g.Expect(counted()).To(Equal(before+1), "what breaks the glass is seen itself")
	g.Expect(patch("break-glass", broken)).To(Succeed())
	g.Expect(counted()).To(Equal(before + 2))
	g.Expect(request{As: "break-glass", Verb: "patch", Object: map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolume", "metadata": map[string]any{"name": "pv-health", "labels": map[string]any{"a": "b"}},
	}}.send(t.Context())).To(Succeed())
	g.Expect(counted()).To(Equal(before+3), "what is in no namespace is exempt without a label, and seen without one")
	for _, seen := range []request{
		{As: "break-glass", Verb: "delete", Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "moved-9a8b7c6d-live"}}},
		{As: "break-glass", Verb: "create", Object: map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": "l", "namespace": broken}}},
	} {
		before = counted()
		g.Expect(seen.send(t.Context())).To(Succeed())
		g.Expect(counted()).To(Equal(before+1), "%v", seen.Object)
	}
	before = counted()
	// Let through to a kubelet that is not there.
	enter := request{As: "break-glass", Verb: "connect", Subresource: "exec", Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web-1-a", "namespace": broken},
	}}
	g.Expect(enter.send(t.Context())).To(MatchError(Not(ContainSubstring("denied request"))))
	g.Expect(counted()).To(Equal(before + 1))
}

// sum adds the series of an exposition that have all labels.
func sum(g Gomega, exposition string, labels []string) int {
	total := 0
	for line := range strings.Lines(exposition) {
		if !strings.HasPrefix(line, "apiserver_validating_admission_policy_check_total{") {
			continue
		}
		matches := true
		for _, label := range labels {
			matches = matches && strings.Contains(line, label)
		}
		if !matches {
			continue
		}
		fields := strings.Fields(line)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		g.Expect(err).NotTo(HaveOccurred())
		total += int(value)
	}
	return total
}

// plugins are none by default, which the corpus shows; an installation that names some lets them write their own kinds and nothing else.
func plugins(t *testing.T) {
	g := NewWithT(t)
	ctx := t.Context()
	admin, err := client.New(server, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	policy := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}}
	policy.SetName("govpk-children")
	set := func(ctx context.Context, expression string) {
		patch := fmt.Sprintf(`[{"op":"test","path":"/spec/variables/1/name","value":"plugins"},{"op":"replace","path":"/spec/variables/1/expression","value":%q}]`, expression)
		g.Expect(admin.Patch(ctx, policy, client.RawPatch("application/json-patch+json", []byte(patch)))).To(Succeed())
	}
	set(ctx, `dyn({"system:serviceaccount:kube-system:cilium":["ciliumendpoints.cilium.io","pods/status","pods","httproutes.gateway.networking.k8s.io"],`+
		`"system:serviceaccount:storage:provisioner":["persistentvolumeclaims"]})`)
	object := func(version, kind, name string, fields map[string]any) map[string]any {
		o := map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name, "namespace": "health-portal-1a2b3c4d-live"}}
		for key, value := range fields {
			o[key] = value
		}
		return o
	}
	annotated := map[string]any{"name": "data-store", "namespace": "health-portal-1a2b3c4d-live", "annotations": map[string]any{"volume.kubernetes.io/storage-provisioner": "x"}}
	endpoint := request{As: "plugin", Verb: "create", Object: object("cilium.io/v2", "CiliumEndpoint", "web-1-a", nil)}
	g.Eventually(func() error { return endpoint.send(ctx) }).WithTimeout(20*time.Second).Should(Succeed(), "the API server learns of a changed policy by a watch")
	t.Cleanup(func() {
		ctx := context.WithoutCancel(ctx)
		set(ctx, "dyn({})")
		g.Eventually(func() error { return endpoint.send(ctx) }).WithTimeout(20 * time.Second).Should(MatchError(ContainSubstring("denied request")))
	})
	for _, row := range []request{
		{As: "provisioner", Verb: "patch", Object: object("v1", "PersistentVolumeClaim", "data-store", map[string]any{"metadata": annotated})},
		{As: "plugin", Verb: "patch", Subresource: "status", Object: object("v1", "Pod", "web-1-a", map[string]any{"status": map[string]any{"message": "x"}})},
	} {
		g.Expect(row.send(ctx)).To(Succeed(), "%+v", row)
	}
	for _, row := range []request{
		{As: "provisioner", Verb: "patch", Object: object("v1", "PersistentVolumeClaim", "data-bound", map[string]any{"spec": map[string]any{"resources": map[string]any{"requests": map[string]any{"storage": "9Gi"}}}})},
		{As: "provisioner", Verb: "delete", Object: object("v1", "PersistentVolumeClaim", "data-store", nil)},
		{As: "provisioner", Verb: "create", Object: object("cilium.io/v2", "CiliumEndpoint", "web-1-a", nil)},
		{As: "plugin", Verb: "create", Object: object("cilium.io/v2", "CiliumEnvoyConfig", "open", nil)},
		{As: "plugin", Verb: "create", Object: object("gateway.networking.k8s.io/v1", "HTTPRoute", "mine", map[string]any{"spec": map[string]any{}})},
		{As: "plugin", Verb: "create", Object: object("v1", "Pod", "mine", map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
			"name": "web", "image": "registry.ntc.gov.pk/sehat/web@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865",
			"securityContext": map[string]any{"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": map[string]any{"drop": []any{"ALL"}}, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
		}}}})},
		{As: "plugin", Verb: "patch", Subresource: "status", Object: object("v1", "Pod", "web-1-a", map[string]any{"metadata": map[string]any{
			"name": "web-1-a", "namespace": "health-portal-1a2b3c4d-live", "labels": map[string]any{"platform.ntc.gov.pk/component": "db"},
		}})},
	} {
		g.Expect(row.send(ctx)).To(MatchError(ContainSubstring("only the operator writes in namespace")), "%+v", row)
	}
}
