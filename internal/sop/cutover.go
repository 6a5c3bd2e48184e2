// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// A volume stays where it is. So a component with storage whose release comes to nodes that do not reach its volume is cut over: a new
// claim on those nodes and a pod that waits there to fill it; then the component stops, another pod serves the old volume, and once every
// file is verified the component starts with the new claim. The old one stays as it is. Which claim is a component's, and how far its
// cut-over is, is read in each pass from claims, workloads, Jobs and pods. Until the last volume is there the rest of the release
// before goes on as it is.

// cutOver is that of one component of a target. One follows the other.
type cutOver struct {
	component v1alpha1.Component
	from, to  ObservedClaim
	step      cutOverStep
	// later are the components that are cut over after it.
	later []string
	// pods are what copies, as components are seen: their flows are carried as all flows are.
	pods *v1alpha1.Release
	// job is the name of the Job that fills the new claim, and source where it finds the old one; empty: that has no address yet.
	job, source string
	// obstacle is why the copy cannot run now, and what to do; empty: it can.
	obstacle string
	// said is what the Job's pods say of themselves.
	said string
}

type cutOverStep int

const (
	// preparing: the component runs where it is. The new claim and the pod that fills it come first, so that whatever is missing on the new
	// nodes interrupts nobody.
	preparing cutOverStep = iota
	// stopping: the component is told to stop, or its last pod still ends.
	stopping
	// copying: nothing writes to the old volume.
	copying
	// copied: the new claim holds everything, and is marked in this pass.
	copied
	// discarding: a Job ended before the component stopped, so what it copied proves nothing.
	discarding
	// failed: the component runs again where it was.
	failed
)

// cutOverOf is the first one that a target needs; nil: none.
func (c *Case) cutOverOf(t Target) *cutOver {
	if t.Release == nil {
		return nil
	}
	var components []v1alpha1.Component
	for _, p := range t.parts() {
		if p.release == t.Release {
			components = append(components, p.Component)
		}
	}
	components = c.stranded(t, components)
	if len(components) == 0 {
		return nil
	}
	x := &cutOver{component: components[0]}
	for _, component := range components[1:] {
		x.later = append(x.later, component.Name)
	}
	x.from = t.Observed.claim(x.component.Name)
	x.to = t.Observed.nextClaim(x.component, x.from, t.Release.Spec.CloudServiceProvider)
	x.pods = c.copyPods()
	x.source = t.Observed.Addresses[mesh.CopySourceName]
	x.job = render.TaskName(mesh.CopyTargetName, strings.Join([]string{t.Attempt, x.to.Name, x.source}, "/"))
	x.obstacle = c.obstacle(t, x.from, x.to)
	x.step = x.stepOf(t.Observed)
	x.said = cmp.Or(t.Observed.words(mesh.CopyTargetName), t.Observed.words(mesh.CopySourceName))
	return x
}

// stranded are those of components whose volumes a target's release does not reach, and which do not run from it yet. What already runs
// from the release stays with its volume, whatever the policy narrows.
func (c *Case) stranded(t Target, components []v1alpha1.Component) []v1alpha1.Component {
	nodes := c.offered(t.Release)
	return slices.DeleteFunc(slices.Clone(components), func(component v1alpha1.Component) bool {
		return t.Observed.Workloads[component.Name].Release == t.Release.Name || !t.Observed.elsewhere(component, nodes)
	})
}

// stepOf is how far it is, by what is seen.
func (x *cutOver) stepOf(o ObservedStage) cutOverStep {
	workload, exists := o.Workloads[x.component.Name]
	// Two witnesses: neither cache knows how far the other one is.
	pods := exists && !workload.Idle || slices.ContainsFunc(o.Pods, func(p ObservedPod) bool { return p.Component == x.component.Name })
	stopped := !exists || workload.Replicas == 0 && workload.Release == ""
	job := o.Tasks[x.job]
	switch {
	case job.Failed:
		return failed
	case job.Succeeded && stopped && !pods:
		return copied
	case job.Succeeded:
		return discarding
	case stopped && !pods:
		return copying
	case stopped, x.obstacle == "" && x.targetStands(o):
		return stopping
	default:
		return preparing
	}
}

// targetStands is true while the pod that fills the new claim runs, on its node and with its volume, and no source of another try is left.
func (x *cutOver) targetStands(o ObservedStage) bool {
	if slices.ContainsFunc(o.Pods, func(p ObservedPod) bool { return p.Component == mesh.CopySourceName }) {
		return false
	}
	return slices.ContainsFunc(o.Pods, func(p ObservedPod) bool {
		return p.Component == mesh.CopyTargetName && strings.HasPrefix(p.Name, x.job+"-") && p.Started && !p.Ending
	})
}

// copies is true while a Job is there that fills a claim, or did.
func (o ObservedStage) copies() bool {
	for name := range o.Tasks {
		if strings.HasPrefix(name, mesh.CopyTargetName+"-") {
			return true
		}
	}
	return false
}

// away is true while the component does not run.
func (x *cutOver) away() bool { return x.step == stopping || x.step == copying || x.step == copied }

