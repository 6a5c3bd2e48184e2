// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/cutover"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// moving is a story whose second release was launched, until a step is seen.
func moving(t *testing.T, step cutOverStep) *story {
	t.Helper()
	s := newStory(t)
	s.wanted = &s.c.Releases[1]
	for range 40 {
		if x := s.target().CutOver; x != nil && x.step == step && s.stage.Release == s.wanted.Name {
			return s
		}
		s.pass()
		for which := range 5 {
			s.cluster(which)
		}
		if x := s.target().CutOver; step != copying || x == nil || x.step != copying {
			s.cluster(5)
		}
	}
	t.Fatalf("it never comes to step %d", step)
	return nil
}

func named(objects []render.Object, kind, name string) (render.Object, bool) {
	i := slices.IndexFunc(objects, func(o render.Object) bool { return o.GetKind() == kind && o.GetName() == name })
	if i < 0 {
		return render.Object{}, false
	}
	return objects[i], true
}

func TestStepsOfACutOver(t *testing.T) {
	for name, row := range map[string]struct {
		step     cutOverStep
		replicas int32
		source   bool
		says     string
	}{
		"before it stops": {preparing, 1, false, "it still runs, until a pod there is ready to fill the new one"},
		"while it stops":  {stopping, 0, false, "it stops, and what connects to it is interrupted"},
		"while it copies": {copying, 0, true, "it is stopped, and what connects to it is interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := moving(t, row.step)
			target := s.target()
			objects := s.c.enforce(target)
			set, _ := named(objects, "StatefulSet", "api")
			if made := object[appsv1.StatefulSet](t, set); *made.Spec.Replicas != row.replicas || s.template(made.Spec.Template.Spec).claim != "data-api" {
				t.Errorf("%d replicas with %s", *made.Spec.Replicas, s.template(made.Spec.Template.Spec).claim)
			}
			if web, ok := named(objects, "Deployment", "web"); !ok || web.GetAnnotations()[v1alpha1.ReleaseAnnotation] != s.c.Releases[0].Name {
				t.Error("what has no volume does not stay as it was")
			}
			if _, source := named(objects, "Deployment", mesh.CopySourceName); source != row.source {
				t.Errorf("a source: %v", source)
			}
			f := s.c.rollout(target)
			reached.Store(f.Reason, true)
			if f.Outcome != Progressing || f.Reason != v1alpha1.ReasonCuttingOver || !strings.Contains(f.Message, row.says) || !strings.Contains(f.Message, "from PersistentVolumeClaim data-api to data-api.1") {
				t.Errorf("%s: %s", f.Reason, f.Message)
			}
			if told := s.c.moves(s.wanted); !strings.Contains(told, row.says) {
				t.Errorf("clause 3 says %q", told)
			}
			if f := assessClassification(s.c, s.wanted); f.Outcome != Met {
				t.Errorf("a volume that is being moved lies nowhere wrong: %s", f.Message)
			}
		})
	}
}

