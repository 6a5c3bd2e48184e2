// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// rollback is live with a second release and names the first, which was live before, in spec.launch.
func rollback(t *testing.T) (c *Case, older *v1alpha1.Release) {
	t.Helper()
	c = liveCase(t)
	patch := candidate(c, hours(40), otherImage)
	c.SignOffs = append(c.SignOffs, tested(patch.Name, hours(42))...)
	launchedOn(patch, hours(44))
	c.Live = running(patch)
	c.Live.Exposed = true
	return c, &c.Releases[0]
}

// Naming a release that was live once is all that a rollback needs, unless something stands against it today.
func TestRollback(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Case, *v1alpha1.Release)
		// blocked is the reason that keeps it from live; empty: nothing does.
		blocked string
	}{
		"by its name":                        {change: func(*Case, *v1alpha1.Release) {}},
		"though its approvals would be old":  {change: func(c *Case, _ *v1alpha1.Release) { c.Now = hours(24 * 365) }},
		"though another audit is asked now":  {change: func(c *Case, _ *v1alpha1.Release) { c.Policy.Audit.Parties = []v1alpha1.Party{v1alpha1.PartyNTC} }},
		"though the provider of both is out": {change: func(c *Case, _ *v1alpha1.Release) { c.Providers = nil }},
		"not onto a provider that is out":    {change: func(_ *Case, older *v1alpha1.Release) { older.Spec.CloudServiceProvider = "gone" }, blocked: v1alpha1.ReasonProviderMissing},
		"not with more than the hardware": {change: func(_ *Case, older *v1alpha1.Release) {
			older.Spec.Components[0].Resources.Requests.CPU = resource.MustParse("99")
		}, blocked: v1alpha1.ReasonHardwareTooSmall},
		"not onto a host of another": {change: func(c *Case, older *v1alpha1.Release) {
			older.Spec.Domains[0].Host = "other.gov.pk"
			c.Claims["other.gov.pk"] = newClaim("other", "other")
		}, blocked: v1alpha1.ReasonHostTaken},
		"never launched": {change: func(c *Case, older *v1alpha1.Release) { older.Annotations, c.Now = nil, expires(hours(30)) }, blocked: v1alpha1.ReasonApprovalsExpired},
		"rejected since": {change: func(c *Case, older *v1alpha1.Release) {
			c.SignOffs = append(c.SignOffs, newSignOff(older.Name, e2eType, v1alpha1.PartyNTC, hours(45), rejected))
		}, blocked: v1alpha1.ReasonRejected},
		"a finding since": {change: func(c *Case, older *v1alpha1.Release) {
			c.SignOffs = append(c.SignOffs, newSignOff(older.Name, auditType, v1alpha1.PartyNITB, hours(45), withFinding("F-1", v1alpha1.FindingOpen)))
		}, blocked: v1alpha1.ReasonFindingsOpen},
		"flagged since": {change: func(c *Case, _ *v1alpha1.Release) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(46), lifted)}
		}, blocked: v1alpha1.ReasonAwaitingSignOff},
		"flagged in the second of its launch": {change: func(c *Case, _ *v1alpha1.Release) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(32), lifted)}
		}, blocked: v1alpha1.ReasonAwaitingSignOff},
		"flagged before it was launched": {change: func(c *Case, _ *v1alpha1.Release) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(31), lifted)}
		}},
		"flagged since, where the lift is enough": {change: func(c *Case, _ *v1alpha1.Release) {
			c.Policy.Violations.ReturnRequires = v1alpha1.ReturnLiftOnly
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(46), lifted)}
		}},
		"flagged since, tested again": {change: func(c *Case, older *v1alpha1.Release) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(46), lifted)}
			c.SignOffs = append(c.SignOffs, tested(older.Name, hours(47))...)
		}},
		"while offline and not tested again": {change: func(c *Case, _ *v1alpha1.Release) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(46), lifted)}
			c.Live.Offline = "leak"
		}, blocked: v1alpha1.ReasonAwaitingSignOff},
		"without a policy": {change: func(c *Case, _ *v1alpha1.Release) { c.Policy = nil }, blocked: v1alpha1.ReasonPolicyMissing},
	} {
		t.Run(name, func(t *testing.T) {
			c, older := rollback(t)
			row.change(c, older)
			f, blocked := c.blocking(older)
			if f.Reason != row.blocked || blocked != (row.blocked != "") {
				t.Errorf("blocked %v by %s: %s", blocked, f.Reason, f.Message)
			}
			if live := c.liveRelease(); !c.locked() && (live == older) != (row.blocked == "") {
				t.Errorf("live is %s", live.Name)
			}
		})
	}
}

