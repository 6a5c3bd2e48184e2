// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// canaryPort is where the sample API listens.
const canaryPort = "8080"

// Canary is a pod of the sample API that belongs to no application and that no NetworkPolicy holds. What it reaches and an
// application does not is closed by the application's own policies, not by chance.
type Canary struct {
	// Node is where it runs, and Address its host and port.
	Node, Address string
	pod           string
	namespace     string
	set           kubernetes.Interface
}

// Canaries are one canary on each node of the provider, in a namespace of their own.
func (c *Cluster) Canaries(ctx context.Context, namespace string) ([]Canary, error) {
	set, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return nil, err
	}
	err = c.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, err
	}
	var nodes corev1.NodeList
	if err := c.Admin.List(ctx, &nodes, client.MatchingLabels{"node.platform.ntc.gov.pk/provider": "ntc-islamabad"}); err != nil {
		return nil, err
	}
	var canaries []Canary
	for _, node := range nodes.Items {
		canary := Canary{Node: node.Name, pod: "canary-" + node.Name, namespace: namespace, set: set}
		if canary.Address, err = c.hatch(ctx, canary); err != nil {
			return nil, err
		}
		canaries = append(canaries, canary)
	}
	return canaries, nil
}

// hatch starts a canary and waits for its address.
func (c *Cluster) hatch(ctx context.Context, canary Canary) (string, error) {
	now := int64(0)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: canary.namespace, Name: canary.pod}}
	pod.Spec = corev1.PodSpec{
		NodeName:                      canary.Node,
		TerminationGracePeriodSeconds: &now,
		Containers: []corev1.Container{{
			Name: "api", Image: c.Images.API, ImagePullPolicy: corev1.PullIfNotPresent, Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
		}},
	}
	var found *corev1.Pod
	err := Eventually(ctx, patience, func() error {
		// A namespace has its ServiceAccount a moment later, and the pod of an earlier spec may be ending.
		if err := c.Admin.Create(ctx, pod.DeepCopy()); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
		found = &corev1.Pod{}
		if err := c.Admin.Get(ctx, client.ObjectKeyFromObject(pod), found); err != nil {
			return err
		}
		if found.DeletionTimestamp != nil || found.Status.Phase != corev1.PodRunning || found.Status.PodIP == "" {
			return fmt.Errorf("pod %s is %s, deleted %v", pod.Name, found.Status.Phase, found.DeletionTimestamp)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	// It runs a moment before it listens.
	return found.Status.PodIP + ":" + canaryPort, canary.Greet(ctx, nil)
}

// Reaches asks the canary to try a TCP connection.
func (y Canary) Reaches(ctx context.Context, address string) (bool, error) {
	var answer struct{ Reached *bool }
	if err := y.ask(ctx, "/api/reach", map[string]string{"address": address, "timeout": "700"}, &answer); err != nil || answer.Reached == nil {
		return false, fmt.Errorf("canary on %s: no answer: %w", y.Node, err)
	}
	return *answer.Reached, nil
}

// Resolves asks the canary for the addresses of a name; where it finds none, its words say whom it asked.
func (y Canary) Resolves(ctx context.Context, name string) (resolved bool, words string, err error) {
	var answer struct {
		Resolved *bool
		Error    string
	}
	if err := y.ask(ctx, "/api/resolve", map[string]string{"name": name}, &answer); err != nil || answer.Resolved == nil {
		return false, "", fmt.Errorf("canary on %s: no answer: %w", y.Node, err)
	}
	return *answer.Resolved, answer.Error, nil
}

// ask asks until there is an answer: the API server and the kubelet between are busy at times.
func (y Canary) ask(ctx context.Context, path string, query map[string]string, answer any) error {
	return Eventually(ctx, answerWithin, func() error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		body, err := y.set.CoreV1().Pods(y.namespace).ProxyGet("http", y.pod, canaryPort, path, query).DoRaw(ctx)
		if err != nil {
			return err
		}
		return json.Unmarshal(body, answer)
	})
}

// Greet asks the canary for its greeting with a query, in plain HTTP.
func (y Canary) Greet(ctx context.Context, query map[string]string) error {
	return y.ask(ctx, "/api/greeting", query, &struct{}{})
}
