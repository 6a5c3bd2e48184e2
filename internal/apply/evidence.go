// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// EvidenceKey is the key of an evidence ConfigMap's binary data; its parts, joined in the order of the names, are one gzip stream of JSON.
const EvidenceKey = "evidence.json.gz"

// evidencePart is below the size at which the API server refuses a ConfigMap.
const evidencePart = 900 << 10

// evidenceTime bounds how long evidence may keep the pods of a flagged application running.
const evidenceTime = 3 * time.Second

// Evidence is what is kept of an application that is taken offline.
type Evidence struct {
	// Violation or Breach is why it is; a provider's order is neither.
	Violation   *v1alpha1.PolicyViolation       `json:"violation,omitempty"`
	Breach      *v1alpha1.BreachReport          `json:"breach,omitempty"`
	Application *v1alpha1.ThirdPartyApplication `json:"application"`
	Release     *v1alpha1.Release               `json:"release,omitempty"`
	SignOffs    []v1alpha1.SignOff              `json:"signOffs,omitempty"`
	// Manifests are the objects of the live namespace as they were when the flag arrived.
	Manifests []unstructured.Unstructured `json:"manifests,omitempty"`
	Pods      []corev1.Pod                `json:"pods,omitempty"`
	Events    []eventsv1.Event            `json:"events,omitempty"`
	// Logs are the last 200 lines of each container and of the instance before it, of at most 64 KiB each and 4 MiB in all.
	Logs []Log `json:"logs,omitempty"`
	// Steps are the steps done before the evidence was kept; the status of the violation has them all.
	Steps []v1alpha1.TakedownStep `json:"steps"`
	// Gaps are what could not be read in time, or is over a bound.
	Gaps []string `json:"gaps,omitempty"`
}

// keepEvidence writes the evidence of a takedown once, as immutable ConfigMaps named after what locks.
func (a *Applier) keepEvidence(ctx context.Context, c *sop.Case, takedown *sop.Takedown, since time.Time, steps []v1alpha1.TakedownStep) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime)
	defer cancel()
	e := a.known(c, takedown, steps)
	base := evidenceBase(e.Violation, takedown, since)
	if names, err := a.kept(ctx, takedown.Violation, base); err != nil || len(names) > 0 {
		return names, err
	}
	a.observe(ctx, takedown.Namespace, &e)
	content, err := compress(e)
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", sop.GroundTitle(takedown.Violation), err)
	}
	var parts [][]byte
	for len(content) > evidencePart {
		parts, content = append(parts, content[:evidencePart]), content[evidencePart:]
	}
	parts = append(parts, content)
	// The first part is written last: it is the one whose presence says that all of them are there.
	for i := len(parts) - 1; i >= 0; i-- {
		if err := a.Client.Create(ctx, a.evidenceMap(c, takedown.Violation, partName(base, i), parts[i]), client.FieldOwner(render.FieldOwner)); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("create ConfigMap %s/%s: %w", a.EvidenceNamespace, partName(base, i), err)
		}
	}
	return partNames(base, len(parts)), nil
}

func (a *Applier) evidenceMap(c *sop.Case, violation, name string, content []byte) *corev1.ConfigMap {
	labels := c.Scope("").Labels()
	// Evidence outlives its application: with this label it would be a child, and pruned.
	delete(labels, render.ManagedByLabel)
	labels[v1alpha1.OfflineLabel] = violation
	immutable := true
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.EvidenceNamespace, Name: name, Labels: labels},
		Immutable:  &immutable,
		BinaryData: map[string][]byte{EvidenceKey: content},
	}
}

// kept names the evidence that an earlier pass wrote; nil when there is none.
func (a *Applier) kept(ctx context.Context, violation, base string) ([]string, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	err := a.Live.List(ctx, list, client.InNamespace(a.EvidenceNamespace), client.MatchingLabels{v1alpha1.OfflineLabel: violation})
	if err != nil {
		return nil, fmt.Errorf("list ConfigMaps in %s: %w", a.EvidenceNamespace, err)
	}
	parts, whole := 0, false
	for i := range list.Items {
		if strings.HasPrefix(list.Items[i].Name, base+"-") {
			parts++
		}
		whole = whole || list.Items[i].Name == partName(base, 0)
	}
	if !whole {
		return nil, nil
	}
	return partNames(base, parts), nil
}

// known is what the pass has gathered already.
func (a *Applier) known(c *sop.Case, takedown *sop.Takedown, steps []v1alpha1.TakedownStep) Evidence {
	e := Evidence{Application: c.Application, SignOffs: c.SignOffs, Steps: steps}
	for i := range c.Children {
		if c.Children[i].GetNamespace() == takedown.Namespace {
			e.Manifests = append(e.Manifests, c.Children[i])
		}
	}
	for i := range c.Violations {
		if c.Violations[i].Name == takedown.Violation {
			e.Violation = &c.Violations[i]
		}
	}
	for i := range c.Breaches {
		if sop.BreachGround(&c.Breaches[i]) == takedown.Violation {
			e.Breach = &c.Breaches[i]
		}
	}
	for i := range c.Releases {
		if c.Releases[i].Name == c.Live.Release {
			e.Release = &c.Releases[i]
		}
	}
	return e
}

// observe reads what the cache does not hold. What is not read in time is a gap, not a delay.
func (a *Applier) observe(ctx context.Context, namespace string, e *Evidence) {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime/2)
	defer cancel()
	var pods corev1.PodList
	if err := a.Live.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		e.Gaps = append(e.Gaps, "pods: "+err.Error())
	}
	var events eventsv1.EventList
	if err := a.Live.List(ctx, &events, client.InNamespace(namespace)); err != nil {
		e.Gaps = append(e.Gaps, "events: "+err.Error())
	}
	e.Pods, e.Events = pods.Items, events.Items
	logs, gaps := a.readLogs(ctx, e.Pods)
	e.Logs, e.Gaps = logs, append(e.Gaps, gaps...)
}

func compress(e Evidence) ([]byte, error) {
	var buffer bytes.Buffer
	zip := gzip.NewWriter(&buffer)
	if err := json.NewEncoder(zip).Encode(e); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// evidenceBase tells two violations of one name apart: a lifted one may be deleted and its name used again.
func evidenceBase(violation *v1alpha1.PolicyViolation, takedown *sop.Takedown, since time.Time) string {
	if !sop.OfViolation(takedown.Violation) {
		// One order takes many applications offline, and may do so more than once.
		return fmt.Sprintf("%s-%s-%d", takedown.Violation, takedown.Namespace, since.Unix())
	}
	if violation == nil {
		return takedown.Violation
	}
	uid, _, _ := strings.Cut(string(violation.UID), "-")
	return takedown.Violation + "-" + uid
}

func partName(base string, part int) string {
	return fmt.Sprintf("%s-%d", base, part)
}

func partNames(base string, parts int) []string {
	names := make([]string, 0, parts)
	for part := range parts {
		names = append(names, partName(base, part))
	}
	return names
}