// A flag that is open holds everything, whatever was launched.
func TestRollbackWhileFlagged(t *testing.T) {
	c, older := rollback(t)
	c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(46))}
	if !c.locked() || c.liveRelease() == older || c.eligible(older) {
		t.Error("a flagged application rolls back")
	}
}

// A return needs today's gates too, not only what the release lives with, and also where the policy asks for no new test.
func TestReturnOfALaunchedRelease(t *testing.T) {
	for _, requires := range []v1alpha1.ReturnRequirement{v1alpha1.ReturnLiftOnly, v1alpha1.ReturnFreshSignOffs} {
		c := flagged(t, lifted)
		c.Policy.Violations.ReturnRequires = requires
		c.SignOffs = append(c.SignOffs, tested(c.Releases[0].Name, hours(41))...)
		if c.locked() {
			t.Errorf("%s: the return is earned", requires)
		}
		c.Providers = nil
		if !c.locked() {
			t.Errorf("%s: it returned without a provider", requires)
		}
	}
}

func TestLaunchedNow(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Case)
		want   bool
	}{
		"hosts answer":       {change: func(c *Case) { c.Releases[0].Annotations = nil }, want: true},
		"known already":      {change: func(*Case) {}},
		"not a time":         {change: func(c *Case) { c.Releases[0].Annotations[v1alpha1.LaunchedAnnotation] = "yesterday" }, want: true},
		"routes are missing": {change: func(c *Case) { c.Releases[0].Annotations, c.Live.Routes = nil, nil }},
		"pods are missing":   {change: func(c *Case) { c.Releases[0].Annotations, c.Live.Workloads = nil, nil }},
		"flagged": {change: func(c *Case) {
			c.Releases[0].Annotations = nil
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40))}
		}},
		"withdrawn":           {change: func(c *Case) { c.Releases[0].Annotations, c.Application.Spec.Launch = nil, nil }},
		"another one is live": {change: func(c *Case) { candidate(c, hours(40), otherImage) }},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			row.change(c)
			want := ""
			if row.want {
				want = c.Releases[0].Name
			}
			if plan := PlanFor(c, Assess(c)); plan.Launched != want {
				t.Errorf("launched %q, want %q", plan.Launched, want)
			}
		})
	}
}

func TestLaunchedReleases(t *testing.T) {
	c := underAudit(t)
	for i := range 12 {
		release := candidate(c, hours(i), func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Args = []string{fmt.Sprint(i)} })
		release.Name = fmt.Sprintf("health-portal-%08d", i)
		launchedOn(release, hours(100-i))
	}
	c.Releases[3].Annotations = nil
	slices.Reverse(c.Releases)
	got := c.LaunchedReleases()
	if len(got) != 10 || got[0] != "health-portal-00000000" || got[2] != "health-portal-00000003" || got[9] != "health-portal-00000010" {
		t.Errorf("%v", got)
	}
}