// takes is true for a component that is taken from the target's release though a cut-over is not done: one that is being cut over, and
// those with storage that are where they belong.
func (x *cutOver) takes(component v1alpha1.Component) bool {
	if x == nil {
		return true
	}
	if component.Name == x.component.Name {
		return x.away()
	}
	return component.Storage != nil && !slices.Contains(x.later, component.Name)
}

// holds is true for a component that is left as it is: it is not taken, and there is no release before to render it from. After a cut-over,
// or one that was given up, nothing with storage starts before its Job is gone: whether that ended with a whole copy must be known first.
func (t Target) holds(component v1alpha1.Component) bool {
	if t.CutOver == nil {
		return component.Storage != nil && t.Observed.copies()
	}
	if component.Name == mesh.CopySourceName || component.Name == mesh.CopyTargetName {
		return false
	}
	return !t.CutOver.takes(component) && t.Previous == nil
}

// obstacle is why the volume of a component cannot be copied now, with what to do; empty: it can.
func (c *Case) obstacle(t Target, from, to ObservedClaim) string {
	provider, ready, away := c.reaching(from)
	switch {
	case c.Policy == nil || c.wantedMesh().Image == "":
		return "DeploymentPolicy default spec.mesh.image is not set, and the pods that copy run it; NTC names it by digest"
	case from.User == "":
		return "the user that its files belong to is not known, since no kubelet reported a pod of it; it runs once where it is, on nodes whose containerd is 2.0 or later"
	case provider == "":
		return "no node of a provider that a release of the application names reaches it; its provider attests such a node again"
	case len(ready) == 0:
		return fmt.Sprintf("CloudServiceProvider %s: %s, which reaches it, is not ready, cordoned or tainted; the provider readies it", provider, strings.Join(away, ", "))
	case c.evicts(provider):
		return fmt.Sprintf("no pod may start with CloudServiceProvider %s, by order or since its day has come; the Cloud Office ends spec.takeOffline or sets a later spec.accreditation.offlineFrom for as long as the copy takes", provider)
	case to.Nodes != nil && !reaches(to.Nodes, c.offered(t.Release)):
		return fmt.Sprintf("its new PersistentVolumeClaim %s was bound where no node of CloudServiceProvider %s reaches it; NTC names a StorageClass with volumeBindingMode WaitForFirstConsumer in DeploymentPolicy default spec.storage.className, and removes the claim",
			to.Name, t.Release.Spec.CloudServiceProvider)
	}
	return ""
}

// reaching is the provider whose nodes reach a claim's volume, and those nodes by name.
func (c *Case) reaching(claim ObservedClaim) (provider string, ready, away []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Nodes)) {
		ready, away := namesOf(matching(claim.Nodes, c.Nodes[name].Ready)), namesOf(matching(claim.Nodes, c.Nodes[name].Away))
		if len(ready)+len(away) > 0 {
			return name, ready, away
		}
	}
	return "", nil, nil
}

// evicts is true for a provider with which nothing runs any more.
func (c *Case) evicts(name string) bool {
	provider, ok := c.Providers[name]
	if !ok || c.Policy == nil {
		return true
	}
	standing, err := StandingOf(&provider, c.Breaches, c.Policy, c.Now)
	return err != nil || provider.Spec.TakeOffline != nil || standing.Offline
}

// cutOverFinding follows it. Until it is done nothing else of the rollout is judged: what connects to the component fails meanwhile.
func (c *Case) cutOverFinding(t Target) Finding {
	x, namespace := t.CutOver, t.Scope.StageNamespace()
	copies := fmt.Sprintf("component %s of %s in %s: its volume is copied from PersistentVolumeClaim %s to %s, which nodes of CloudServiceProvider %s reach",
		x.component.Name, t.Release.Name, namespace, x.from.Name, x.to.Name, t.Release.Spec.CloudServiceProvider)
	switch {
	case x.step == failed:
		now := "it runs again where it was"
		if t.Previous == nil {
			now = "it stays stopped, since no release before is known to run there"
		}
		return finding(Refused, v1alpha1.ReasonCutOverFailed, "%s; that failed%s%s; %s; %s", copies, because(quote(t.Observed.Tasks[x.job].Message)), x.said, now, remedy)
	case x.obstacle != "" && !x.away():
		return finding(Progressing, v1alpha1.ReasonCuttingOver, "%s; that cannot begin: %s; until then it runs where it is", copies, x.obstacle)
	case x.obstacle != "":
		return finding(Progressing, v1alpha1.ReasonCuttingOver, "%s; that waits: %s; the component is stopped, and runs where it was again if %s is launched", copies, x.obstacle, cmp.Or(t.Observed.RolledOut, "the release before"))
	case !x.away():
		return finding(Progressing, v1alpha1.ReasonCuttingOver, "%s; it still runs, until a pod there is ready to fill the new one%s", copies, x.said)
	case x.step == stopping:
		return finding(Progressing, v1alpha1.ReasonCuttingOver, "%s; it stops, and what connects to it is interrupted until all is copied and verified", copies)
	}
	return finding(Progressing, v1alpha1.ReasonCuttingOver, "%s; it is stopped, and what connects to it is interrupted, until all is copied and verified%s", copies, x.said)
}
