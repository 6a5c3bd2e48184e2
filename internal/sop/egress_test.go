// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

var mail = v1alpha1.Edge{Name: "mail", External: &v1alpha1.ExternalHost{Host: "smtp.sehat.example", Port: 465}}

// leavingCase is live, and its api reaches a host outside.
func leavingCase(t testing.TB, change ...func(*v1alpha1.Component)) *Case {
	t.Helper()
	c := liveCase(t)
	for _, component := range []*v1alpha1.Component{&c.Application.Spec.Components[1], &c.Releases[0].Spec.Components[1]} {
		component.ConnectsTo = append(component.ConnectsTo, mail)
		for _, f := range change {
			f(component)
		}
	}
	withEgress(&c.Live)
	return c
}

func planned(objects []render.Object, kind, name string) bool {
	return slices.ContainsFunc(objects, func(o render.Object) bool { return o.GetKind() == kind && o.GetName() == name })
}

func TestEgressFindings(t *testing.T) {
	checkClause(t, v1alpha1.ConditionTrafficEncrypted, []string{v1alpha1.ReasonEncrypted, v1alpha1.ReasonEncryptionLost, v1alpha1.ReasonMeshNotConfigured}, []clauseRow{
		{name: "live", given: leavingCase(t), outcome: Met, reason: v1alpha1.ReasonEncrypted, without: []string{"smtp.sehat.example"}},
		{name: "in test", given: leavingCase(t), change: func(c *Case) { c.Live = ObservedStage{} }, outcome: Met, reason: v1alpha1.ReasonEncrypted,
			message: []string{"test has no way to the internet, so smtp.sehat.example:465 cannot be reached there"}},
		{name: "the proxy's certificate", given: leavingCase(t), change: func(c *Case) { c.Live.Certificates[mesh.EgressName] = ObservedCertificate{} },
			outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"/govpk-egress is not ready"}, deadline: hours(48).Add(5 * 60e9)},
		{name: "the proxy itself does not run", given: leavingCase(t), change: func(c *Case) { c.Live.Pods[len(c.Live.Pods)-1].Started = false }, outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "Istio", given: carriedByIstio(leavingCase(t)), outcome: Met, reason: v1alpha1.ReasonEncrypted},
		{name: "Istio, and the proxy is not in its mesh", given: carriedByIstio(leavingCase(t)), change: func(c *Case) { c.Live.Pods[len(c.Live.Pods)-1].Istio.Annotations = nil },
			outcome: Refused, reason: v1alpha1.ReasonEncryptionLost, message: []string{"-live/govpk-egress-1 is not in the mesh"}, deadline: hours(48).Add(5 * 60e9)},
		{name: "Istio without the proxy's image", given: carriedByIstio(leavingCase(t)), change: func(c *Case) { c.Policy.Mesh.Image = "" }, outcome: Refused, reason: v1alpha1.ReasonMeshNotConfigured,
			message: []string{"spec.mesh.image is not set", "spec.components[api].connectsTo names smtp.sehat.example", "NTC names it by digest"}},
	})
	checkClause(t, v1alpha1.ConditionLaunched, []string{v1alpha1.ReasonLaunched, v1alpha1.ReasonEgressUnavailable}, []clauseRow{
		{name: "live", given: leavingCase(t), outcome: Met, reason: v1alpha1.ReasonLaunched},
		{name: "the proxy is not there yet", given: leavingCase(t), change: func(c *Case) { delete(c.Live.Workloads, mesh.EgressName) },
			outcome: Progressing, reason: v1alpha1.ReasonEgressUnavailable, message: []string{"govpk-egress in health-portal-fab68624-live", "smtp.sehat.example:465 may be out of reach"}},
		{name: "the proxy does not come up", given: leavingCase(t), change: func(c *Case) {
			c.Live.Workloads[mesh.EgressName] = ObservedWorkload{Stuck: true}
			c.Live.Pods[len(c.Live.Pods)-1].Trouble = "ImagePullBackOff"
		}, outcome: Refused, reason: v1alpha1.ReasonEgressUnavailable, message: []string{"says: ImagePullBackOff", "NTC looks after it"}},
	})
}

// The proxy holds no rollout back: components wait for its address alone.
func TestEgressBlocksNoRollout(t *testing.T) {
	c := leavingCase(t)
	delete(c.Live.Workloads, mesh.EgressName)
	target := c.liveTarget(&c.Releases[0])
	if f := c.rollout(target); f.Outcome != Met || len(c.withholds(target)) > 0 {
		t.Errorf("%+v, withheld %q", f, c.withholds(target))
	}
	delete(c.Live.Addresses, mesh.EgressName)
	target = c.liveTarget(&c.Releases[0])
	objects := enforceDeployment(c, target)
	if planned(objects, "Deployment", "api") || !planned(objects, "Deployment", "web") || !planned(objects, "Service", mesh.EgressName) || !slices.Equal(c.withholds(target), []string{"api"}) {
		t.Error("what connects to the outside must wait for the proxy's address, and nothing else")
	}
}

