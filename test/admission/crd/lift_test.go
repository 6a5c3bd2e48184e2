// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestLiftOnce takes three requests, which no row holds.
func TestLiftOnce(t *testing.T) {
	g := NewWithT(t)
	for _, object := range load(t, "testdata/valid.yaml") {
		if object.GetKind() != "PolicyViolation" {
			continue
		}
		object.SetName("lift-once")
		g.Expect(server.Create(t.Context(), object)).To(Succeed())
		lift := func(patch string) error {
			return server.Patch(t.Context(), object.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"lift":`+patch+`}}`)))
		}
		g.Expect(lift(`{"reason":"Fixed","liftedBy":"security-1@ntc.gov.pk"}`)).To(Succeed())
		for _, second := range []string{`{"reason":"Other"}`, `{"liftedBy":"security-2@ntc.gov.pk"}`, `null`} {
			g.Expect(lift(second)).To(MatchError(ContainSubstring("spec.lift is set once and never changes: flag the application again with a new PolicyViolation")), second)
		}
		return
	}
	t.Fatal("testdata/valid.yaml holds no PolicyViolation")
}
