// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// shippedGuards are one policy and its bindings as manifests say them, without what the API server fills in.
func shippedGuards() Guards {
	fail := admissionv1.Fail
	policy := admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "govpk-images"}}
	policy.Spec = admissionv1.ValidatingAdmissionPolicySpec{
		FailurePolicy: &fail,
		MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
			Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"*"}, Resources: []string{"pods"}},
		}}}},
		Variables:   []admissionv1.Variable{{Name: "certManager", Expression: "request.userInfo.username == 'cert-manager'"}},
		Validations: []admissionv1.Validation{{Expression: "false", Message: "no"}},
	}
	binding := admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "govpk-images"}}
	binding.Spec = admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: "govpk-images", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}}
	alarm := *binding.DeepCopy()
	alarm.Name, alarm.Spec.ValidationActions = "govpk-alarm", []admissionv1.ValidationAction{admissionv1.Audit}
	return Guards{[]admissionv1.ValidatingAdmissionPolicy{policy}, []admissionv1.ValidatingAdmissionPolicyBinding{binding, alarm}}
}

// standingGuards are the same as the API server stores them.
func standingGuards() Guards {
	g := shippedGuards()
	equivalent, all := admissionv1.Equivalent, admissionv1.AllScopes
	policy := &g.Policies[0]
	policy.Generation, policy.ResourceVersion, policy.Labels = 3, "7", map[string]string{"app.kubernetes.io/managed-by": "Helm"}
	policy.Status.ObservedGeneration = 3
	policy.Spec.Variables[0].Expression = "request.userInfo.username\n  == 'cert-manager'\n"
	match := policy.Spec.MatchConstraints
	match.MatchPolicy, match.NamespaceSelector, match.ObjectSelector = &equivalent, &metav1.LabelSelector{}, &metav1.LabelSelector{}
	match.ResourceRules[0].Scope = &all
	return g
}

