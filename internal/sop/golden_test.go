// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// go test ./internal/sop -update writes every want.yaml anew. Read the difference before you keep it: it is what the cluster will do.
var update = flag.Bool("update", false, "write testdata/*/want.yaml")

// golden is a case.yaml laid over base.yaml.
type golden struct {
	// Summary says what the case shows.
	Summary      string
	Now          time.Time
	Organization string
	Application  map[string]any
	Provider     map[string]any
	Nodes        goldenNodes
	Policy       *map[string]any
	// Claims are by host.
	Claims     map[string]goldenClaim
	Releases   []goldenRelease
	SignOffs   []goldenSignOff
	Violations []goldenViolation
	// DataAPIs are by name.
	DataAPIs map[string]goldenDataAPI
	// Certificates are No Objection Certificates.
	Certificates []goldenCertificate
	Breaches     []goldenBreach
	Test, Live   goldenStage
	Ingress      goldenIngress
	Fleet        Fleet
	Guards       []GuardGap
}

// goldenRelease is the stored release of the application's spec with a merge patch laid over it. Its name may be left out.
type goldenRelease struct {
	Name string
	At   metav1.Time
	// Launched is when it first was live; omitted: never.
	Launched metav1.Time
	Spec     map[string]any
}

// goldenNodes are the provider's nodes: those that are ready, how many are not, and what other applications have booked.
type goldenNodes struct {
	Ready  []Node
	Others int
	Booked Compute
}

type goldenSignOff struct {
	At metav1.Time
	v1alpha1.SignOffSpec
}

type goldenViolation struct {
	Name string
	At   metav1.Time
	v1alpha1.PolicyViolationSpec
}

type goldenCertificate struct {
	Name string
	v1alpha1.NoObjectionCertificateSpec
}

type goldenBreach struct {
	Name string
	At   metav1.Time
	v1alpha1.BreachReportSpec
}

// goldenStage names what a stage looks like: Running is a release that is rolled out, addressed and routed.
type goldenStage struct {
	Running                      string
	Exists, Terminating, Exposed bool
	Release, Offline             string
	Routed                       *bool
	// Rolling is a release that the stage turned to while Running ran; Rolled are the components that follow it already.
	Rolling string
	Rolled  []string
	// Stuck are components that make no progress; Pending, Done, Broken are Tasks of Rolling.
	Stuck, Pending, Done, Broken []string
	// Failed is the attempt that was rolled back, and Failure why.
	Failed, Failure string
	// Trouble are what pods say, by component.
	Trouble map[string]string
	// Quota is what the stage has, of the only provider.
	Quota Compute
	// Volumes are their sizes by component.
	Volumes map[string]resource.Quantity
	// Uncertified are components whose certificate is not ready, Bare those whose pods run without a sidecar.
	Uncertified, Bare []string
	// UnencryptedSince is since when that is on record.
	UnencryptedSince time.Time
	// Egress: the proxy to external hosts runs.
	Egress bool
	// Data: the proxy to government data runs.
	Data bool
	// Beside are the images that run beside components.
	Beside []string
}

// goldenIngress: the first fields describe the policy's first Gateway, and gateways all of them, in the policy's order.
type goldenIngress struct {
	MissingKinds                []string
	GatewayExists, IssuerExists bool
	Certified, Programmed       []string
	Gateways                    []goldenGateway
	// Attached are namespace/gateway/listener by host, and Uncertified the words of cert-manager by host.
	Attached, Uncertified map[string]string
	MeshIssuerExists      bool
}

// expected is a want.yaml.
type expected struct {
	Stage        v1alpha1.Stage    `json:"stage"`
	Current      string            `json:"current"`
	CurrentStage v1alpha1.Stage    `json:"currentStage"`
	Test         string            `json:"test,omitempty"`
	Live         string            `json:"live,omitempty"`
	Next         *time.Time        `json:"next,omitempty"`
	Findings     []expectedFinding `json:"findings"`
	Difference   *expectedChanges  `json:"difference,omitempty"`
	Plan         expectedPlan      `json:"plan"`
}

// expectedChanges is what the candidate changes.
type expectedChanges struct {
	ComparedWith string                   `json:"comparedWith"`
	Material     bool                     `json:"material"`
	Changes      []v1alpha1.ReleaseChange `json:"changes"`
}

