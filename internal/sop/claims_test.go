// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// claimsOf are the claims of a plan in short: name, state, until when, and how it is written.
func claimsOf(plan Plan) string {
	var out []string
	for _, o := range plan.Objects {
		if o.GetKind() != "DomainClaim" {
			continue
		}
		state, _, _ := unstructured.NestedString(o.Object, "spec", "state")
		words := []string{o.GetName(), state}
		if expires, ok, _ := unstructured.NestedString(o.Object, "spec", "expires"); ok {
			at, _ := time.Parse(time.RFC3339, expires)
			words = append(words, at.Sub(received).String())
		}
		if o.Mode == render.Create {
			words = append(words, "new")
		}
		if o.Replaces != nil {
			words = append(words, "for", string(*o.Replaces.UID))
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, ", ")
}

func TestClaimStates(t *testing.T) {
	const name, portal = "health-portal", host + " "
	day := func(n int) string { return hours(48 + 24*n).Sub(received).String() }
	mine := func(change ...func(*v1alpha1.DomainClaim)) func(*Case) {
		return func(c *Case) { c.Claims[host] = newClaim("sehat-digital", name, change...) }
	}
	theirs := func(change ...func(*v1alpha1.DomainClaim)) func(*Case) {
		return func(c *Case) {
			c.Claims[host] = newClaim("rival", "rival", append(change, func(claim *v1alpha1.DomainClaim) { claim.UID = "old" })...)
		}
	}
	newHost := func(c *Case) { c.Application.Spec.Domains[0].Host = "new.health.gov.pk" }
	reserved, quarantined := v1alpha1.DomainReserved, v1alpha1.DomainQuarantined
	deleted := func(c *Case) { c.Application.DeletionTimestamp = &metav1.Time{Time: c.Now} }
	const newClaimed = "new.health.gov.pk Reserved "

	for title, row := range map[string]struct {
		given   *Case
		changes []func(*Case)
		want    string
	}{
		"claimed for the first time": {
			given: underAudit(t), changes: []func(*Case){func(c *Case) { c.Claims = nil }}, want: portal + "Reserved " + day(60) + " new",
		},
		"claimed although audited already": {
			given: awaitingLaunch(t), changes: []func(*Case){func(c *Case) { c.Claims = nil }}, want: portal + "Bound new",
		},
		"a reservation keeps its end, whatever the policy says now": {
			given: underAudit(t), want: portal + "Reserved 50h0m0s",
			changes: []func(*Case){mine(ending(reserved, hours(50))), func(c *Case) { c.Policy.Domains.ReservationDays = 1 }},
		},
		"an ended reservation stays until somebody asks": {
			given: underAudit(t), changes: []func(*Case){mine(ending(reserved, hours(1)))}, want: portal + "Reserved 1h0m0s",
		},
		"bound by the audit": {
			given: awaitingLaunch(t), changes: []func(*Case){mine(ending(reserved, hours(50)))}, want: portal + "Bound",
		},
		"bound by the launch, whatever became of the audit": {
			given: liveCase(t), changes: []func(*Case){mine(ending(reserved, hours(50))), func(c *Case) { c.SignOffs = nil }}, want: portal + "Bound",
		},
		"bound by a launch long ago": {
			given: underAudit(t), want: portal + "Bound",
			changes: []func(*Case){mine(ending(reserved, hours(50))), func(c *Case) {
				c.Releases[0].Annotations = map[string]string{v1alpha1.LaunchedAnnotation: "2026-11-02T05:00:00Z"}
			}},
		},
		"another host's audit binds nothing": {
			given: awaitingLaunch(t), want: newClaimed + day(60) + " new, " + portal + "Bound",
			changes: []func(*Case){newHost},
		},
		"bound stays bound without its audit":  {given: underAudit(t), want: portal + "Bound"},
		"the host of another is not asked for": {given: underAudit(t), changes: []func(*Case){theirs()}},
		"nor in quarantine":                    {given: underAudit(t), changes: []func(*Case){theirs(ending(quarantined, hours(50)))}},
		"an ended reservation of another is taken over": {
			given: underAudit(t), changes: []func(*Case){theirs(ending(reserved, hours(48)))}, want: portal + "Reserved " + day(60) + " new for old",
		},
		"an ended quarantine of another is taken over": {
			given: underAudit(t), changes: []func(*Case){theirs(ending(quarantined, hours(48)))}, want: portal + "Reserved " + day(60) + " new for old",
		},
		"nothing is claimed beneath another organization's": {
			given: underAudit(t), changes: []func(*Case){func(c *Case) {
				c.Claims = map[string]v1alpha1.DomainClaim{"health.gov.pk": newClaim("rival", "rival")}
			}},
		},
		"nothing that the policy reserves is claimed": {
			given: underAudit(t), changes: []func(*Case){func(c *Case) {
				c.Claims, c.Policy.Domains.Reserved = nil, []v1alpha1.ReservedName{{Name: host}}
			}},
		},
		"what is held stays, though the policy reserves it now": {
			given: liveCase(t), want: portal + "Bound",
			changes: []func(*Case){func(c *Case) { c.Policy.Domains.Reserved = []v1alpha1.ReservedName{{Name: host}} }},
		},
		"a reserved host that is not needed goes at once": {
			given: underAudit(t), changes: []func(*Case){mine(ending(reserved, hours(50))), newHost}, want: newClaimed + day(60) + " new",
		},
		"a bound one goes into quarantine": {
			given: underAudit(t), changes: []func(*Case){newHost}, want: newClaimed + day(60) + " new, " + portal + "Quarantined " + day(90),
		},
		"or goes at once without one": {
			given: underAudit(t), want: newClaimed + day(60) + " new",
			changes: []func(*Case){newHost, func(c *Case) { c.Policy.Domains.QuarantineDays = ptr.To[int32](0) }},
		},
		"a quarantine keeps its end": {
			given: underAudit(t), changes: []func(*Case){mine(ending(quarantined, hours(50))), newHost}, want: newClaimed + day(60) + " new, " + portal + "Quarantined 50h0m0s",
		},
		"an ended quarantine goes": {
			given: underAudit(t), changes: []func(*Case){mine(ending(quarantined, hours(48))), newHost}, want: newClaimed + day(60) + " new",
		},
		"the former holder has its host again": {
			given: underAudit(t), changes: []func(*Case){mine(ending(quarantined, hours(50)))}, want: portal + "Bound",
		},
		"even when nobody took it after the end": {
			given: underAudit(t), changes: []func(*Case){mine(ending(quarantined, hours(1)))}, want: portal + "Bound",
		},
		"the quarantine of another organization in the same place goes on": {
			given: underAudit(t), want: portal + "Quarantined 50h0m0s",
			changes: []func(*Case){mine(ending(quarantined, hours(50)), func(claim *v1alpha1.DomainClaim) { claim.Spec.Organization = "before" })},
		},
		"live keeps its host while the spec moves on": {
			given: liveCase(t), changes: []func(*Case){newHost}, want: newClaimed + day(60) + " new, " + portal + "Bound",
		},
		"what is to be launched again gets its host": {
			given: underAudit(t), want: newClaimed + day(60) + " new, " + portal + "Bound",
			changes: []func(*Case){mine(ending(quarantined, hours(50))), newHost, func(c *Case) {
				c.Application.Spec.Launch = &v1alpha1.Launch{Release: c.Releases[0].Name}
			}},
		},
		"no organization, no claim": {given: underAudit(t), changes: []func(*Case){func(c *Case) { c.Organization = "" }}},
		"no policy, no claim":       {given: underAudit(t), changes: []func(*Case){func(c *Case) { c.Policy = nil }}},
		"a lost release gives up no host": {
			given: liveCase(t), changes: []func(*Case){newHost, func(c *Case) { c.Releases = nil }}, want: newClaimed + day(60) + " new",
		},
		"deleted: bound goes into quarantine": {given: underAudit(t), changes: []func(*Case){deleted}, want: portal + "Quarantined " + day(90)},
		"deleted: reserved goes":              {given: underAudit(t), changes: []func(*Case){deleted, mine(ending(reserved, hours(50)))}},
		"deleted without a policy or organization": {
			given: underAudit(t), want: portal + "Quarantined " + day(90),
			changes: []func(*Case){deleted, func(c *Case) { c.Policy, c.Organization = nil, "" }},
		},
	} {
		t.Run(title, func(t *testing.T) {
			for _, change := range row.changes {
				change(row.given)
			}
			if got := claimsOf(PlanFor(row.given, Assess(row.given))); got != row.want {
				t.Errorf("claims %q,\n want %q", got, row.want)
			}
		})
	}
}

// A pass comes by itself when a quarantine of the application ends, and not again and again afterwards.
func TestQuarantineWakes(t *testing.T) {
	c := underAudit(t)
	end := hours(60)
	c.Claims["old.health.gov.pk"] = newClaim("sehat-digital", "health-portal", ending(v1alpha1.DomainQuarantined, end))
	if got := Assess(c).Next; !got.Equal(end) {
		t.Errorf("the next pass is at %v, want %v", got, end)
	}
	c.Now = end
	if got := Assess(c).Next; !got.Equal(auditEnd) {
		t.Errorf("after the end the next pass is at %v, want %v", got, auditEnd)
	}
}
