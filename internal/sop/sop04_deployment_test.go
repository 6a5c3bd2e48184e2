// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

func TestDomains(t *testing.T) {
	otherHost := func(h string) func(*Case) {
		return func(c *Case) { c.Application.Spec.Domains[0].Host = h }
	}
	heldBy := func(namespace, name string) func(*Case) {
		return func(c *Case) { c.Claims[host] = newClaim(namespace, name) }
	}
	checkClause(t, 4, []string{
		v1alpha1.ReasonOrganizationUnknown, v1alpha1.ReasonHostInvalid, v1alpha1.ReasonHostTaken, v1alpha1.ReasonClaiming, v1alpha1.ReasonBound,
	}, []clauseRow{
		{name: "bound", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonBound},
		{
			name: "NTC has not labelled the namespace", given: underAudit(t), change: func(c *Case) { c.Organization = "" },
			outcome: Refused, reason: v1alpha1.ReasonOrganizationUnknown,
			message: []string{"namespace sehat-digital", "platform.ntc.gov.pk/organization", "NTC sets it"},
		},
		{
			name: "taken: not said by whom", given: underAudit(t), change: heldBy("rival-namespace", "rival-app"),
			outcome: Refused, reason: v1alpha1.ReasonHostTaken,
			message: []string{host, "choose another host or ask NTC"}, without: []string{"rival"},
		},
		{
			name: "the same name in another namespace is another application", given: underAudit(t), change: heldBy("rival-namespace", "health-portal"),
			outcome: Refused, reason: v1alpha1.ReasonHostTaken,
		},
		{
			name: "another application of the same organization", given: underAudit(t), change: heldBy("sehat-digital", "other"),
			outcome: Refused, reason: v1alpha1.ReasonHostTaken,
		},
		{
			name: "not claimed yet", given: underAudit(t), change: func(c *Case) { c.Claims = nil },
			outcome: Progressing, reason: v1alpha1.ReasonClaiming, message: []string{"claiming " + host},
		},
		{
			name: "not under gov.pk", given: underAudit(t), on: onSnapshot, change: otherHost("evilgov.pk"),
			outcome: Refused, reason: v1alpha1.ReasonHostInvalid, message: []string{"spec.domains", "evilgov.pk", ".gov.pk"},
		},
		{
			name: "the registry's own name", given: underAudit(t), on: onSnapshot, change: otherHost("gov.pk"),
			outcome: Refused, reason: v1alpha1.ReasonHostInvalid,
		},
		{
			name: "a wildcard", given: underAudit(t), on: onSnapshot, change: otherHost("*.gov.pk"),
			outcome: Refused, reason: v1alpha1.ReasonHostInvalid, message: []string{"list each host"},
		},
		{
			name: "one taken host of two stops the application", given: underAudit(t), on: onSnapshot,
			change: func(c *Case) {
				second := *c.Application.Spec.Domains[0].DeepCopy()
				second.Host = "second.health.gov.pk"
				c.Application.Spec.Domains = append(c.Application.Spec.Domains, second)
				c.Claims = map[string]v1alpha1.DomainClaim{second.Host: newClaim("rival-namespace", "rival-app")}
			},
			outcome: Refused, reason: v1alpha1.ReasonHostTaken, message: []string{"second.health.gov.pk"},
		},
	})
}

func TestClaims(t *testing.T) {
	names := func(objects []render.Object) string {
		var out []string
		for _, o := range objects {
			if o.GetKind() != "DomainClaim" || o.Mode != render.Create {
				t.Errorf("%s %s, mode %v: a claim is created and never changed", o.GetKind(), o.GetName(), o.Mode)
			}
			out = append(out, o.GetName())
		}
		return strings.Join(out, " ")
	}
	newHost := func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Domains[0].Host = "new.health.gov.pk" }
	for name, row := range map[string]struct {
		given  *Case
		change func(*Case)
		want   string
	}{
		"a host is claimed once":                 {given: liveCase(t), want: host},
		"no organization, no claim":              {given: underAudit(t), change: func(c *Case) { c.Organization = "" }},
		"the host of another is not asked again": {given: underAudit(t), change: func(c *Case) { c.Claims[host] = newClaim("rival", "rival") }},
		"live keeps its host while the spec moves on": {
			given: liveCase(t), want: "new.health.gov.pk " + host,
			change: func(c *Case) { candidate(c, hours(40), newHost) },
		},
		"what is to be launched again gets its host": {
			given: underAudit(t), want: "new.health.gov.pk " + host,
			change: func(c *Case) {
				c.Application.Spec.Launch = &v1alpha1.Launch{Release: c.Releases[0].Name}
				candidate(c, hours(40), newHost)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if row.change != nil {
				row.change(row.given)
			}
			if got := names(row.given.claims(row.given.liveRelease())); got != row.want {
				t.Errorf("claims %q, want %q", got, row.want)
			}
		})
	}
}

