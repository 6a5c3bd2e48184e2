// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"strings"
	"time"
	"unicode"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// The kinds of what ends.
const (
	kindProvider    = "CloudServiceProvider"
	kindCertificate = "NoObjectionCertificate"
	kindApplication = "ThirdPartyApplication"
	kindBreach      = "BreachReport"
)

// ending is something that ends or is due.
type ending struct {
	kind, namespace, name, what string
	at                          time.Time
}

// endings are what ends of providers, as their status lists it, certificates in force or to come, audits that are not done and final
// reports that are not there.
func (w *world) endings() []ending {
	var all []ending
	for i := range w.providers.Items {
		p := &w.providers.Items[i]
		for _, e := range p.Status.Endings {
			all = w.onDay(all, ending{kind: kindProvider, name: p.Name, what: label(e.What)}, string(e.Date))
		}
	}
	for i := range w.certificates.Items {
		n := &w.certificates.Items[i]
		if n.Status.State == v1alpha1.NoObjectionPending || n.Status.State == v1alpha1.NoObjectionInForce {
			all = append(all, ending{kind: kindCertificate, name: n.Name, what: string(n.Spec.Clause), at: n.Spec.ValidUntil.Time})
		}
	}
	for i := range w.applications.Items {
		a := &w.applications.Items[i]
		if a.Status.Candidate != nil {
			all = w.onDay(all, ending{kind: kindApplication, namespace: a.Namespace, name: a.Name, what: "audit"}, a.Status.Candidate.AuditDue)
		}
	}
	for i := range w.breaches.Items {
		b := &w.breaches.Items[i]
		if due := b.Status.FinalReportDue; due != nil && b.Spec.FinalReport == nil {
			all = append(all, ending{kind: kindBreach, name: b.Name, what: "final report", at: due.Time})
		}
	}
	return all
}

// onDay adds what ends with a day, in the policy's time zone.
func (w *world) onDay(all []ending, e ending, day string) []ending {
	start, err := time.ParseInLocation(time.DateOnly, day, w.zone)
	if err != nil {
		return all
	}
	e.at = start.AddDate(0, 0, 1)
	return append(all, e)
}

// label is a text that people wrote as the value of a label: what cannot be seen is shown as such, and it is no longer than a name.
func label(text string) string {
	const most = 128
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text))
	return string(runes[:min(len(runes), most)])
}