// A proxy that runs is not taken for one that must go while its certificate is away.
func TestEgressIsNotPrunedForItsCertificate(t *testing.T) {
	c := leavingCase(t)
	delete(c.Live.Certificates, mesh.EgressName)
	target := c.liveTarget(&c.Releases[0])
	if planned(enforceDeployment(c, target), "Deployment", mesh.EgressName) || !slices.Equal(c.withholds(target), []string{mesh.EgressName}) {
		t.Error("the proxy waits for its certificate, and is not pruned meanwhile")
	}
}

// A second pod of the proxy serves callers that have a second pod themselves.
func TestEgressReplicas(t *testing.T) {
	for pods, want := range map[int32]int32{1: 1, 2: 2, 5: 2} {
		c := leavingCase(t, func(component *v1alpha1.Component) { component.Replicas = v1alpha1.Replicas{Min: pods, Max: 5} })
		target := c.liveTarget(&c.Releases[0])
		plan := Plan{Objects: enforceDeployment(c, target)}
		if got := replicasOf(t, plan, target.Scope.StageNamespace(), mesh.EgressName); got != want {
			t.Errorf("%d pods for callers with %d", got, pods)
		}
		if planned(plan.Objects, "PodDisruptionBudget", mesh.EgressName) != (want > 1) {
			t.Errorf("callers with %d pods: a disruption budget is for two", pods)
		}
	}
}

// The quota has room for the proxy and one more pod of it, in both stages alike.
func TestEgressIsBooked(t *testing.T) {
	c, without := leavingCase(t), liveCase(t)
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
	more := carriedByIstio(c).overhead(&c.Releases[0])
	more.Subtract(carriedByIstio(without).overhead(&without.Releases[0]))
	if more.CPU.String() != "20m" || more.Memory.String() != "128Mi" {
		t.Errorf("with Istio the proxy books %s and %s", more.CPU.String(), more.Memory.String())
	}
}

// While a release rolls, hosts and callers of both are served; afterwards those of the target alone, and none is left.
func TestEgressWhileRolling(t *testing.T) {
	c := leavingCase(t)
	next := candidate(c, hours(40), func(s *v1alpha1.ThirdPartyApplicationSpec) {
		otherImage(s)
		s.Components[1].ConnectsTo = nil
	})
	if !MaterialChange(&c.Releases[0], next) {
		t.Error("an edge out of the cluster is material")
	}
	target := c.liveTarget(next)
	if target.Previous == nil || !planned(enforceEncryption(c, target), "NetworkPolicy", "allow-"+mesh.EgressName) || !planned(enforceDeployment(c, target), "Deployment", mesh.EgressName) {
		t.Error("pods of the release before still need their way out")
	}
	c.Live.Release, c.Live.RolledOut = next.Name, next.Name
	target = c.liveTarget(next)
	for _, o := range append(enforceEncryption(c, target), enforceDeployment(c, target)...) {
		if strings.Contains(o.GetName(), mesh.EgressName) {
			t.Errorf("%s %s is left", o.GetKind(), o.GetName())
		}
	}
}

// The policy's blocks replace the default's, for ports that are declared and no others.
func TestBlockedCIDRs(t *testing.T) {
	c := leavingCase(t)
	c.Policy.Network.Egress.BlockedCIDRs = []string{"203.0.113.0/24"}
	o, ok := c.egressFlows(c.liveTarget(&c.Releases[0]))
	if !ok {
		t.Fatal("no policy")
	}
	out := object[networkingv1.NetworkPolicy](t, o).Spec.Egress[1]
	if block := out.To[0].IPBlock; block.CIDR != "0.0.0.0/0" || !slices.Equal(block.Except, []string{"203.0.113.0/24"}) || len(out.Ports) != 1 || out.Ports[0].Port.IntVal != 465 {
		t.Errorf("%+v", out)
	}
}

// A Task that reaches a host outside connects to no component by that.
func TestEgressOfTasks(t *testing.T) {
	c := leavingCase(t)
	release := &c.Releases[0]
	release.Spec.Components = append(release.Spec.Components, v1alpha1.Component{Name: "migrate", Type: v1alpha1.ComponentTask, ConnectsTo: []v1alpha1.Edge{mail}})
	if first := early(release); len(first) != 0 {
		t.Errorf("%v roll before the Task", first)
	}
	if callers := externalsOf(release)[0].Callers; !slices.Equal(callers, []string{"api", "migrate"}) {
		t.Errorf("callers %v", callers)
	}
}

// Isolated pods stay as they are for forensics, the proxy's too, while their flows end.
func TestEgressIsolated(t *testing.T) {
	c := leavingCase(t)
	target := c.liveTarget(&c.Releases[0])
	target.Offline = &Takedown{Workloads: v1alpha1.WorkloadsIsolate}
	if got := replicasOf(t, Plan{Objects: enforceDeployment(c, target)}, target.Scope.StageNamespace(), mesh.EgressName); got != 2 {
		t.Errorf("%d pods", got)
	}
	if planned(enforceEncryption(c, target), "NetworkPolicy", "allow-"+mesh.EgressName) {
		t.Error("a way out is left")
	}
}
