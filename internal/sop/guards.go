// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Guards are admission policies and their bindings. Policies cannot guard policies, so the operator looks after them: what it ships is
// what must stand, to the letter, but for metadata, status and what the API server fills in.
type Guards struct {
	Policies []admissionv1.ValidatingAdmissionPolicy
	Bindings []admissionv1.ValidatingAdmissionPolicyBinding
}

// The kinds of guards.
const (
	PolicyKind  = "ValidatingAdmissionPolicy"
	BindingKind = "ValidatingAdmissionPolicyBinding"
)

// GuardGap is a policy or binding that does not stand as it was shipped.
type GuardGap struct {
	Kind, Name string
	Missing    bool
	// Problem is what is wrong, after the name.
	Problem string
}

func (g GuardGap) String() string { return g.Kind + " " + g.Name + " " + g.Problem }

// GuardGaps are the shipped policies and bindings that do not stand, the policies first, each kind by name. A policy or binding of
// another name only refuses more, and is nobody's business here.
func GuardGaps(shipped, standing Guards) []GuardGap {
	return append(
		gapsOf(PolicyKind, shipped.Policies, standing.Policies, func(p admissionv1.ValidatingAdmissionPolicy) string { return p.Name }, policyProblem),
		gapsOf(BindingKind, shipped.Bindings, standing.Bindings, func(b admissionv1.ValidatingAdmissionPolicyBinding) string { return b.Name }, bindingProblem)...)
}

func gapsOf[T any](kind string, shipped, standing []T, name func(T) string, problem func(shipped, standing *T) string) []GuardGap {
	var gaps []GuardGap
	for i := range shipped {
		want := &shipped[i]
		k := slices.IndexFunc(standing, func(guard T) bool { return name(guard) == name(*want) })
		if k < 0 {
			gaps = append(gaps, GuardGap{Kind: kind, Name: name(*want), Missing: true, Problem: "is missing"})
		} else if said := problem(want, &standing[k]); said != "" {
			gaps = append(gaps, GuardGap{Kind: kind, Name: name(*want), Problem: said})
		}
	}
	slices.SortFunc(gaps, func(a, b GuardGap) int { return strings.Compare(a.Name, b.Name) })
	return gaps
}

const (
	notShipped     = "is not what this operator ships"
	notShippedThem = "are not what this operator ships"
)

func policyProblem(shipped, standing *admissionv1.ValidatingAdmissionPolicy) string {
	want, got := defaultedPolicy(shipped.Spec), defaultedPolicy(standing.Spec)
	same := equality.Semantic.DeepEqual
	switch {
	case standing.DeletionTimestamp != nil:
		return "is being deleted"
	case *got.FailurePolicy != *want.FailurePolicy:
		return fmt.Sprintf("has spec.failurePolicy %s, not %s", *got.FailurePolicy, *want.FailurePolicy)
	case !same(got.ParamKind, want.ParamKind):
		return "has a spec.paramKind that " + notShipped
	case !same(got.MatchConstraints, want.MatchConstraints):
		return "has spec.matchConstraints that " + notShippedThem
	case !same(got.MatchConditions, want.MatchConditions):
		return "has spec.matchConditions that " + notShippedThem
	case !same(got.Variables, want.Variables):
		return "has spec.variables" + firstVariable(got.Variables, want.Variables) + " that " + notShippedThem
	case !same(got.Validations, want.Validations):
		return "has spec.validations that " + notShippedThem
	case !same(got, want):
		return "has a spec that " + notShipped
	}
	return ""
}

// firstVariable names the first shipped variable that says something else, for who patched one on purpose.
func firstVariable(got, want []admissionv1.Variable) string {
	for _, variable := range want {
		if !slices.Contains(got, variable) {
			return " (" + variable.Name + ")"
		}
	}
	return ""
}

func bindingProblem(shipped, standing *admissionv1.ValidatingAdmissionPolicyBinding) string {
	want, got := defaultedBinding(shipped.Spec), defaultedBinding(standing.Spec)
	for _, action := range want.ValidationActions {
		if !slices.Contains(got.ValidationActions, action) {
			return fmt.Sprintf("has spec.validationActions %v without %s", got.ValidationActions, action)
		}
	}
	switch {
	case standing.DeletionTimestamp != nil:
		return "is being deleted"
	case got.PolicyName != want.PolicyName:
		return fmt.Sprintf("has spec.policyName %s, not %s", got.PolicyName, want.PolicyName)
	case !equality.Semantic.DeepEqual(got, want):
		return "has a spec that " + notShipped
	}
	return ""
}

