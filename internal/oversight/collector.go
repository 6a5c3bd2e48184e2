// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// scrapeTime bounds a scrape that comes before the cache is filled.
const scrapeTime = 5 * time.Second

// Collector reads the cache when it is scraped, so that passes have nothing to count and nothing is counted twice.
type Collector struct {
	// Reader reads from the cache.
	Reader client.Reader
	Clock  clock.PassiveClock
	// Shipped are the admission policies that must be in force.
	Shipped sop.Guards
}

// gauge is one metric: its name, what it says, and its labels in the order of the values.
type gauge struct {
	name, help string
	labels     []string
	desc       *prometheus.Desc
}

// gauges are all that the collector exports. docs/metrics.md repeats them.
var gauges []*gauge

func newGauge(name, help string, labels ...string) *gauge {
	g := &gauge{name: name, help: help, labels: labels, desc: prometheus.NewDesc(name, help, labels, nil)}
	gauges = append(gauges, g)
	return g
}

var (
	guards = newGauge("govpk_guard_in_force",
		"1 for each admission policy and binding of the operator that stands as it was shipped, 0 for one that does not.", "kind", "name")
	providers = newGauge("govpk_providers",
		"CloudServiceProviders by the state of their accreditation.", "state")
	applications = newGauge("govpk_applications",
		"ThirdPartyApplications by stage.", "stage")
	applicationOffline = newGauge("govpk_application_offline",
		"1 for each application that is offline; there is no series for another one.", "namespace", "name")
	auditOverdue = newGauge("govpk_audit_overdue",
		"1 for each application whose audit is overdue; there is no series for another one.", "namespace", "name")
	violationsOpen = newGauge("govpk_violations_open",
		"PolicyViolations that are not lifted, by severity.", "severity")
	certificates = newGauge("govpk_no_objection_certificates",
		"NoObjectionCertificates by state.", "state")
	breaches = newGauge("govpk_breaches",
		"BreachReports: Unacknowledged, Acknowledged, Responded (the Cloud Office decided on a response), Closed.", "state")
	breachUnacknowledged = newGauge("govpk_breach_unacknowledged_since_timestamp_seconds",
		"When a breach was disclosed that the Cloud Office has not acknowledged.", "name")
	breachAlarms = newGauge("govpk_breach_alarms",
		"How many alarms an unacknowledged breach has raised.", "name")
	breachLate = newGauge("govpk_breach_late_seconds",
		"How much later than due a breach was disclosed that is not closed.", "name")
	endingTime = newGauge("govpk_ending_timestamp_seconds",
		"When something ends or is due, of what does so within 365 days or is overdue.", "kind", "namespace", "name", "what")
	endings = newGauge("govpk_endings",
		"How many things end or are due within 30, 90 and 365 days from now.", "kind", "days")
)

// Describe names every metric.
func (c *Collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, g := range gauges {
		descriptions <- g.desc
	}
}

// Collect reads the cache. What cannot be read fails the scrape: half a picture looks like good news.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	w, err := c.read(ctx)
	if err != nil {
		metrics <- prometheus.NewInvalidMetric(endings.desc, err)
		return
	}
	for _, s := range w.samples() {
		metrics <- prometheus.MustNewConstMetric(s.gauge.desc, prometheus.GaugeValue, s.value, s.labels...)
	}
}

func (c *Collector) read(ctx context.Context) (*world, error) {
	w := &world{now: c.Clock.Now(), zone: time.UTC, shipped: c.Shipped}
	for _, list := range []client.ObjectList{&w.providers, &w.applications, &w.violations, &w.certificates, &w.breaches, &w.policies, &w.bindings} {
		if err := c.Reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("list %T: %w", list, err)
		}
	}
	policy := &v1alpha1.DeploymentPolicy{}
	if err := c.Reader.Get(ctx, types.NamespacedName{Name: v1alpha1.DeploymentPolicyName}, policy); client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("get DeploymentPolicy: %w", err)
	}
	// Without a policy, or with one whose zone nobody knows, days end as they do in UTC.
	if zone, err := time.LoadLocation(policy.Spec.Calendar.TimeZone); err == nil {
		w.zone = zone
	}
	return w, nil
}
