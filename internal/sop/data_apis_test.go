// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// dataService changes the Service of a case's API.
func dataService(change func(*corev1.Service)) func(*Case) {
	return func(c *Case) { change(c.DataServices[nadra]) }
}

func TestAssessDataAPI(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*v1alpha1.GovernmentDataAPI, *corev1.Service)
		none   bool
		// problem is empty where it can be reached.
		problem string
	}{
		"a Service with a selector":   {},
		"no Service":                  {none: true, problem: "Service nadra/verification does not exist; NTC corrects the Service, or spec.service"},
		"one that names another host": {change: func(_ *v1alpha1.GovernmentDataAPI, s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeExternalName }, problem: "type ExternalName"},
		"a headless one":              {change: func(_ *v1alpha1.GovernmentDataAPI, s *corev1.Service) { s.Spec.ClusterIP = "None" }, problem: "no cluster IP"},
		"one without an address":      {change: func(_ *v1alpha1.GovernmentDataAPI, s *corev1.Service) { s.Spec.ClusterIP = "" }, problem: "no cluster IP"},
		"one without a selector":      {change: func(_ *v1alpha1.GovernmentDataAPI, s *corev1.Service) { s.Spec.Selector = nil }, problem: "no selector"},
		"another port":                {change: func(_ *v1alpha1.GovernmentDataAPI, s *corev1.Service) { s.Spec.Ports = s.Spec.Ports[:1] }, problem: "no TCP port 443"},
		"a UDP port":                  {change: func(_ *v1alpha1.GovernmentDataAPI, s *corev1.Service) { s.Spec.Ports[1].Protocol = corev1.ProtocolUDP }, problem: "no TCP port 443"},
		"authorities that are none": {change: func(a *v1alpha1.GovernmentDataAPI, _ *corev1.Service) {
			a.Spec.Service.CABundle = "-----BEGIN CERTIFICATE-----"
		}, problem: "caBundle holds 0 certificates of 1 that begin; NTC corrects it"},
		"one authority that is cut short": {change: func(a *v1alpha1.GovernmentDataAPI, _ *corev1.Service) { a.Spec.Service.CABundle += dataAuthority[:200] }, problem: "holds 1 certificates of 2"},
		"something else in PEM": {change: func(a *v1alpha1.GovernmentDataAPI, _ *corev1.Service) {
			a.Spec.Service.CABundle += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
		}, problem: "holds something that is no certificate"},
	} {
		api, service := newDataAPI(t)
		if row.change != nil {
			row.change(&api, service)
		}
		if row.none {
			service = nil
		}
		f := AssessDataAPI(&api, service)
		reached.Store(f.Reason, true)
		want := Refused
		if row.problem == "" {
			want = Met
		}
		if f.Outcome != want || !strings.Contains(f.Message, row.problem) || want == Refused && !strings.Contains(f.Message, "GovernmentDataAPI "+nadra) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestDataFindings(t *testing.T) {
	gone := func(c *Case) { delete(c.DataServices, nadra) }
	deleting := func(c *Case) {
		api := c.DataAPIs[nadra]
		api.DeletionTimestamp = &metav1.Time{Time: c.Now}
		c.DataAPIs[nadra] = api
	}
	checkClause(t, v1alpha1.ConditionInfrastructureProvisioned, []string{v1alpha1.ReasonProvisioned, v1alpha1.ReasonDataAPIMissing, v1alpha1.ReasonDataAPIUnavailable}, []clauseRow{
		{name: "there", given: dataCase(t), outcome: Met, reason: v1alpha1.ReasonProvisioned, without: []string{"GovernmentDataAPI"}},
		{name: "missing", given: dataCase(t), change: func(c *Case) { c.DataAPIs = nil }, outcome: Refused, reason: v1alpha1.ReasonDataAPIMissing,
			message: []string{"spec.components[api].connectsTo", nadra + " does not exist", "kubectl get governmentdataapis"}},
		{name: "without its Service", given: dataCase(t), change: gone, outcome: Refused, reason: v1alpha1.ReasonDataAPIUnavailable, message: []string{nadra, "nadra/verification does not exist"}},
		{name: "being deleted, and in use", given: dataCase(t), change: deleting, outcome: Met, reason: v1alpha1.ReasonProvisioned,
			message: []string{nadra + " is being deleted once nobody uses it: launch a release without it"}},
		{name: "being deleted, and not in use yet", given: dataCase(t), change: func(c *Case) { deleting(c); c.Test, c.Live = ObservedStage{}, ObservedStage{} },
			outcome: Refused, reason: v1alpha1.ReasonDataAPIMissing, message: []string{"is being deleted, and nobody may begin to use it; remove the edge"}},
	})
	checkClause(t, v1alpha1.ConditionTrafficEncrypted, []string{v1alpha1.ReasonEncrypted, v1alpha1.ReasonEncryptionLost, v1alpha1.ReasonDataAPIUnsupported}, []clauseRow{
		{name: "live", given: dataCase(t), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "in test", given: dataCase(t), change: func(c *Case) { c.Live = ObservedStage{} }, outcome: Met, reason: v1alpha1.ReasonEncrypted, without: []string{"government data"}},
		{name: "in test while a violation is open", given: dataCase(t), change: func(c *Case) {
			c.Live = ObservedStage{}
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40))}
		},
			outcome: Met, reason: v1alpha1.ReasonEncrypted, message: []string{"test reaches no government data meanwhile: PolicyViolation leak"}},
		{name: "the proxy's certificate", given: dataCase(t), change: func(c *Case) { c.Live.Certificates[mesh.DataName] = ObservedCertificate{} },
			outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"/govpk-data is not ready"}, deadline: hours(48).Add(5 * 60e9)},
		{name: "Istio", given: carriedByIstio(dataCase(t)), outcome: Refused, reason: v1alpha1.ReasonDataAPIUnsupported,
			message: []string{"spec.components[api].connectsTo names GovernmentDataAPI " + nadra, "spec.mesh.type Istio", "remove the edge, or NTC sets type Sidecar"}},
	})
	checkClause(t, v1alpha1.ConditionLaunched, []string{v1alpha1.ReasonLaunched, v1alpha1.ReasonDataAPIUnavailable, v1alpha1.ReasonDataAPIMissing}, []clauseRow{
		{name: "live", given: dataCase(t), outcome: Met, reason: v1alpha1.ReasonLaunched},
		{name: "without its Service", given: dataCase(t), change: gone, outcome: Refused, reason: v1alpha1.ReasonDataAPIUnavailable, message: []string{nadra}},
		{name: "gone", given: dataCase(t), change: func(c *Case) { c.DataAPIs = nil }, outcome: Refused, reason: v1alpha1.ReasonDataAPIMissing},
		{name: "the proxy is not there yet", given: dataCase(t), change: func(c *Case) { delete(c.Live.Workloads, mesh.DataName) },
			outcome: Progressing, reason: v1alpha1.ReasonDataAPIUnavailable, message: []string{"govpk-data in health-portal-fab68624-live"}},
		{name: "the proxy does not come up", given: dataCase(t), change: func(c *Case) {
			c.Live.Workloads[mesh.DataName] = ObservedWorkload{Stuck: true}
			c.Live.Pods[len(c.Live.Pods)-1].Trouble = "ImagePullBackOff"
		}, outcome: Refused, reason: v1alpha1.ReasonDataAPIUnavailable, message: []string{"says: ImagePullBackOff", "NTC looks after it"}},
	})
}

