// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// aPod is one that a story plays.
type aPod struct {
	claim, zone, token    string
	made, started, ending bool
}

// story plays a cluster with the component api and its volume, on which two releases of two providers take turns. A claim holds the number
// of the last write that is in it.
type story struct {
	t       *testing.T
	c       *Case
	stage   ObservedStage
	wanted  *v1alpha1.Release
	offline bool
	frozen  bool
	// claims are by name; zones are where they were bound, and data what they hold.
	claims map[string]render.Claim
	zones  map[string]string
	data   map[string]int
	writes int
	// set is the StatefulSet, and db its pod.
	set        *aPod
	replicas   int32
	setRelease string
	db, source aPod
	serves     *aPod
	jobs       map[string]*aJob
	log        []string
}

type aJob struct {
	pod               aPod
	succeeded, failed bool
}

var zoneOf = map[string]string{"ntc-islamabad": "a", "other": "b"}

// twoHomes is live with a volume in zone a, and has releases for either zone, the second of which is to move it to b.
func twoHomes(t *testing.T) *Case {
	t.Helper()
	c := stored(t, liveCase(t), zoneLabel, "a")
	moved(t)(c)
	for name, zone := range zoneOf {
		provider := c.Providers[name]
		provider.Spec.NodeSelector = metav1.LabelSelector{MatchLabels: map[string]string{"provider": name}}
		c.Providers[name] = provider
		for i := range c.Nodes[name].Ready {
			c.Nodes[name].Ready[i].Labels = map[string]string{zoneLabel: zone}
		}
	}
	c.Releases = append(c.Releases, newRelease(c.Application, hours(33)))
	for _, name := range []string{mesh.CopySourceName, mesh.CopyTargetName} {
		c.Live.Certificates[name] = peerCertificate
		c.Test.Certificates[name] = peerCertificate
	}
	return c
}

func newStory(t *testing.T) *story {
	c := twoHomes(t)
	s := &story{
		t: t, c: c, stage: c.Live, wanted: &c.Releases[0], jobs: map[string]*aJob{},
		claims: map[string]render.Claim{"data-api": {Name: "data-api", Size: c.Releases[0].Spec.Components[1].Storage.Size}},
		zones:  map[string]string{"data-api": "a"}, data: map[string]int{"data-api": 0},
		replicas: 1, setRelease: c.Releases[0].Name,
	}
	s.db = aPod{claim: "data-api", zone: "a", made: true, started: true}
	s.set = &aPod{claim: "data-api", zone: "a"}
	return s
}

// observe is what gathering would see.
func (s *story) observe() ObservedStage {
	o := s.stage
	o.Claims, o.Volumes, o.VolumeNodes = map[string][]ObservedClaim{}, maps.Clone(o.Volumes), map[string]*corev1.NodeSelector{}
	for _, name := range slices.Sorted(maps.Keys(s.claims)) {
		claim := ObservedClaim{Claim: s.claims[name]}
		if zone := s.zones[name]; zone != "" {
			claim.Nodes = inZone(zone)
		}
		o.Claims["api"] = append(o.Claims["api"], claim)
	}
	o.Settle()
	o.Pods = slices.DeleteFunc(slices.Clone(o.Pods), func(p ObservedPod) bool { return p.Component == "api" })
	for component, pod := range map[string]aPod{"api": s.db, mesh.CopySourceName: s.source} {
		if pod.made {
			o.Pods = append(o.Pods, ObservedPod{Component: component, Name: component + "-0", Started: pod.started, Sidecar: pod.started, Ending: pod.ending})
			if component == "api" && pod.started {
				o.Pods[len(o.Pods)-1].User = "999:999"
			}
		}
	}
	o.Workloads = maps.Clone(o.Workloads)
	o.Workloads["api"] = ObservedWorkload{Release: s.setRelease, Replicas: s.replicas, Idle: !s.db.made, RolledOut: s.db.started && s.db.claim == s.set.claim && s.db.zone == s.set.zone}
	o.Tasks = map[string]ObservedTask{}
	for name, job := range s.jobs {
		o.Tasks[name] = ObservedTask{Succeeded: job.succeeded, Failed: job.failed}
		if job.pod.made {
			o.Pods = append(o.Pods, ObservedPod{Component: mesh.CopyTargetName, Name: name + "-x", Started: job.pod.started, Sidecar: true, Ending: job.pod.ending})
		}
	}
	return o
}

func inZone(zone string) *corev1.NodeSelector {
	return &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: zoneLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}},
	}}}}
}

func (s *story) target() Target {
	s.c.Live = s.observe()
	t := s.c.liveTarget(s.wanted)
	t.Frozen = s.frozen
	if s.offline {
		t.Offline = &Takedown{Violation: "leak", Workloads: v1alpha1.WorkloadsStop}
	}
	return t
}

