// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import "testing"

func TestHorizontalPodAutoscaler(t *testing.T) {
	sameYAML(t, HorizontalPodAutoscaler(scope, newComponent(), 2, 6), `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
  namespace: health-portal-fab68624-live
  labels:
    app.kubernetes.io/managed-by: govpk-operator
    platform.ntc.gov.pk/application: health-portal
    platform.ntc.gov.pk/application-namespace: sehat-digital
    platform.ntc.gov.pk/component: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 6
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}
`)
}

func TestPodDisruptionBudget(t *testing.T) {
	for _, replicas := range []int32{0, 1} {
		if _, some := PodDisruptionBudget(scope, newComponent(), replicas); some {
			t.Errorf("a budget for %d pods", replicas)
		}
	}
	budget, some := PodDisruptionBudget(scope, newComponent(), 2)
	if !some {
		t.Fatal("no budget for two pods")
	}
	sameYAML(t, budget, `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
  namespace: health-portal-fab68624-live
  labels:
    app.kubernetes.io/managed-by: govpk-operator
    platform.ntc.gov.pk/application: health-portal
    platform.ntc.gov.pk/application-namespace: sehat-digital
    platform.ntc.gov.pk/component: web
spec:
  selector: {matchLabels: {platform.ntc.gov.pk/component: web}}
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
`)
}