// A release that needs what is not there is not tested; what is in test or live stays.
func TestDataGate(t *testing.T) {
	c := dataCase(t)
	delete(c.DataServices, nadra)
	if stage, f := c.stageOf(&c.Releases[0]); stage != v1alpha1.StageUnderAudit || f.Reason != v1alpha1.ReasonDataAPIUnavailable {
		t.Errorf("%s, %+v", stage, f)
	}
	if a := Assess(c); a.Live != &c.Releases[0] || a.Test != &c.Releases[0] || a.Stage != v1alpha1.StageLive {
		t.Errorf("%s: live %v, test %v", a.Stage, a.Live, a.Test)
	}
}

// proxyIn is what a target's proxy is told, and how many pods of it run.
func proxyIn(t *testing.T, c *Case, target Target) ([]sidecar.DataAPI, int32) {
	t.Helper()
	for _, o := range enforceDeployment(c, target) {
		if o.GetKind() == "Deployment" && o.GetName() == mesh.DataName {
			deployment := object[appsv1.Deployment](t, o)
			var proxy sidecar.Proxy
			if err := json.Unmarshal([]byte(deployment.Spec.Template.Spec.Containers[0].Env[0].Value), &proxy); err != nil {
				t.Fatal(err)
			}
			return proxy.Data.APIs, *deployment.Spec.Replicas
		}
	}
	t.Fatal("no proxy")
	return nil, 0
}

