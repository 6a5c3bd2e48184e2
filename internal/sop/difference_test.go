// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func TestChanges(t *testing.T) {
	type change = v1alpha1.ReleaseChange
	for name, row := range map[string]struct {
		edit     specChange
		material bool
		want     []change
	}{
		"nothing": {edit: func(*v1alpha1.ThirdPartyApplicationSpec) {}},
		"an image": {
			edit: otherImage,
			want: []change{{Field: "components[web].image", From: `"` + webImage + `"`, To: `"` + newImage + `"`}},
		},
		"a variable": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[1].Env[0].Value = "<debug> & more" }, material: true,
			want: []change{{Field: "components[api].env[LOG_LEVEL].value", From: `"info"`, To: `"<debug> & more"`}},
		},
		"a variable becomes a reference to a Secret": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[1].Env[0].Value = ""
				s.Components[1].Env[0].ValueFrom = &v1alpha1.EnvVarSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "db", Key: "password"}}
			}, material: true,
			want: []change{
				{Field: "components[api].env[LOG_LEVEL].value", From: `"info"`},
				{Field: "components[api].env[LOG_LEVEL].valueFrom", To: `{"secretKeyRef":{"key":"password","name":"db"}}`},
			},
		},
		"a path of a host": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Domains[0].Paths[0].Component = "api" }, material: true,
			want: []change{{Field: "domains[portal.health.gov.pk].paths[/].component", From: `"web"`, To: `"api"`}},
		},
		"a class": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) { s.DataClass = v1alpha1.DataClassOpen }, material: true,
			want: []change{{Field: "dataClass", From: `"Restricted"`, To: `"Open"`}},
		},
		"a component is new": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components = append(s.Components, v1alpha1.Component{Name: "worker", Image: "w@sha256:0"})
			}, material: true,
			want: []change{{Field: "components[worker]", To: `{"image":"w@sha256:0","name":"worker","replicas":{"max":1,"min":1},"type":"Service"}`}},
		},
		"a component goes, with the edge to it": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components = s.Components[:1]
				s.Components[0].ConnectsTo = nil
			}, material: true,
			want: []change{
				{Field: "components[api]", From: `{"env":[{"name":"LOG_LEVEL","value":"info"}],"image":"registry.ntc.gov.pk/sehat/api@sha256:` +
					`53c234e5e8472b6ac51c1ae1cab3fe06fad053beb8ebfd8977b010655bfdd3c3","name":"api","ports":[{"name":"http","port":8090,"protocol":"TCP"}],"replicas":{"max":1,"min":1},"…`},
				{Field: "components[web].connectsTo", From: `[{"component":"api","port":"http"}]`},
			},
		},
		"the name of an edge": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].ConnectsTo[0].Name = "backend" }, material: true,
			want: []change{{Field: "components[web].connectsTo[api:http].name", To: `"backend"`}},
		},
		"an edge out of the cluster": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[0].ConnectsTo = append(s.Components[0].ConnectsTo, v1alpha1.Edge{Name: "mail", External: &v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}})
			}, material: true,
			want: []change{{Field: "components[web].connectsTo[smtp.sehat.example:465]", To: `{"external":{"host":"smtp.sehat.example","port":465},"name":"mail"}`}},
		},
		"arguments are one value": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) { s.Components[0].Args = []string{"-v", "-p"} }, material: true,
			want: []change{{Field: "components[web].args", To: `["-v","-p"]`}},
		},
		"resources and probes by their fields": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[0].Resources.Limits.Memory = resource.MustParse("1Gi")
				s.Components[0].ReadinessProbe.HTTPGet.Path = "/ready"
			}, material: true,
			want: []change{
				{Field: "components[web].readinessProbe.httpGet.path", From: `"/healthz"`, To: `"/ready"`},
				{Field: "components[web].resources.limits.memory", From: `"128Mi"`, To: `"1Gi"`},
			},
		},
		"the same amount in other words": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[0].Resources.Requests.CPU = resource.MustParse("0.1")
			},
		},
		"the order of components": {
			edit: func(s *v1alpha1.ThirdPartyApplicationSpec) {
				s.Components[0], s.Components[1] = s.Components[1], s.Components[0]
			}, material: true,
			want: []change{{Field: "components", From: `["web","api"]`, To: `["api","web"]`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := newApplication(t)
			from := Snapshot(app)
			row.edit(&app.Spec)
			to := Snapshot(app)
			if diff := cmp.Diff(row.want, Changes(from, to)); diff != "" {
				t.Error(diff)
			}
			if got := MaterialChange(from, to); got != row.material {
				t.Errorf("material %v", got)
			}
		})
	}
}

// The status has room for so much.
func TestChangesAreBounded(t *testing.T) {
	app := newApplication(t)
	from := Snapshot(app)
	long := strings.Repeat("پ", 4000)
	for i := range 60 {
		app.Spec.Components[1].Env = append(app.Spec.Components[1].Env, v1alpha1.EnvVar{Name: fmt.Sprintf("V_%02d_%s", i, strings.Repeat("X", 600)), Value: long})
	}
	got := Changes(from, Snapshot(app))
	if len(got) != 50 {
		t.Fatalf("%d changes", len(got))
	}
	for i, change := range got {
		if n := len([]rune(change.Field)); n != 512 || len([]rune(change.To)) != 256 || !strings.HasSuffix(change.To, "…") {
			t.Errorf("%d: field of %d, value of %d characters", i, n, len([]rune(change.To)))
		}
		if i > 0 && got[i-1].Field >= change.Field {
			t.Errorf("%s is not after %s", change.Field, got[i-1].Field)
		}
	}
}

// Every keyed list of a Release in the API is compared by its keys.
func TestListKeysAreThoseOfTheAPI(t *testing.T) {
	marker := regexp.MustCompile(`((?:\t// \+listMapKey=\w+\n)+)(?:\t// .*\n)*\t\w+ +\S+ +` + "`json:\"(\\w+)")
	found := 0
	for _, file := range []string{"component_types.go", "release_types.go"} {
		source, err := os.ReadFile("../../api/v1alpha1/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range marker.FindAllStringSubmatch(string(source), -1) {
			var keys []string
			for line := range strings.Lines(m[1]) {
				_, key, _ := strings.Cut(strings.TrimSpace(line), "=")
				keys = append(keys, key)
			}
			if diff := cmp.Diff(keys, listKeys[m[2]]); diff != "" {
				t.Errorf("%s: %s", m[2], diff)
			}
			found++
		}
	}
	// connectsTo is atomic in the API, whose rules keep the ends of its edges apart.
	if found < len(listKeys)-1 {
		t.Errorf("%d keyed lists in the API, %d here", found, len(listKeys)-1)
	}
}