// pass is the operator's: what it renders is there afterwards, and what it does not render is pruned.
func (s *story) pass() {
	t := s.target()
	objects := append(enforceAvailability(s.c, t), enforceDeployment(s.c, t)...)
	withheld := slices.Contains(s.c.withholds(t), "api")
	set, serves, jobs := false, (*aPod)(nil), map[string]*aJob{}
	for _, o := range objects {
		switch {
		case o.GetKind() == "Namespace":
			s.stage.Release, s.stage.RolledOut = o.GetAnnotations()[v1alpha1.ReleaseAnnotation], o.GetAnnotations()[v1alpha1.RolledOutAnnotation]
		case o.GetKind() == "PersistentVolumeClaim" && o.Mode != render.Keep:
			claim := object[corev1.PersistentVolumeClaim](s.t, o)
			s.claims[o.GetName()] = render.ReadClaim(claim)
		case o.GetKind() == "StatefulSet":
			set = true
			made := object[appsv1.StatefulSet](s.t, o)
			s.replicas, s.setRelease = *made.Spec.Replicas, made.Annotations[v1alpha1.ReleaseAnnotation]
			s.set = s.template(made.Spec.Template.Spec)
		case o.GetKind() == "Service" && s.stage.Addresses[o.GetName()] == "":
			s.stage.Addresses[o.GetName()] = "10.96.1.1"
		case o.GetName() == mesh.CopySourceName && o.GetKind() == "Deployment":
			serves = s.template(object[appsv1.Deployment](s.t, o).Spec.Template.Spec)
		case o.GetKind() == "Job" && s.jobs[o.GetName()] != nil:
			jobs[o.GetName()] = s.jobs[o.GetName()]
		case o.GetKind() == "Job":
			job := object[batchv1.Job](s.t, o)
			jobs[o.GetName()] = &aJob{pod: *s.template(job.Spec.Template.Spec)}
		}
	}
	if !set && !withheld {
		s.t.Fatalf("the StatefulSet is pruned\n%s", s.story())
	}
	s.jobs, s.serves = jobs, serves
}

func (s *story) template(spec corev1.PodSpec) *aPod {
	s.t.Helper()
	pod := &aPod{zone: zoneOf[spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions[0].Values[0]]}
	for _, v := range spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			pod.claim = v.PersistentVolumeClaim.ClaimName
		}
	}
	if args := spec.Containers[0].Args; len(args) == 2 {
		pod.token = args[1]
	}
	return pod
}

// start is the scheduler's and the kubelet's: a pod runs where its volume is.
func (s *story) start(p *aPod) bool {
	if _, exists := s.claims[p.claim]; !p.made || p.started || p.ending || !exists {
		return false
	}
	if s.zones[p.claim] == "" {
		s.zones[p.claim] = p.zone
	}
	p.started = s.zones[p.claim] == p.zone
	return p.started
}

// cluster does one thing of what the cluster does by itself; false: there is none of that kind to do.
func (s *story) cluster(which int) bool {
	switch which {
	case 0: // The StatefulSet's controller.
		switch {
		case !s.db.made && s.replicas == 1:
			s.db = aPod{claim: s.set.claim, zone: s.set.zone, made: true}
		case s.db.made && !s.db.ending && (s.replicas == 0 || s.db.claim != s.set.claim || s.db.zone != s.set.zone):
			s.db.ending = true
		default:
			return false
		}
	case 1:
		return s.start(&s.db)
	case 2: // An ending pod still runs, and then is gone.
		if !s.db.ending {
			return false
		}
		s.db = aPod{}
	case 3:
		return s.write()
	case 4: // The Deployment's controller, the kubelet, and the end of its pod.
		switch {
		case s.source.ending, s.source.made && s.serves == nil && !s.source.started:
			s.source = aPod{}
		case s.source.made && (s.serves == nil || *s.serves != (aPod{claim: s.source.claim, zone: s.source.zone, token: s.source.token})):
			s.source.ending = true
		case !s.source.made && s.serves != nil:
			s.source = *s.serves
			s.source.made = true
		default:
			return s.start(&s.source)
		}
	case 5: // The Job's.
		for _, name := range slices.Sorted(maps.Keys(s.jobs)) {
			job := s.jobs[name]
			switch {
			case job.succeeded || job.failed:
			case !job.pod.made:
				job.pod.made = true
				return true
			case s.start(&job.pod):
				return true
			case job.pod.started && s.source.started && s.source.token == job.pod.token:
				s.data[job.pod.claim] = s.data[s.source.claim]
				job.succeeded, job.pod.started = true, false
				return true
			}
		}
		return false
	}
	return true
}