func TestDataGrants(t *testing.T) {
	read := sidecar.Operation{Methods: []string{"GET", "HEAD"}, Path: "/v1/citizens"}
	write := sidecar.Operation{Methods: []string{"PATCH", "POST"}, Path: "/v1/citizens"}
	search := sidecar.Operation{Methods: []string{"GET", "POST"}, Path: "/v1/search"}
	own := v1alpha1.ApplicationReference{Namespace: "sehat-digital", Name: "health-portal"}
	for name, row := range map[string]struct {
		grants []v1alpha1.DataGrant
		want   []sidecar.Operation
		rate   int32
	}{
		"none":                     {nil, []sidecar.Operation{read}, 10},
		"of another application":   {[]v1alpha1.DataGrant{{Application: v1alpha1.ApplicationReference{Namespace: "other", Name: "health-portal"}, Operations: []string{"write"}, RequestsPerSecond: 7}}, []sidecar.Operation{read}, 10},
		"of an operation":          {[]v1alpha1.DataGrant{{Application: own, Operations: []string{"write"}}}, []sidecar.Operation{read, write}, 10},
		"of all":                   {[]v1alpha1.DataGrant{{Application: own, Operations: []string{"search", "write"}, RequestsPerSecond: 50}}, []sidecar.Operation{read, search, write}, 50},
		"of a rate":                {[]v1alpha1.DataGrant{{Application: own, RequestsPerSecond: 1}}, []sidecar.Operation{read}, 1},
		"of what is not declared":  {[]v1alpha1.DataGrant{{Application: own, Operations: []string{"delete"}}}, []sidecar.Operation{read}, 10},
		"the first of two decides": {[]v1alpha1.DataGrant{{Application: own}, {Application: own, Operations: []string{"write"}}}, []sidecar.Operation{read}, 10},
	} {
		c := dataCase(t, func(api *v1alpha1.GovernmentDataAPI, _ *corev1.Service) { api.Spec.Grants = row.grants })
		apis, replicas := proxyIn(t, c, c.liveTarget(&c.Releases[0]))
		if replicas != 1 || len(apis) != 1 {
			t.Fatalf("%s: %d pods for %v", name, replicas, apis)
		}
		if diff := gocmp.Diff(row.want, apis[0].Operations); diff != "" || apis[0].RequestsPerSecond != row.rate {
			t.Errorf("%s: %d a second, %s", name, apis[0].RequestsPerSecond, diff)
		}
	}
	c := dataCase(t, func(api *v1alpha1.GovernmentDataAPI, _ *corev1.Service) { api.Spec.Operations[1].Methods = nil })
	if apis, _ := proxyIn(t, c, c.liveTarget(&c.Releases[0])); len(apis[0].Operations) != 0 {
		t.Errorf("an operation without methods reads nothing: %v", apis[0].Operations)
	}
}

// What changes of an API changes its proxy alone.
func TestDataChangesRestartNoComponent(t *testing.T) {
	workloads := func(c *Case, target Target) map[string]any {
		out := map[string]any{}
		for _, o := range enforceDeployment(c, target) {
			if o.GetKind() == "Deployment" {
				out[o.GetName()] = o.Object["spec"]
			}
		}
		return out
	}
	for name, change := range map[string]func(*Case){
		"the rate":   func(c *Case) { api := c.DataAPIs[nadra]; api.Spec.RequestsPerSecond = 3; c.DataAPIs[nadra] = api },
		"an address": dataService(func(s *corev1.Service) { s.Spec.ClusterIP = "10.96.7.8" }),
		"no Service": func(c *Case) { delete(c.DataServices, nadra) },
		"no API":     func(c *Case) { c.DataAPIs = nil },
		"the authorities": func(c *Case) {
			api := c.DataAPIs[nadra]
			api.Spec.Service.CABundle = dataAuthority + dataAuthority
			c.DataAPIs[nadra] = api
		},
		"a violation, in test": func(c *Case) { c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40))} },
	} {
		c := dataCase(t)
		target := c.testTarget(&c.Releases[0])
		before := workloads(c, target)
		change(c)
		after := workloads(c, target)
		for _, component := range []string{"web", "api"} {
			if diff := gocmp.Diff(before[component], after[component]); diff != "" {
				t.Errorf("%s changes %s: %s", name, component, diff)
			}
		}
		if gocmp.Equal(before[mesh.DataName], after[mesh.DataName]) {
			t.Errorf("%s does not change the proxy", name)
		}
	}
}

