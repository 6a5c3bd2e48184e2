// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// Fleet counts the live applications of the cluster, and those of them that lost their encryption.
type Fleet struct{ Live, Unencrypted int }

// gaps are why the encryption of a target is not proven, and the next instant at which there may be more of them.
func (c *Case) gaps(t Target) ([]mesh.Gap, time.Time) {
	// What a component listens on itself is closed by NetworkPolicy alone.
	unenforced := c.Canary.Gaps(t.Observed.Nodes())
	if c.meshPolicy(t).Type == v1alpha1.MeshIstio {
		return append(c.istioGaps(t), unenforced...), time.Time{}
	}
	var gaps []mesh.Gap
	var next time.Time
	for _, component := range c.certified(t) {
		if !t.Observed.started(component.Name) {
			continue
		}
		gap, found, end := c.certificateGap(t, component.Name)
		if found {
			gaps = append(gaps, gap)
		}
		next = earliest(next, end)
	}
	for _, pod := range t.Observed.Pods {
		if !pod.Started || pod.Ending {
			continue
		}
		// One that Istio still carries is replaced.
		if !pod.Sidecar && !pod.Istio.Enrolled() {
			gaps = append(gaps, mesh.Gap{
				Object: "pod " + t.Scope.StageNamespace() + "/" + pod.Name, Problem: "runs without its sidecar", Remedy: "level 1 deletes the pod, and its successor has one",
			})
		}
	}
	return append(gaps, unenforced...), next
}

// started is true while a pod of a component runs.
func (o ObservedStage) started(component string) bool {
	return slices.ContainsFunc(o.Pods, func(pod ObservedPod) bool { return pod.Component == component && pod.Started && !pod.Ending })
}

func (c *Case) certificateGap(t Target, component string) (mesh.Gap, bool, time.Time) {
	gap := mesh.Gap{Object: "Certificate " + t.Scope.StageNamespace() + "/" + component}
	certificate := t.Observed.Certificates[component]
	switch issuer := c.wantedMesh().Issuer.Name; {
	case certificate.Issuer != "" && certificate.Issuer != issuer:
		gap.Problem, gap.Remedy = "is not of issuer "+issuer, "NTC looks after cert-manager"
	case !certificate.Ready:
		gap.Problem, gap.Remedy = "is not ready"+because(certificate.Message), "NTC looks after cert-manager and issuer "+issuer
	case !certificate.NotAfter.IsZero() && !c.Now.Before(certificate.NotAfter):
		gap.Problem, gap.Remedy = "has expired", "NTC looks after cert-manager, which renews it"
	default:
		return gap, false, certificate.NotAfter
	}
	return gap, true, time.Time{}
}

// routable is true while the routes of a target may stand. In live they need evidence of encryption; where that is lost they
// stay for the policy's grace, and while the loss is the platform's.
func (c *Case) routable(t Target) bool {
	if !t.live() {
		return true
	}
	gaps, _ := c.gaps(t)
	switch {
	case len(gaps) == 0:
		return c.routed() || c.proven(t)
	case !c.routed():
		return false
	case c.brake():
		return true
	}
	return c.Live.UnencryptedSince.IsZero() && c.grace() > 0 || c.Now.Before(c.withdrawal())
}

// routed is true while a live route stands.
func (c *Case) routed() bool { return len(c.Ingress.Attachments) > 0 || len(c.Live.Routes) > 0 }

// proven is true once each component that gateways reach runs behind its sidecar, or in Istio's mesh: no route before there is something to judge.
func (c *Case) proven(t Target) bool {
	for _, component := range c.meshStage(t).Components {
		if len(component.Routed) > 0 && !t.Observed.enrolled(component.Name) {
			return false
		}
	}
	return true
}

func (o ObservedStage) enrolled(component string) bool {
	for _, pod := range o.Pods {
		if pod.Component == component && pod.Started && (pod.Sidecar || pod.Istio.Enrolled()) && !pod.Ending {
			return true
		}
	}
	return false
}

// unencryptedSince is what the live namespace records: since when a routed application is without evidence.
func (c *Case) unencryptedSince(t Target) time.Time {
	if !t.live() || t.Offline != nil || t.Release == nil {
		return time.Time{}
	}
	gaps, _ := c.gaps(t)
	switch {
	case len(gaps) == 0:
		return time.Time{}
	case !c.Live.UnencryptedSince.IsZero():
		return c.Live.UnencryptedSince
	case c.routed():
		return c.Now
	}
	return time.Time{}
}

func (c *Case) grace() time.Duration {
	if c.Policy == nil || c.Policy.Mesh.GraceSeconds == nil {
		return 5 * time.Minute
	}
	return time.Duration(*c.Policy.Mesh.GraceSeconds) * time.Second
}

// withdrawal is when the routes go; while the loss is not recorded yet it is counted from now.
func (c *Case) withdrawal() time.Time {
	since := c.Live.UnencryptedSince
	if since.IsZero() {
		since = c.Now
	}
	return since.Add(c.grace())
}

// brake is on while the share of applications without evidence is beyond the policy's: then the platform is at fault, and
// no single application. One application alone is no fleet.
func (c *Case) brake() bool {
	return c.Policy != nil && c.Fleet.Unencrypted > 1 && c.Fleet.Unencrypted*100 > int(c.Policy.Mesh.FleetLossPercent)*c.Fleet.Live
}

// launchFrozen keeps new releases from live while the brake is on, or an admission policy is not in force.
func (c *Case) launchFrozen() (Finding, bool) {
	if f := c.assessGuards(); f.Outcome != Met {
		return f, true
	}
	if !c.brake() {
		return Finding{}, false
	}
	return finding(Refused, v1alpha1.ReasonFleetUnencrypted, "launches are frozen: too many live applications lost their encryption at once; NTC repairs the platform"), true
}
