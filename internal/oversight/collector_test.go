// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// now is noon in Karachi, so that a day that ends there ends within another day in UTC.
var now = time.Date(2026, 11, 2, 7, 0, 0, 0, time.UTC)

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// everything is a cluster in which each metric has a sample.
func everything() []client.Object {
	policy := &v1alpha1.DeploymentPolicy{ObjectMeta: named("default")}
	policy.Spec.Calendar.TimeZone = "Asia/Karachi"

	accredited := &v1alpha1.CloudServiceProvider{ObjectMeta: named("ntc-islamabad")}
	accredited.Status.State = v1alpha1.ProviderAccredited
	accredited.Status.Endings = []v1alpha1.Ending{
		{What: "accreditation", Date: "2026-12-01"}, {What: "attestation ISO/IEC 27001", Date: "2027-01-30"},
		{What: "attestation ISO/IEC 27001", Date: "2027-02-01"}, {What: "audit", Date: "2027-11-02"},
	}
	suspended := &v1alpha1.CloudServiceProvider{ObjectMeta: named("another")}
	suspended.Status.State = v1alpha1.ProviderSuspended
	unjudged := &v1alpha1.CloudServiceProvider{ObjectMeta: named("new")}

	live := application("live", v1alpha1.StageLive)
	offline := application("offline", v1alpha1.StageOffline)
	overdue := application("overdue", v1alpha1.StageUnderAudit)
	overdue.Status.Candidate = &v1alpha1.Candidate{AuditDue: "2026-10-30"}
	overdue.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionArchitectureAudited, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonOverdue}}
	audited := application("under-audit", v1alpha1.StageUnderAudit)
	audited.Status.Candidate = &v1alpha1.Candidate{AuditDue: "2026-11-02"}

	open := &v1alpha1.PolicyViolation{ObjectMeta: named("leak")}
	open.Spec.Severity = "Critical"
	lifted := open.DeepCopy()
	lifted.Name, lifted.Spec.Lift = "lifted", &v1alpha1.Lift{}

	inForce := certificate("in-force", v1alpha1.NoObjectionInForce, now.Add(days(30)))
	justOver := certificate("just-over", v1alpha1.NoObjectionPending, now.Add(days(30)+time.Second))
	nextYear := certificate("next-year", v1alpha1.NoObjectionInForce, now.Add(days(365)))
	later := certificate("later", v1alpha1.NoObjectionInForce, now.Add(days(365)+time.Second))
	ended := certificate("ended", v1alpha1.NoObjectionEnded, now.Add(-time.Second))
	revoked := certificate("revoked", v1alpha1.NoObjectionRevoked, now.Add(days(3)))

	due := metav1.NewTime(now.AddDate(0, 0, 29))
	unacknowledged := &v1alpha1.BreachReport{ObjectMeta: named("stolen-disk")}
	unacknowledged.CreationTimestamp = metav1.NewTime(now.Add(-2 * time.Hour))
	unacknowledged.Status = v1alpha1.BreachReportStatus{Late: "26h5m0s", FinalReportDue: &due, Alarms: []metav1.Time{metav1.NewTime(now.Add(-time.Hour))}}
	acknowledged := unacknowledged.DeepCopy()
	acknowledged.Name, acknowledged.Spec.Acknowledgement = "acknowledged", &v1alpha1.BreachAcknowledgement{}
	acknowledged.Status.Late = ""
	responded := acknowledged.DeepCopy()
	responded.Name, responded.Spec.Response, responded.Spec.FinalReport = "responded", &v1alpha1.BreachResponse{}, &v1alpha1.BreachFinalReport{}
	closed := responded.DeepCopy()
	closed.Name, closed.Spec.Closure, closed.Status.Late = "closed", &v1alpha1.BreachClosure{}, "1h0m0s"

	return []client.Object{
		guard("govpk-images"), guard("govpk-mine"), binding("govpk-images"),
		policy, accredited, suspended, unjudged, live, offline, overdue, audited, open, lifted,
		inForce, justOver, nextYear, later, ended, revoked, unacknowledged, acknowledged, responded, closed,
	}
}

func guard(name string) *admissionv1.ValidatingAdmissionPolicy {
	return &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: named(name)}
}

func binding(policy string) *admissionv1.ValidatingAdmissionPolicyBinding {
	b := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: named(policy)}
	b.Spec = admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: policy, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}}
	return b
}

// shipped is more than everything holds: one policy is not there, and one binding.
var shipped = sop.Guards{
	Policies: []admissionv1.ValidatingAdmissionPolicy{*guard("govpk-images"), *guard("govpk-offline")},
	Bindings: []admissionv1.ValidatingAdmissionPolicyBinding{*binding("govpk-images"), *binding("govpk-offline")},
}