// Where nothing is open nothing runs and nothing is let through, whatever else is held back.
func TestDataIsClosed(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Case)
		open   bool
	}{
		"open":        {func(*Case) {}, true},
		"no Service":  {func(c *Case) { delete(c.DataServices, nadra) }, false},
		"no API":      {func(c *Case) { c.DataAPIs = nil }, false},
		"a violation": {func(c *Case) { c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40))} }, false},
		"a violation, no certificate": {func(c *Case) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40))}
			delete(c.Test.Certificates, mesh.DataName)
		}, false},
		"a violation that was lifted": {func(c *Case) {
			c.Violations = []v1alpha1.PolicyViolation{newViolation("leak", hours(40), lifted)}
			c.Live.Offline = "leak"
		}, true},
		"a violation that disappeared": {func(c *Case) { c.Live.Offline = "leak" }, false},
		"an order to the provider's applications": {func(c *Case) {
			provider := c.Providers["ntc-islamabad"]
			provider.Spec.TakeOffline = &v1alpha1.OfflineOrder{Reason: "fire"}
			c.Providers["ntc-islamabad"] = provider
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := dataCase(t)
			row.change(c)
			target := c.testTarget(&c.Releases[0])
			apis, replicas := proxyIn(t, c, target)
			if (len(apis) > 0) != row.open || (replicas > 0) != row.open {
				t.Errorf("%d pods for %v", replicas, apis)
			}
			for _, o := range enforceEncryption(c, target) {
				if o.GetKind() != "NetworkPolicy" || o.GetName() != "allow-"+mesh.DataName && o.GetName() != "allow-api" {
					continue
				}
				spec := object[networkingv1.NetworkPolicy](t, o).Spec
				if len(spec.PolicyTypes) != 2 || (len(spec.Egress) > 0) != row.open {
					t.Errorf("%s lets out %v", o.GetName(), spec.Egress)
				}
				if o.GetName() == "allow-"+mesh.DataName && (len(spec.Ingress) > 0) != row.open {
					t.Errorf("%s lets in %v", o.GetName(), spec.Ingress)
				}
			}
		})
	}
}

// The proxy reaches the pods behind the Service, at the port where they listen, and is reached by those with an edge.
func TestDataFlows(t *testing.T) {
	c := dataCase(t)
	target := c.liveTarget(&c.Releases[0])
	policies := map[string]networkingv1.NetworkPolicySpec{}
	for _, o := range enforceEncryption(c, target) {
		if o.GetKind() == "NetworkPolicy" {
			policies[o.GetName()] = object[networkingv1.NetworkPolicy](t, o).Spec
		}
	}
	out := policies["allow-govpk-data"].Egress
	want := networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "nadra"}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app": "verification"}},
	}
	if len(out) != 1 || len(out[0].To) != 1 || !gocmp.Equal(out[0].To[0], want) || len(out[0].Ports) != 1 || out[0].Ports[0].Port.IntVal != 8443 {
		t.Errorf("%+v", out)
	}
	in := policies["allow-govpk-data"].Ingress
	if len(in) != 1 || len(in[0].From) != 1 || in[0].From[0].PodSelector.MatchLabels[v1alpha1.ComponentLabel] != "api" || in[0].Ports[0].Port.IntVal != sidecar.PeerPort {
		t.Errorf("%+v", in)
	}
	if _, ok := policies["allow-web"]; !ok {
		t.Error("no policy of web")
	}
	for _, rule := range policies["allow-web"].Egress {
		if rule.To[0].PodSelector.MatchLabels[v1alpha1.ComponentLabel] == mesh.DataName {
			t.Error("web has no edge and reaches the proxy")
		}
	}
	for name, port := range map[string]corev1.ServicePort{"8443": {Port: 443, TargetPort: intstr.FromInt32(8443)}, "443": {Port: 443}, "https": {Port: 443, TargetPort: intstr.FromString("https")}} {
		dataService(func(s *corev1.Service) { s.Spec.Ports = []corev1.ServicePort{port} })(c)
		policy, _ := c.dataFlows(target)
		if got := object[networkingv1.NetworkPolicy](t, policy).Spec.Egress[0].Ports[0].Port.String(); got != name {
			t.Errorf("port %s, want %s", got, name)
		}
	}
}

