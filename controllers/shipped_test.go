// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"path/filepath"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// The operator carries every manifest of config/admission, and its bindings leave no policy out.
func TestShippedGuards(t *testing.T) {
	shipped, err := ShippedGuards(CertManagerUser, NoPlugins)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../config/admission/govpk-*.yaml")
	if err != nil || len(files) != len(shipped.Policies) || len(shipped.Policies) < 9 {
		t.Errorf("%d files, %d policies, %v", len(files), len(shipped.Policies), err)
	}
	denied := map[string]bool{}
	for i := range shipped.Bindings {
		b := &shipped.Bindings[i]
		if !strings.HasPrefix(b.Name, shippedPrefix) {
			t.Errorf("nobody watches binding %s: its name must begin with %s", b.Name, shippedPrefix)
		}
		for _, action := range b.Spec.ValidationActions {
			denied[b.Spec.PolicyName] = denied[b.Spec.PolicyName] || action == admissionv1.Deny
		}
	}
	for i := range shipped.Policies {
		p := &shipped.Policies[i]
		// Break-glass is seen and never refused: its binding audits.
		if p.Name == "govpk-break-glass" {
			continue
		}
		if !strings.HasPrefix(p.Name, shippedPrefix) || !denied[p.Name] || p.Spec.FailurePolicy == nil || *p.Spec.FailurePolicy != admissionv1.Fail {
			t.Errorf("policy %s: denies %v, failurePolicy %v", p.Name, denied[p.Name], p.Spec.FailurePolicy)
		}
	}
}

// Installations differ in cert-manager's account alone. One that patched the policies and not the operator hears which.
func TestShippedGuardsForAnotherCertManager(t *testing.T) {
	shipped, err := ShippedGuards(CertManagerUser, NoPlugins)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ShippedGuards("system:serviceaccount:pki:issuer", NoPlugins)
	if err != nil {
		t.Fatal(err)
	}
	if gaps := sop.GuardGaps(other, other); len(gaps) > 0 {
		t.Errorf("%v", gaps)
	}
	gaps := sop.GuardGaps(shipped, other)
	if len(gaps) < 2 || !strings.Contains(gaps[0].String(), "govpk-certificates has spec.variables (certManager)") || !strings.Contains(gaps[1].String(), "govpk-children has spec.variables (certManager)") {
		t.Errorf("%v", gaps)
	}
	for _, user := range []string{"", "kubernetes-admin", "system:serviceaccount:pki", "system:serviceaccount:pki:x' || true || '", "system:serviceaccount:pki:issuer\n"} {
		if _, err := ShippedGuards(user, NoPlugins); err == nil {
			t.Errorf("%q is no ServiceAccount", user)
		}
	}
	for _, plugins := range []string{"", "null", "[]", `{"a":"b"}`, "dyn({})"} {
		if _, err := ShippedGuards(CertManagerUser, plugins); err == nil {
			t.Errorf("%q names no kinds by account", plugins)
		}
	}
}

func TestReadGuardsRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, content := range []string{"kind: ConfigMap", "kind: ValidatingAdmissionPolicy\nspec: {failPolicy: Fail}", "kind: ValidatingAdmissionPolicyBinding\nspec: {x: 1}", "a: {"} {
		if err := readGuards(&sop.Guards{}, []byte(content)); err == nil {
			t.Errorf("%q is taken", content)
		}
	}
}

// What is the same is not compared twice, and what changed is.
func TestComparedOnce(t *testing.T) {
	policy := func(version string) admissionv1.ValidatingAdmissionPolicy {
		return admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "govpk-a", ResourceVersion: version}}
	}
	shipped := sop.Guards{Policies: []admissionv1.ValidatingAdmissionPolicy{policy("")}}
	c := &compared{}
	with := func(standing sop.Guards) int { return len(c.with(shipped, standing)) }
	if got := with(sop.Guards{}); got != 1 {
		t.Errorf("missing at first: %d gaps", got)
	}
	standing := sop.Guards{Policies: []admissionv1.ValidatingAdmissionPolicy{policy("1")}}
	if got := with(standing); got != 0 {
		t.Errorf("created: %d gaps", got)
	}
	standing.Policies[0].Spec.Validations = []admissionv1.Validation{{Expression: "true"}}
	if got := with(standing); got != 0 {
		t.Errorf("the same version was compared again: %d", got)
	}
	standing.Policies[0].ResourceVersion = "2"
	if got := with(standing); got != 1 {
		t.Errorf("changed: %d gaps", got)
	}
	if got := with(sop.Guards{}); got != 1 {
		t.Errorf("deleted: %d gaps", got)
	}
}
