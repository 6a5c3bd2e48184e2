// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// No webhook of Istio's own chart puts a container into the pods of a stage, also where NTC has it inject everywhere: such a
// container is of no release, and admission would refuse the pod.
func TestNoInjection(t *testing.T) {
	g := NewWithT(t)
	facts := launched(portal(portalName))
	release := &facts.Releases[0]
	plan := sop.PlanFor(facts, sop.Assessment{Current: release, CurrentStage: v1alpha1.StageLive, Live: release})
	_, templates := stageOf(g, plan.Objects)
	var namespace map[string]string
	for _, o := range plan.Objects {
		if o.GetKind() == "Namespace" {
			namespace = o.GetLabels()
		}
	}
	g.Expect(templates).NotTo(BeEmpty())
	for what, settings := range map[string][]string{
		"as it comes":   nil,
		"by default":    {"sidecarInjectorWebhook.enableNamespacesByDefault=true"},
		"by a revision": {"revision=canary", "revisionTags={stable}"},
	} {
		t.Run(what, func(t *testing.T) {
			webhooks := injectors(t, settings)
			for name, template := range templates {
				NewWithT(t).Expect(injected(t, webhooks, namespace, template.Labels)).To(BeEmpty(), "pods of %s", name)
			}
			others := append(injected(t, webhooks, map[string]string{"istio-injection": "enabled"}, nil), injected(t, webhooks, map[string]string{"istio.io/rev": "canary"}, nil)...)
			NewWithT(t).Expect(others).NotTo(BeEmpty(), "where NTC wants it Istio injects, or this test shows nothing")
		})
	}
}

// injectors are the webhooks of Istio's chart with these settings.
func injectors(t *testing.T, settings []string) []admissionv1.MutatingWebhook {
	t.Helper()
	g := NewWithT(t)
	chart := filepath.Join(moduleOf(t, "../../hack/tools/istio", "istio.io/istio"), "manifests/charts/istio-control/istio-discovery")
	args := []string{"template", "istiod", chart, "--namespace", "istio-system", "--show-only", "templates/mutatingwebhook.yaml"}
	for _, setting := range settings {
		args = append(args, "--set", setting)
	}
	rendered, err := exec.CommandContext(t.Context(), "../../bin/tools/current/helm", args...).Output()
	g.Expect(err).NotTo(HaveOccurred())
	var webhooks []admissionv1.MutatingWebhook
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096)
	for {
		configuration := admissionv1.MutatingWebhookConfiguration{}
		err := decoder.Decode(&configuration)
		if errors.Is(err, io.EOF) {
			break
		}
		g.Expect(err).NotTo(HaveOccurred())
		webhooks = append(webhooks, configuration.Webhooks...)
	}
	g.Expect(webhooks).NotTo(BeEmpty())
	return webhooks
}

// injected are the webhooks that select pods with these labels, in a namespace with those.
func injected(t *testing.T, webhooks []admissionv1.MutatingWebhook, namespace, pod map[string]string) []string {
	t.Helper()
	selects := func(selector *metav1.LabelSelector, set map[string]string) bool {
		s, err := metav1.LabelSelectorAsSelector(selector)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		return s.Matches(labels.Set(set))
	}
	var names []string
	for _, w := range webhooks {
		if selects(w.NamespaceSelector, namespace) && selects(w.ObjectSelector, pod) {
			names = append(names, w.Name)
		}
	}
	return names
}