type expectedFinding struct {
	Condition string                 `json:"condition"`
	Status    metav1.ConditionStatus `json:"status"`
	Reason    string                 `json:"reason"`
	Message   string                 `json:"message"`
}

type expectedPlan struct {
	Prune      bool                `json:"prune"`
	Withheld   map[string][]string `json:"withheld,omitempty"`
	Moving     []string            `json:"moving,omitempty"`
	Takedown   *expectedTakedown   `json:"takedown,omitempty"`
	Unlock     string              `json:"unlock,omitempty"`
	Live       string              `json:"live"`
	Namespaces []string            `json:"deleteNamespaces,omitempty"`
	Launched   string              `json:"launched,omitempty"`
	Releases   []string            `json:"deleteReleases,omitempty"`
	Objects    []expectedObject    `json:"objects,omitempty"`
}

type expectedTakedown struct {
	Namespace string                  `json:"namespace,omitempty"`
	Violation string                  `json:"violation"`
	Workloads v1alpha1.WorkloadAction `json:"workloads"`
}

type expectedObject struct {
	// Create: made once. Omitted: applied on every pass.
	Create bool `json:"create,omitempty"`
	// Keep: left as it is.
	Keep bool `json:"keep,omitempty"`
	// Replaces is the uid and version of what goes first.
	Replaces string `json:"replaces,omitempty"`
	// Owner is omitted where it is the operator's one field owner.
	Owner  string         `json:"owner,omitempty"`
	Object map[string]any `json:"object"`
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*/case.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			c := readCase(t, file)
			a := Assess(c)
			plan := PlanFor(c, a)
			got := encode(t, c, a, plan)
			wantFile := filepath.Join(filepath.Dir(file), "want.yaml")
			if *update {
				if err := os.WriteFile(wantFile, got, 0o644); err != nil { //nolint:gosec // golden files are read by everybody
					t.Fatal(err)
				}
			}
			if diff := gocmp.Diff(readText(t, wantFile), string(got)); diff != "" {
				t.Errorf("%s differs; if that is right, run with -update and read the difference:\n%s", wantFile, diff)
			}
			checkSafe(t, c, a, plan)
		})
	}
}

// The cache lists in any order; a verdict that follows it would write the status forever.
func TestSameCaseSameBytes(t *testing.T) {
	files, err := filepath.Glob("testdata/*/case.yaml")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewSource(1))
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			c := readCase(t, file)
			first := Assess(c)
			want := encode(t, c, first, PlanFor(c, first))
			for range 10 {
				random.Shuffle(len(c.Releases), func(i, j int) { c.Releases[i], c.Releases[j] = c.Releases[j], c.Releases[i] })
				random.Shuffle(len(c.SignOffs), func(i, j int) { c.SignOffs[i], c.SignOffs[j] = c.SignOffs[j], c.SignOffs[i] })
				random.Shuffle(len(c.Violations), func(i, j int) { c.Violations[i], c.Violations[j] = c.Violations[j], c.Violations[i] })
				random.Shuffle(len(c.Certificates), func(i, j int) { c.Certificates[i], c.Certificates[j] = c.Certificates[j], c.Certificates[i] })
				random.Shuffle(len(c.Breaches), func(i, j int) { c.Breaches[i], c.Breaches[j] = c.Breaches[j], c.Breaches[i] })
				a := Assess(c)
				if got := encode(t, c, a, PlanFor(c, a)); !bytes.Equal(got, want) {
					t.Fatalf("another order, another verdict:\n%s", gocmp.Diff(string(want), string(got)))
				}
			}
		})
	}
}