// Both pods are restricted, run as the owner of the files, each with one claim, and reach each other alone.
func TestWhatCopies(t *testing.T) {
	for _, carrier := range []v1alpha1.MeshType{v1alpha1.MeshSidecar, v1alpha1.MeshIstio} {
		t.Run(string(carrier), func(t *testing.T) {
			s := moving(t, copying)
			if carrier == v1alpha1.MeshIstio {
				s.c.Live = s.observe()
				carriedByIstio(s.c)
				s.stage.Mesh = v1alpha1.MeshIstio
			}
			target := s.target()
			objects := s.c.enforce(target)
			deployment, _ := named(objects, "Deployment", mesh.CopySourceName)
			job, _ := named(objects, "Job", target.CutOver.job)
			serves, fills := object[appsv1.Deployment](t, deployment).Spec.Template, object[batchv1.Job](t, job).Spec.Template
			checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				template    corev1.PodTemplateSpec
				claim, zone string
				command     string
				readOnly    bool
			}{{serves, "data-api", "a", cutover.ServeCommand, true}, {fills, "data-api.1", "b", cutover.FetchCommand, false}} {
				for _, result := range checks.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &row.template.ObjectMeta, &row.template.Spec) {
					if !result.Allowed {
						t.Errorf("%s: %s", row.command, result.ForbiddenDetail)
					}
				}
				c := row.template.Spec.Containers[0]
				if *c.SecurityContext.RunAsUser != 999 || *c.SecurityContext.RunAsGroup != 999 || c.Image != sidecarImage || !slices.Equal(c.Args, []string{row.command, target.CutOver.job}) {
					t.Errorf("%s: %+v %s %v", row.command, c.SecurityContext, c.Image, c.Args)
				}
				if pod := s.template(row.template.Spec); pod.claim != row.claim || pod.zone != row.zone {
					t.Errorf("%s: %+v", row.command, pod)
				}
				if !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == cutover.Directory && m.ReadOnly == row.readOnly }) {
					t.Errorf("%s: %v", row.command, c.VolumeMounts)
				}
			}
			if carrier == v1alpha1.MeshIstio {
				admission, ok := named(objects, "AuthorizationPolicy", "allow-"+mesh.CopySourceName)
				if !ok || !strings.Contains(toYAML(t, admission), "component-"+mesh.CopyTargetName) {
					t.Errorf("who may reach the source: %v", toYAML(t, admission))
				}
				return
			}
			certificate, _ := named(objects, "Certificate", mesh.CopyTargetName)
			if text := toYAML(t, certificate); !strings.Contains(text, "copy."+mesh.CopySourceName) {
				t.Errorf("the target's certificate grants nothing: %s", text)
			}
			for name, peer := range map[string]string{mesh.CopySourceName: mesh.CopyTargetName, mesh.CopyTargetName: mesh.CopySourceName} {
				o, _ := named(objects, "NetworkPolicy", "allow-"+name)
				spec := object[networkingv1.NetworkPolicy](t, o).Spec
				var peers []networkingv1.NetworkPolicyPeer
				for _, rule := range spec.Ingress {
					peers = append(peers, rule.From...)
				}
				for _, rule := range spec.Egress {
					peers = append(peers, rule.To...)
				}
				if len(peers) != 1 || peers[0].PodSelector.MatchLabels[v1alpha1.ComponentLabel] != peer {
					t.Errorf("%s: %v", name, peers)
				}
			}
			namespace, _ := named(objects, "Namespace", target.Scope.StageNamespace())
			if !strings.Contains(namespace.GetAnnotations()[v1alpha1.ImagesAnnotation], sidecarImage) {
				t.Error("admission would refuse the pods")
			}
		})
	}
}

// The quota holds every claim beside what was declared.
func TestQuotaWhileCuttingOver(t *testing.T) {
	s := moving(t, copying)
	quota, _ := named(s.c.enforce(s.target()), "ResourceQuota", render.HardwareQuota)
	got := object[corev1.ResourceQuota](t, quota).Spec.Hard[corev1.ResourceRequestsStorage]
	want := s.c.Application.Spec.Requirements.Hardware.Storage.DeepCopy()
	want = larger(want, resource.MustParse("1Gi"))
	want.Add(resource.MustParse("1Gi"))
	if got.Cmp(want) != 0 {
		t.Errorf("storage %s, want %s", got.String(), want.String())
	}
}

// A copy that cannot be done brings the component back to where it was, with the release that it ran there.
func TestAFailedCopy(t *testing.T) {
	s := moving(t, copying)
	for _, job := range s.jobs {
		job.failed = true
	}
	target := s.target()
	f := s.c.rollout(target)
	reached.Store(f.Reason, true)
	if f.Outcome != Refused || f.Reason != v1alpha1.ReasonCutOverFailed || !strings.Contains(f.Message, "it runs again where it was") || !strings.Contains(f.Message, v1alpha1.RetryAnnotation) {
		t.Errorf("%s: %s", f.Reason, f.Message)
	}
	objects := s.c.enforce(target)
	set, _ := named(objects, "StatefulSet", "api")
	made := object[appsv1.StatefulSet](t, set)
	if pod := s.template(made.Spec.Template.Spec); *made.Spec.Replicas != 1 || pod.claim != "data-api" || pod.zone != "a" || made.Annotations[v1alpha1.ReleaseAnnotation] != s.c.Releases[0].Name {
		t.Errorf("%+v of %v", pod, made.Annotations)
	}
	if _, source := named(objects, "Deployment", mesh.CopySourceName); source {
		t.Error("the old volume is still served")
	}
	target.Previous = nil
	if f := s.c.cutOverFinding(target); !strings.Contains(f.Message, "it stays stopped") {
		t.Error(f.Message)
	}
	s.c.Application.Annotations = map[string]string{v1alpha1.RetryAnnotation: "again"}
	if x := s.target().CutOver; x.step == failed {
		t.Error("another try is none")
	}
}