// While a release rolls, edges of both are served; afterwards those of the target alone, and none is left.
func TestDataWhileRolling(t *testing.T) {
	c := dataCase(t)
	next := candidate(c, hours(40), func(s *v1alpha1.ThirdPartyApplicationSpec) {
		otherImage(s)
		s.Components[1].ConnectsTo = nil
	})
	if !MaterialChange(&c.Releases[0], next) {
		t.Error("an edge to government data is material")
	}
	if changes := Changes(&c.Releases[0], next); !slices.ContainsFunc(changes, func(change v1alpha1.ReleaseChange) bool { return strings.Contains(change.Field+change.From, nadra) }) {
		t.Errorf("%+v", changes)
	}
	target := c.liveTarget(next)
	if _, replicas := proxyIn(t, c, target); target.Previous == nil || replicas != 1 {
		t.Error("pods of the release before still need their proxy")
	}
	c.Live.Release, c.Live.RolledOut = next.Name, next.Name
	target = c.liveTarget(next)
	for _, o := range append(enforceEncryption(c, target), enforceDeployment(c, target)...) {
		if strings.Contains(o.GetName(), mesh.DataName) {
			t.Errorf("%s %s is left", o.GetKind(), o.GetName())
		}
	}
}

// Components wait for the proxy's address, and nothing waits for the proxy.
func TestDataBlocksNoRollout(t *testing.T) {
	c := dataCase(t)
	delete(c.Live.Workloads, mesh.DataName)
	target := c.liveTarget(&c.Releases[0])
	if f := c.rollout(target); f.Outcome != Met || len(c.withholds(target)) > 0 {
		t.Errorf("%+v, withheld %q", f, c.withholds(target))
	}
	delete(c.Live.Addresses, mesh.DataName)
	objects := enforceDeployment(c, c.liveTarget(&c.Releases[0]))
	if planned(objects, "Deployment", "api") || !planned(objects, "Deployment", "web") || !planned(objects, "Service", mesh.DataName) || !slices.Equal(c.withholds(target), []string{"api"}) {
		t.Error("what asks for government data must wait for the proxy's address, and nothing else")
	}
	c = dataCase(t)
	delete(c.Live.Certificates, mesh.DataName)
	target = c.liveTarget(&c.Releases[0])
	if planned(enforceDeployment(c, target), "Deployment", mesh.DataName) || !slices.Equal(c.withholds(target), []string{mesh.DataName}) {
		t.Error("the proxy waits for its certificate, and is not pruned meanwhile")
	}
}

// A Task that asks for government data connects to no component by that.
func TestDataOfTasks(t *testing.T) {
	c := dataCase(t)
	release := &c.Releases[0]
	release.Spec.Components = append(release.Spec.Components, v1alpha1.Component{Name: "import", Type: v1alpha1.ComponentTask, ConnectsTo: []v1alpha1.Edge{verification}})
	if first := early(release); len(first) != 0 {
		t.Errorf("%v roll before the Task", first)
	}
	if callers := dataEdges(release)[0].callers; !slices.Equal(callers, []string{"api", "import"}) {
		t.Errorf("callers %v", callers)
	}
}

// The quota has room for the proxy and one more pod of it, in both stages alike.
func TestDataIsBooked(t *testing.T) {
	c, without := dataCase(t), liveCase(t)
	for _, of := range []func(*Case) Compute{
		func(c *Case) Compute { return c.quota(c.liveTarget(&c.Releases[0])) },
		func(c *Case) Compute { return c.quota(c.testTarget(&c.Releases[0])) },
	} {
		more := of(c)
		more.Subtract(of(without))
		if more.CPU.String() != "20m" || more.Memory.String() != "128Mi" {
			t.Errorf("the proxy books %s and %s", more.CPU.String(), more.Memory.String())
		}
	}
}

