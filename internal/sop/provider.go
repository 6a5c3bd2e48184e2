// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/calendar"
)

// Provider is everything known about one provider.
type Provider struct {
	Now    time.Time
	Object *v1alpha1.CloudServiceProvider
	// Policy is the DeploymentPolicy; nil when it is missing.
	Policy *v1alpha1.DeploymentPolicySpec
	// Breaches are those reported of it.
	Breaches []v1alpha1.BreachReport
	// Applications are those that name it or run there, as namespace/name, in order.
	Applications []string
	// Unplaced are its nodes that stand in none of its data centres, in order.
	Unplaced []string
}

// ProviderVerdict is where a provider stands, for its status.
type ProviderVerdict struct {
	Standing Standing
	// Findings are those on accreditation, on attestations, and on both and its nodes together.
	Findings []Finding
	// Deletion says for whom the deletion waits; Met: for nobody.
	Deletion Finding
	Endings  []v1alpha1.Ending
	// Next is the next instant at which any of this changes by itself; zero: never.
	Next time.Time
}

// endingDays is how many days ahead the status looks.
const endingDays = 365

// lastDay is what ends at the end of a day.
type lastDay struct {
	what string
	day  calendar.Date
}

// AssessProvider judges a provider.
func AssessProvider(p Provider) ProviderVerdict {
	v := ProviderVerdict{Deletion: p.deletion()}
	unknown := func(f Finding) ProviderVerdict {
		f.Outcome = Unproven
		for _, f.Condition = range []string{v1alpha1.ConditionAccredited, v1alpha1.ConditionAttestationsCurrent, v1alpha1.ConditionReady} {
			v.Findings = append(v.Findings, f)
		}
		return v
	}
	if p.Policy == nil {
		return unknown(policyMissing())
	}
	days, err := workingDays(p.Policy.Calendar)
	if err == nil {
		v.Standing, err = StandingOf(p.Object, p.Breaches, p.Policy, p.Now)
	}
	var attestations []lastDay
	if err == nil {
		attestations, err = p.attestations()
	}
	if err != nil {
		return unknown(finding(Unproven, v1alpha1.ReasonCalendarInvalid, "DeploymentPolicy default or a day of this provider: %v", err))
	}
	accredited, attested := p.accredited(v.Standing, days), p.attested(attestations, days)
	v.Findings = []Finding{accredited, attested, p.ready(accredited)}
	v.Next = earliest(v.Standing.Next, earliest(accredited.Deadline, attested.Deadline))
	if v.Standing.State != v1alpha1.ProviderRegistered && v.Standing.State != v1alpha1.ProviderRevoked {
		if last, err := calendar.ParseDate(string(p.Object.Spec.Accreditation.ValidUntil)); err == nil {
			attestations = append(attestations, lastDay{"accreditation", last})
		}
	}
	for _, e := range attestations {
		begins, ends := days.Start(e.day.AddDays(-endingDays)), days.End(e.day)
		switch {
		case p.Now.Before(begins):
			v.Next = earliest(v.Next, begins)
		case p.Now.Before(ends):
			v.Next = earliest(v.Next, ends)
			v.Endings = append(v.Endings, v1alpha1.Ending{What: e.what, Date: v1alpha1.Date(e.day.String())})
		}
	}
	slices.SortFunc(v.Endings, func(a, b v1alpha1.Ending) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.What, b.What))
	})
	return v
}

// attestations are what ends beside the accreditation.
func (p Provider) attestations() ([]lastDay, error) {
	var endings []lastDay
	add := func(what string, date v1alpha1.Date) error {
		day, err := calendar.ParseDate(string(date))
		endings = append(endings, lastDay{what, day})
		return err
	}
	for _, attestation := range p.Object.Spec.Attestations {
		if err := add("attestation "+attestation.Standard, attestation.ValidUntil); err != nil {
			return nil, err
		}
	}
	if audits := p.Object.Spec.Audits; audits != nil {
		if err := add(nextAudit, audits.Next); err != nil {
			return nil, err
		}
	}
	return endings, nil
}

const nextAudit = "next audit"

// accredited is the standing in the words of those who keep the list.
func (p Provider) accredited(s Standing, days *calendar.Calendar) Finding {
	f := s.finding(p.Object)
	f.Condition = v1alpha1.ConditionAccredited
	switch s.State {
	case v1alpha1.ProviderRegistered:
		f.Message = "registered, not accredited; no application may run here"
	case v1alpha1.ProviderPending:
		f.Message = fmt.Sprintf("accredited from %s on", p.Object.Spec.Accreditation.ValidFrom)
	case v1alpha1.ProviderAccredited:
		f.Message = fmt.Sprintf("accredited until %s", p.Object.Spec.Accreditation.ValidUntil)
		last, err := calendar.ParseDate(string(p.Object.Spec.Accreditation.ValidUntil))
		if err != nil {
			break
		}
		var warning string
		if warning, f.Deadline = p.warning(last, days); warning != "" {
			f.Reason = v1alpha1.ReasonEnding
			f.Message += ", " + warning + "; the Cloud Office renews it (spec.accreditation.validUntil), or the applications move"
		}
	default:
		f.Message = p.lost(s)
		if s.Overdue && !s.Offline && len(p.Applications) == 0 {
			f.Reason = lostReasons[s.State]
		}
	}
	return f
}