// Whatever anybody may still need stays; of the rest, the last ten.
func TestObsolete(t *testing.T) {
	c := liveCase(t)
	name := func(i int) string { return fmt.Sprintf("health-portal-%08d", i) }
	for i := range 18 {
		release := c.Releases[0].DeepCopy()
		release.Name, release.Annotations = name(i), nil
		release.CreationTimestamp.Time = hours(-100 + i)
		c.Releases = append(c.Releases, *release)
	}
	launchedOn(&c.Releases[1], hours(-90))
	c.SignOffs = append(c.SignOffs, newSignOff(name(1), e2eType, v1alpha1.PartyNTC, hours(-95), rejected))
	c.Test.Release = name(2)
	want := []string{name(7), name(6), name(5), name(4), name(3)}
	if diff := cmp.Diff(want, PlanFor(c, Assess(c)).Releases); diff != "" {
		t.Error(diff)
	}
	c.Application.Spec.Launch.Release = name(3)
	if got := PlanFor(c, Assess(c)).Releases; slices.Contains(got, name(3)) || !slices.Contains(got, name(4)) {
		t.Errorf("what spec.launch names goes: %v", got)
	}
	c.Live.Release = name(4)
	if got := PlanFor(c, Assess(c)).Releases; slices.Contains(got, name(4)) {
		t.Errorf("what is live goes: %v", got)
	}
	c.Application.Spec.Launch = nil
	if got := PlanFor(c, Assess(c)).Releases; slices.Contains(got, name(4)) {
		t.Errorf("what live still runs goes: %v", got)
	}
	c.Application.DeletionTimestamp = &c.Releases[0].CreationTimestamp
	if got := PlanFor(c, Assess(c)).Releases; got != nil {
		t.Errorf("a deleted application's releases are the finalizer's: %v", got)
	}
}

func TestEvidence(t *testing.T) {
	c := underAudit(t)
	release := &c.Releases[0]
	if c.Evidence(release) {
		t.Error("nobody signed it")
	}
	launchedOn(release, hours(1))
	if !c.Evidence(release) {
		t.Error("it was live")
	}
	release.Annotations = nil
	c.SignOffs = []v1alpha1.SignOff{newSignOff(release.Name, auditType, v1alpha1.PartyNTC, hours(-1))}
	if !c.Evidence(release) {
		t.Error("somebody signed it, though it does not count")
	}
}

func TestComparedWith(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Case)
		// want is the index of the release; -1: none.
		want int
	}{
		"what is live":                  {change: func(c *Case) { candidate(c, hours(40), otherImage) }},
		"nothing else exists":           {change: func(c *Case) { c.Application.Spec.Launch = nil }, want: -1},
		"withdrawn: what was live last": {change: func(c *Case) { candidate(c, hours(40), otherImage); c.Application.Spec.Launch = nil }},
		"never launched: the newest signed": {change: func(c *Case) {
			c.Application.Spec.Launch, c.Releases[0].Annotations = nil, nil
			c.SignOffs = append(c.SignOffs, audited(candidate(c, hours(40), otherImage).Name, hours(41)))
			candidate(c, hours(42), func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Args = []string{"unsigned"} })
			candidate(c, hours(43), func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Args = []string{"now"} })
		}, want: 1},
		"a signature that does not count signs nothing": {change: func(c *Case) {
			c.Application.Spec.Launch, c.Releases[0].Annotations = nil, nil
			c.SignOffs = []v1alpha1.SignOff{newSignOff(c.Releases[0].Name, auditType, v1alpha1.PartyOrganization, hours(20))}
			candidate(c, hours(43), otherImage)
		}, want: -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			row.change(c)
			got := c.ComparedWith(Assess(c))
			if row.want < 0 && got != nil || row.want >= 0 && (got == nil || got.Name != c.Releases[row.want].Name) {
				t.Errorf("compared with %v", got)
			}
		})
	}
}

// A release that spec.launch names can expire while another one is the spec's.
func TestNextCoversTheReleaseToLaunch(t *testing.T) {
	c := awaitingLaunch(t)
	signed := c.Releases[0].Name
	candidate(c, hours(40), func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Args = []string{"--next"} })
	c.Policy.SignOffs.ValidDays = new(int32(2))
	var none time.Time
	for name, row := range map[string]struct {
		launch *v1alpha1.Launch
		want   time.Time
	}{
		"named":         {&v1alpha1.Launch{Release: signed}, hours(20 + 48)},
		"named unknown": {&v1alpha1.Launch{Release: "health-portal-00000000"}, none},
		"not named":     {nil, none},
	} {
		c.Application.Spec.Launch = row.launch
		if got := Assess(c).Next; row.want != none && !got.Equal(row.want) || row.want == none && got.Equal(hours(68)) {
			t.Errorf("%s: next %v, want %v", name, got, row.want)
		}
	}
}
