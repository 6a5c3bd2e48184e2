// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// said are settings in which any word is as good as another, so that another one means something else and nothing is broken: gateways
// move, hosts are commercial or not, an image is the one that NTC names. What the API server takes for them is in test/admission/crd.
var said = []string{"spec.gateways", "spec.commercial", "spec.mesh.image"}

// A setting of NTC's that is missing, or says what nobody understands, opens nothing: no release is eligible that was not, no flow is
// allowed that was not, and every plan stays safe. The API server refuses most of these; what it refuses today, a policy that was
// stored before may still hold.
func TestBrokenSettingsOpenNothing(t *testing.T) {
	tried := 0
	for _, name := range []string{"edit_while_testing", "egress_live"} {
		file := "testdata/" + name + "/case.yaml"
		base := readCase(t, file)
		may, flows := permitted(base, PlanFor(base, Assess(base)))
		stored, err := json.Marshal(base.Policy)
		if err != nil {
			t.Fatal(err)
		}
		var content any
		if err := json.Unmarshal(stored, &content); err != nil {
			t.Fatal(err)
		}
		each(content, "spec", func(path string) {
			broken, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			c := readCase(t, file)
			c.Policy = &v1alpha1.DeploymentPolicySpec{}
			if json.Unmarshal(broken, c.Policy) != nil {
				return
			}
			tried++
			another := slices.ContainsFunc(said, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
			a := Assess(c)
			plan := PlanFor(c, a)
			eligible, opened := permitted(c, plan)
			for _, release := range eligible {
				if !slices.Contains(may, release) {
					t.Errorf("%s %s: %s may be launched now", name, path, release)
				}
			}
			for policy, spec := range opened {
				if open := toAnybody(spec); open {
					t.Errorf("%s %s: NetworkPolicy %s is open to anybody: %+v", name, path, policy, spec)
				}
				if before, known := flows[policy]; !another && (!known || !narrower(spec, before)) {
					t.Errorf("%s %s: NetworkPolicy %s: %+v, was %+v", name, path, policy, spec, before)
				}
			}
			if !another && !t.Failed() {
				checkSafe(t, c, a, plan)
				if t.Failed() {
					t.Errorf("%s %s", name, path)
				}
			}
		})
	}
	if tried < 250 {
		t.Errorf("%d broken settings were tried", tried)
	}
}

// permitted are the releases that may be launched, and the flows that the plan allows.
func permitted(c *Case, plan Plan) (releases []string, flows map[string]networkingv1.NetworkPolicySpec) {
	for i := range c.Releases {
		if c.eligible(&c.Releases[i]) {
			releases = append(releases, c.Releases[i].Name)
		}
	}
	flows = map[string]networkingv1.NetworkPolicySpec{}
	for _, o := range plan.Objects {
		if o.GetKind() == "NetworkPolicy" {
			flows[o.GetNamespace()+"/"+o.GetName()] = networkPolicy(o)
		}
	}
	return releases, flows
}

func networkPolicy(o render.Object) networkingv1.NetworkPolicySpec {
	var policy networkingv1.NetworkPolicy
	content, err := json.Marshal(o.Object)
	if err == nil {
		err = json.Unmarshal(content, &policy)
	}
	if err != nil {
		panic(err)
	}
	return policy.Spec
}

// toAnybody is true where a rule names nobody, which NetworkPolicy takes for everybody.
func toAnybody(spec networkingv1.NetworkPolicySpec) bool {
	everybody := func(peers []networkingv1.NetworkPolicyPeer) bool {
		return len(peers) == 0 || slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
			selects := func(s *metav1.LabelSelector) bool { return s != nil && len(s.MatchLabels)+len(s.MatchExpressions) > 0 }
			return peer.IPBlock == nil && !selects(peer.NamespaceSelector) && !selects(peer.PodSelector)
		})
	}
	return slices.ContainsFunc(spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool { return everybody(rule.From) }) ||
		slices.ContainsFunc(spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool { return everybody(rule.To) })
}

// narrower is true when every rule of a was one of b.
func narrower(a, b networkingv1.NetworkPolicySpec) bool {
	same := equality.Semantic.DeepEqual
	return same(a.PodSelector, b.PodSelector) && same(a.PolicyTypes, b.PolicyTypes) &&
		!slices.ContainsFunc(a.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
			return !slices.ContainsFunc(b.Ingress, func(known networkingv1.NetworkPolicyIngressRule) bool { return same(rule, known) })
		}) &&
		!slices.ContainsFunc(a.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
			return !slices.ContainsFunc(b.Egress, func(known networkingv1.NetworkPolicyEgressRule) bool { return same(rule, known) })
		})
}

// each breaks every setting beneath a value in turn, tells, and mends it again.
func each(value any, path string, tell func(string)) {
	switch value := value.(type) {
	case map[string]any:
		for key, old := range value {
			delete(value, key)
			tell(path + "." + key + " missing")
			for _, garbage := range garbageFor(old) {
				value[key] = garbage
				tell(fmt.Sprintf("%s.%s %#v", path, key, garbage))
			}
			value[key] = old
			each(old, path+"."+key, tell)
		}
	case []any:
		// One of them breaks as another does.
		for i, old := range value[:min(len(value), 1)] {
			for _, garbage := range garbageFor(old) {
				value[i] = garbage
				tell(fmt.Sprintf("%s[%d] %#v", path, i, garbage))
			}
			value[i] = old
			each(old, fmt.Sprintf("%s[%d]", path, i), tell)
		}
	}
}

func garbageFor(value any) []any {
	switch value.(type) {
	case string:
		return []any{"", "garbage", "*", "\x00"}
	case float64:
		return []any{0, -1, 1 << 30}
	case bool:
		return []any{}
	case []any:
		return []any{[]any{}}
	default:
		return []any{map[string]any{}}
	}
}