// Offline nothing runs or is let through; isolated pods stay as they are.
func TestDataOffline(t *testing.T) {
	for action, want := range map[v1alpha1.WorkloadAction]int32{v1alpha1.WorkloadsStop: 0, v1alpha1.WorkloadsIsolate: 1} {
		c := dataCase(t)
		target := c.liveTarget(&c.Releases[0])
		target.Offline = &Takedown{Workloads: action}
		if _, replicas := proxyIn(t, c, target); replicas != want {
			t.Errorf("%s: %d pods", action, replicas)
		}
		if planned(enforceEncryption(c, target), "NetworkPolicy", "allow-"+mesh.DataName) {
			t.Errorf("%s: a way is left", action)
		}
	}
}

// A deletion waits for who uses the API, and names ten of them at most.
func TestAssessDeletion(t *testing.T) {
	api, _ := newDataAPI(t)
	users := []string{"a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7", "a/8", "a/9", "b/10", "b/11", "b/12"}
	if f := AssessDeletion(&api, users); f.Outcome != Met {
		t.Errorf("nobody deletes it: %+v", f)
	}
	api.DeletionTimestamp = &metav1.Time{Time: hours(1)}
	if f := AssessDeletion(&api, nil); f.Outcome != Met {
		t.Errorf("nobody uses it: %+v", f)
	}
	for count, words := range map[int]string{1: "waits for a/1: each", 10: "a/9, b/10: each", 12: "a/9, b/10 and 2 more: each"} {
		f := AssessDeletion(&api, users[:count])
		reached.Store(f.Reason, true)
		if f.Outcome != Waiting || f.Reason != v1alpha1.ReasonInUse || !strings.Contains(f.Message, words) {
			t.Errorf("%+v", f)
		}
	}
}

// The same objects in another order make the same proxy.
func TestDataOrder(t *testing.T) {
	c := dataCase(t)
	before, _ := proxyIn(t, c, c.liveTarget(&c.Releases[0]))
	api := c.DataAPIs[nadra]
	slices.Reverse(api.Spec.Operations)
	for i := range api.Spec.Operations {
		slices.Reverse(api.Spec.Operations[i].Methods)
	}
	after, _ := proxyIn(t, c, c.liveTarget(&c.Releases[0]))
	if diff := gocmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if render.EdgeVariable(verification) != "NADRA_VERIFICATION" {
		t.Error(render.EdgeVariable(verification))
	}
}

// What runs with government data stays with its sidecars where the policy names Istio: nothing of it changes.
func TestDataStaysWithItsCarrier(t *testing.T) {
	c := dataCase(t)
	c.Live.Mesh, c.Test.Mesh = v1alpha1.MeshSidecar, v1alpha1.MeshSidecar
	before := PlanFor(c, Assess(c))
	to(c, v1alpha1.MeshIstio)
	a := Assess(c)
	after := PlanFor(c, a)
	for _, namespace := range []string{c.Scope(v1alpha1.TestNamespace).StageNamespace(), c.Scope(v1alpha1.LiveNamespace).StageNamespace()} {
		if diff := gocmp.Diff(inNamespace(t, before, namespace), inNamespace(t, after, namespace)); diff != "" {
			t.Errorf("%s: %s", namespace, diff)
		}
	}
	if f, stays := c.staysWith(c.liveTarget(&c.Releases[0])); !stays || f.Reason != v1alpha1.ReasonDataAPIUnsupported || !strings.Contains(f.Message, "stays as it is, with spec.mesh.type Sidecar") {
		t.Errorf("%+v", f)
	}
}

// A stage that moves to sidecars has the proxy's certificate before anything rolls.
func TestDataIsPreparedForSidecars(t *testing.T) {
	c := to(carriedBy(t, v1alpha1.MeshIstio), v1alpha1.MeshSidecar)
	component := &c.Releases[0].Spec.Components[1]
	component.ConnectsTo = append(component.ConnectsTo, verification)
	target := c.liveTarget(&c.Releases[0])
	if _, stays := c.staysWith(target); !stays || !planned(c.preparation(target), "Certificate", mesh.DataName) {
		t.Error("the proxy would have to wait for its certificate")
	}
}
