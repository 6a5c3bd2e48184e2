// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// What a BreachReport's status holds.
const (
	maxAlarms   = 8
	maxEntities = 100
)

// Breach is everything known about one BreachReport.
type Breach struct {
	Now    time.Time
	Report *v1alpha1.BreachReport
	// Policy is the DeploymentPolicy; nil when it is missing.
	Policy *v1alpha1.DeploymentPolicySpec
	// Applications are those that the breach concerns.
	Applications []v1alpha1.ThirdPartyApplication
	// Missing are the objects that the report names and that do not exist, such as ThirdPartyApplication sehat/portal.
	Missing []string
}

// BreachVerdict is where a breach's disclosure stands.
type BreachVerdict struct {
	// Due is when the disclosure was due; zero without a policy.
	Due time.Time
	// Late is how much later it came, in whole seconds; zero: in time.
	Late time.Duration
	// Alarms are when an alarm was due without an acknowledgement, the oldest first. Those of an earlier pass stay.
	Alarms []time.Time
	// FinalReportDue is when the final report is due; zero without a policy.
	FinalReportDue time.Time
	// Entities are the public-service entities that the applications serve, by name.
	Entities []string
	// Findings are Disclosed, Acknowledged, FinalReportSubmitted and Closed.
	Findings []Finding
	// Next is the next instant at which any of this can change by itself; zero: never.
	Next time.Time
}

// AssessBreach runs the clock of a breach's disclosure (Cloud First Policy): as soon as it is discovered, plus what the policy allows.
func AssessBreach(b Breach) BreachVerdict {
	v := BreachVerdict{Entities: b.entities()}
	for _, raised := range b.Report.Status.Alarms {
		v.Alarms = append(v.Alarms, raised.Time)
	}
	created := b.Report.CreationTimestamp.Time
	if b.Policy != nil {
		policy := b.Policy.Breaches
		v.Due = b.Report.Spec.DiscoveredAt.Add(hoursOf(policy.DisclosureHours))
		v.Late = max(created.Sub(v.Due).Round(time.Second), 0)
		v.FinalReportDue = created.AddDate(0, 0, int(policy.FinalReportDays))
	}
	v.Findings = []Finding{b.disclosed(v), b.acknowledged(&v), b.finalReport(v), b.closed()}
	for _, f := range v.Findings {
		v.Next = earliest(v.Next, f.Deadline)
	}
	return v
}

func hoursOf(hours *int32) time.Duration {
	if hours == nil {
		return 0
	}
	return time.Duration(*hours) * time.Hour
}

func (b Breach) disclosed(v BreachVerdict) Finding {
	var f Finding
	switch {
	case b.Policy == nil:
		f = finding(Unproven, v1alpha1.ReasonPolicyMissing, "%s", policyMissing().Message)
	case v.Late > 0:
		f = finding(Refused, v1alpha1.ReasonLate, "disclosed %s later than due: discovered at %s, due at %s, disclosed at %s",
			v.Late, instant(b.Report.Spec.DiscoveredAt.Time), instant(v.Due), instant(b.Report.CreationTimestamp.Time))
	default:
		f = finding(Met, v1alpha1.ReasonInTime, "disclosed at %s, due at %s", instant(b.Report.CreationTimestamp.Time), instant(v.Due))
	}
	if len(b.Missing) > 0 {
		f.Message += "; " + strings.Join(b.Missing, ", ") + " does not exist: if the name is wrong, disclose the breach again under the right one"
	}
	f.Condition = v1alpha1.ConditionDisclosed
	return f
}

