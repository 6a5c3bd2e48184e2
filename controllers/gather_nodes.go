// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// +kubebuilder:rbac:groups="",resources=nodes,verbs=get;list;watch

// gatherNodes reads what the providers' nodes offer and what is booked on them. A selector that cannot be read matches none;
// the rule says so. From here on the application is woken when room comes free, until the pass finds that it does not wait.
func (r *ApplicationReconciler) gatherNodes(ctx context.Context, c *sop.Case) error {
	c.Nodes = map[string]sop.ProviderNodes{}
	for name := range c.Providers {
		provider := c.Providers[name]
		selector, err := metav1.LabelSelectorAsSelector(&provider.Spec.NodeSelector)
		if err != nil {
			continue
		}
		var nodes corev1.NodeList
		// Thousands of nodes are not copied in each pass: quantities are copied below, and of the rest only labels are kept, which nobody changes.
		if err := r.Client.List(ctx, &nodes, client.MatchingLabelsSelector{Selector: selector}, client.UnsafeDisableDeepCopy); err != nil {
			return err
		}
		offered := providerNodes(nodes.Items)
		offered.Booked, offered.Held = r.bookings.of(client.ObjectKeyFromObject(c.Application), name)
		c.Nodes[name] = offered
	}
	return nil
}

func providerNodes(nodes []corev1.Node) sop.ProviderNodes {
	var out sop.ProviderNodes
	for i := range nodes {
		if !takesPods(&nodes[i]) {
			out.Away = append(out.Away, sop.Node{Name: nodes[i].Name, Labels: nodes[i].Labels})
			continue
		}
		allocatable := nodes[i].Status.Allocatable
		out.Ready = append(out.Ready, sop.Node{Name: nodes[i].Name, Labels: nodes[i].Labels, Compute: sop.Compute{
			CPU:    allocatable.Cpu().DeepCopy(),
			Memory: allocatable.Memory().DeepCopy(),
		}})
	}
	return out
}

// takesPods is true when the scheduler may put a pod of an application on the node: such pods tolerate nothing.
func takesPods(node *corev1.Node) bool {
	if node.Spec.Unschedulable || len(node.Spec.Taints) > 0 {
		return false
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// slimNode keeps of a node in the cache what verdicts follow from, so that what a kubelet reports every few seconds changes
// nothing: of taints those that keep pods away, of the conditions Ready.
func slimNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	slim := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, UID: node.UID, ResourceVersion: node.ResourceVersion, Labels: node.Labels},
		Spec:       corev1.NodeSpec{Unschedulable: node.Spec.Unschedulable},
		Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
			corev1.ResourceCPU: *node.Status.Allocatable.Cpu(), corev1.ResourceMemory: *node.Status.Allocatable.Memory(),
		}},
	}
	for _, taint := range node.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule {
			slim.Spec.Taints = append(slim.Spec.Taints, corev1.Taint{Key: taint.Key, Effect: taint.Effect})
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			slim.Status.Conditions = []corev1.NodeCondition{{Type: condition.Type, Status: condition.Status}}
		}
	}
	return slim, nil
}

// nodeChanged lets through what changes where an application may run, or whether it fits.
func nodeChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*corev1.Node)
		after, too := e.ObjectNew.(*corev1.Node)
		return !ok || !too || takesPods(before) != takesPods(after) || !equality.Semantic.DeepEqual(before.Labels, after.Labels) ||
			!equality.Semantic.DeepEqual(before.Status.Allocatable, after.Status.Allocatable)
	}}
}

// nodeRequests are the applications of the providers whose selector matches the node.
func (r *ApplicationReconciler) nodeRequests(ctx context.Context, node client.Object) []reconcile.Request {
	var providers v1alpha1.CloudServiceProviderList
	if err := r.Client.List(ctx, &providers); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list providers of a node")
		return nil
	}
	var requests []reconcile.Request
	for i := range providers.Items {
		selector, err := metav1.LabelSelectorAsSelector(&providers.Items[i].Spec.NodeSelector)
		if err == nil && selector.Matches(labels.Set(node.GetLabels())) {
			requests = append(requests, r.onProvider(ctx, providers.Items[i].Name)...)
		}
	}
	return requests
}
