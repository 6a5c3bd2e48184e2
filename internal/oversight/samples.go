// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"maps"
	"slices"
	"strconv"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// world is what a scrape sees.
type world struct {
	now          time.Time
	zone         *time.Location
	providers    v1alpha1.CloudServiceProviderList
	applications v1alpha1.ThirdPartyApplicationList
	violations   v1alpha1.PolicyViolationList
	certificates v1alpha1.NoObjectionCertificateList
	breaches     v1alpha1.BreachReportList
	shipped      sop.Guards
	policies     admissionv1.ValidatingAdmissionPolicyList
	bindings     admissionv1.ValidatingAdmissionPolicyBindingList
}

type sample struct {
	gauge  *gauge
	value  float64
	labels []string
}

// The values of labels. Each has a sample, zero too, so that an alert can tell none from no answer.
var (
	providerStates = []string{"Registered", "Pending", "Accredited", "Suspended", "Expired", "Revoked"}
	stages         = []string{"Submitted", "UnderAudit", "Testing", "AwaitingLaunch", "Live", "Offline"}
	severities     = []string{"Low", "Medium", "High", "Critical"}
	certifications = []string{"Pending", "InForce", "Ended", "Revoked", "Refused"}
	breachStates   = []string{"Unacknowledged", "Acknowledged", "Responded", "Closed"}
	kinds          = []string{kindProvider, kindCertificate, kindApplication, kindBreach}
	horizons       = []int{30, 90, 365}
)

func (w *world) samples() []sample {
	all := slices.Concat(
		count(providers, providerStates, w.providers.Items, func(p *v1alpha1.CloudServiceProvider) string { return string(p.Status.State) }),
		count(applications, stages, w.applications.Items, func(a *v1alpha1.ThirdPartyApplication) string { return string(a.Status.Stage) }),
		count(violationsOpen, severities, w.violations.Items, func(v *v1alpha1.PolicyViolation) string {
			if v.Spec.Lift != nil {
				return ""
			}
			return string(v.Spec.Severity)
		}),
		count(certificates, certifications, w.certificates.Items, func(n *v1alpha1.NoObjectionCertificate) string { return string(n.Status.State) }),
		count(breaches, breachStates, w.breaches.Items, breachState),
	)
	for i := range w.applications.Items {
		a := &w.applications.Items[i]
		if a.Status.Stage == v1alpha1.StageOffline {
			all = append(all, sample{applicationOffline, 1, []string{a.Namespace, a.Name}})
		}
		if audit := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionArchitectureAudited); audit != nil && audit.Reason == v1alpha1.ReasonOverdue {
			all = append(all, sample{auditOverdue, 1, []string{a.Namespace, a.Name}})
		}
	}
	for i := range w.breaches.Items {
		all = append(all, breachSamples(&w.breaches.Items[i])...)
	}
	return slices.Concat(all, w.guardSamples(), w.endingSamples())
}

// guardSamples tell of each shipped policy and binding whether it stands.
func (w *world) guardSamples() []sample {
	gaps := sop.GuardGaps(w.shipped, sop.Guards{Policies: w.policies.Items, Bindings: w.bindings.Items})
	of := func(kind, name string) sample {
		stands := 1.0
		if slices.ContainsFunc(gaps, func(g sop.GuardGap) bool { return g.Kind == kind && g.Name == name }) {
			stands = 0
		}
		return sample{guards, stands, []string{kind, name}}
	}
	var samples []sample
	for i := range w.shipped.Policies {
		samples = append(samples, of(sop.PolicyKind, w.shipped.Policies[i].Name))
	}
	for i := range w.shipped.Bindings {
		samples = append(samples, of(sop.BindingKind, w.shipped.Bindings[i].Name))
	}
	return samples
}

// count counts by state. What has no state yet, since nothing judged it, is not counted.
func count[T any](g *gauge, states []string, items []T, state func(*T) string) []sample {
	counts := map[string]int{}
	for _, known := range states {
		counts[known] = 0
	}
	for i := range items {
		if s := state(&items[i]); s != "" {
			counts[s]++
		}
	}
	var samples []sample
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		samples = append(samples, sample{g, float64(counts[s]), []string{s}})
	}
	return samples
}

func breachState(b *v1alpha1.BreachReport) string {
	switch {
	case b.Spec.Closure != nil:
		return "Closed"
	case b.Spec.Acknowledgement == nil:
		return "Unacknowledged"
	case b.Spec.Response == nil:
		return "Acknowledged"
	default:
		return "Responded"
	}
}

func breachSamples(b *v1alpha1.BreachReport) []sample {
	var samples []sample
	if b.Spec.Closure != nil {
		return nil
	}
	if b.Spec.Acknowledgement == nil {
		samples = append(samples,
			sample{breachUnacknowledged, float64(b.CreationTimestamp.Unix()), []string{b.Name}},
			sample{breachAlarms, float64(len(b.Status.Alarms)), []string{b.Name}})
	}
	if late, err := time.ParseDuration(b.Status.Late); err == nil {
		samples = append(samples, sample{breachLate, late.Seconds(), []string{b.Name}})
	}
	return samples
}

// endingSamples tell of everything that ends when it does, and how many do soon.
func (w *world) endingSamples() []sample {
	var samples []sample
	counts := map[string]map[int]int{}
	for _, kind := range kinds {
		counts[kind] = map[int]int{}
	}
	seen := map[[4]string]bool{}
	for _, e := range w.endings() {
		left, series := e.at.Sub(w.now), [4]string{e.kind, e.namespace, e.name, e.what}
		if left > days(365) || seen[series] {
			continue
		}
		seen[series] = true
		samples = append(samples, sample{endingTime, float64(e.at.Unix()), []string{e.kind, e.namespace, e.name, e.what}})
		for _, horizon := range horizons {
			if left > 0 && left <= days(horizon) {
				counts[e.kind][horizon]++
			}
		}
	}
	for _, kind := range kinds {
		for _, horizon := range horizons {
			samples = append(samples, sample{endings, float64(counts[kind][horizon]), []string{kind, strconv.Itoa(horizon)}})
		}
	}
	return samples
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
