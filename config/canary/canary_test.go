// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canary holds the manifests of the platform's canary.
package canary

import (
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/internal/canary"
)

func read[T any](t *testing.T, file string) []T {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var objects []T
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var object T
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		objects = append(objects, object)
	}
	return objects
}

// The proof is in these policies: of the peer's three ports one passes both ways, and each of the others is closed by one side alone.
func TestEachDeniedPortIsClosedByOneSide(t *testing.T) {
	prober, peer := read[appsv1.DaemonSet](t, "canary.yaml")[0], read[appsv1.DaemonSet](t, "peer.yaml")[0]
	var egress, ingress []int
	denies := map[string]int{}
	for _, policy := range read[netv1.NetworkPolicy](t, "network_policies.yaml") {
		for side, set := range map[netv1.PolicyType]appsv1.DaemonSet{netv1.PolicyTypeEgress: prober, netv1.PolicyTypeIngress: peer} {
			selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
			if err != nil {
				t.Fatal(err)
			}
			if selector.Matches(labels.Set(set.Spec.Template.Labels)) && slices.Contains(policy.Spec.PolicyTypes, side) {
				denies[string(side)]++
			}
		}
		for _, rule := range policy.Spec.Egress {
			for _, port := range rule.Ports {
				egress = append(egress, port.Port.IntValue())
			}
		}
		for _, rule := range policy.Spec.Ingress {
			for _, port := range rule.Ports {
				ingress = append(ingress, port.Port.IntValue())
			}
		}
	}
	if want := []int{canary.DeclaredPort, canary.NoIngressPort}; !slices.Equal(egress, want) {
		t.Errorf("egress to %v, want %v", egress, want)
	}
	if want := []int{canary.DeclaredPort, canary.NoEgressPort}; !slices.Equal(ingress, want) {
		t.Errorf("ingress on %v, want %v", ingress, want)
	}
	if denies["Egress"] != 2 || denies["Ingress"] != 2 {
		t.Errorf("default-deny and one policy hold each side: %v", denies)
	}
}

// A pod's status carries the verdicts: a container for each, asked for it by name.
func TestContainersCarryVerdicts(t *testing.T) {
	for file, want := range map[string][]string{
		"canary.yaml": {canary.Control, canary.IngressDenied, canary.EgressDenied}, "peer.yaml": {canary.Peer},
	} {
		var names []string
		for _, container := range read[appsv1.DaemonSet](t, file)[0].Spec.Template.Spec.Containers {
			names = append(names, container.Name)
			if path := container.ReadinessProbe.HTTPGet.Path; path != "/"+container.Name {
				t.Errorf("%s: container %s is asked for %s", file, container.Name, path)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: containers %v, want %v", file, names, want)
		}
	}
}
