// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// discovery asks around the moment up to which a breach may have been discovered: the API server's own clock, which it writes into
// metadata.creationTimestamp before policies are asked, and five minutes for clocks that differ.
func discovery(t *testing.T) {
	const policy = "govpk-cloud-office"
	disclosure := func(verb string, ahead time.Duration) request {
		return request{Name: ahead.String(), As: "desk", Verb: verb, Object: map[string]any{
			"apiVersion": "platform.ntc.gov.pk/v1alpha1", "kind": "BreachReport", "metadata": map[string]any{"name": "clock"},
			"spec": map[string]any{
				"discoveredAt": time.Now().Add(ahead).UTC().Format(time.RFC3339), "cloudServiceProvider": "ntc-islamabad",
				"publicServiceEntity": "Ministry of Health", "severity": "High", "summary": "Leak", "reportedBy": user("desk").UserName,
			},
		}}
	}
	for _, verb := range []string{"create", "apply"} {
		g := NewWithT(t)
		for _, past := range []time.Duration{-365 * 24 * time.Hour, -time.Second, 4*time.Minute + 50*time.Second} {
			allowed := disclosure(verb, past)
			g.Expect(judge(policy, allowed, allowed.send(t.Context()))).To(BeEmpty(), "%s, discovered %s from now", verb, past)
		}
		for _, future := range []time.Duration{5*time.Minute + 30*time.Second, time.Hour} {
			refused := disclosure(verb, future)
			refused.Denied = "breachreports clock: spec.discoveredAt"
			g.Expect(judge(policy, refused, refused.send(t.Context()))).To(BeEmpty(), "%s, discovered %s from now", verb, future)
		}
	}
}

// longBreach is as long as a report may be. What judges it must fit into the budget that the API server gives to CEL.
func longBreach(t *testing.T) {
	g := NewWithT(t)
	evidence := func(count int) []any {
		documents := make([]any, count)
		for i := range documents {
			documents[i] = map[string]any{"url": fmt.Sprintf("https://e.example/%03d%s", i, strings.Repeat("u", 500)), "sha256": strings.Repeat("0", 64)}
		}
		return documents
	}
	desk := user("desk").UserName
	updates := make([]any, 50)
	for i := range updates {
		updates[i] = map[string]any{
			"time": "2026-11-22T08:00:00Z", "summary": strings.Repeat("s", 2048), "writtenBy": desk, "evidence": evidence(10),
		}
	}
	spec := map[string]any{
		"discoveredAt": "2026-11-22T08:00:00Z", "cloudServiceProvider": "ntc-islamabad", "publicServiceEntity": strings.Repeat("e", 128),
		"severity": "High", "summary": strings.Repeat("s", 4096), "reportedBy": desk, "evidence": evidence(50), "updates": updates[:49],
	}
	breach := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "platform.ntc.gov.pk/v1alpha1", "kind": "BreachReport", "metadata": map[string]any{"name": "long"}, "spec": spec,
	}}
	resources, err := resourcesOf(breach.GroupVersionKind(), "", user("desk"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = resources.Create(t.Context(), breach, metav1.CreateOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	change := func(as string, spec map[string]any) error {
		return request{As: as, Verb: "patch", Object: map[string]any{
			"apiVersion": "platform.ntc.gov.pk/v1alpha1", "kind": "BreachReport", "metadata": map[string]any{"name": "long"}, "spec": spec,
		}}.send(t.Context())
	}
	g.Expect(change("desk", map[string]any{
		"updates":     updates,
		"finalReport": map[string]any{"cause": strings.Repeat("c", 4096), "measures": strings.Repeat("m", 4096), "writtenBy": desk, "evidence": evidence(50)},
	})).To(Succeed())
	officer := user("officer").UserName
	g.Expect(change("officer", map[string]any{
		"acknowledgement": map[string]any{"acknowledgedBy": officer},
		"response": map[string]any{
			"action": "TakeApplicationsOffline", "effectiveFrom": "2026-11-22T08:00:00Z", "reason": strings.Repeat("r", 1024), "respondedBy": officer,
		},
	})).To(Succeed())
}
