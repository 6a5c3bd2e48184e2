// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"

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

// Evidence is what is kept of an application that is taken offline.
type Evidence struct {
	Violation   *v1alpha1.PolicyViolation       `json:"violation"`
	Application *v1alpha1.ThirdPartyApplication `json:"application"`
	Release     *v1alpha1.Release               `json:"release,omitempty"`
	SignOffs    []v1alpha1.SignOff              `json:"signOffs,omitempty"`
	// Manifests are the objects of the live namespace as they were when the flag arrived.
	Manifests []unstructured.Unstructured `json:"manifests,omitempty"`
	Pods      []corev1.Pod                `json:"pods,omitempty"`
	Events    []eventsv1.Event            `json:"events,omitempty"`
	// Steps are the steps done before the evidence was kept; the status of the violation has them all.
	Steps []v1alpha1.TakedownStep `json:"steps"`
	// Gaps are what could not be read in time.
	Gaps []string `json:"gaps,omitempty"`
}

// keepEvidence writes the evidence of a violation once, as immutable ConfigMaps named after it.
func (a *Applier) keepEvidence(ctx context.Context, c *sop.Case, takedown *sop.Takedown, steps []v1alpha1.TakedownStep) ([]string, error) {
	if names, err := a.kept(ctx, takedown.Violation); err != nil || len(names) > 0 {
		return names, err
	}
	content, err := compress(a.collect(ctx, c, takedown, steps))
	if err != nil {
		return nil, fmt.Errorf("evidence of PolicyViolation %s: %w", takedown.Violation, err)
	}
	var parts [][]byte
	for len(content) > evidencePart {
		parts, content = append(parts, content[:evidencePart]), content[evidencePart:]
	}
	parts = append(parts, content)
	// The first part is written last: it is the one whose presence says that all of them are there.
	for i := len(parts) - 1; i >= 0; i-- {
		if err := a.Client.Create(ctx, a.evidenceMap(c, takedown.Violation, i, parts[i]), client.FieldOwner(render.FieldOwner)); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("create ConfigMap %s/%s: %w", a.EvidenceNamespace, evidenceName(takedown.Violation, i), err)
		}
	}
	return evidenceNames(takedown.Violation, len(parts)), nil
}

func (a *Applier) evidenceMap(c *sop.Case, violation string, part int, content []byte) *corev1.ConfigMap {
	labels := c.Scope("").Labels()
	labels[v1alpha1.OfflineLabel] = violation
	immutable := true
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.EvidenceNamespace, Name: evidenceName(violation, part), Labels: labels},
		Immutable:  &immutable,
		BinaryData: map[string][]byte{EvidenceKey: content},
	}
}

// kept names the evidence that an earlier pass wrote; nil when there is none.
func (a *Applier) kept(ctx context.Context, violation string) ([]string, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMapList"))
	err := a.Live.List(ctx, list, client.InNamespace(a.EvidenceNamespace), client.MatchingLabels{v1alpha1.OfflineLabel: violation})
	if err != nil {
		return nil, fmt.Errorf("list ConfigMaps in %s: %w", a.EvidenceNamespace, err)
	}
	for i := range list.Items {
		if list.Items[i].Name == evidenceName(violation, 0) {
			return evidenceNames(violation, len(list.Items)), nil
		}
	}
	return nil, nil
}

// collect reads within evidenceTime what the cache does not hold; what is not read in time is a gap, not a delay.
func (a *Applier) collect(ctx context.Context, c *sop.Case, takedown *sop.Takedown, steps []v1alpha1.TakedownStep) Evidence {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime)
	defer cancel()
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
	for i := range c.Releases {
		if c.Releases[i].Name == c.Live.Release {
			e.Release = &c.Releases[i]
		}
	}
	var pods corev1.PodList
	if err := a.Live.List(ctx, &pods, client.InNamespace(takedown.Namespace)); err != nil {
		e.Gaps = append(e.Gaps, "pods: "+err.Error())
	}
	var events eventsv1.EventList
	if err := a.Live.List(ctx, &events, client.InNamespace(takedown.Namespace)); err != nil {
		e.Gaps = append(e.Gaps, "events: "+err.Error())
	}
	e.Pods, e.Events = pods.Items, events.Items
	return e
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

func evidenceName(violation string, part int) string {
	return fmt.Sprintf("%s-%d", violation, part)
}

func evidenceNames(violation string, parts int) []string {
	names := make([]string, 0, parts)
	for part := range parts {
		names = append(names, evidenceName(violation, part))
	}
	return names
}