// defaultedPolicy fills in what the API server does. Manifests pass through tools that fold lines in their own ways, so blanks and line
// breaks count as one blank.
func defaultedPolicy(spec admissionv1.ValidatingAdmissionPolicySpec) admissionv1.ValidatingAdmissionPolicySpec {
	fail := admissionv1.Fail
	if spec.FailurePolicy == nil {
		spec.FailurePolicy = &fail
	}
	spec.MatchConstraints = defaultedMatch(spec.MatchConstraints)
	spec.Variables, spec.Validations, spec.MatchConditions = slices.Clone(spec.Variables), slices.Clone(spec.Validations), slices.Clone(spec.MatchConditions)
	for i := range spec.Variables {
		v := &spec.Variables[i]
		v.Expression = folded(v.Expression)
		if kinds, ok := pluginKinds(v.Expression); ok && v.Name == PluginsVariable {
			v.Expression = PluginsExpression(kinds)
		}
	}
	for i := range spec.Validations {
		v := &spec.Validations[i]
		v.Expression, v.Message, v.MessageExpression = folded(v.Expression), folded(v.Message), folded(v.MessageExpression)
	}
	for i := range spec.MatchConditions {
		spec.MatchConditions[i].Expression = folded(spec.MatchConditions[i].Expression)
	}
	return spec
}

// PluginsVariable is the variable by which an installation names what its network plugins and provisioners write, by account.
const PluginsVariable = "plugins"

// PluginsExpression is that variable's.
func PluginsExpression(kinds map[string][]string) string {
	// A map of strings always has a text.
	text, _ := json.Marshal(kinds)
	return "dyn(" + string(text) + ")"
}

// pluginKinds reads such an expression, with quotes of either kind.
func pluginKinds(expression string) (kinds map[string][]string, ok bool) {
	text, begins := strings.CutPrefix(expression, "dyn(")
	text, ends := strings.CutSuffix(text, ")")
	return kinds, begins && ends && json.Unmarshal([]byte(strings.ReplaceAll(text, "'", `"`)), &kinds) == nil
}

func folded(text string) string { return strings.Join(strings.Fields(text), " ") }

func defaultedBinding(spec admissionv1.ValidatingAdmissionPolicyBindingSpec) admissionv1.ValidatingAdmissionPolicyBindingSpec {
	spec.MatchResources = defaultedMatch(spec.MatchResources)
	return spec
}

func defaultedMatch(given *admissionv1.MatchResources) *admissionv1.MatchResources {
	if given == nil {
		return nil
	}
	match := *given
	if match.NamespaceSelector == nil {
		match.NamespaceSelector = &metav1.LabelSelector{}
	}
	if match.ObjectSelector == nil {
		match.ObjectSelector = &metav1.LabelSelector{}
	}
	if match.MatchPolicy == nil {
		equivalent := admissionv1.Equivalent
		match.MatchPolicy = &equivalent
	}
	match.ResourceRules = defaultedRules(match.ResourceRules)
	match.ExcludeResourceRules = defaultedRules(match.ExcludeResourceRules)
	return &match
}

func defaultedRules(given []admissionv1.NamedRuleWithOperations) []admissionv1.NamedRuleWithOperations {
	all := admissionv1.AllScopes
	rules := slices.Clone(given)
	for i := range rules {
		if rules[i].Scope == nil {
			rules[i].Scope = &all
		}
	}
	return rules
}

// assessGuards judges whether what must hold without the operator is in force. It belongs to no clause, since each clause rests on it.
func (c *Case) assessGuards() Finding {
	f := finding(Met, v1alpha1.ReasonGuarded, "every admission policy of this operator is in force")
	switch {
	case len(c.Guards) > 0:
		f = GuardsLost(c.Guards)
	case c.Live.Incident != "":
		f = c.glassBroken(v1alpha1.LiveNamespace, c.Live.Incident)
	case c.Test.Incident != "":
		f = c.glassBroken(v1alpha1.TestNamespace, c.Test.Incident)
	}
	f.Condition = v1alpha1.ConditionAdmissionInForce
	return f
}

// glassBroken stops nothing: who repairs by hand may need what the operator does meanwhile.
func (c *Case) glassBroken(stage, incident string) Finding {
	return finding(Met, v1alpha1.ReasonBreakGlass, "every admission policy of this operator is in force, but group platform.ntc.gov.pk:break-glass writes in namespace %s for incident %s; "+
		"NTC removes label %s of that namespace once the repair is done", c.Scope(stage).StageNamespace(), incident, v1alpha1.BreakGlassLabel)
}

// GuardsLost is the finding on gaps, of which there is one at least: the first, how many more, and the remedy.
func GuardsLost(gaps []GuardGap) Finding {
	reason, more := v1alpha1.ReasonGuardWeakened, ""
	if slices.ContainsFunc(gaps, func(g GuardGap) bool { return g.Missing }) {
		reason = v1alpha1.ReasonGuardMissing
	}
	if n := len(gaps) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return finding(Refused, reason, "%s%s: nothing is launched, what runs stays; NTC applies the admission policies of this operator's version again (config/admission)",
		gaps[0], more)
}
