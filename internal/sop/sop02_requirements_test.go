// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// At their peak the components of the base need 6 × 100m + 100m cpu and 6 × 128Mi + 256Mi memory.
func TestRequirements(t *testing.T) {
	checkClause(t, v1alpha1.ConditionRequirementsDeclared, []string{
		v1alpha1.ReasonDeclared, v1alpha1.ReasonHardwareTooSmall, v1alpha1.ReasonDiagramMismatch, v1alpha1.ReasonTasksCyclic,
		v1alpha1.ReasonScheduleInvalid, v1alpha1.ReasonStorageShrinks,
	}, slices.Concat(hardwareRows(t), diagramRows(t), taskRows(t), scheduleRows(t), volumeRows(t)))
}

func hardware(cpu, memory string) func(*Case) {
	return func(c *Case) {
		c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse(cpu)
		c.Application.Spec.Requirements.Hardware.Memory = resource.MustParse(memory)
	}
}

// with lays changes over a case, one after the other.
func with(changes ...func(*Case)) func(*Case) {
	return func(c *Case) {
		for _, change := range changes {
			change(c)
		}
	}
}

func components(change func([]v1alpha1.Component) []v1alpha1.Component) func(*Case) {
	return func(c *Case) { c.Application.Spec.Components = change(c.Application.Spec.Components) }
}

// task is a Task as small as the others of the base.
func task(name string, after ...string) v1alpha1.Component {
	component := v1alpha1.Component{Name: name, Type: v1alpha1.ComponentTask, Image: webImage, After: after}
	component.Resources.Requests.CPU = resource.MustParse("100m")
	component.Resources.Limits.Memory = resource.MustParse("128Mi")
	return component
}

func scheduled(schedule string) v1alpha1.Component {
	component := task("report")
	component.Type, component.Schedule = v1alpha1.ComponentScheduledTask, schedule
	return component
}

func added(more ...v1alpha1.Component) func(*Case) {
	return components(func(have []v1alpha1.Component) []v1alpha1.Component { return append(have, more...) })
}

// storing gives the api a volume.
func storing(size string) func(*Case) {
	return components(func(have []v1alpha1.Component) []v1alpha1.Component {
		have[1].Storage = &v1alpha1.Storage{Size: resource.MustParse(size), MountPath: "/data"}
		return have
	})
}

func volumes(of ...string) map[string]resource.Quantity {
	out := map[string]resource.Quantity{}
	for i := 0; i < len(of); i += 2 {
		out[of[i]] = resource.MustParse(of[i+1])
	}
	return out
}

