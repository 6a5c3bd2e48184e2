// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// defaultQuarantineDays is the CRD's default, for an application that is deleted while there is no policy.
const defaultQuarantineDays = 90

func (c *Case) reference() v1alpha1.ApplicationReference {
	return v1alpha1.ApplicationReference{Namespace: c.Application.Namespace, Name: c.Application.Name}
}

// holds is true while the application has the claim of a host. What it gave up it has only as long as its namespace is the
// same organization's: a quarantine is against everybody else.
func (c *Case) holds(host string) bool {
	claim, ok := c.Claims[host]
	return ok && claim.Spec.Application == c.reference() &&
		(claim.Spec.State != v1alpha1.DomainQuarantined || claim.Spec.Organization == c.Organization)
}

// claimExpired is true once a reservation or quarantine has ended.
func (c *Case) claimExpired(claim v1alpha1.DomainClaim) bool {
	return claim.Spec.Expires != nil && !c.Now.Before(claim.Spec.Expires.Time)
}

// ends is when a claim ends by itself; zero: never.
func ends(claim v1alpha1.DomainClaim) time.Time {
	if claim.Spec.Expires == nil {
		return time.Time{}
	}
	return claim.Spec.Expires.Time
}

// refusal says why a host is not for this application.
func (c *Case) refusal(host string) (Finding, bool) {
	if f, refused := c.reserved(host); refused {
		return f, true
	}
	if f, refused := c.taken(host); refused {
		return f, true
	}
	return c.beneathAnother(host)
}

// reserved: the policy keeps a name, and everything beneath it, for some organizations. The test domain is for nobody.
func (c *Case) reserved(host string) (Finding, bool) {
	if c.Policy == nil {
		return Finding{}, false
	}
	if test := c.Policy.Gateways.Test.Domain; host == test || domain.Beneath(host, test) {
		return finding(Refused, v1alpha1.ReasonHostReserved,
			"spec.domains: host %s belongs to the test domain %s; choose another host", host, test), true
	}
	for _, name := range c.Policy.Domains.Reserved {
		if host != name.Name && !domain.Beneath(host, name.Name) || slices.Contains(name.Organizations, c.Organization) {
			continue
		}
		return finding(Refused, v1alpha1.ReasonHostReserved,
			"spec.domains: host %s is not for organization %s, since %s is reserved; choose another host, or NTC lists the organization in DeploymentPolicy default spec.domains.reserved",
			host, c.Organization, name.Name), true
	}
	return Finding{}, false
}

// taken: another application has the claim, and it has not ended.
func (c *Case) taken(host string) (Finding, bool) {
	claim, claimed := c.Claims[host]
	if !claimed || c.holds(host) || c.claimExpired(claim) {
		return Finding{}, false
	}
	f := finding(Refused, v1alpha1.ReasonHostTaken, "spec.domains: host %s is held by another application; choose another host or ask NTC", host)
	if claim.Spec.State == v1alpha1.DomainQuarantined {
		f = finding(Refused, v1alpha1.ReasonHostQuarantined,
			"spec.domains: host %s was given up by another application and is kept from others until %s, since visitors may still trust it; choose another host or wait",
			host, ends(claim).UTC().Format(time.RFC3339))
	}
	f.Deadline = ends(claim)
	return f, true
}

// beneathAnother: another organization held a name above the host first. Who came first stays, whatever is claimed above it later.
func (c *Case) beneathAnother(host string) (Finding, bool) {
	for _, name := range domain.Ancestors(host) {
		above, claimed := c.Claims[name]
		if !claimed || above.Spec.Organization == c.Organization || above.Spec.Application == c.reference() || c.claimExpired(above) {
			continue
		}
		if ours := c.Claims[host]; c.holds(host) && !above.CreationTimestamp.Before(&ours.CreationTimestamp) {
			continue
		}
		f := finding(Refused, v1alpha1.ReasonHostBeneathAnother,
			"spec.domains: host %s lies beneath %s, which another organization holds; choose another host or ask NTC", host, name)
		f.Deadline = ends(above)
		return f, true
	}
	return Finding{}, false
}

// needed are the hosts of the spec, of what is live and under test, and of what is to be launched.
func (c *Case) needed(a Assessment) []string {
	domains := slices.Clone(c.Application.Spec.Domains)
	for _, release := range []*v1alpha1.Release{a.Live, c.release(c.wanted()), a.Test, c.release(c.Live.RolledOut)} {
		if release != nil {
			domains = append(domains, release.Spec.Domains...)
		}
	}
	var hosts []string
	for _, d := range domains {
		if !slices.Contains(hosts, d.Host) {
			hosts = append(hosts, d.Host)
		}
	}
	return hosts
}