func TestTestHosts(t *testing.T) {
	scope := render.Scope{Namespace: "sehat-digital", Application: "health-portal", Stage: v1alpha1.TestNamespace}
	long := render.Scope{Namespace: strings.Repeat("n", 63), Application: strings.Repeat("a", 40), Stage: v1alpha1.TestNamespace}
	for _, row := range []struct {
		scope render.Scope
		index int
		want  string
	}{
		{scope, 0, "health-portal-" + scope.Hash() + ".test.ntc.gov.pk"},
		{scope, 1, "health-portal-" + scope.Hash() + "-2.test.ntc.gov.pk"},
		{long, 9, strings.Repeat("a", 40) + "-" + long.Hash() + "-10.test.ntc.gov.pk"},
	} {
		got := TestHost(row.scope, "test.ntc.gov.pk", row.index)
		if got != row.want {
			t.Errorf("test host %s, want %s", got, row.want)
		}
		if err := domain.Validate(got); err != nil {
			t.Error(err)
		}
	}
	// The longest test domain that the policy admits still makes a name.
	longest := strings.Repeat("d.", (180-len("gov.pk"))/2) + "gov.pk"
	if err := domain.Validate(TestHost(long, longest, 9)); err != nil {
		t.Error(err)
	}
}

func TestDeployment(t *testing.T) {
	kinds := func(c *Case, target Target) []string {
		var out []string
		for _, o := range enforceDeployment(c, target) {
			out = append(out, o.GetKind()+" "+o.GetName())
		}
		return out
	}
	live := func(c *Case, change ...func(*Target)) Target {
		target := Target{Scope: c.Scope(v1alpha1.LiveNamespace), Observed: c.Live, Release: &c.Releases[0]}
		for _, f := range change {
			f(&target)
		}
		return target
	}
	for _, row := range []struct {
		name   string
		change func(*Case)
		target func(*Target)
		want   []string
	}{
		{name: "all", want: []string{"Service web", "Deployment web", "HorizontalPodAutoscaler web", "PodDisruptionBudget web", "Service api", "Deployment api", "HTTPRoute " + host}},
		{
			name: "a component waits for the address of what it connects to", target: func(t *Target) { t.Observed.Addresses = nil },
			want: []string{"Service web", "Service api", "Deployment api", "HTTPRoute " + host},
		},
		{
			name: "a host of another is not routed", change: func(c *Case) { c.Claims[host] = newClaim("rival", "rival") },
			want: []string{"Service web", "Deployment web", "HorizontalPodAutoscaler web", "PodDisruptionBudget web", "Service api", "Deployment api"},
		},
		{
			name: "nothing is routed while offline", target: func(t *Target) { t.Offline = &Takedown{} },
			want: []string{"Service web", "Deployment web", "Service api", "Deployment api"},
		},
		{name: "no release, nothing", target: func(t *Target) { t.Release = nil }},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := liveCase(t)
			if row.change != nil {
				row.change(c)
			}
			target := live(c)
			if row.target != nil {
				row.target(&target)
			}
			if got := kinds(c, target); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// Without a provider the pods must match no node rather than any.
func TestNodesWithoutProvider(t *testing.T) {
	c := underAudit(t)
	if got := c.nodes(&c.Releases[0]).MatchLabels["node.platform.ntc.gov.pk/provider"]; got != "ntc-islamabad" {
		t.Errorf("nodes of %q", got)
	}
	c.Providers = nil
	if got := c.nodes(&c.Releases[0]); len(got.MatchLabels) != 1 || got.MatchLabels["platform.ntc.gov.pk/provider-missing"] != "true" {
		t.Errorf("%v may match a node", got)
	}
}
