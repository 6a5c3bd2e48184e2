// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// defaultValidDays is how long an approval holds where the policy does not say.
const defaultValidDays = 90

// verdict weighs the sign-offs of one type on one release: the newest approval or rejection of each party decides, and
// every finding that the party opened and did not resolve blocks. Verdicts made before notBefore do not count.
func (c *Case) verdict(release *v1alpha1.Release, kind v1alpha1.SignOffType, parties []v1alpha1.Party, notBefore time.Time) Finding {
	if len(parties) == 0 {
		return policyMissing()
	}
	counted, void := c.counted(release)
	var approved, rejections, blocked, missing, expired []string
	var deadline time.Time
	for _, party := range parties {
		signOff := decisive(counted, kind, party, notBefore)
		open := listed(openFindings(counted, kind, party))
		switch {
		case signOff == nil && open != "":
			missing = append(missing, fmt.Sprintf("%s (open findings %s)", party, open))
		case signOff == nil:
			missing = append(missing, string(party))
		case signOff.Spec.Decision == v1alpha1.DecisionRejected:
			rejections = append(rejections, fmt.Sprintf("%s rejected %s in SignOff %s%s", party, release.Name, signOff.Name, openNote(open)))
		case open != "":
			blocked = append(blocked, fmt.Sprintf("%s approved %s in SignOff %s%s; they close once a later SignOff by %s lists them as Resolved",
				party, release.Name, signOff.Name, openNote(open), party))
		case c.expired(release, signOff):
			expired = append(expired, string(party))
		default:
			approved = append(approved, string(party))
			deadline = earliest(deadline, c.expiry(release, signOff))
		}
	}
	var f Finding
	switch {
	case len(rejections) > 0:
		return finding(Waiting, v1alpha1.ReasonRejected, "%s; who rejected signs again once the findings are resolved", strings.Join(rejections, "; "))
	case len(blocked) > 0:
		return finding(Waiting, v1alpha1.ReasonFindingsOpen, "%s", strings.Join(blocked, "; "))
	case len(missing) > 0:
		f = finding(Waiting, v1alpha1.ReasonAwaitingSignOff, "waiting for the %s SignOff of %s on %s%s%s%s",
			kind, strings.Join(missing, ", "), release.Name, c.alsoExpired(expired), voidNote(void, c.SignOffs, kind), c.strays(kind))
	case len(expired) > 0:
		f = finding(Waiting, v1alpha1.ReasonApprovalsExpired, "the %s SignOff of %s on %s is older than %d days, and the release was never launched; %s must sign again",
			kind, strings.Join(expired, ", "), release.Name, c.validDays(), strings.Join(expired, ", "))
	default:
		f = finding(Met, v1alpha1.ReasonAllPartiesApproved, "%s approved %s", strings.Join(approved, ", "), release.Name)
	}
	f.Deadline = deadline
	return f
}

// counted are the sign-offs that count on a release, the oldest first, and by name why the others do not. Nobody signs for
// two parties on one release: the later one is void.
func (c *Case) counted(release *v1alpha1.Release) (counted []*v1alpha1.SignOff, void map[string]string) {
	void = map[string]string{}
	partyOf := map[string]v1alpha1.Party{}
	for _, signOff := range c.signOffsOn(release.Name) {
		party, bound := partyOf[signOff.Spec.SignedBy]
		switch {
		case release.CreationTimestamp.IsZero() || signOff.CreationTimestamp.Before(&release.CreationTimestamp):
			void[signOff.Name] = "it is older than the Release"
			continue
		case bound && party != signOff.Spec.Party:
			void[signOff.Name] = "its signer signed this release for " + string(party)
			continue
		}
		partyOf[signOff.Spec.SignedBy] = signOff.Spec.Party
		if !c.asked(signOff) {
			void[signOff.Name] = fmt.Sprintf("DeploymentPolicy default does not ask %s for a SignOff of type %s", signOff.Spec.Party, signOff.Spec.Type)
			continue
		}
		counted = append(counted, signOff)
	}
	return counted, void
}

func (c *Case) signOffsOn(release string) []*v1alpha1.SignOff {
	var on []*v1alpha1.SignOff
	for i := range c.SignOffs {
		if c.SignOffs[i].Spec.Release == release {
			on = append(on, &c.SignOffs[i])
		}
	}
	slices.SortFunc(on, oldestFirst)
	return on
}

// asked is true when the policy names the party for what it signs. The organization is always asked for its answers.
func (c *Case) asked(signOff *v1alpha1.SignOff) bool {
	return signOff.Spec.Decision == v1alpha1.DecisionAnswered || slices.Contains(c.parties(signOff.Spec.Type), signOff.Spec.Party)
}

func (c *Case) parties(kind v1alpha1.SignOffType) []v1alpha1.Party {
	switch {
	case c.Policy == nil:
		return nil
	case kind == v1alpha1.SignOffArchitectureAudit:
		return c.Policy.Audit.Parties
	default:
		return c.Policy.EndToEndTest.Parties
	}
}

