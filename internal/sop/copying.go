// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/cutover"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// What each of the two pods takes beside what the mesh adds. The target remembers every path.
var (
	copyCPU    = resource.MustParse("100m")
	copyMemory = resource.MustParse("256Mi")
)

// copyPods are the source and the target of a cut-over as components: the target alone connects to the source, and to nothing else.
func (c *Case) copyPods() *v1alpha1.Release {
	resources := v1alpha1.Resources{
		Requests: v1alpha1.ResourceRequests{CPU: copyCPU, Memory: copyMemory}, Limits: v1alpha1.ResourceLimits{Memory: copyMemory},
	}
	image := c.wantedMesh().Image
	return &v1alpha1.Release{
		ObjectMeta: metav1.ObjectMeta{Name: "govpk-copy"},
		Spec: v1alpha1.ReleaseSpec{Components: []v1alpha1.Component{
			{
				Name: mesh.CopySourceName, Type: v1alpha1.ComponentService, Image: image, Resources: resources,
				Ports: []v1alpha1.ComponentPort{{Name: cutover.PortName, Port: cutover.Port}},
			},
			{
				Name: mesh.CopyTargetName, Type: v1alpha1.ComponentTask, Image: image, Resources: resources,
				ConnectsTo: []v1alpha1.Edge{{Component: mesh.CopySourceName, Port: cutover.PortName}},
			},
		}},
	}
}

// stopped is true for a component that is cut over, while it may not run, and while the stage is offline for all whose volume the release does
// not reach: marked as the release's they would be taken for moved.
func (t Target) stopped(p part) bool {
	x := t.CutOver
	if x == nil || p.release != t.Release {
		return false
	}
	return p.Name == x.component.Name && (x.away() || t.Offline != nil) || t.Offline != nil && slices.Contains(x.later, p.Name)
}

// cutOverObjects are the new claim, the address of the source, and the pods that copy. While the stage is offline, or nothing may be added
// with its provider, there are none; the claims keep what they hold.
func (c *Case) cutOverObjects(t Target, numbers map[string]map[string]int32) []render.Object {
	x := t.CutOver
	if x == nil || t.Offline != nil || t.Frozen || x.obstacle != "" && x.step == preparing {
		return nil
	}
	to := x.to.Claim
	if x.step == copied {
		to.Copied = cmp.Or(t.Observed.said(x.job), "all")
	}
	source, target := x.pods.Spec.Components[0], x.pods.Spec.Components[1]
	objects := []render.Object{
		c.volumeObject(t, x.component, to),
		render.Service(t.Scope, source.Name, c.carrier(t).ServicePorts(c.meshComponent(t, source, numbers))),
	}
	if x.step != discarding && !c.withheld(t, target) && x.from.User != "" {
		w := c.copyWorkload(t, target, x.to.Name, cutover.FetchCommand, numbers)
		w.Nodes = c.nodes(t.Release)
		job := render.CopyTarget(t.Scope, w, x.job, cutover.RefusedStatus)
		if ended := t.Observed.Tasks[x.job]; ended.Succeeded || ended.Failed {
			job.Mode = render.Keep
		}
		objects = append(objects, job)
	}
	if x.step == copying && x.obstacle == "" && !c.withheld(t, source) {
		w := c.copyWorkload(t, source, x.from.Name, cutover.ServeCommand, numbers)
		provider, _, _ := c.reaching(x.from)
		if found, known := c.Providers[provider]; known {
			w.Nodes = []metav1.LabelSelector{found.Spec.NodeSelector}
		}
		objects = append(objects, render.CopySource(t.Scope, w))
	}
	return objects
}

func (c *Case) copyWorkload(t Target, component v1alpha1.Component, claim, command string, numbers map[string]map[string]int32) render.CopyWorkload {
	component.Args = []string{command, t.CutOver.job}
	uid, gid, _ := strings.Cut(t.CutOver.from.User, ":")
	w := render.CopyWorkload{Workload: c.workload(t, component, t.Release, c.meshComponent(t, component, numbers)), Directory: cutover.Directory}
	w.Claim, w.Replicas = claim, 1
	w.User, _ = strconv.ParseInt(uid, 10, 64)
	w.Group, _ = strconv.ParseInt(gid, 10, 64)
	return w
}

// said is what the pod of a Job said when it ended well.
func (o ObservedStage) said(job string) string {
	for _, pod := range o.Pods {
		if strings.HasPrefix(pod.Name, job+"-") && pod.Said != "" {
			return quote(pod.Said)
		}
	}
	return ""
}
