// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	"k8s.io/apimachinery/pkg/util/intstr"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

func withProbes(c *applycore.ContainerApplyConfiguration, component v1alpha1.Component) *applycore.ContainerApplyConfiguration {
	if p := component.ReadinessProbe; p != nil {
		c.WithReadinessProbe(probe(component, *p, 2, 3))
	}
	if p := component.LivenessProbe; p != nil {
		c.WithLivenessProbe(probe(component, *p, 10, 3))
	}
	if p := component.StartupProbe; p != nil {
		c.WithStartupProbe(probe(component, *p, 2, 30))
	}
	return c
}

func probe(component v1alpha1.Component, p v1alpha1.Probe, period, failures int32) *applycore.ProbeApplyConfiguration {
	out := applycore.Probe().
		WithPeriodSeconds(cmp.Or(p.PeriodSeconds, period)).
		WithTimeoutSeconds(cmp.Or(p.TimeoutSeconds, 1)).
		WithFailureThreshold(cmp.Or(p.FailureThreshold, failures))
	if p.InitialDelaySeconds > 0 {
		out.WithInitialDelaySeconds(p.InitialDelaySeconds)
	}
	switch {
	case p.HTTPGet != nil:
		out.WithHTTPGet(applycore.HTTPGetAction().WithPath(p.HTTPGet.Path).WithPort(intstr.FromString(p.HTTPGet.Port)))
	case p.TCPSocket != nil:
		out.WithTCPSocket(applycore.TCPSocketAction().WithPort(intstr.FromString(p.TCPSocket.Port)))
	case p.GRPC != nil:
		out.WithGRPC(grpcAction(component, *p.GRPC))
	case p.Exec != nil:
		out.WithExec(applycore.ExecAction().WithCommand(p.Exec.Command...))
	}
	return out
}

// grpcAction names the port by its number, the only way that Kubernetes takes here.
func grpcAction(component v1alpha1.Component, p v1alpha1.GRPCProbe) *applycore.GRPCActionApplyConfiguration {
	action := applycore.GRPCAction()
	for _, port := range component.Ports {
		if port.Name == p.Port {
			action.WithPort(port.Port)
		}
	}
	if p.Service != "" {
		action.WithService(p.Service)
	}
	return action
}