// decisive is a party's newest approval or rejection; questions and answers are neither.
func decisive(counted []*v1alpha1.SignOff, kind v1alpha1.SignOffType, party v1alpha1.Party, notBefore time.Time) *v1alpha1.SignOff {
	for _, signOff := range slices.Backward(counted) {
		if signOff.Spec.Type == kind && signOff.Spec.Party == party && isVerdict(signOff) && signOff.CreationTimestamp.After(notBefore) {
			return signOff
		}
	}
	return nil
}

func isVerdict(signOff *v1alpha1.SignOff) bool {
	return signOff.Spec.Decision == v1alpha1.DecisionApproved || signOff.Spec.Decision == v1alpha1.DecisionRejected
}

// oldestFirst puts an approval before a rejection of the same second, so that the rejection decides.
func oldestFirst(a, b *v1alpha1.SignOff) int {
	if n := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); n != 0 {
		return n
	}
	if a.Spec.Decision != b.Spec.Decision {
		return strings.Compare(string(a.Spec.Decision), string(b.Spec.Decision))
	}
	return strings.Compare(a.Name, b.Name)
}

// openFindings are what a party found on a release and did not resolve later, the gravest first. A sign-off that forgets a
// finding does not close it, and neither does one of the same second.
func openFindings(counted []*v1alpha1.SignOff, kind v1alpha1.SignOffType, party v1alpha1.Party) []v1alpha1.Finding {
	opened, resolved := map[string]time.Time{}, map[string]time.Time{}
	newest := map[string]v1alpha1.Finding{}
	for _, signOff := range counted {
		if signOff.Spec.Type != kind || signOff.Spec.Party != party {
			continue
		}
		for _, f := range signOff.Spec.Findings {
			if f.State == v1alpha1.FindingResolved {
				resolved[f.ID] = signOff.CreationTimestamp.Time
				continue
			}
			opened[f.ID], newest[f.ID] = signOff.CreationTimestamp.Time, f
		}
	}
	var open []v1alpha1.Finding
	for id, f := range newest {
		if !resolved[id].After(opened[id]) {
			open = append(open, f)
		}
	}
	slices.SortFunc(open, gravestFirst)
	return open
}

func gravestFirst(a, b v1alpha1.Finding) int {
	order := []v1alpha1.Severity{"Critical", "High", "Medium", "Low"}
	if n := slices.Index(order, a.Severity) - slices.Index(order, b.Severity); n != 0 {
		return n
	}
	return strings.Compare(a.ID, b.ID)
}

// listed names findings in a message, which has little room.
func listed(findings []v1alpha1.Finding) string {
	const most = 10
	names := labels(findings)
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

func labels(findings []v1alpha1.Finding) []string {
	var names []string
	for _, f := range findings {
		names = append(names, fmt.Sprintf("%s (%s)", f.ID, f.Severity))
	}
	return names
}

func openNote(findings string) string {
	if findings == "" {
		return ""
	}
	return " with open findings " + findings
}

// expiry is when an approval of a release that was never launched ends; zero: never. What was live once can come back.
func (c *Case) expiry(release *v1alpha1.Release, signOff *v1alpha1.SignOff) time.Time {
	if _, launched := launchedAt(release); launched || c.validDays() == 0 {
		return time.Time{}
	}
	return signOff.CreationTimestamp.Add(time.Duration(c.validDays()) * 24 * time.Hour)
}

func (c *Case) expired(release *v1alpha1.Release, signOff *v1alpha1.SignOff) bool {
	end := c.expiry(release, signOff)
	return !end.IsZero() && !c.Now.Before(end)
}

func (c *Case) validDays() int32 {
	if days := c.Policy.SignOffs.ValidDays; days != nil {
		return *days
	}
	return defaultValidDays
}

func (c *Case) alsoExpired(parties []string) string {
	if len(parties) == 0 {
		return ""
	}
	return fmt.Sprintf("; the SignOff of %s is older than %d days and must be signed again", strings.Join(parties, ", "), c.validDays())
}

// earliest is the earlier of two deadlines; zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// voidNote names sign-offs of one type that do not count on the release, so that nobody waits for who thinks to have signed.
func voidNote(void map[string]string, signOffs []v1alpha1.SignOff, kind v1alpha1.SignOffType) string {
	var notes []string
	for _, signOff := range signOffs {
		if why, ok := void[signOff.Name]; ok && signOff.Spec.Type == kind {
			notes = append(notes, fmt.Sprintf("SignOff %s does not count: %s", signOff.Name, why))
		}
	}
	return noted("; ", notes)
}

// strays names sign-offs for releases that do not exist, so that a slip of the pen does not look like a missing party.
func (c *Case) strays(kind v1alpha1.SignOffType) string {
	var names []string
	for _, signOff := range c.SignOffs {
		if signOff.Spec.Type == kind && c.release(signOff.Spec.Release) == nil {
			names = append(names, fmt.Sprintf("%s (%s)", signOff.Name, signOff.Spec.Release))
		}
	}
	return noted("; SignOffs for unknown releases do not count: ", names)
}

func noted(prefix string, notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	slices.Sort(notes)
	if len(notes) > 3 {
		notes = append(notes[:3], "…")
	}
	return prefix + strings.Join(notes, ", ")
}
