// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

type specChange func(*v1alpha1.ThirdPartyApplicationSpec)

// A change of name asks everybody to test and sign again; a name that stays lets content through unsigned.
func TestSnapshotName(t *testing.T) {
	before := Snapshot(newApplication(t)).Name
	for _, group := range []struct {
		renames bool
		changes map[string]specChange
	}{
		{renames: false, changes: map[string]specChange{
			"nothing":      func(*v1alpha1.ThirdPartyApplicationSpec) {},
			"contacts":     func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Organization.Contacts[0].Name = "Night desk" },
			"entity":       func(s *v1alpha1.ThirdPartyApplicationSpec) { s.PublicServiceEntity = "Another ministry" },
			"launch":       func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Launch = &v1alpha1.Launch{Release: "x"} },
			"replicas.min": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Replicas.Min = 6 },
			"requirements": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Requirements.Hardware.CPU = resource.MustParse("64") },
			"commercial":   func(s *v1alpha1.ThirdPartyApplicationSpec) { *s.Commercial.Transactions = true },
			"the same amount": func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[0].Resources.Requests.CPU = resource.MustParse("0.1")
			},
			"an empty command": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Command = []string{} },
			"max as implied": func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[1].Replicas = v1alpha1.Replicas{Min: 1, Max: 1}
			},
		}},
		{renames: true, changes: map[string]specChange{
			"image":       otherImage,
			"command":     func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Command = []string{"sh"} },
			"args":        func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Args = []string{"-v"} },
			"environment": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[1].Env[0].Value = "debug" },
			"port":        func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Ports[0].Port = 8081 },
			"resources": func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[0].Resources.Limits.Memory = resource.MustParse("1Gi")
			},
			"probe":        func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].ReadinessProbe = nil },
			"edge":         func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].ConnectsTo = nil },
			"edge name":    func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].ConnectsTo[0].Name = "backend" },
			"component":    func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components = s.Components[:1] },
			"replicas.max": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Replicas.Max = 7 },
			"replicas.min beyond max": func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[1].Replicas = v1alpha1.Replicas{Min: 2}
			},
			"host":     func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Domains[0].Host = "other.gov.pk" },
			"path":     func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Domains[0].Paths[0].Path = "/api" },
			"class":    func(s *v1alpha1.ThirdPartyApplicationSpec) { s.DataClass = v1alpha1.DataClassSecret },
			"provider": func(s *v1alpha1.ThirdPartyApplicationSpec) { s.CloudServiceProvider = "other" },
		}},
	} {
		for name, change := range group.changes {
			app := newApplication(t)
			change(&app.Spec)
			if after := Snapshot(app).Name; (after != before) != group.renames {
				t.Errorf("change of %s: %s becomes %s", name, before, after)
			}
		}
	}
}

// The name must be one that a SignOff and spec.launch can hold.
func TestSnapshotNameFits(t *testing.T) {
	pattern := signOffPattern(t)
	for _, name := range []string{"a", "health-portal", strings.Repeat("a", 40), "a-1"} {
		app := newApplication(t)
		app.Name = name
		release := Snapshot(app).Name
		if !pattern.MatchString(release) || len(release) > 49 || len(release) < 10 {
			t.Errorf("%q is no release name to a SignOff", release)
		}
		if got := ApplicationOf(release); got != name {
			t.Errorf("ApplicationOf(%s) is %s", release, got)
		}
	}
}

// signOffPattern is the pattern of spec.release in the CRD of SignOff.
func signOffPattern(t *testing.T) *regexp.Regexp {
	t.Helper()
	content := readText(t, "../../config/crd/platform.ntc.gov.pk_signoffs.yaml")
	m := regexp.MustCompile(`self\.matches\('(\^\[a-z\][^']*\[a-f0-9\]\{8\}\$)'\)`).FindStringSubmatch(content)
	if m == nil {
		t.Fatal("the CRD of SignOff has no pattern for spec.release")
	}
	return regexp.MustCompile(m[1])
}

// The snapshot must not change with the spec that it was taken of.
func TestSnapshotIsACopy(t *testing.T) {
	app := newApplication(t)
	release := Snapshot(app)
	app.Spec.Components[0].ConnectsTo[0].Port = "admin"
	app.Spec.Domains[0].Paths[0].Component = "api"
	if release.Spec.Components[0].ConnectsTo[0].Port != "http" || release.Spec.Domains[0].Paths[0].Component != "web" {
		t.Error("the release shares memory with the spec")
	}
}

func TestReplicas(t *testing.T) {
	for name, row := range map[string]struct{ minimum, maximum, released, want int32 }{
		"the minimum of the spec":              {2, 6, 6, 2},
		"raised without a release":             {5, 6, 6, 5},
		"never beyond what was tested":         {9, 9, 6, 6},
		"never none":                           {0, 0, 6, 1},
		"a release without maximum is for one": {3, 3, 0, 1},
	} {
		c := underAudit(t)
		c.Application.Spec.Components[0].Replicas = v1alpha1.Replicas{Min: row.minimum, Max: row.maximum}
		component := c.Releases[0].Spec.Components[0]
		component.Replicas = v1alpha1.Replicas{Max: row.released}
		if got := c.replicas(component); got != row.want {
			t.Errorf("%s: %d, want %d", name, got, row.want)
		}
	}
	c := underAudit(t)
	if got := c.replicas(v1alpha1.Component{Name: "gone", Replicas: v1alpha1.Replicas{Max: 4}}); got != 1 {
		t.Errorf("a component that the spec dropped runs %d, want 1", got)
	}
}

// A stored release of another content under the name of this one: nothing of it may be taken for the spec's.
func TestCollision(t *testing.T) {
	c := awaitingLaunch(t)
	c.Test = ObservedStage{}
	c.Releases[0].Spec.Components[0].Image = newImage
	a := Assess(c)
	if !a.Collision || a.CurrentStage != v1alpha1.StageSubmitted || a.Stage != v1alpha1.StageSubmitted || a.Test != nil {
		t.Errorf("collision %v, stage %s, test %v", a.Collision, a.Stage, a.Test)
	}
	f := a.Findings[0]
	reached.Store(f.Reason, true)
	if f.Reason != v1alpha1.ReasonReleaseCollision || f.Outcome != Refused || f.Condition != v1alpha1.ConditionArchitectureAudited ||
		!strings.Contains(f.Message, "change anything in spec.components") {
		t.Errorf("finding %+v", f)
	}
	for _, o := range PlanFor(c, a).Objects {
		if o.GetKind() == "Release" {
			t.Error("the stored release is written")
		}
	}
}

// What the API server adds to a stored release must not make it another content.
func TestStoredReleaseIsTheSnapshot(t *testing.T) {
	app := newApplication(t)
	stored := &v1alpha1.Release{}
	fromDeclaration(t, "releases", releaseObject(Snapshot(app)).Object, stored)
	if diff := cmp.Diff(Snapshot(app).Spec, stored.Spec); diff != "" || !sameContent(stored, Snapshot(app)) || contentHash(stored.Spec) != contentHash(Snapshot(app).Spec) {
		t.Errorf("the stored release differs from the snapshot:\n%s", diff)
	}
}

func TestReleaseObject(t *testing.T) {
	c := underAudit(t)
	o := releaseObject(&c.Releases[0])
	if o.Mode != render.Create || o.GetKind() != "Release" || o.GetAPIVersion() != "platform.ntc.gov.pk/v1alpha1" || o.GetCreationTimestamp().Unix() > 0 {
		t.Errorf("%v", o.Object)
	}
}