// acknowledged adds the alarms that are due by now.
func (b Breach) acknowledged(v *BreachVerdict) Finding {
	f := Finding{Condition: v1alpha1.ConditionAcknowledged}
	if by := b.Report.Spec.Acknowledgement; by != nil {
		f.Outcome, f.Reason, f.Message = Met, v1alpha1.ReasonAcknowledged, "acknowledged by "+by.AcknowledgedBy
		return f
	}
	if b.Policy != nil {
		for _, hours := range b.Policy.Breaches.AlarmHours {
			due := b.Report.CreationTimestamp.Add(hoursOf(&hours))
			if b.Now.Before(due) {
				f.Deadline = earliest(f.Deadline, due)
			} else if !slices.ContainsFunc(v.Alarms, due.Equal) {
				v.Alarms = append(v.Alarms, due)
			}
		}
		slices.SortFunc(v.Alarms, time.Time.Compare)
		v.Alarms = v.Alarms[max(len(v.Alarms)-maxAlarms, 0):]
	}
	f.Outcome, f.Reason = Waiting, v1alpha1.ReasonAwaitingAcknowledgement
	f.Message = "the Cloud Office has not acknowledged the breach; it does so by spec.acknowledgement"
	if n := len(v.Alarms); n > 0 {
		after := v.Alarms[n-1].Sub(b.Report.CreationTimestamp.Time)
		f.Outcome, f.Reason = Refused, v1alpha1.ReasonAlarm
		f.Message = fmt.Sprintf("%s after its disclosure the Cloud Office has not acknowledged the breach; it does so by spec.acknowledgement", after)
	}
	return f
}

func (b Breach) finalReport(v BreachVerdict) Finding {
	f := Finding{Condition: v1alpha1.ConditionFinalReportSubmitted}
	switch due := v.FinalReportDue; {
	case b.Report.Spec.FinalReport != nil:
		f.Outcome, f.Reason, f.Message = Met, v1alpha1.ReasonSubmitted, "submitted by "+b.Report.Spec.FinalReport.WrittenBy
	case b.Policy == nil:
		f.Outcome, f.Reason, f.Message = Unproven, v1alpha1.ReasonPolicyMissing, policyMissing().Message
	case b.Now.Before(due):
		f.Outcome, f.Reason, f.Deadline = Waiting, v1alpha1.ReasonAwaitingFinalReport, due
		f.Message = "the final report is due at " + instant(due)
	default:
		f.Outcome, f.Reason = Refused, v1alpha1.ReasonOverdue
		f.Message = "the final report was due at " + instant(due) + "; those who disclosed the breach add spec.finalReport"
	}
	return f
}

func (b Breach) closed() Finding {
	f := Finding{Condition: v1alpha1.ConditionClosed, Outcome: Waiting, Reason: v1alpha1.ReasonBreachOpen, Message: "the Cloud Office has not responded yet"}
	response := b.Report.Spec.Response
	switch {
	case b.Report.Spec.Closure != nil:
		f.Outcome, f.Reason, f.Message = Met, v1alpha1.ReasonBreachClosed, "closed by "+b.Report.Spec.Closure.ClosedBy+": "+b.Report.Spec.Closure.Reason
	case response == nil:
	case b.Now.Before(response.EffectiveFrom.Time):
		f.Deadline = response.EffectiveFrom.Time
		f.Message = fmt.Sprintf("response %s takes effect at %s: %s", response.Action, instant(response.EffectiveFrom.Time), response.Reason)
	default:
		f.Reason = v1alpha1.ReasonResponseInEffect
		f.Message = fmt.Sprintf("response %s is in effect since %s: %s", response.Action, instant(response.EffectiveFrom.Time), response.Reason)
	}
	return f
}

func (b Breach) entities() []string {
	var entities []string
	for i := range b.Applications {
		entities = append(entities, b.Applications[i].Spec.PublicServiceEntity)
	}
	slices.Sort(entities)
	entities = slices.Compact(entities)
	return entities[:min(len(entities), maxEntities)]
}

// Status is what the report's status says from now on. Without a policy the clock stays as it is; closed, so does whom it concerned.
func (v BreachVerdict) Status(b Breach) v1alpha1.BreachReportStatus {
	status := *b.Report.Status.DeepCopy()
	status.ObservedGeneration = b.Report.Generation
	if b.Policy != nil {
		status.Late = ""
		if v.Late > 0 {
			status.Late = v.Late.String()
		}
		due := metav1.NewTime(v.FinalReportDue)
		status.FinalReportDue = &due
	}
	status.Alarms = nil
	for _, alarm := range v.Alarms {
		status.Alarms = append(status.Alarms, metav1.NewTime(alarm))
	}
	if b.Report.Spec.Closure == nil || status.Applications == nil {
		n := int32(len(b.Applications))
		status.Applications, status.PublicServiceEntities = &n, v.Entities
	}
	return status
}
