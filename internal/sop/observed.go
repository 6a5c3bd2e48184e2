// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"time"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

// ObservedStage is what a stage namespace looks like.
type ObservedStage struct {
	Exists      bool
	Terminating bool
	// Release is the annotation of the namespace: what was launched is a fact.
	Release string
	// RolledOut is the last release whose every component ran here; empty: none did.
	RolledOut string
	// Failed is the attempt that was rolled back, and Failure what its pods said.
	Failed, Failure string
	// Mesh is who carries its flows; empty: nothing runs there, so nothing is carried.
	Mesh v1alpha1.MeshType
	// Offline is the label that locks the namespace, and Exposed whether the exposure label is set.
	Offline string
	Exposed bool
	// Incident is the label by which break-glass writes there; empty: it does not.
	Incident string
	// OfflineSince is when the operator set that label; zero: it is not known. Enforced is its value once the takedown for it is complete.
	OfflineSince time.Time
	Enforced     string
	// UnencryptedSince is since when evidence of encryption is missing in live; zero: it is not.
	UnencryptedSince time.Time
	// Addresses are the components' cluster IPs.
	Addresses map[string]string
	// Workloads are the components' Deployments and StatefulSets, by component.
	Workloads map[string]ObservedWorkload
	// Tasks are the Jobs of Tasks, by their names.
	Tasks map[string]ObservedTask
	// Quota is the cpu and memory that the stage may use now; zero: it has none yet.
	Quota Compute
	// Claims are the components' PersistentVolumeClaims, their own and those that were copied from or to; see Settle.
	Claims map[string][]ObservedClaim
	// Volumes are the sizes of the components' own volumes.
	Volumes map[string]resource.Quantity
	// Beside are the images of the platform's own that its workloads and pods run beside components, or instead of one.
	Beside []string
	// VolumeNodes are the nodes that reach the components' own bound volumes; those that every node reaches are not in it.
	VolumeNodes map[string]*corev1.NodeSelector
	// Certificates are the components' own, by component.
	Certificates map[string]ObservedCertificate
	// Pods are the components' pods.
	Pods []ObservedPod
	// Routes says which hosts' routes the gateway accepted.
	Routes map[string]bool
}

// ObservedWorkload is what a Deployment or StatefulSet says of itself.
type ObservedWorkload struct {
	// Release is what it was last rendered from, and Replicas how many pods it asks for.
	Release  string
	Replicas int32
	// RolledOut is true when every replica of the current template is available.
	RolledOut bool
	// Idle is true when none of its pods is left, by its controller's word.
	Idle bool
	// Stuck is true when a rollout made no progress for as long as the policy allows.
	Stuck bool
}

// ObservedTask is what a Job says of itself.
type ObservedTask struct {
	Succeeded, Failed bool
	// Message is the Job's own reason for its failure.
	Message string
}

// ObservedPod is what is known of one pod.
type ObservedPod struct {
	Component string
	Name      string
	Created   time.Time
	// Node is where it runs; empty: nowhere yet. Ending: it was asked to end.
	Node   string
	Ending bool
	// Started is true when the component's own container runs, and Sidecar when the proxy beside it does.
	Started, Sidecar bool
	// Istio is what it says of its enrolment in Istio's mesh.
	Istio mesh.IstioPod
	// Restarts are those of the container that restarted most.
	Restarts int32
	// User is whom the component's own container runs as, as <uid>:<gid>, once the kubelet said so.
	User string
	// Said is what the platform's own container said when it ended well.
	Said string
	// Trouble says in the pod's own words why it does not run as it should; empty: it does.
	Trouble string
}

// Nodes are where the stage's pods run.
func (o ObservedStage) Nodes() []string {
	var nodes []string
	for _, pod := range o.Pods {
		if pod.Node != "" && !pod.Ending && !slices.Contains(nodes, pod.Node) {
			nodes = append(nodes, pod.Node)
		}
	}
	return nodes
}

func newest(a, b ObservedPod) bool {
	if !a.Created.Equal(b.Created) {
		return a.Created.After(b.Created)
	}
	return a.Name < b.Name
}

// words are what the newest troubled pod of a component says, in one line.
func (o ObservedStage) words(component string) string {
	var found ObservedPod
	for _, pod := range o.Pods {
		if pod.Component == component && pod.Trouble != "" && (found.Trouble == "" || newest(pod, found)) {
			found = pod
		}
	}
	if found.Trouble == "" {
		return ""
	}
	return ": pod " + found.Name + " says: " + quote(found.Trouble)
}

// quote makes one bounded line of what a tenant's program wrote.
func quote(text string) string {
	const most = 300
	line := make([]rune, 0, most)
	space := false
	for _, r := range text {
		if !unicode.IsPrint(r) || r == ' ' {
			space = len(line) > 0
			continue
		}
		if space {
			line, space = append(line, ' '), false
		}
		if len(line) >= most {
			return string(line) + "…"
		}
		line = append(line, r)
	}
	return string(line)
}

// crashes is how many restarts tell a component that cannot run from one that stumbled.
const crashes = 3

// hopeless is true when a pod of the component has restarted again and again, or has been in trouble for as long as a
// rollout may take. A StatefulSet, unlike a Deployment, does not say so itself. The instant is when that may become true.
func (c *Case) hopeless(stage ObservedStage, component string) (bool, time.Time) {
	limit := c.rolloutDeadline()
	var next time.Time
	for _, pod := range stage.Pods {
		if pod.Component != component || pod.Trouble == "" {
			continue
		}
		if end := pod.Created.Add(limit); pod.Restarts < crashes && c.Now.Before(end) {
			next = earliest(next, end)
			continue
		}
		return true, time.Time{}
	}
	return false, next
}

func (c *Case) rolloutDeadline() time.Duration {
	if c.Policy == nil {
		return 5 * time.Minute
	}
	return time.Duration(c.Policy.Rollouts.DeadlineSeconds) * time.Second
}

// services are the components of a release that run all the time.
func services(release *v1alpha1.Release) []v1alpha1.Component {
	return ofType(release, v1alpha1.ComponentService)
}

func tasks(release *v1alpha1.Release) []v1alpha1.Component {
	return ofType(release, v1alpha1.ComponentTask)
}

func ofType(release *v1alpha1.Release, kind v1alpha1.ComponentType) []v1alpha1.Component {
	var found []v1alpha1.Component
	for _, component := range release.Spec.Components {
		if component.Type == kind {
			found = append(found, component)
		}
	}
	return found
}
