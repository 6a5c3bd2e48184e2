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

// verdict weighs the sign-offs of one type on one release: the newest of each party decides.
// Those made before notBefore or before the release itself do not count.
func (c *Case) verdict(release *v1alpha1.Release, kind v1alpha1.SignOffType, parties []v1alpha1.Party, notBefore time.Time) Finding {
	if len(parties) == 0 {
		return policyMissing()
	}
	decisive, rejectedPerson := c.decisive(release, kind, notBefore)
	var approved, missing []string
	for _, party := range parties {
		signOff := decisive[party]
		switch {
		case signOff == nil:
			missing = append(missing, string(party))
		case signOff.Spec.Decision != v1alpha1.DecisionApproved:
			return finding(Waiting, v1alpha1.ReasonRejected, "%s rejected %s in SignOff %s%s; the party signs again once its findings are resolved",
				party, release.Name, signOff.Name, openFindings(signOff))
		case openFindings(signOff) != "":
			return finding(Waiting, v1alpha1.ReasonFindingsOpen, "%s approved %s in SignOff %s%s; a later SignOff by %s closes them",
				party, release.Name, signOff.Name, openFindings(signOff), party)
		default:
			approved = append(approved, string(party))
		}
	}
	if len(missing) > 0 {
		return finding(Waiting, v1alpha1.ReasonAwaitingSignOff, "waiting for the %s SignOff of %s on %s%s%s",
			kind, strings.Join(missing, ", "), release.Name, rejectedPerson, c.strays(kind))
	}
	return finding(Met, v1alpha1.ReasonAllPartiesApproved, "%s approved %s", strings.Join(approved, ", "), release.Name)
}

// decisive is the newest counted sign-off of each party. Nobody signs for two parties on one release: the later one is void.
func (c *Case) decisive(release *v1alpha1.Release, kind v1alpha1.SignOffType, notBefore time.Time) (map[v1alpha1.Party]*v1alpha1.SignOff, string) {
	ordered := slices.Clone(c.SignOffs)
	slices.SortFunc(ordered, func(a, b v1alpha1.SignOff) int { return oldestFirst(&a, &b) })
	partyOf := map[string]v1alpha1.Party{}
	decisive := map[v1alpha1.Party]*v1alpha1.SignOff{}
	note := ""
	for i := range ordered {
		signOff := &ordered[i]
		if signOff.Spec.Release != release.Name || signOff.CreationTimestamp.Before(&release.CreationTimestamp) {
			continue
		}
		if party, ok := partyOf[signOff.Spec.SignedBy]; ok && party != signOff.Spec.Party {
			note = fmt.Sprintf("; SignOff %s does not count, since its signer signed this release for %s", signOff.Name, party)
			continue
		}
		partyOf[signOff.Spec.SignedBy] = signOff.Spec.Party
		if signOff.Spec.Type == kind && signOff.CreationTimestamp.After(notBefore) {
			decisive[signOff.Spec.Party] = signOff
		}
	}
	return decisive, note
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

func openFindings(signOff *v1alpha1.SignOff) string {
	var open []string
	for _, f := range signOff.Spec.Findings {
		if f.State == v1alpha1.FindingOpen {
			open = append(open, f.ID)
		}
	}
	if len(open) == 0 {
		return ""
	}
	return " with open findings " + strings.Join(open, ", ")
}

// strays names sign-offs for releases that do not exist, so that a slip of the pen does not look like a missing party.
func (c *Case) strays(kind v1alpha1.SignOffType) string {
	var names []string
	for _, signOff := range c.SignOffs {
		if signOff.Spec.Type == kind && c.release(signOff.Spec.Release) == nil {
			names = append(names, fmt.Sprintf("%s (%s)", signOff.Name, signOff.Spec.Release))
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	return "; SignOffs for unknown releases do not count: " + strings.Join(names, ", ")
}