// write is what the component does all the time. It must never find less than was written before.
func (s *story) write() bool {
	if !s.db.started {
		return false
	}
	if s.data[s.db.claim] != s.writes {
		s.t.Fatalf("write %d goes to %s, which holds %d\n%s", s.writes+1, s.db.claim, s.data[s.db.claim], s.story())
	}
	if len(s.jobs) > 0 && slices.ContainsFunc(slices.Collect(maps.Values(s.jobs)), func(j *aJob) bool { return j.pod.started && j.pod.claim == s.db.claim }) {
		s.t.Fatalf("%s is written by two\n%s", s.db.claim, s.story())
	}
	s.writes++
	s.data[s.db.claim] = s.writes
	return true
}

func (s *story) story() string {
	var text string
	for _, line := range s.log[max(0, len(s.log)-60):] {
		text += line + "\n"
	}
	return text
}

// people do one of what may come in between.
func (s *story) people(random *rand.Rand) string {
	switch random.Intn(9) {
	case 0, 6, 7, 8:
		s.wanted = &s.c.Releases[1-slices.IndexFunc(s.c.Releases, func(r v1alpha1.Release) bool { return r.Name == s.wanted.Name })]
		return "launch " + s.wanted.Spec.CloudServiceProvider
	case 1:
		s.offline = !s.offline
		return fmt.Sprintf("offline %v", s.offline)
	case 2:
		s.frozen = !s.frozen
		return fmt.Sprintf("frozen %v", s.frozen)
	case 3:
		for _, job := range s.jobs {
			job.pod.made, job.pod.started = false, false
		}
		return "the target is killed"
	case 4:
		for _, job := range s.jobs {
			job.failed = !job.succeeded && random.Intn(4) == 0
			job.pod.started = job.pod.started && !job.failed
		}
		return "a Job may fail"
	default:
		s.c.Application.Annotations = map[string]string{v1alpha1.RetryAnnotation: fmt.Sprint(random.Intn(1000))}
		return "another try"
	}
}

// Whatever comes in between, in whatever order: the component never runs with data that is not the latest, no volume is written by two, and
// once people leave it alone it runs where its release wants it.
func TestNoWriteIsEverLost(t *testing.T) {
	t.Parallel()
	for seed := range int64(12) {
		random := rand.New(rand.NewSource(seed))
		s := newStory(t)
		s.log = append(s.log, fmt.Sprintf("seed %d", seed))
		// Each story has a haste of its own for everybody in it: six of the cluster's, and the operator.
		var haste []int
		for which := range 7 {
			haste = append(haste, slices.Repeat([]int{which}, 1+random.Intn(3)*random.Intn(6))...)
		}
		for changed := true; len(s.log) < 700; {
			s.offline, s.frozen = s.offline && random.Intn(30) > 0, s.frozen && random.Intn(30) > 0
			switch which := haste[random.Intn(len(haste))]; {
			case random.Intn(60) == 0:
				s.log, changed = append(s.log, s.people(random)), true
			case which == 6 && changed:
				before := s.now()
				s.pass()
				s.log, changed = append(s.log, "pass: "+s.now()), s.now() != before
			case which < 6 && s.cluster(which):
				s.log, changed = append(s.log, fmt.Sprintf("cluster %d: %s", which, s.now())), true
			}
		}
		s.rest(&s.c.Releases[random.Intn(2)])
	}
}

func (s *story) now() string {
	var jobs []string
	for _, name := range slices.Sorted(maps.Keys(s.jobs)) {
		jobs = append(jobs, fmt.Sprintf("%s %+v", name, *s.jobs[name]))
	}
	return fmt.Sprintf("replicas %d of %q, db %+v, source %+v, jobs %v, data %v", s.replicas, s.setRelease, s.db, s.source, jobs, s.data)
}

// rest leaves the story alone until nothing happens any more.
func (s *story) rest(with *v1alpha1.Release) {
	s.offline, s.frozen, s.wanted = false, false, with
	s.c.Application.Annotations = map[string]string{v1alpha1.RetryAnnotation: "the last"}
	for range 60 {
		s.pass()
		for which := range 6 {
			s.cluster(which)
		}
		s.log = append(s.log, "rest: "+s.now())
	}
	if !s.db.started || s.db.zone != zoneOf[with.Spec.CloudServiceProvider] || s.setRelease != s.wanted.Name || len(s.jobs) > 0 || s.source.made {
		s.t.Fatalf("it does not come to rest: %s\n%s", s.c.rollout(s.target()).Message, s.story())
	}
	s.t.Logf("%d writes, %d claims", s.writes, len(s.claims))
	if f := s.c.rollout(s.target()); f.Reason == v1alpha1.ReasonCuttingOver {
		s.t.Fatalf("%s\n%s", f.Message, s.story())
	}
}
