// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// The story of every test: the release is made on Monday, 2 November 2026, 10:00 in Karachi; its audit is due on Wednesday the 11th.
var (
	karachi  = time.FixedZone("PKT", 5*3600)
	received = time.Date(2026, 11, 2, 10, 0, 0, 0, karachi)
	auditEnd = time.Date(2026, 11, 12, 0, 0, 0, 0, karachi)
)

// hours after the release was made.
func hours(n int) time.Time { return received.Add(time.Duration(n) * time.Hour) }

const (
	webImage = "registry.ntc.gov.pk/sehat/web@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"
	newImage = "registry.ntc.gov.pk/sehat/web@sha256:1121cfccd5913f0a63fec40a6ffd44ea64f9dc135c66634ba001d10bcf4302a2"
	host     = "portal.health.gov.pk"
)

// newApplication is the application of testdata/base.yaml.
func newApplication(t testing.TB) *v1alpha1.ThirdPartyApplication {
	t.Helper()
	return readBase(t).Application
}

func newProvider(t testing.TB) v1alpha1.CloudServiceProvider {
	t.Helper()
	return *readBase(t).Provider
}

// newNodes are ready nodes of the given cpu and memory.
func newNodes(cpuAndMemory ...string) ProviderNodes {
	var nodes ProviderNodes
	for i := 0; i < len(cpuAndMemory); i += 2 {
		nodes.Ready = append(nodes.Ready, Node{
			Name: fmt.Sprintf("node-%d", i/2), Compute: Compute{CPU: resource.MustParse(cpuAndMemory[i]), Memory: resource.MustParse(cpuAndMemory[i+1])},
		})
	}
	return nodes
}

const sidecarImage = "registry.ntc.gov.pk/govpk/sidecar@sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"

// newPolicy is the policy with the defaults of the CRD and what they leave open.
func newPolicy(t testing.TB) *v1alpha1.DeploymentPolicySpec {
	t.Helper()
	policy := &v1alpha1.DeploymentPolicy{}
	fromDeclaration(t, "deploymentpolicies", map[string]any{"metadata": map[string]any{"name": "default"}}, policy)
	policy.Spec.Mesh.Image, policy.Spec.Mesh.CABundle = sidecarImage, "-----BEGIN CERTIFICATE-----"
	return &policy.Spec
}

// newRelease is the stored release of a spec.
func newRelease(app *v1alpha1.ThirdPartyApplication, created time.Time) v1alpha1.Release {
	release := Snapshot(app)
	release.CreationTimestamp = metav1.NewTime(created)
	return *release
}

// newSignOff approves a release; each party has a person of its own.
func newSignOff(release string, kind v1alpha1.SignOffType, party v1alpha1.Party, created time.Time, change ...func(*v1alpha1.SignOff)) v1alpha1.SignOff {
	signOff := v1alpha1.SignOff{Spec: v1alpha1.SignOffSpec{
		Release: release, Type: kind, Party: party, Decision: v1alpha1.DecisionApproved,
		SignedBy: "reviewer@" + strings.ToLower(string(party)),
	}}
	signOff.Name = fmt.Sprintf("%s-%s-%d", strings.ToLower(string(kind)), strings.ToLower(string(party)), int(created.Sub(received).Minutes()))
	signOff.CreationTimestamp = metav1.NewTime(created)
	for _, c := range change {
		c(&signOff)
	}
	return signOff
}

func rejected(s *v1alpha1.SignOff) { s.Spec.Decision = v1alpha1.DecisionRejected }

func withFinding(id string, state v1alpha1.FindingState) func(*v1alpha1.SignOff) {
	return func(s *v1alpha1.SignOff) {
		s.Spec.Findings = append(s.Spec.Findings, v1alpha1.Finding{ID: id, Severity: "High", Summary: "seen", State: state})
	}
}

func withSeverity(severity v1alpha1.Severity, id string) func(*v1alpha1.SignOff) {
	return func(s *v1alpha1.SignOff) {
		s.Spec.Findings = append(s.Spec.Findings, v1alpha1.Finding{ID: id, Severity: severity, Summary: "seen", State: v1alpha1.FindingOpen})
	}
}

// asks and answers stop and start the audit clock.
func asks(s *v1alpha1.SignOff)    { s.Spec.Decision = v1alpha1.DecisionAnswerRequested }
func answers(s *v1alpha1.SignOff) { s.Spec.Decision = v1alpha1.DecisionAnswered }

// expires is when an approval of a release that was never launched ends under the policy's default.
func expires(signed time.Time) time.Time { return signed.AddDate(0, 0, 90) }

// launchedOn records that a release was live once.
func launchedOn(release *v1alpha1.Release, at time.Time) {
	release.Annotations = map[string]string{v1alpha1.LaunchedAnnotation: at.UTC().Format(time.RFC3339)}
}

func byOnePerson(s *v1alpha1.SignOff) { s.Spec.SignedBy = "one@person" }

func audited(release string, at time.Time) v1alpha1.SignOff {
	return newSignOff(release, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB, at)
}

