// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
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