func hardwareRows(t *testing.T) []clauseRow {
	t.Helper()
	storage := func(size string) func(*Case) {
		return func(c *Case) { c.Application.Spec.Requirements.Hardware.Storage = resource.MustParse(size) }
	}
	most := func(cpu, memory string) func(*Case) {
		return func(c *Case) {
			for i := range c.Application.Spec.Components {
				resources := &c.Application.Spec.Components[i].Resources
				resources.Requests.CPU, resources.Limits.Memory = resource.MustParse(cpu), resource.MustParse(memory)
			}
		}
	}
	return []clauseRow{
		{
			name: "more than enough", given: underAudit(t), outcome: Met, reason: v1alpha1.ReasonDeclared,
			message: []string{"the quota of each stage adds 290m cpu and 960Mi memory, for one more pod of each component while it is updated and for what runs beside them"},
		},
		{name: "exactly enough", given: underAudit(t), change: hardware("700m", "1Gi"), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{
			name: "cpu", given: underAudit(t), change: hardware("699m", "1Gi"), outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall,
			message: []string{"spec.requirements.hardware", "cpu is 699m", "request 700m", "declare more hardware, fewer replicas or less storage"}, without: []string{"memory", "storage is"},
		},
		{
			name: "memory", given: underAudit(t), change: hardware("700m", "1023Mi"), outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall,
			message: []string{"memory is 1023Mi", "use 1Gi"}, without: []string{"cpu is"},
		},
		{
			name: "both", given: underAudit(t), change: hardware("1m", "1"), outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall,
			message: []string{"cpu is 1m", "memory is 1 "},
		},
		{
			name: "the maximum counts, not the minimum", given: underAudit(t), on: onSnapshot,
			change:  with(hardware("700m", "1Gi"), func(c *Case) { c.Application.Spec.Components[0].Replicas.Max = 7 }),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"request 800m"},
		},
		{
			name: "the declared peak counts, where it needs less than the maximum", given: underAudit(t), on: onSnapshot,
			change:  with(hardware("1299m", "8Gi"), func(c *Case) { c.Application.Spec.Components[0].Replicas.Max = 100 }),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"request 1300m at their peak"},
		},
		{
			name: "Tasks and ScheduledTasks run beside the services", given: underAudit(t), on: onSnapshot,
			change:  with(hardware("899m", "1279Mi"), added(task("migrate"), scheduled("30 2 * * *"))),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"request 900m", "use 1280Mi"},
		},
		{
			name: "exactly enough for Tasks too", given: underAudit(t), on: onSnapshot,
			change:  with(hardware("900m", "1280Mi"), added(task("migrate"), scheduled("30 2 * * *"))),
			outcome: Met, reason: v1alpha1.ReasonDeclared, message: []string{"adds 530m cpu and 1472Mi memory"},
		},
		{name: "exactly enough storage", given: underAudit(t), on: onSnapshot, change: with(storage("10Gi"), storing("10Gi")), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{
			name: "storage", given: underAudit(t), on: onSnapshot, change: with(storage("10239Mi"), storing("10Gi")),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"storage is 10239Mi but the volumes take 10Gi in test"}, without: []string{"kept", "live"},
		},
		{
			name: "storage with a volume that is kept", given: liveCase(t), on: onSnapshot,
			change:  with(storing("10Gi"), func(c *Case) { c.Live.Volumes = volumes("db", "15Gi") }),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"storage is 20Gi but the volumes take 25Gi in live, with what is kept of db"},
		},
		{
			name: "storage with its own volume, which counts once", given: liveCase(t), on: onSnapshot,
			change:  with(storing("15Gi"), func(c *Case) { c.Live.Volumes = volumes("api", "10Gi") }),
			outcome: Met, reason: v1alpha1.ReasonDeclared,
		},
		{
			name: "sums beyond 64 bits", given: underAudit(t), on: onSnapshot, change: most("9223372036854775807", "9223372036854775807"),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, without: []string{"-"},
			message: []string{"request 64563604257983430649 at", "use 64563604257983430649 at"},
		},
		{
			name: "volumes beyond 64 bits", given: underAudit(t), on: onSnapshot,
			change:  with(storing("9223372036854775807"), func(c *Case) { c.Test.Volumes = volumes("old", "9223372036854775807") }),
			outcome: Refused, reason: v1alpha1.ReasonHardwareTooSmall, message: []string{"take 18446744073709551614 in test"}, without: []string{"-"},
		},
	}
}