// claims are the claims of the hosts that the application needs, and of those that it gives up. What it only reserved goes at once.
func (c *Case) claims(a Assessment) []render.Object {
	if c.Organization == "" || c.Policy == nil {
		return nil
	}
	needed := c.needed(a)
	var objects []render.Object
	for _, host := range needed {
		if claim, ok := c.claim(host); ok {
			objects = append(objects, claim)
		}
	}
	if c.releaseLost() {
		// Nobody knows which hosts live needs.
		return objects
	}
	return append(objects, c.quarantine(needed)...)
}

// claim is the claim of a host that the application needs; none while the host is not for it.
func (c *Case) claim(host string) (render.Object, bool) {
	observed, claimed := c.Claims[host]
	if c.holds(host) {
		return c.claimObject(host, c.state(host, observed.Spec)), true
	}
	if _, refused := c.refusal(host); refused || domain.Validate(host) != nil {
		return render.Object{}, false
	}
	object := c.claimObject(host, c.state(host, v1alpha1.DomainClaimSpec{
		Application: c.reference(), Organization: c.Organization, State: v1alpha1.DomainReserved,
		Expires: c.inDays(c.Policy.Domains.ReservationDays),
	}))
	object.Mode = render.Create
	if claimed {
		object.Replaces = &metav1.Preconditions{UID: &observed.UID, ResourceVersion: &observed.ResourceVersion}
	}
	return object, true
}

// state moves a claim on: a reservation is bound once it is earned, and what was given up is bound again. Bound stays bound.
func (c *Case) state(host string, spec v1alpha1.DomainClaimSpec) v1alpha1.DomainClaimSpec {
	if spec.State == v1alpha1.DomainQuarantined || spec.State == v1alpha1.DomainReserved && c.earned(host) {
		spec.State, spec.Expires = v1alpha1.DomainBound, nil
	}
	return spec
}

// earned is true once a release that names the host passed the audit or was launched.
func (c *Case) earned(host string) bool {
	for i := range c.Releases {
		release := &c.Releases[i]
		names := slices.ContainsFunc(release.Spec.Domains, func(d v1alpha1.Domain) bool { return d.Host == host })
		if names && (release.Name == c.Live.Release || release.Annotations[v1alpha1.LaunchedAnnotation] != "" || assessAudit(c, release).Outcome == Met) {
			return true
		}
	}
	return false
}

// quarantine are the claims of the hosts that the application held and does not need, until they expire.
func (c *Case) quarantine(needed []string) []render.Object {
	var objects []render.Object
	for _, host := range slices.Sorted(maps.Keys(c.Claims)) {
		claim := c.Claims[host]
		kept := slices.Contains(needed, host) && c.holds(host)
		if claim.Spec.Application != c.reference() || kept || c.claimExpired(claim) {
			continue
		}
		spec := claim.Spec
		if spec.State == v1alpha1.DomainBound && c.quarantineDays() > 0 {
			spec.State, spec.Expires = v1alpha1.DomainQuarantined, c.inDays(c.quarantineDays())
		}
		if spec.State == v1alpha1.DomainQuarantined {
			objects = append(objects, c.claimObject(host, spec))
		}
	}
	return objects
}

// quarantineEnds is when the next of the application's own quarantines ends, so that a pass deletes it; zero: never.
func (c *Case) quarantineEnds() time.Time {
	var next time.Time
	for _, claim := range c.Claims {
		if claim.Spec.Application == c.reference() && claim.Spec.State == v1alpha1.DomainQuarantined && !c.claimExpired(claim) {
			next = earliest(next, ends(claim))
		}
	}
	return next
}

func (c *Case) quarantineDays() int32 {
	if c.Policy == nil || c.Policy.Domains.QuarantineDays == nil {
		return defaultQuarantineDays
	}
	return *c.Policy.Domains.QuarantineDays
}

func (c *Case) inDays(days int32) *metav1.Time {
	return &metav1.Time{Time: c.Now.Add(time.Duration(days) * 24 * time.Hour).UTC().Truncate(time.Second)}
}

// claimObject has an owner of the application's own: of two that claim a host at once the API server refuses the second
// for its different content.
func (c *Case) claimObject(host string, spec v1alpha1.DomainClaimSpec) render.Object {
	content := map[string]any{
		"application":  map[string]any{"namespace": spec.Application.Namespace, "name": spec.Application.Name},
		"organization": spec.Organization,
		"state":        string(spec.State),
	}
	if spec.Expires != nil {
		content["expires"] = spec.Expires.UTC().Format(time.RFC3339)
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       "DomainClaim",
		"metadata":   map[string]any{"name": host},
		"spec":       content,
	}}
	u.SetLabels(c.Scope("").Labels())
	return render.Object{Unstructured: u, Owner: render.ClaimOwner(spec.Application)}
}
