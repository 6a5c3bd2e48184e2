// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestAvailability(t *testing.T) {
	accreditation := func(change func(*v1alpha1.Accreditation)) func(*Case) {
		return func(c *Case) {
			provider := c.Providers["ntc-islamabad"]
			change(&provider.Spec.Accreditation)
			c.Providers["ntc-islamabad"] = provider
		}
	}
	state := func(s v1alpha1.AccreditationState) func(*Case) {
		return accreditation(func(a *v1alpha1.Accreditation) { a.State = s })
	}
	valid := func(from, until v1alpha1.Date, now time.Time) func(*Case) {
		return func(c *Case) {
			accreditation(func(a *v1alpha1.Accreditation) { a.ValidFrom, a.ValidUntil = from, until })(c)
			c.Now = now
		}
	}
	ends := time.Date(2028, 1, 1, 0, 0, 0, 0, karachi)
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, karachi) }

	checkClause(t, 3, []string{
		v1alpha1.ReasonPolicyMissing, v1alpha1.ReasonKindMissing, v1alpha1.ReasonProviderMissing, v1alpha1.ReasonProviderNotAccredited,
		v1alpha1.ReasonDataClassNotAccredited, v1alpha1.ReasonCalendarInvalid, v1alpha1.ReasonProvisioned,
		v1alpha1.ReasonNodesMissing, v1alpha1.ReasonCapacityMissing,
	}, append(append(nodeRows(t, ends), roomRows(t, ends)...), []clauseRow{
		{
			name: "accredited", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonProvisioned,
			message: []string{"ntc-islamabad", "Restricted", "until 2027-12-31"}, deadline: ends,
		},
		{
			name: "no policy", given: underAudit(t), change: func(c *Case) { c.Policy = nil },
			outcome: Refused, reason: v1alpha1.ReasonPolicyMissing,
		},
		{
			name: "a kind is not served", given: underAudit(t),
			change:  func(c *Case) { c.Ingress.MissingKinds = []string{"Gateway.gateway.networking.k8s.io"} },
			outcome: Refused, reason: v1alpha1.ReasonKindMissing, message: []string{"Gateway.gateway.networking.k8s.io", "NTC installs"},
		},
		{
			name: "no provider", given: underAudit(t), change: func(c *Case) { c.Providers = nil },
			outcome: Refused, reason: v1alpha1.ReasonProviderMissing,
			message: []string{"spec.cloudServiceProvider", "ntc-islamabad does not exist", "kubectl get cloudserviceproviders"},
		},
		{
			name: "registered only", given: underAudit(t), change: state(v1alpha1.AccreditationRegistered),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"is Registered", "only an accredited provider"},
		},
		{
			name: "suspended", given: underAudit(t), change: state(v1alpha1.AccreditationSuspended),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"is Suspended"},
		},
		{
			name: "revoked", given: underAudit(t), change: state(v1alpha1.AccreditationRevoked),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"is Revoked"},
		},
		{
			name: "an unknown state", given: underAudit(t), change: state(""),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited,
		},
		{
			name: "another data class", given: underAudit(t), on: onSnapshot,
			change:  func(c *Case) { c.Application.Spec.DataClass = v1alpha1.DataClassSecret },
			outcome: Refused, reason: v1alpha1.ReasonDataClassNotAccredited, message: []string{"data class Secret", "choose a provider that is"},
		},
		{
			name: "one instant before the first day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(4).Add(-time.Nanosecond)),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"begins on 2026-11-04"}, deadline: day(4),
		},
		{
			name: "the first instant of the first day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(4)),
			outcome: Met, reason: v1alpha1.ReasonProvisioned, deadline: day(5),
		},
		{
			name: "the last instant of the last day", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(5).Add(-time.Nanosecond)),
			outcome: Met, reason: v1alpha1.ReasonProvisioned, deadline: day(5),
		},
		{
			name: "the instant after the last day, and nothing more to wait for", given: underAudit(t), change: valid("2026-11-04", "2026-11-04", day(5)),
			outcome: Refused, reason: v1alpha1.ReasonProviderNotAccredited, message: []string{"ended on 2026-11-04"},
		},
		{
			name: "the calendar is broken", given: underAudit(t), change: func(c *Case) { c.Policy.Calendar.WorkWeeks = nil },
			outcome: Refused, reason: v1alpha1.ReasonCalendarInvalid, message: []string{"workWeeks"},
		},
	}...))
}

func TestStageNamespace(t *testing.T) {
	for name, row := range map[string]struct {
		given    *Case
		stage    string
		offline  *Takedown
		withdraw bool
		exposed  bool
	}{
		"test is never exposed":              {given: liveCase(t), stage: v1alpha1.TestNamespace},
		"live is exposed":                    {given: liveCase(t), stage: v1alpha1.LiveNamespace, exposed: true},
		"offline is not exposed":             {given: liveCase(t), stage: v1alpha1.LiveNamespace, offline: &Takedown{Violation: "leak"}},
		"live without release is not either": {given: liveCase(t), stage: v1alpha1.LiveNamespace, withdraw: true},
	} {
		t.Run(name, func(t *testing.T) {
			target := Target{Scope: row.given.Scope(row.stage), Release: &row.given.Releases[0], Offline: row.offline}
			if row.withdraw {
				target.Release = nil
			}
			namespace := enforceAvailability(row.given, target)[0]
			labels, annotations := namespace.GetLabels(), namespace.GetAnnotations()
			if _, exposed := labels[v1alpha1.ExposureLabel]; exposed != row.exposed {
				t.Errorf("exposed is %v", exposed)
			}
			if labels["pod-security.kubernetes.io/enforce"] != "restricted" || labels[v1alpha1.OrganizationLabel] != "sehat-digital" || labels[v1alpha1.StageLabel] != row.stage {
				t.Errorf("labels %v", labels)
			}
			if _, set := labels[v1alpha1.OfflineLabel]; set {
				t.Error("label offline has an owner of its own; the namespace must not render it")
			}
			images := strings.Split(annotations[v1alpha1.ImagesAnnotation], ",")
			if !row.withdraw && (len(images) != 3 || !slices.Contains(images, sidecarImage) || !strings.Contains(annotations[v1alpha1.ImagesAnnotation], webImage)) {
				t.Errorf("images %v", images)
			}
			if row.withdraw && annotations[v1alpha1.ImagesAnnotation]+annotations[v1alpha1.ReleaseAnnotation] != "" {
				t.Errorf("annotations %v of nothing", annotations)
			}
		})
	}
}
