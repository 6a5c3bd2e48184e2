// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"testing"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestDomains(t *testing.T) {
	otherHost := func(h string) func(*Case) {
		return func(c *Case) { c.Application.Spec.Domains[0].Host = h }
	}
	heldBy := func(namespace, name string, change ...func(*v1alpha1.DomainClaim)) func(*Case) {
		return func(c *Case) { c.Claims[host] = newClaim(namespace, name, change...) }
	}
	above := func(namespace string, change ...func(*v1alpha1.DomainClaim)) func(*Case) {
		return func(c *Case) { c.Claims["health.gov.pk"] = newClaim(namespace, "health-site", change...) }
	}
	reserve := func(name string, organizations ...string) func(*Case) {
		return func(c *Case) {
			c.Policy.Domains.Reserved = append(c.Policy.Domains.Reserved, v1alpha1.ReservedName{Name: name, Organizations: organizations})
		}
	}
	both := func(changes ...func(*Case)) func(*Case) {
		return func(c *Case) {
			for _, change := range changes {
				change(c)
			}
		}
	}
	now, later := hours(48), hours(72)
	checkClause(t, v1alpha1.ConditionDomainsBound, []string{
		v1alpha1.ReasonOrganizationUnknown, v1alpha1.ReasonHostInvalid, v1alpha1.ReasonHostReserved, v1alpha1.ReasonHostTaken,
		v1alpha1.ReasonHostQuarantined, v1alpha1.ReasonHostBeneathAnother, v1alpha1.ReasonClaiming, v1alpha1.ReasonBound,
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
			name: "reserved by another, until then", given: underAudit(t), change: heldBy("rival", "rival", ending(v1alpha1.DomainReserved, later)),
			outcome: Refused, reason: v1alpha1.ReasonHostTaken, deadline: later, without: []string{"rival"},
		},
		{
			name: "the reservation of another ended", given: underAudit(t), change: heldBy("rival", "rival", ending(v1alpha1.DomainReserved, now)),
			outcome: Progressing, reason: v1alpha1.ReasonClaiming, message: []string{"claiming " + host},
		},
		{
			name: "its own reservation ended and nobody asked", given: underAudit(t),
			change:  heldBy("sehat-digital", "health-portal", ending(v1alpha1.DomainReserved, now)),
			outcome: Met, reason: v1alpha1.ReasonBound,
		},
		{
			name: "in quarantine, until when", given: underAudit(t), change: heldBy("rival", "rival", ending(v1alpha1.DomainQuarantined, later)),
			outcome: Refused, reason: v1alpha1.ReasonHostQuarantined, deadline: later,
			message: []string{host, "until " + later.UTC().Format("2006-01-02T15:04:05Z")}, without: []string{"rival"},
		},
		{
			name: "the quarantine of another ended", given: underAudit(t), change: heldBy("rival", "rival", ending(v1alpha1.DomainQuarantined, now)),
			outcome: Progressing, reason: v1alpha1.ReasonClaiming,
		},
		{
			name: "what it gave up itself is its own again", given: underAudit(t),
			change:  heldBy("sehat-digital", "health-portal", ending(v1alpha1.DomainQuarantined, later)),
			outcome: Met, reason: v1alpha1.ReasonBound, deadline: later,
		},
		{
			name: "but not once its namespace is another organization's", given: underAudit(t),
			change: heldBy("sehat-digital", "health-portal", ending(v1alpha1.DomainQuarantined, later), func(claim *v1alpha1.DomainClaim) {
				claim.Spec.Organization = "before"
			}),
			outcome: Refused, reason: v1alpha1.ReasonHostQuarantined, deadline: later,
		},
		{
			name: "reserved by the policy", given: underAudit(t), change: reserve(host),
			outcome: Refused, reason: v1alpha1.ReasonHostReserved,
			message: []string{host, "organization sehat-digital", "DeploymentPolicy default spec.domains.reserved"},
		},
		{
			name: "beneath what the policy reserves", given: underAudit(t), change: reserve("health.gov.pk", "others"),
			outcome: Refused, reason: v1alpha1.ReasonHostReserved, message: []string{"since health.gov.pk is reserved"},
		},
		{
			name: "reserved for it", given: underAudit(t), change: reserve("health.gov.pk", "others", "sehat-digital"),
			outcome: Met, reason: v1alpha1.ReasonBound,
		},
		{
			name: "every reservation above must list it", given: underAudit(t), change: both(reserve(host, "sehat-digital"), reserve("health.gov.pk")),
			outcome: Refused, reason: v1alpha1.ReasonHostReserved, message: []string{"since health.gov.pk is reserved"},
		},
		{
			name: "a name that only looks like one beneath", given: underAudit(t), change: reserve("th.gov.pk"),
			outcome: Met, reason: v1alpha1.ReasonBound,
		},
		{
			name: "the test domain", given: underAudit(t), on: onSnapshot, change: both(otherHost("test.ntc.gov.pk"), reserve("ntc.gov.pk", "sehat-digital")),
			outcome: Refused, reason: v1alpha1.ReasonHostReserved, message: []string{"test domain test.ntc.gov.pk"},
		},
		{
			name: "beneath the test domain, even for whom it is reserved", given: underAudit(t), on: onSnapshot,
			change:  both(otherHost("portal.test.ntc.gov.pk"), reserve("portal.test.ntc.gov.pk", "sehat-digital")),
			outcome: Refused, reason: v1alpha1.ReasonHostReserved,
		},
		{
			name: "beneath another organization's older claim", given: underAudit(t), change: above("rival", claimedAt(hours(-1))),
			outcome: Refused, reason: v1alpha1.ReasonHostBeneathAnother, message: []string{host, "beneath health.gov.pk"}, without: []string{"rival"},
		},
		{
			name: "beneath another organization's claim, without one yet", given: underAudit(t),
			change: func(c *Case) {
				delete(c.Claims, host)
				above("rival", ending(v1alpha1.DomainReserved, later))(c)
			},
			outcome: Refused, reason: v1alpha1.ReasonHostBeneathAnother, deadline: later,
		},
		{
			name: "another organization's reservation above ended", given: underAudit(t),
			change:  above("rival", claimedAt(hours(-1)), ending(v1alpha1.DomainReserved, now)),
			outcome: Met, reason: v1alpha1.ReasonBound,
		},
		{
			name: "beneath what another organization gave up", given: underAudit(t),
			change:  above("rival", claimedAt(hours(-1)), ending(v1alpha1.DomainQuarantined, later)),
			outcome: Refused, reason: v1alpha1.ReasonHostBeneathAnother, deadline: later,
		},
		{
			name: "claimed above it later", given: underAudit(t), change: above("rival", claimedAt(hours(1))),
			outcome: Met, reason: v1alpha1.ReasonBound,
		},
		{
			name: "beneath another application of the same organization", given: underAudit(t), change: above("sehat-digital", claimedAt(hours(-1))),
			outcome: Met, reason: v1alpha1.ReasonBound,
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
	if got := c.nodes(&c.Releases[0])[0].MatchLabels["node.platform.ntc.gov.pk/provider"]; got != "ntc-islamabad" {
		t.Errorf("nodes of %q", got)
	}
	c.Providers = nil
	if got := c.nodes(&c.Releases[0]); len(got) != 1 || len(got[0].MatchLabels) != 1 || got[0].MatchLabels["platform.ntc.gov.pk/provider-missing"] != "true" {
		t.Errorf("%v may match a node", got)
	}
}