func diagramRows(t *testing.T) []clauseRow {
	t.Helper()
	// printf 'web -> api' | sha256sum
	const digest = "798cd65ee33f23f1bd69566af6bb685349a8be11bb2fff691071a0099de2eabd"
	diagram := func(content, sum string) func(*Case) {
		return func(c *Case) {
			c.Application.Spec.Requirements.DataFlowDiagram = v1alpha1.DataFlowDiagram{Content: []byte(content), SHA256: sum}
		}
	}
	return []clauseRow{
		{name: "the diagram is the declared one", given: underAudit(t), change: diagram("web -> api", digest), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{
			name: "another diagram", given: underAudit(t), change: diagram("web -> db", digest), outcome: Refused, reason: v1alpha1.ReasonDiagramMismatch,
			message: []string{"spec.requirements.dataFlowDiagram: the SHA-256 of content is ", "but sha256 is " + digest, "correct sha256, or supply the diagram"},
		},
		{name: "a diagram elsewhere is the auditors' to compare", given: underAudit(t), change: diagram("", digest), outcome: Met, reason: v1alpha1.ReasonDeclared},
	}
}

func taskRows(t *testing.T) []clauseRow {
	t.Helper()
	return []clauseRow{
		{name: "Tasks one after the other", given: underAudit(t), on: onSnapshot, change: added(task("c", "b"), task("b", "a"), task("a")), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{name: "Tasks that part and meet again", given: underAudit(t), on: onSnapshot, change: added(task("d", "b", "c"), task("b", "a"), task("c", "a"), task("a")), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{
			name: "two Tasks that wait for each other", given: underAudit(t), on: onSnapshot, change: added(task("migrate", "seed"), task("seed", "migrate")),
			outcome: Refused, reason: v1alpha1.ReasonTasksCyclic, message: []string{"spec.components[migrate].after: migrate after seed after migrate wait for each other; remove one of them from after"},
		},
		{
			name: "a cycle that others lead into", given: underAudit(t), on: onSnapshot, change: added(task("a", "b"), task("b", "c", "d"), task("c"), task("d", "e"), task("e", "b")),
			outcome: Refused, reason: v1alpha1.ReasonTasksCyclic, message: []string{"spec.components[b].after: b after d after e after b wait"},
		},
		{
			name: "a Task that waits for itself", given: underAudit(t), on: onSnapshot, change: added(task("a", "a")),
			outcome: Refused, reason: v1alpha1.ReasonTasksCyclic, message: []string{"a after a wait"},
		},
	}
}

func scheduleRows(t *testing.T) []clauseRow {
	t.Helper()
	row := func(name, schedule string, message ...string) clauseRow {
		out := clauseRow{name: name, given: underAudit(t), on: onSnapshot, change: added(scheduled(schedule)), outcome: Met, reason: v1alpha1.ReasonDeclared}
		if len(message) > 0 {
			out.outcome, out.reason = Refused, v1alpha1.ReasonScheduleInvalid
			out.message = slices.Concat(message, []string{"spec.components[report].schedule: "})
		}
		return out
	}
	return []clauseRow{
		row("every night", "30 2 * * *"),
		row("by names", "0 9 * JAN-jun Mon-Fri"),
		row("29 February comes in 2028", "0 0 29 2 *"),
		row("30 February", "0 0 30 2 *", `"0 0 30 2 *" never comes within five years; correct the day or the month`),
		row("31 days in short months", "0 0 31 4,6,9,11 *", "never comes"),
		row("30 February or a Monday, which comes", "0 0 30 2 1"),
		row("minute 60", "60 * * * *", "cannot be read", "write the five fields of cron, such as 30 2 * * *"),
		row("no step", "*/0 * * * *", "cannot be read"),
		row("backwards", "30-10 * * * *", "cannot be read"),
		row("nonsense", "a b c d e", "cannot be read"),
		row("six fields", "0 0 0 * * *", "cannot be read"),
		row("nothing", "", "cannot be read"),
		row("a descriptor", "@daily", "cannot be read"),
		row("a time zone", "TZ=Asia/Tokyo 0 0 * * *", "names a time zone; remove it, the policy's holds"),
		row("a time zone by its other name", "CRON_TZ=UTC 0 0 * * *", "names a time zone"),
		row("a time zone and nothing else, at which the parser panics", "TZ=UTC", "names a time zone"),
		{
			name: "without a policy", given: underAudit(t), on: onSnapshot, change: with(added(scheduled("0 0 30 2 *")), func(c *Case) { c.Policy = nil }),
			outcome: Refused, reason: v1alpha1.ReasonScheduleInvalid,
		},
	}
}

func volumeRows(t *testing.T) []clauseRow {
	t.Helper()
	inLive := func(size string) func(*Case) { return func(c *Case) { c.Live.Volumes = volumes("api", size) } }
	return []clauseRow{
		{name: "a volume stays", given: liveCase(t), on: onSnapshot, change: with(storing("10Gi"), inLive("10240Mi")), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{name: "a volume grows", given: liveCase(t), on: onSnapshot, change: with(storing("11Gi"), inLive("10Gi")), outcome: Met, reason: v1alpha1.ReasonDeclared},
		{
			name: "a volume of live shrinks", given: liveCase(t), on: onSnapshot, change: with(storing("9Gi"), inLive("10Gi")),
			outcome: Refused, reason: v1alpha1.ReasonStorageShrinks,
			message: []string{"spec.components[api].storage.size: 9Gi is less than the 10Gi of its volume in live, and a volume never shrinks; declare at least 10Gi"},
		},
		{
			name: "a volume of test shrinks", given: liveCase(t), on: onSnapshot, change: with(storing("9Gi"), func(c *Case) { c.Test.Volumes = volumes("api", "10Gi") }),
			outcome: Refused, reason: v1alpha1.ReasonStorageShrinks, message: []string{"of its volume in test"},
		},
		{
			name: "a release from before the volume grew may return", given: liveCase(t),
			change: with(storing("9Gi"), inLive("10Gi"), func(c *Case) {
				c.Releases[0] = newRelease(c.Application, received)
				storing("10Gi")(c)
			}),
			outcome: Met, reason: v1alpha1.ReasonDeclared,
		},
	}
}

func TestQuota(t *testing.T) {
	for name, row := range map[string]struct{ declared, quota string }{
		"one more pod of each component":               {"4", "4290m"},
		"never less than what already runs here needs": {"100m", "990m"},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			c.Application.Spec.Requirements.Hardware.CPU = resource.MustParse(row.declared)
			objects := enforceRequirements(c, Target{Scope: c.Scope(v1alpha1.LiveNamespace), Release: &c.Releases[0]})
			got, _, err := unstructured.NestedString(objects[0].Object, "spec", "hard", "requests.cpu")
			if err != nil || got != row.quota {
				t.Errorf("requests.cpu is %q (%v), want %s", got, err, row.quota)
			}
		})
	}
}

// A quota that forgot a volume would refuse it when its pod needs it again.
func TestStorageQuota(t *testing.T) {
	for name, row := range map[string]struct {
		declared string
		observed map[string]resource.Quantity
		want     string
	}{
		"as declared":                           {"20Gi", nil, "20Gi"},
		"never less than the release's volumes": {"1Gi", nil, "10Gi"},
		"never less than the volumes are":       {"1Gi", volumes("api", "12Gi"), "12Gi"},
		"nor than those that are kept":          {"1Gi", volumes("old", "3Gi"), "13Gi"},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			storing("10Gi")(c)
			c.Application.Spec.Requirements.Hardware.Storage = resource.MustParse(row.declared)
			objects := enforceRequirements(c, Target{Scope: c.Scope(v1alpha1.LiveNamespace), Release: Snapshot(c.Application), Observed: ObservedStage{Volumes: row.observed}})
			got, _, err := unstructured.NestedString(objects[0].Object, "spec", "hard", "requests.storage")
			if err != nil || got != row.want {
				t.Errorf("requests.storage is %q (%v), want %s", got, err, row.want)
			}
		})
	}
}