// Nothing copies while the stage is offline, nor while nothing may be added with the new provider; the claims are left.
func TestACopyStops(t *testing.T) {
	for name, stop := range map[string]func(*story){
		"offline": func(s *story) { s.offline = true },
		"frozen":  func(s *story) { s.frozen = true },
	} {
		s := moving(t, copying)
		stop(s)
		objects := s.c.enforce(s.target())
		for _, o := range objects {
			if strings.HasPrefix(o.GetName(), "govpk-copy-") && slices.Contains([]string{"Job", "Deployment"}, o.GetKind()) {
				t.Errorf("%s: %s %s", name, o.GetKind(), o.GetName())
			}
			if o.GetKind() == "StatefulSet" && *object[appsv1.StatefulSet](t, o).Spec.Replicas != 0 {
				t.Errorf("%s: the component starts", name)
			}
		}
	}
}

// What was stopped to be copied is no pod that is added.
func TestItStartsThoughTheProviderIsFrozen(t *testing.T) {
	s := moving(t, copying)
	for s.target().CutOver != nil {
		s.cluster(4)
		s.cluster(5)
		s.pass()
	}
	s.pass()
	s.replicas, s.setRelease, s.db, s.frozen = 0, "", aPod{}, true
	set, _ := named(s.c.enforce(s.target()), "StatefulSet", "api")
	if made := object[appsv1.StatefulSet](t, set); *made.Spec.Replicas != 1 || s.template(made.Spec.Template.Spec).claim != "data-api.1" {
		t.Errorf("%d replicas", *made.Spec.Replicas)
	}
}

// A takedown before the component stopped marks it as no release's: marked as the one that it waits for, it would start after the return
// where its volume is not.
func TestATakedownBeforeItStops(t *testing.T) {
	for _, isolated := range []bool{false, true} {
		s := moving(t, preparing)
		s.stage.RolledOut = s.wanted.Name
		target := s.target()
		target.Offline = &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsStop}
		if isolated {
			target.Offline.Workloads = v1alpha1.WorkloadsIsolate
		}
		if target.Previous != nil || target.CutOver == nil {
			t.Fatal("the release rolled out here before, and its volume is elsewhere since")
		}
		set, _ := named(s.c.enforce(target), "StatefulSet", "api")
		made := object[appsv1.StatefulSet](t, set)
		if isolated && set.Mode != render.Keep || !isolated && (*made.Spec.Replicas != 0 || made.Annotations[v1alpha1.ReleaseAnnotation] != "") {
			t.Errorf("isolated %v: %d replicas of %v", isolated, *made.Spec.Replicas, made.Annotations)
		}
	}
}

// After a copy, or one that was given up, nothing with storage starts while its Job is there: it may have ended with a whole copy that this
// pass does not know of yet.
func TestNothingStartsBesideACopy(t *testing.T) {
	s := moving(t, copying)
	s.wanted = &s.c.Releases[0]
	target := s.target()
	if target.CutOver != nil {
		t.Fatal("what is where it belongs is cut over")
	}
	if _, started := named(s.c.enforce(target), "StatefulSet", "api"); started || !slices.Contains(s.c.withholds(target), "api") {
		t.Error("the component starts beside a Job that may have copied its volume")
	}
	s.pass()
	if _, started := named(s.c.enforce(s.target()), "StatefulSet", "api"); !started {
		t.Error("the component does not start once the Job is gone")
	}
}

