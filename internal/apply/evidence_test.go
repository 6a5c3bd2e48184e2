// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// Each takedown has evidence of its own: one order takes many applications offline, and an application may meet an order, or a
// violation's name, again.
func TestEvidenceNames(t *testing.T) {
	at := time.Unix(1793600000, 0)
	of := func(violation, namespace string) *sop.Takedown {
		return &sop.Takedown{Violation: violation, Namespace: namespace}
	}
	leak := &v1alpha1.PolicyViolation{ObjectMeta: metav1.ObjectMeta{Name: "leak", UID: "0a1b2c3d-1"}}
	again := &v1alpha1.PolicyViolation{ObjectMeta: metav1.ObjectMeta{Name: "leak", UID: "4e5f6a7b-1"}}
	seen := map[string]string{}
	for name, base := range map[string]string{
		"violation":              evidenceBase(leak, of("leak", "a-live"), at),
		"its name again":         evidenceBase(again, of("leak", "a-live"), at),
		"breach":                 evidenceBase(nil, of("breach.disk", "a-live"), at),
		"breach, another":        evidenceBase(nil, of("breach.disk", "b-live"), at),
		"order of a provider":    evidenceBase(nil, of("provider.ntc", "a-live"), at),
		"order, a second later":  evidenceBase(nil, of("provider.ntc", "a-live"), at.Add(time.Second)),
		"violation that is gone": evidenceBase(nil, of("gone", "a-live"), at),
	} {
		if other, taken := seen[base]; taken {
			t.Errorf("%s and %s share %s", name, other, base)
		}
		seen[base] = name
	}
	if base := evidenceBase(leak, of("leak", "a-live"), at); base != "leak-0a1b2c3d" {
		t.Errorf("evidence of a violation is %s", base)
	}
}