// Whatever an organization writes as a schedule, the operator lives and says something of use.
func FuzzSchedule(f *testing.F) {
	for _, schedule := range []string{"30 2 * * *", "0 0 30 2 *", "TZ=UTC", "CRON_TZ= ", "@every 1h", "*/0 * * * *", "0-4294967296 * * * *", "? ? ? ? ?", ",,,, * * * *", "*/9223372036854775808 * * * *", "59/1 23/1 31/1 12/1 6/1"} {
		f.Add(schedule, int64(1_800_000_000))
	}
	f.Fuzz(func(t *testing.T, schedule string, at int64) {
		now := time.Unix(at%(1<<34), 0).In(karachi)
		if scheduleProblem(schedule, now) != "" {
			return
		}
		parsed, err := cron.ParseStandard(schedule)
		if err != nil {
			t.Fatalf("%q: what the operator takes Kubernetes refuses: %v", schedule, err)
		}
		if next := parsed.Next(now); !next.After(now) || next.After(now.AddDate(6, 0, 0)) {
			t.Errorf("%q fires at %v", schedule, next)
		}
	})
}

// While one release replaces another the components of both run.
func TestQuotaDuringRollout(t *testing.T) {
	c := liveCase(t)
	hardware("100m", "1Mi")(c)
	before := c.Releases[0]
	after := candidate(c, hours(50), func(spec *v1alpha1.ThirdPartyApplicationSpec) {
		spec.Components = []v1alpha1.Component{spec.Components[0], task("migrate")}
		spec.Components[0].Resources.Requests.CPU = resource.MustParse("150m")
	})
	for name, row := range map[string]struct{ rolledOut, want string }{
		// web 6 × 150m, api 100m, migrate 100m, and one more of each, with 10m of a sidecar for each pod.
		"on its way":     {before.Name, "1560m"},
		"rolled out":     {after.Name, "1340m"},
		"the first here": {"", "1340m"},
	} {
		t.Run(name, func(t *testing.T) {
			c.Live.RolledOut = row.rolledOut
			got, _, err := unstructured.NestedString(enforceRequirements(c, c.liveTarget(after))[0].Object, "spec", "hard", "requests.cpu")
			if err != nil || got != row.want {
				t.Errorf("requests.cpu is %q (%v), want %s", got, err, row.want)
			}
		})
	}
}

// A sum takes its suffix from its first part: in another order the status would be written anew for ever.
func TestSumsAreWrittenAlike(t *testing.T) {
	c := underAudit(t)
	with(storing("1000M"), func(c *Case) {
		c.Application.Spec.Components[0].Resources.Limits.Memory = resource.MustParse("1000M")
		c.Test.Volumes = volumes("old", "1Gi", "older", "1000k", "oldest", "1Mi")
	})(c)
	size := func() string {
		total, _ := c.Test.volumes(Snapshot(c.Application))
		return total.String() + assessRequirements(c, Snapshot(c.Application)).Message
	}
	want := size()
	for range 50 {
		if got := size(); got != want {
			t.Fatalf("once %q, then %q", want, got)
		}
	}
}