func TestGuardGaps(t *testing.T) {
	ignore, now, exact, cluster := admissionv1.Ignore, metav1.Now(), admissionv1.Exact, admissionv1.ClusterScope
	policy := func(change func(*admissionv1.ValidatingAdmissionPolicy)) func(*Guards) {
		return func(g *Guards) { change(&g.Policies[0]) }
	}
	spec := func(change func(*admissionv1.ValidatingAdmissionPolicySpec)) func(*Guards) {
		return func(g *Guards) { change(&g.Policies[0].Spec) }
	}
	binding := func(change func(*admissionv1.ValidatingAdmissionPolicyBinding)) func(*Guards) {
		return func(g *Guards) { change(&g.Bindings[0]) }
	}
	for name, row := range map[string]struct {
		change func(*Guards)
		want   []string
	}{
		"as shipped":       {func(*Guards) {}, nil},
		"another's policy": {func(g *Guards) { g.Policies = append(g.Policies, admissionv1.ValidatingAdmissionPolicy{}) }, nil},
		"nothing stands": {func(g *Guards) { *g = Guards{} }, []string{
			"ValidatingAdmissionPolicy govpk-images is missing", "ValidatingAdmissionPolicyBinding govpk-alarm is missing", "ValidatingAdmissionPolicyBinding govpk-images is missing",
		}},
		"policy deleted":       {func(g *Guards) { g.Policies = nil }, []string{"ValidatingAdmissionPolicy govpk-images is missing"}},
		"policy going":         {policy(func(p *admissionv1.ValidatingAdmissionPolicy) { p.DeletionTimestamp = &now }), []string{"ValidatingAdmissionPolicy govpk-images is being deleted"}},
		"failures let through": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) { s.FailurePolicy = &ignore }), []string{"has spec.failurePolicy Ignore, not Fail"}},
		"a parameter": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) {
			s.ParamKind = &admissionv1.ParamKind{Kind: "ConfigMap"}
		}), []string{"spec.paramKind"}},
		"nothing matched":      {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) { s.MatchConstraints = nil }), []string{"spec.matchConstraints"}},
		"fewer versions match": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) { s.MatchConstraints.MatchPolicy = &exact }), []string{"spec.matchConstraints"}},
		"fewer scopes match": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) {
			s.MatchConstraints.ResourceRules[0].Scope = &cluster
		}), []string{"spec.matchConstraints"}},
		"another selector": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) {
			s.MatchConstraints.ObjectSelector.MatchLabels = map[string]string{"guard": "me"}
		}), []string{"spec.matchConstraints"}},
		"an operation less": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) {
			s.MatchConstraints.ResourceRules[0].Operations = []admissionv1.OperationType{admissionv1.Create}
		}), []string{"spec.matchConstraints"}},
		"an exception": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) {
			s.MatchConditions = []admissionv1.MatchCondition{{Name: "not-me", Expression: "false"}}
		}), []string{"spec.matchConditions"}},
		"another variable":  {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) { s.Variables[0].Expression = "true" }), []string{"spec.variables (certManager)"}},
		"everything passes": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) { s.Validations[0].Expression = "true" }), []string{"spec.validations"}},
		"a validation less": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) { s.Validations = nil }), []string{"spec.validations"}},
		"an annotation of audit": {spec(func(s *admissionv1.ValidatingAdmissionPolicySpec) {
			s.AuditAnnotations = []admissionv1.AuditAnnotation{{Key: "k"}}
		}), []string{"has a spec that"}},
		"binding deleted": {func(g *Guards) { g.Bindings = g.Bindings[1:] }, []string{"ValidatingAdmissionPolicyBinding govpk-images is missing"}},
		"binding going":   {binding(func(b *admissionv1.ValidatingAdmissionPolicyBinding) { b.DeletionTimestamp = &now }), []string{"ValidatingAdmissionPolicyBinding govpk-images is being deleted"}},
		"binding warns alone": {binding(func(b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn}
		}), []string{"spec.validationActions [Warn] without Deny"}},
		"binding warns as well": {binding(func(b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.ValidationActions = append(b.Spec.ValidationActions, admissionv1.Audit)
		}), []string{"has a spec that"}},
		"binding of another": {binding(func(b *admissionv1.ValidatingAdmissionPolicyBinding) { b.Spec.PolicyName = "mine" }), []string{"spec.policyName mine"}},
		"binding leaves some out": {binding(func(b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.MatchResources = &admissionv1.MatchResources{}
		}), []string{"has a spec that"}},
		"binding has a parameter": {binding(func(b *admissionv1.ValidatingAdmissionPolicyBinding) {
			b.Spec.ParamRef = &admissionv1.ParamRef{Name: "x"}
		}), []string{"has a spec that"}},
		"the alarm is silent": {func(g *Guards) { g.Bindings[1].Spec.ValidationActions = nil }, []string{"ValidatingAdmissionPolicyBinding govpk-alarm has spec.validationActions [] without Audit"}},
	} {
		t.Run(name, func(t *testing.T) {
			standing := standingGuards()
			row.change(&standing)
			gaps := GuardGaps(shippedGuards(), standing)
			if len(gaps) != len(row.want) {
				t.Fatalf("got %v, want %q", gaps, row.want)
			}
			for i, gap := range gaps {
				if !strings.Contains(gap.String(), row.want[i]) {
					t.Errorf("got %q, want %q in it", gap, row.want[i])
				}
				if missing := strings.HasSuffix(row.want[i], "is missing"); gap.Missing != missing {
					t.Errorf("%s: missing %v", gap, gap.Missing)
				}
			}
		})
	}
}

// An installation writes its plugins with quotes of either kind, in lines and orders of its own. Anything but such names is another policy.
func TestPlugins(t *testing.T) {
	shipped := shippedGuards()
	kinds := map[string][]string{"system:a": {"pods/status"}, "system:b": {"x.y.z", "persistentvolumeclaims"}}
	shipped.Policies[0].Spec.Variables = []admissionv1.Variable{{Name: PluginsVariable, Expression: PluginsExpression(kinds)}}
	for expression, want := range map[string]bool{
		"dyn({'system:b': ['x.y.z', 'persistentvolumeclaims'],\n  'system:a': ['pods/status']})":          true,
		`dyn({"system:a":["pods/status"],"system:b":["x.y.z","persistentvolumeclaims"]})`:                 true,
		`dyn({"system:a":["pods/status"],"system:b":["x.y.z"]})`:                                          false,
		`dyn({"system:a":["pods/status"],"system:b":["x.y.z","persistentvolumeclaims"],"evil":["pods"]})`: false,
		`dyn({"system:a":["pods/status"],"system:b":["x.y.z","persistentvolumeclaims"]} )`:                true,
		`dyn({request.userInfo.username: ["pods"]})`:                                                      false,
		"dyn({})": false, "": false,
	} {
		standing := standingGuards()
		standing.Policies[0].Spec.Variables = []admissionv1.Variable{{Name: PluginsVariable, Expression: expression}}
		if gaps := GuardGaps(shipped, standing); (len(gaps) == 0) != want {
			t.Errorf("%s: %v", expression, gaps)
		}
	}
}