// A source of an earlier try would serve a volume that somebody writes.
func TestNothingStopsBesideAnOldSource(t *testing.T) {
	s := moving(t, stopping)
	s.replicas, s.setRelease = 1, s.c.Releases[0].Name
	if s.target().CutOver.step != stopping {
		t.Fatal("the target stands")
	}
	s.source = aPod{claim: "data-api", made: true, started: true, ending: true}
	if step := s.target().CutOver.step; step != preparing {
		t.Errorf("step %d", step)
	}
}

// The one after the other: what is there already runs, what comes later still runs where it was.
func TestTwoVolumesMoveOneAfterTheOther(t *testing.T) {
	s := newStory(t)
	for i := range s.c.Releases {
		s.c.Releases[i].Spec.Components[0].Storage = s.c.Releases[i].Spec.Components[1].Storage
	}
	s.wanted = &s.c.Releases[1]
	s.c.Live = s.observe()
	s.c.Live.Volumes["web"] = s.c.Live.Volumes["api"]
	s.c.Live.VolumeNodes["web"] = inZone("a")
	target := s.c.liveTarget(s.wanted)
	if x := target.CutOver; x == nil || x.component.Name != "web" || !slices.Equal(x.later, []string{"api"}) {
		t.Fatalf("%+v", x)
	}
	for _, name := range []string{"web", "api"} {
		set, ok := named(s.c.enforce(target), "StatefulSet", name)
		if !ok || set.GetAnnotations()[v1alpha1.ReleaseAnnotation] != s.c.Releases[0].Name {
			t.Errorf("%s does not stay", name)
		}
	}
	delete(s.c.Live.VolumeNodes, "web")
	target = s.c.liveTarget(s.wanted)
	if x := target.CutOver; x == nil || x.component.Name != "api" || len(x.later) > 0 {
		t.Fatalf("%+v", x)
	}
	if set, ok := named(s.c.enforce(target), "StatefulSet", "web"); !ok || set.GetAnnotations()[v1alpha1.ReleaseAnnotation] != s.wanted.Name {
		t.Error("what is where it belongs waits")
	}
}

func TestClaims(t *testing.T) {
	claim := func(name, from, copied, provider string) ObservedClaim {
		return ObservedClaim{Claim: render.Claim{Name: name, CopiedFrom: from, Copied: copied, Provider: provider, Size: resource.MustParse("1Gi")}}
	}
	component := v1alpha1.Component{Name: "db", Storage: &v1alpha1.Storage{Size: resource.MustParse("2Gi")}}
	first, second := claim("data-db", "", "", ""), claim("data-db.1", "data-db", "3 files", "b")
	begun := claim("data-db.2", "data-db.1", "", "a")
	for name, row := range map[string]struct {
		claims    []ObservedClaim
		own, next string
	}{
		"none yet":                         {nil, "data-db", "data-db.1"},
		"one":                              {[]ObservedClaim{first}, "data-db", "data-db.1"},
		"a whole copy":                     {[]ObservedClaim{second, first}, "data-db.1", "data-db.2"},
		"one that was begun":               {[]ObservedClaim{first, second, begun}, "data-db.1", "data-db.2"},
		"one that was begun for another":   {[]ObservedClaim{first, second, claim("data-db.2", "data-db.1", "", "c")}, "data-db.1", "data-db.3"},
		"one that was begun and overtaken": {[]ObservedClaim{first, claim("data-db.1", "data-db", "", "a"), claim("data-db.2", "data-db", "3 files", "b")}, "data-db.2", "data-db.3"},
		"the first was removed":            {[]ObservedClaim{second}, "data-db.1", "data-db.2"},
		"more than nine":                   {[]ObservedClaim{claim("data-db.9", "x", "1", "b"), claim("data-db.10", "x", "1", "a")}, "data-db.10", "data-db.11"},
	} {
		o := ObservedStage{Claims: map[string][]ObservedClaim{"db": row.claims}}
		own := o.claim("db")
		next := o.nextClaim(component, own, "a")
		if own.Name != row.own || next.Name != row.next || next.CopiedFrom != row.own || next.Provider != "a" || next.Size.String() != "2Gi" {
			t.Errorf("%s: own %s, next %+v", name, own.Name, next.Claim)
		}
	}
}

func toYAML(t *testing.T, o render.Object) string {
	t.Helper()
	if o.Unstructured == nil {
		return ""
	}
	text, err := yaml.Marshal(o.Object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