func (p Provider) lost(s Standing) string {
	message := strings.ToLower(string(s.State))
	if s.Why != "" {
		message += " (" + s.Why + ")"
	}
	switch {
	case s.Offline:
		return message + "; since " + s.OfflineFrom.String() + " nothing is live here"
	case s.State == v1alpha1.ProviderRevoked:
		return fmt.Sprintf("%s; nothing new starts here, applications leave by %s, and those that are here still go offline on %s", message, s.MigrateBy, s.OfflineFrom)
	case s.Overdue:
		return fmt.Sprintf("%s; nothing new starts here, and applications were to leave by %s", message, s.MigrateBy)
	default:
		return fmt.Sprintf("%s; nothing new starts here, and applications leave by %s", message, s.MigrateBy)
	}
}

// attested tells of attestations and audits: those that ended before those that end soon.
func (p Provider) attested(endings []lastDay, days *calendar.Calendar) Finding {
	f := finding(Met, v1alpha1.ReasonCurrent, "no attestation has ended, and no audit is overdue")
	var ended, overdue, soon []string
	for _, e := range endings {
		warning, next := p.warning(e.day, days)
		f.Deadline = earliest(f.Deadline, next)
		switch {
		case !p.Now.Before(days.End(e.day)) && e.what == nextAudit:
			overdue = append(overdue, fmt.Sprintf("the audit was due by %s: the Cloud Office has it done and sets spec.audits", e.day))
		case !p.Now.Before(days.End(e.day)):
			ended = append(ended, fmt.Sprintf("%s ended on %s: the provider renews it and the Cloud Office sets spec.attestations", e.what, e.day))
		case warning != "":
			soon = append(soon, fmt.Sprintf("%s: %s, %s", e.what, e.day, warning))
		}
	}
	if told := slices.Concat(ended, overdue, soon); len(told) > 0 {
		f.Message = strings.Join(told, "; ")
	}
	switch {
	case len(ended) > 0:
		f.Outcome, f.Reason = Refused, v1alpha1.ReasonAttestationEnded
	case len(overdue) > 0:
		f.Outcome, f.Reason = Refused, v1alpha1.ReasonAuditOverdue
	case len(soon) > 0:
		f.Reason = v1alpha1.ReasonEnding
	}
	f.Condition = v1alpha1.ConditionAttestationsCurrent
	return f
}

// warning says within how many of the policy's warning days a day ends; empty: none of them yet. The instant is when it next says
// something else.
func (p Provider) warning(day calendar.Date, days *calendar.Calendar) (warning string, next time.Time) {
	end := days.End(day)
	if !p.Now.Before(end) {
		return "", time.Time{}
	}
	next = end
	for _, n := range slices.Sorted(slices.Values(p.Policy.NoObjectionCertificates.WarningDays)) {
		begins := days.End(day.AddDays(-int(n)))
		if p.Now.Before(begins) {
			next = earliest(next, begins)
			continue
		}
		if warning == "" {
			warning = fmt.Sprintf("within %d days", n)
		}
	}
	return warning, next
}

// ready: whether applications may run here now.
func (p Provider) ready(accredited Finding) Finding {
	f := accredited
	f.Deadline = time.Time{}
	switch order := p.Object.Spec.TakeOffline; {
	case order != nil:
		f = finding(Refused, v1alpha1.ReasonTakenDown, "every application here is offline by order of %s: %s; it ends when spec.takeOffline is removed", order.OrderedBy, order.Reason)
	case accredited.Outcome == Met && len(p.Unplaced) > 0:
		f = finding(Refused, v1alpha1.ReasonNodesUnplaced, "no data centre's nodeSelector selects %s, so nobody knows where data there lies; the Cloud Office corrects spec.dataCentres, or NTC the nodes' labels",
			atMostTen(p.Unplaced))
	}
	f.Condition = v1alpha1.ConditionReady
	return f
}

func (p Provider) deletion() Finding {
	if p.Object.DeletionTimestamp == nil || len(p.Applications) == 0 {
		return Finding{}
	}
	return finding(Waiting, v1alpha1.ReasonInUse, "deletion waits for %s: each names another provider in spec.cloudServiceProvider and launches that release, or is deleted", atMostTen(p.Applications))
}

func atMostTen(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// Status is the verdict without its conditions.
func (v ProviderVerdict) Status(p Provider) v1alpha1.CloudServiceProviderStatus {
	applications, open := int32(len(p.Applications)), int32(0) //nolint:gosec // an index does not hold two thousand million
	for i := range p.Breaches {
		if p.Breaches[i].Spec.Closure == nil {
			open++
		}
	}
	status := v1alpha1.CloudServiceProviderStatus{
		ObservedGeneration: p.Object.Generation, State: v.Standing.State, Applications: &applications, OpenBreaches: &open, Endings: v.Endings,
	}
	if v.Standing.Lost() {
		status.MigrateBy = v.Standing.MigrateBy.String()
	}
	if v.Standing.State == v1alpha1.ProviderRevoked {
		status.OfflineFrom = v.Standing.OfflineFrom.String()
	}
	return status
}

// Unplaced are the nodes that stand in none of a provider's data centres, in order. Where one data centre has no selector, none does.
func Unplaced(provider *v1alpha1.CloudServiceProvider, nodes ProviderNodes) []string {
	all := slices.Concat(nodes.Ready, nodes.Away)
	placed := map[string]bool{}
	for _, node := range standing(all, provider.Spec.DataCentres) {
		placed[node.Name] = true
	}
	var names []string
	for _, node := range all {
		if !placed[node.Name] {
			names = append(names, node.Name)
		}
	}
	slices.Sort(names)
	return names
}