func encode(t *testing.T, c *Case, a Assessment, plan Plan) []byte {
	t.Helper()
	out := expected{Stage: a.Stage, Current: a.Current.Name, CurrentStage: a.CurrentStage}
	if a.Test != nil {
		out.Test = a.Test.Name
	}
	if a.Live != nil {
		out.Live = a.Live.Name
	}
	if !a.Next.IsZero() {
		next := a.Next.UTC()
		out.Next = &next
	}
	for _, f := range a.Findings {
		reached.Store(f.Reason, true)
		// Nearly every case has it, and a line more in each would say nothing.
		if f.Condition == v1alpha1.ConditionAdmissionInForce && f.Outcome == Met {
			continue
		}
		out.Findings = append(out.Findings, expectedFinding{f.Condition, f.Status(), f.Reason, f.Message})
	}
	if other := c.ComparedWith(a); other != nil && other.Name != a.Current.Name {
		out.Difference = &expectedChanges{other.Name, MaterialChange(other, a.Current), Changes(other, a.Current)}
	}
	out.Plan = expectedPlan{
		Prune: plan.Prune, Withheld: plan.Withheld, Moving: plan.Moving, Unlock: plan.Unlock, Live: plan.Live, Namespaces: plan.Namespaces,
		Launched: plan.Launched, Releases: plan.Releases,
	}
	if plan.Takedown != nil {
		takedown := expectedTakedown(*plan.Takedown)
		out.Plan.Takedown = &takedown
	}
	for _, o := range plan.Objects {
		object := expectedObject{Create: o.Mode == render.Create, Keep: o.Mode == render.Keep, Object: o.Object}
		if o.Replaces != nil {
			object.Replaces = string(*o.Replaces.UID) + " at " + *o.Replaces.ResourceVersion
		}
		if o.Owner != render.FieldOwner {
			object.Owner = o.Owner
		}
		out.Plan.Objects = append(out.Plan.Objects, object)
	}
	content, err := yaml.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func readCase(t *testing.T, file string) *Case {
	t.Helper()
	base, err := yaml.YAMLToJSON([]byte(readText(t, "testdata/base.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	g := overlay[golden](t, base, readYAML[map[string]any](t, file))
	c := &Case{Now: g.Now, Organization: g.Organization, Claims: map[string]v1alpha1.DomainClaim{}}

	c.Application = &v1alpha1.ThirdPartyApplication{}
	fromDeclaration(t, "thirdpartyapplications", g.Application, c.Application)
	if g.Policy != nil {
		policy := &v1alpha1.DeploymentPolicy{}
		fromDeclaration(t, "deploymentpolicies", map[string]any{"spec": *g.Policy}, policy)
		c.Policy = &policy.Spec
	}
	if g.Provider != nil {
		provider := v1alpha1.CloudServiceProvider{}
		fromDeclaration(t, "cloudserviceproviders", g.Provider, &provider)
		c.Providers = map[string]v1alpha1.CloudServiceProvider{provider.Name: provider}
		c.Nodes = map[string]ProviderNodes{provider.Name: {
			Ready: g.Nodes.Ready, Away: make([]Node, g.Nodes.Others), Booked: g.Nodes.Booked, Held: Booking(g.Test.Quota, g.Live.Quota),
		}}
	}
	c.DataAPIs, c.DataServices = observedDataAPIs(t, g.DataAPIs)
	for i := range g.Nodes.Ready {
		g.Nodes.Ready[i].Name = fmt.Sprintf("node-%d", i)
	}
	for h, holder := range g.Claims {
		c.Claims[h] = holder.observed(h)
	}
	declared, err := json.Marshal(c.Application)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range g.Releases {
		patch := map[string]any{}
		if r.Spec != nil {
			patch["spec"] = r.Spec
		}
		app := overlay[v1alpha1.ThirdPartyApplication](t, declared, patch)
		release := newRelease(&app, r.At.Time)
		if r.Name != "" && release.Name != r.Name {
			t.Fatalf("%s: the release of this content is named %s, not %s", file, release.Name, r.Name)
		}
		if !r.Launched.IsZero() {
			launchedOn(&release, r.Launched.Time)
		}
		c.Releases = append(c.Releases, release)
	}
	for _, s := range g.SignOffs {
		c.SignOffs = append(c.SignOffs, newSignOff(s.Release, s.Type, s.Party, s.At.Time, func(out *v1alpha1.SignOff) {
			person := out.Spec.SignedBy
			out.Spec = s.SignOffSpec
			out.Spec.SignedBy = cmp.Or(out.Spec.SignedBy, person)
		}))
	}
	for _, v := range g.Violations {
		c.Violations = append(c.Violations, newViolation(v.Name, v.At.Time, func(out *v1alpha1.PolicyViolation) {
			out.Spec.Workloads, out.Spec.Lift = v.Workloads, v.Lift
		}))
	}
	for _, n := range g.Certificates {
		c.Certificates = append(c.Certificates, v1alpha1.NoObjectionCertificate{ObjectMeta: metav1.ObjectMeta{Name: n.Name}, Spec: n.NoObjectionCertificateSpec})
	}
	for _, b := range g.Breaches {
		c.Breaches = append(c.Breaches, *newBreach(func(out *v1alpha1.BreachReport) {
			out.Name, out.CreationTimestamp, out.Spec = b.Name, b.At, b.BreachReportSpec
		}))
	}
	c.Test, c.Live = g.Test.observed(t, c), g.Live.observed(t, c)
	c.Ingress = g.Ingress.observed(c)
	c.Fleet = g.Fleet
	c.Guards = g.Guards
	if c.wantedMesh().Type == v1alpha1.MeshIstio {
		carriedByIstio(c)
	}
	return c
}

// overlay lays a merge patch over a JSON document.
func overlay[T any](t *testing.T, document []byte, patch map[string]any) T {
	t.Helper()
	content, err := json.Marshal(patch)
	if err == nil {
		content, err = jsonpatch.MergePatch(document, content)
	}
	var out T
	if err == nil {
		err = yaml.UnmarshalStrict(content, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s goldenStage) observed(t *testing.T, c *Case) ObservedStage {
	t.Helper()
	stage := ObservedStage{Exists: s.Exists, Release: s.Release}
	if s.Running != "" {
		release := c.release(s.Running)
		if release == nil {
			t.Fatalf("release %s runs but is not stored", s.Running)
		}
		stage = running(release)
	}
	if s.Routed != nil && !*s.Routed {
		stage.Routes = nil
	}
	stage.Terminating, stage.Exposed, stage.Offline = s.Terminating, s.Exposed, s.Offline
	stage.Failed, stage.Failure, stage.Quota = s.Failed, s.Failure, s.Quota
	for component, size := range s.Volumes {
		if stage.Volumes == nil {
			stage.Volumes = map[string]resource.Quantity{}
		}
		stage.Volumes[component] = size
	}
	stage.UnencryptedSince, stage.Beside = s.UnencryptedSince, s.Beside
	s.roll(t, c, &stage)
	for i := range stage.Pods {
		stage.Pods[i].Sidecar = stage.Pods[i].Sidecar && !slices.Contains(s.Bare, stage.Pods[i].Component)
	}
	stage.Certificates = map[string]ObservedCertificate{}
	for _, release := range c.Releases {
		for _, component := range release.Spec.Components {
			if stage.Exists && !slices.Contains(s.Uncertified, component.Name) {
				stage.Certificates[component.Name] = peerCertificate
			}
		}
	}
	if s.Egress {
		withEgress(&stage)
	}
	if s.Data {
		withData(&stage)
	}
	return stage
}

func (s goldenStage) roll(t *testing.T, c *Case, stage *ObservedStage) {
	t.Helper()
	defer func() {
		for component, words := range s.Trouble {
			stage.Pods = append(stage.Pods, ObservedPod{Component: component, Name: component + "-7d9f", Created: c.Now.Add(-time.Minute), Trouble: words})
		}
	}()
	if s.Rolling == "" {
		return
	}
	release := c.release(s.Rolling)
	if release == nil {
		t.Fatalf("release %s rolls but is not stored", s.Rolling)
	}
	if s.Running == "" {
		*stage = rolling(release)
	}
	stage.Release = release.Name
	for i, name := range append(s.Rolled, s.Stuck...) {
		stage.Addresses[name] = fmt.Sprintf("10.96.0.%d", i+50)
	}
	for _, name := range s.Rolled {
		stage.Workloads[name] = ObservedWorkload{Release: release.Name, Replicas: runningReplicas, RolledOut: true}
	}
	for _, name := range s.Stuck {
		stage.Workloads[name] = ObservedWorkload{Release: release.Name, Replicas: runningReplicas, Stuck: true}
	}
	for _, name := range s.Pending {
		stage.Tasks[render.TaskName(name, c.attempt(release))] = ObservedTask{}
	}
	for _, name := range s.Done {
		stage.Tasks[render.TaskName(name, c.attempt(release))] = ObservedTask{Succeeded: true}
	}
	for _, name := range s.Broken {
		stage.Tasks[render.TaskName(name, c.attempt(release))] = ObservedTask{Failed: true, Message: "Job has reached the specified backoff limit"}
	}
}