// A policy that is lost freezes launches, also of what was live before and of what returns, and stops nothing.
func TestGuardsLost(t *testing.T) {
	gone := []GuardGap{{Kind: BindingKind, Name: "govpk-images", Missing: true, Problem: "is missing"}}
	weak := []GuardGap{{Kind: PolicyKind, Name: "govpk-images", Problem: "has a spec that " + notShipped}, gone[0]}
	weak[1].Missing = false
	for name, row := range map[string]struct {
		given  *Case
		guards []GuardGap
		reason string
		frozen bool
	}{
		"all stand":          {awaitingLaunch(t), nil, v1alpha1.ReasonGuarded, false},
		"missing":            {awaitingLaunch(t), gone, v1alpha1.ReasonGuardMissing, true},
		"weakened":           {awaitingLaunch(t), weak, v1alpha1.ReasonGuardWeakened, true},
		"live before":        {liveCase(t), gone, v1alpha1.ReasonGuardMissing, true},
		"before its release": {underAudit(t), weak[:1], v1alpha1.ReasonGuardWeakened, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := row.given
			before := Assess(c)
			c.Guards = row.guards
			a := Assess(c)
			i := slices.IndexFunc(a.Findings, func(f Finding) bool { return f.Condition == v1alpha1.ConditionAdmissionInForce })
			if i != len(a.Findings)-1 || a.Findings[i].Reason != row.reason || (a.Findings[i].Outcome == Met) == row.frozen {
				t.Errorf("finding %d: %+v", i, a.Findings[i])
			}
			if row.frozen && !strings.Contains(a.Findings[i].Message, "NTC applies the admission policies") {
				t.Errorf("no remedy: %s", a.Findings[i].Message)
			}
			if f, blocked := c.blocking(&c.Releases[0]); row.frozen && (!blocked || f.Reason != row.reason) {
				t.Errorf("blocking %v by %q", blocked, f.Reason)
			}
			if a.Stage != before.Stage || a.Live != before.Live || a.Test != before.Test {
				t.Errorf("stage %s, live %v, test %v changed", a.Stage, a.Live, a.Test)
			}
			if plan := PlanFor(c, a); !plan.Prune {
				t.Error("what runs is looked after as before")
			}
		})
	}
}

// Break-glass is said, of live before test, and stops nothing. A policy that is lost matters more.
func TestBreakGlassIsSaid(t *testing.T) {
	gone := []GuardGap{{Kind: BindingKind, Name: "govpk-images", Missing: true, Problem: "is missing"}}
	for name, row := range map[string]struct {
		test, live string
		guards     []GuardGap
		reason     string
		says       string
	}{
		"nowhere":          {"", "", nil, v1alpha1.ReasonGuarded, "every admission policy"},
		"in test":          {"INC-7", "", nil, v1alpha1.ReasonBreakGlass, "-test for incident INC-7; NTC removes label platform.ntc.gov.pk/break-glass"},
		"in both":          {"INC-7", "INC-8", nil, v1alpha1.ReasonBreakGlass, "-live for incident INC-8"},
		"a policy is lost": {"", "INC-8", gone, v1alpha1.ReasonGuardMissing, "govpk-images is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			c := awaitingLaunch(t)
			c.Guards, c.Test.Incident, c.Live.Incident = row.guards, row.test, row.live
			a := Assess(c)
			f := a.Findings[len(a.Findings)-1]
			reached.Store(f.Reason, true)
			if f.Condition != v1alpha1.ConditionAdmissionInForce || f.Reason != row.reason || !strings.Contains(f.Message, row.says) || (f.Outcome == Met) != (row.guards == nil) {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestGuardsLostKeepOffline(t *testing.T) {
	c := flagged(t)
	c.Violations[0].Spec.Lift = &v1alpha1.Lift{}
	c.SignOffs = append(c.SignOffs, tested(c.Releases[0].Name, hours(50))...)
	if Assess(c).Locked {
		t.Fatal("it would return")
	}
	c.Guards = []GuardGap{{Kind: PolicyKind, Name: "govpk-offline", Missing: true, Problem: "is missing"}}
	if !Assess(c).Locked {
		t.Error("it returns without the policy that would hold it offline")
	}
}