// tested are the end-to-end sign-offs of all parties.
func tested(release string, at time.Time) []v1alpha1.SignOff {
	return []v1alpha1.SignOff{
		newSignOff(release, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyNITB, at),
		newSignOff(release, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyNTC, at),
		newSignOff(release, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyOrganization, at),
	}
}

func newViolation(name string, at time.Time, change ...func(*v1alpha1.PolicyViolation)) v1alpha1.PolicyViolation {
	violation := v1alpha1.PolicyViolation{Spec: v1alpha1.PolicyViolationSpec{
		Application: v1alpha1.ApplicationReference{Namespace: "sehat-digital", Name: "health-portal"},
		Category:    "SecurityLeakage", Severity: "Critical", Reason: "records answered without authentication",
		FlaggedBy: "security@ntc", Workloads: v1alpha1.WorkloadsStop,
	}}
	violation.Name = name
	violation.CreationTimestamp = metav1.NewTime(at)
	for _, c := range change {
		c(&violation)
	}
	return violation
}

func lifted(v *v1alpha1.PolicyViolation) {
	v.Spec.Lift = &v1alpha1.Lift{Reason: "fixed", LiftedBy: "security@ntc"}
}

func isolate(v *v1alpha1.PolicyViolation) { v.Spec.Workloads = v1alpha1.WorkloadsIsolate }

// underAudit is a case whose declarations are whole and whose release is stored; nobody signed.
func underAudit(t testing.TB) *Case {
	t.Helper()
	app := newApplication(t)
	provider := newProvider(t)
	return &Case{
		Now:          hours(48),
		Application:  app,
		Organization: "sehat-digital",
		Releases:     []v1alpha1.Release{newRelease(app, received)},
		Providers:    map[string]v1alpha1.CloudServiceProvider{provider.Name: provider},
		Nodes:        map[string]ProviderNodes{provider.Name: newNodes("8", "16Gi", "8", "16Gi")},
		Policy:       newPolicy(t),
		Claims:       map[string]v1alpha1.DomainClaim{host: newClaim("sehat-digital", "health-portal")},
		Ingress:      ObservedIngress{Gateways: []ObservedGateway{newGateway("public")}, MeshIssuerExists: true},
	}
}

// awaitingLaunch is audited, rolled out in test and signed by all parties.
func awaitingLaunch(t testing.TB) *Case {
	t.Helper()
	c := underAudit(t)
	release := &c.Releases[0]
	c.SignOffs = append(tested(release.Name, hours(30)), audited(release.Name, hours(20)))
	c.Test = running(release)
	return c
}

// liveCase is launched and answers on its host.
func liveCase(t testing.TB) *Case {
	t.Helper()
	c := awaitingLaunch(t)
	release := &c.Releases[0]
	c.Application.Spec.Launch = &v1alpha1.Launch{Release: release.Name}
	launchedOn(release, hours(32))
	c.Live = running(release)
	c.Live.Exposed = true
	c.Ingress.Gateways[0].Listeners[host] = ownListener(c, host)
	c.Ingress.Certificates = map[string]ObservedCertificate{"gateways/" + host: {Ready: true}}
	return c
}

// flagged is live, flagged, and locked.
func flagged(t testing.TB, change ...func(*v1alpha1.PolicyViolation)) *Case {
	t.Helper()
	c := liveCase(t)
	c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), change...)}
	c.Live.Exposed = false
	c.Live.Offline = "leak"
	c.Live.Routes = nil
	return c
}

// runningReplicas differs from what the applications of these tests declare, so that keeping what runs shows.
const runningReplicas = 3

// peerCertificate is a component's certificate that is in order.
var peerCertificate = ObservedCertificate{Ready: true, Issuer: "govpk-mesh"}

// running is a stage on which a release is rolled out and routed.
func running(release *v1alpha1.Release) ObservedStage {
	stage := ObservedStage{
		Exists: true, Release: release.Name, RolledOut: release.Name,
		Addresses: map[string]string{}, Workloads: map[string]ObservedWorkload{}, Routes: map[string]bool{},
		Tasks: map[string]ObservedTask{}, Volumes: map[string]resource.Quantity{}, Certificates: map[string]ObservedCertificate{},
	}
	for i, component := range release.Spec.Components {
		stage.Addresses[component.Name] = fmt.Sprintf("10.96.0.%d", i+10)
		stage.Certificates[component.Name] = peerCertificate
		if component.Type == v1alpha1.ComponentService {
			stage.Workloads[component.Name] = ObservedWorkload{Release: release.Name, Replicas: runningReplicas, RolledOut: true}
			stage.Pods = append(stage.Pods, ObservedPod{Component: component.Name, Name: component.Name + "-1", Created: release.CreationTimestamp.Time, Started: true, Sidecar: true})
		}
		if component.Storage != nil {
			stage.Volumes[component.Name] = component.Storage.Size
		}
	}
	for _, d := range release.Spec.Domains {
		stage.Routes[d.Host] = true
	}
	return stage
}