func application(name string, stage v1alpha1.Stage) *v1alpha1.ThirdPartyApplication {
	app := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: "sehat", Name: name}}
	app.Status.Stage = stage
	return app
}

func certificate(name string, state v1alpha1.NoObjectionState, until time.Time) *v1alpha1.NoObjectionCertificate {
	c := &v1alpha1.NoObjectionCertificate{ObjectMeta: named(name)}
	c.Spec.Clause, c.Spec.ValidUntil, c.Status.State = v1alpha1.ExemptCommercial, metav1.NewTime(until), state
	return c
}

func reader(t *testing.T, objects ...client.Object) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, admissionv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
}

// scrape is what Prometheus would read, a line for each sample, as name{label="value"} value.
func scrape(t *testing.T, objects ...client.Object) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&Collector{Reader: reader(t, objects...), Clock: clocktesting.NewFakePassiveClock(now), Shipped: shipped})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", label.GetName(), label.GetValue()))
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %.0f", family.GetName(), strings.Join(labels, ","), metric.GetGauge().GetValue()))
		}
	}
	return lines
}

func TestScrape(t *testing.T) {
	want, err := os.ReadFile("testdata/scrape.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), scrape(t, everything()...)); diff != "" {
		t.Error(diff)
	}
}

// Where there is nothing, counts say zero and nothing else is said.
func TestScrapeOfNothing(t *testing.T) {
	for _, line := range scrape(t) {
		if !strings.HasSuffix(line, " 0") {
			t.Error(line)
		}
	}
	if n, want := len(scrape(t)), 2+2+6+6+4+5+4+4*3; n != want {
		t.Errorf("%d samples, want %d", n, want)
	}
}

// A day ends in the policy's time zone, and a certificate to the second.
func TestEndingsToTheInstant(t *testing.T) {
	soon := func(at time.Time) bool {
		w := &world{now: at, zone: time.FixedZone("PKT", 5*3600)}
		p := v1alpha1.CloudServiceProvider{ObjectMeta: named("p")}
		p.Status.Endings = []v1alpha1.Ending{{What: "accreditation", Date: "2026-12-31"}}
		w.providers.Items = append(w.providers.Items, p)
		return slices.ContainsFunc(w.endingSamples(), func(s sample) bool {
			return s.gauge == endings && slices.Equal(s.labels, []string{kindProvider, "30"}) && s.value == 1
		})
	}
	end := time.Date(2026, 12, 31, 19, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]bool{
		end.Add(-days(30) - time.Nanosecond): false, end.Add(-days(30)): true, end.Add(-time.Nanosecond): true, end: false,
	} {
		if got := soon(at); got != want {
			t.Errorf("at %v: ends within 30 days %v, want %v", at, got, want)
		}
	}
}

type broken struct{ client.Reader }

func (broken) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.New("the cache is not filled")
}

// Half a picture looks like good news.
func TestScrapeFailsWhole(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&Collector{Reader: broken{}, Clock: clocktesting.NewFakePassiveClock(now)})
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), "the cache is not filled") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownTimeZone(t *testing.T) {
	policy := &v1alpha1.DeploymentPolicy{ObjectMeta: named("default")}
	policy.Spec.Calendar.TimeZone = "Asia/Nowhere"
	c := &Collector{Reader: reader(t, policy), Clock: clocktesting.NewFakePassiveClock(now)}
	if w, err := c.read(t.Context()); err != nil || w.zone != time.UTC {
		t.Errorf("zone %v, %v", w.zone, err)
	}
}

// What people wrote is one line of what Prometheus reads, moves no terminal, and names no other series.
func TestHostileLabels(t *testing.T) {
	for _, text := range []string{"ISO\n\"} 1\ngovpk_guard_in_force 1", "\x1b[2J", "\u202e", "\xff\xfe", strings.Repeat("پ", 1<<20), `<b>"x"</b>`} {
		p := &v1alpha1.CloudServiceProvider{ObjectMeta: named("p")}
		p.Status.Endings = []v1alpha1.Ending{{What: text, Date: "2026-12-01"}}
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(&Collector{Reader: reader(t, p), Clock: clocktesting.NewFakePassiveClock(now)})
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				for _, l := range metric.GetLabel() {
					found = found || l.GetName() == "what"
					if value := l.GetValue(); !utf8.ValidString(value) || utf8.RuneCountInString(value) > 128 ||
						strings.IndexFunc(value, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }) >= 0 {
						t.Errorf("%s: %.40q", l.GetName(), value)
					}
				}
			}
		}
		if !found {
			t.Errorf("%.20q has no series", text)
		}
	}
}