// withEgress is a stage whose proxy to external hosts runs.
func withEgress(stage *ObservedStage) {
	stage.Addresses[mesh.EgressName] = "10.96.0.99"
	stage.Certificates[mesh.EgressName] = peerCertificate
	stage.Workloads[mesh.EgressName] = ObservedWorkload{Replicas: 2, RolledOut: true}
	stage.Pods = append(stage.Pods, ObservedPod{Component: mesh.EgressName, Name: mesh.EgressName + "-1", Started: true, Sidecar: true})
}

// rolling is a stage that has begun with its first release: Services have addresses, and nothing runs yet.
func rolling(release *v1alpha1.Release) ObservedStage {
	stage := running(release)
	stage.RolledOut, stage.Workloads, stage.Routes = "", map[string]ObservedWorkload{}, nil
	return stage
}

// candidate stores the release of a changed spec beside the others.
func candidate(c *Case, at time.Time, change func(*v1alpha1.ThirdPartyApplicationSpec)) *v1alpha1.Release {
	change(&c.Application.Spec)
	c.Releases = append(c.Releases, newRelease(c.Application, at))
	return &c.Releases[len(c.Releases)-1]
}

func otherImage(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Image = newImage }

// base is what testdata/base.yaml declares.
type base struct {
	Application *v1alpha1.ThirdPartyApplication
	Provider    *v1alpha1.CloudServiceProvider
}

func readBase(t testing.TB) base {
	t.Helper()
	raw := readYAML[struct{ Application, Provider map[string]any }](t, "testdata/base.yaml")
	out := base{Application: &v1alpha1.ThirdPartyApplication{}, Provider: &v1alpha1.CloudServiceProvider{}}
	fromDeclaration(t, "thirdpartyapplications", raw.Application, out.Application)
	fromDeclaration(t, "cloudserviceproviders", raw.Provider, out.Provider)
	return out
}

// definitions are the schemas of the CRDs by plural; reading one takes longer than a test.
var definitions = map[string]map[string]any{}

// fromDeclaration reads an object as the API server would store it: with the defaults of its CRD.
func fromDeclaration(t testing.TB, plural string, declaration map[string]any, into any) {
	t.Helper()
	schema, known := definitions[plural]
	if !known {
		crd := readYAML[struct {
			Spec struct {
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
					}
				}
			}
		}](t, "../../config/crd/platform.ntc.gov.pk_"+plural+".yaml")
		schema = crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		definitions[plural] = schema
	}
	setDefaults(schema, declaration)
	content, err := yaml.Marshal(declaration)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s: %v", plural, err)
	}
}

// setDefaults does what the API server's defaulting does with the parts of OpenAPI that our CRDs use.
func setDefaults(schema map[string]any, value any) {
	switch value := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			property := property.(map[string]any)
			if _, set := value[name]; !set && property["default"] != nil {
				value[name] = runtime.DeepCopyJSONValue(property["default"])
			}
			setDefaults(property, value[name])
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for _, item := range value {
			setDefaults(items, item)
		}
	}
}

func readYAML[T any](t testing.TB, path string) T {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := yaml.Unmarshal(content, &out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// clauseRow is a row of a clause's table: what is changed in a case, and the verdict.
type clauseRow struct {
	name   string
	given  *Case
	change func(*Case)
	// on is the release to judge; nil: the first one stored.
	on       func(*Case) *v1alpha1.Release
	outcome  Outcome
	reason   string
	message  []string
	without  []string
	deadline time.Time
}

// checkClause runs a clause's table and proves that it reaches every reason of the clause and no other.
func checkClause(t *testing.T, condition string, reasons []string, rows []clauseRow) {
	t.Helper()
	clause := Clauses()[slices.IndexFunc(Clauses(), func(c Clause) bool { return c.Condition == condition })]
	seen := map[string]bool{}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if row.change != nil {
				row.change(row.given)
			}
			release := &row.given.Releases[0]
			if row.on != nil {
				release = row.on(row.given)
			}
			got := clause.Assess(row.given, release)
			if got.Outcome != row.outcome || got.Reason != row.reason {
				t.Errorf("got %v/%s (%s), want %v/%s", got.Outcome, got.Reason, got.Message, row.outcome, row.reason)
			}
			for _, fragment := range row.message {
				if !strings.Contains(got.Message, fragment) {
					t.Errorf("message %q lacks %q", got.Message, fragment)
				}
			}
			for _, fragment := range row.without {
				if strings.Contains(got.Message, fragment) {
					t.Errorf("message %q must not say %q", got.Message, fragment)
				}
			}
			if !got.Deadline.Equal(row.deadline) {
				t.Errorf("deadline %v, want %v", got.Deadline, row.deadline)
			}
			seen[got.Reason] = true
			reached.Store(got.Reason, true)
		})
	}
	for _, reason := range reasons {
		if !seen[reason] {
			t.Errorf("no row reaches %s", reason)
		}
		delete(seen, reason)
	}
	for reason := range seen {
		t.Errorf("reason %s is not in the clause's list", reason)
	}
}

// onSnapshot judges the release of the current spec, stored or not.
func onSnapshot(c *Case) *v1alpha1.Release { return Snapshot(c.Application) }

func readText(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
