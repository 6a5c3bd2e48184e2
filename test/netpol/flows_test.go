// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package netpol

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Whoever is at one end of a flow: a pod, or an address outside the cluster.
type end struct {
	name string
	// component and stage are set for the application's own pods.
	component, stage string
	// gatewayOf is the stage whose gateway this is.
	gatewayOf string
	// probes is the address that Istio gives to the node's own kubelet.
	probes bool
	peer   *matcher.TrafficPeer
}

// carried are the ports that a carrier of mutual TLS opens: to declared callers, and to the gateways. They are written here
// once more, so that a change of them is seen.
type carried struct {
	mesh           v1alpha1.MeshType
	peers, gateway int32
}

var carriers = []carried{{v1alpha1.MeshSidecar, 15443, 15444}, {v1alpha1.MeshIstio, 15008, 15008}}

// Between any two ends, on any port and protocol, exactly those flows are allowed that the application declares, and those only
// through what carries them: what a component listens on itself is open to nobody.
func TestFlows(t *testing.T) {
	for _, carrier := range carriers {
		for _, app := range applications() {
			name := string(carrier.mesh) + " " + app.Name
			t.Run(name, func(t *testing.T) {
				table{carried: carrier, app: app, policies: policies(t, app, carrier.mesh, false)}.judge(t)
			})
			t.Run(name+" while live is offline", func(t *testing.T) {
				table{carried: carrier, app: app, policies: policies(t, app, carrier.mesh, true), offline: true}.judge(t)
			})
		}
	}
}

type table struct {
	carried
	app      *v1alpha1.ThirdPartyApplication
	policies *matcher.Policy
	offline  bool
}

var protocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

// judge asks each end by itself, so that a rule which is too wide on one side is not covered by the other.
func (f table) judge(t *testing.T) {
	everyone := ends(t, f.app)
	allowed, wrong := 0, 0
	for _, from := range everyone {
		for _, to := range everyone {
			for _, port := range ports(f.app) {
				for _, protocol := range protocols {
					verdict := f.policies.IsTrafficAllowed(&matcher.Traffic{
						Source: from.peer, Destination: to.peer, Protocol: protocol,
						ResolvedPort: int(port), ResolvedPortName: portName(f.app, to.component, port),
					})
					want := f.declared(from, to, port, protocol)
					if want && verdict.IsAllowed() {
						allowed++
					}
					for _, side := range []struct {
						name    string
						ours    bool
						allowed bool
					}{{"sending", from.stage != "", verdict.Egress.IsAllowed()}, {"receiving", to.stage != "", verdict.Ingress.IsAllowed()}} {
						if !side.ours || side.allowed == want {
							continue
						}
						wrong++
						if wrong <= 10 {
							t.Errorf("%s to %s, %s %d: %s is allowed: %v", from.name, to.name, protocol, port, side.name, side.allowed)
						}
					}
				}
			}
		}
	}
	if want := f.count(); allowed != want || wrong > 10 {
		t.Errorf("%d declared flows are allowed of %d; %d judgements are wrong", allowed, want, wrong)
	}
}

// declared says what the application asked for, and through which port.
func (f table) declared(from, to end, port int32, protocol corev1.Protocol) bool {
	switch {
	case to.component == "" || f.offline && to.stage == v1alpha1.LiveNamespace:
		return false
	case from.probes && f.mesh == v1alpha1.MeshIstio:
		return true
	case protocol != corev1.ProtocolTCP:
		return false
	case from.gatewayOf == to.stage:
		return port == f.gateway && routed(f.app, to.component)
	}
	return from.stage == to.stage && port == f.peers && f.edge(from.component, to.component)
}

func (f table) edge(from, to string) bool {
	for _, c := range f.app.Spec.Components {
		for _, edge := range c.ConnectsTo {
			if c.Name == from && edge.Component == to {
				return true
			}
		}
	}
	return false
}

// count is how many flows there are to allow: each pair of components with an edge, each routed component and, with Istio, each
// component for probes on all that is asked, once for each stage that is not offline.
func (f table) count() int {
	flows, probes := 0, 0
	for _, to := range f.app.Spec.Components {
		if routed(f.app, to.Name) {
			flows++
		}
		for _, from := range f.app.Spec.Components {
			if f.edge(from.Name, to.Name) {
				flows++
			}
		}
		if f.mesh == v1alpha1.MeshIstio {
			probes += len(ports(f.app)) * len(protocols)
		}
	}
	if f.offline {
		return flows + probes
	}
	return 2 * (flows + probes)
}

func routed(app *v1alpha1.ThirdPartyApplication, component string) bool {
	for _, d := range app.Spec.Domains {
		for _, p := range d.Paths {
			if p.Component == component {
				return true
			}
		}
	}
	return false
}

func portName(app *v1alpha1.ThirdPartyApplication, component string, number int32) string {
	for _, c := range app.Spec.Components {
		for _, port := range c.Ports {
			if c.Name == component && port.Port == number {
				return port.Name
			}
		}
	}
	return ""
}

// ports are all that anything listens on, of either carrier too, their neighbours, and those that a leak would use. 15020 is
// the sidecar's health, 15100 its first edge, 15006 where Istio's own sidecar takes what comes in.
func ports(app *v1alpha1.ThirdPartyApplication) []int32 {
	numbers := map[int32]bool{53: true, 80: true, 443: true, 6443: true, 15006: true, 15020: true, 15100: true}
	for _, carrier := range carriers {
		for _, port := range []int32{carrier.peers, carrier.gateway} {
			numbers[port-1], numbers[port], numbers[port+1] = true, true, true
		}
	}
	for _, c := range app.Spec.Components {
		for _, port := range c.Ports {
			numbers[port.Port-1], numbers[port.Port], numbers[port.Port+1] = true, true, true
		}
	}
	var out []int32
	for number := range numbers {
		out = append(out, number)
	}
	return out
}

// ends are the application's pods, and whoever else could be at the other end.
func ends(t *testing.T, app *v1alpha1.ThirdPartyApplication) []end {
	var out []end
	neighbour := app.DeepCopy()
	neighbour.Name, neighbour.Namespace = "neighbour", "another-organization"
	for i, of := range []*v1alpha1.ThirdPartyApplication{app, neighbour} {
		for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
			s := scope(of, stage)
			for _, c := range of.Spec.Components {
				e := end{name: s.StageNamespace() + "/" + c.Name, peer: pod(s.StageNamespace(), namespaceLabels(s), podLabels(t, s, c))}
				if i == 0 {
					e.component, e.stage = c.Name, stage
				}
				out = append(out, e)
			}
			// What no component made, such as a debugging pod.
			out = append(out, end{name: s.StageNamespace() + "/stray", peer: pod(s.StageNamespace(), namespaceLabels(s), nil), stage: map[bool]string{true: stage}[i == 0]})
		}
	}
	for namespace, stage := range map[string]string{publicGateway: v1alpha1.LiveNamespace, vpnGateway: v1alpha1.TestNamespace} {
		out = append(out, end{name: namespace, gatewayOf: stage, peer: pod(namespace, nil, map[string]string{"app": "gateway"})})
	}
	// A pod of the platform that carries a component's label is still not that component.
	out = append(out, end{name: "kube-dns", peer: pod("kube-system", nil, map[string]string{"k8s-app": "kube-dns"})},
		end{name: "impostor", peer: pod("default", nil, map[string]string{v1alpha1.ComponentLabel: app.Spec.Components[0].Name})})
	for _, address := range []string{"8.8.8.8", "2001:4860:4860::8888", "10.96.0.1", "169.254.169.254", "169.254.7.128"} {
		out = append(out, end{name: address, peer: &matcher.TrafficPeer{IP: address}})
	}
	out = append(out, end{name: "probes", probes: true, peer: &matcher.TrafficPeer{IP: "169.254.7.127"}})
	return out
}

func pod(namespace string, namespaceLabels, podLabels map[string]string) *matcher.TrafficPeer {
	all := map[string]string{corev1.LabelMetadataName: namespace}
	for key, value := range namespaceLabels {
		all[key] = value
	}
	return &matcher.TrafficPeer{IP: "10.244.0.7", Internal: &matcher.InternalPeer{Namespace: namespace, NamespaceLabels: all, PodLabels: podLabels}}
}

// podLabels are those of the template that is really rendered for a component.
func podLabels(t *testing.T, s render.Scope, c v1alpha1.Component) map[string]string {
	t.Helper()
	w := render.Workload{Component: c, Addresses: make([]render.Address, len(c.ConnectsTo))}
	object, path := render.Deployment(s, w), []string{"spec", "template", "metadata", "labels"}
	switch {
	case c.Storage != nil:
		object = render.StatefulSet(s, w)
	case c.Type == v1alpha1.ComponentTask:
		object = render.Job(s, w, render.TaskName(c.Name, "release"), false)
	case c.Type == v1alpha1.ComponentScheduledTask:
		object, path = render.CronJob(s, w, "Asia/Karachi", false), append([]string{"spec", "jobTemplate"}, path...)
	}
	labels := stringMap(object.Object, path)
	if labels[v1alpha1.ComponentLabel] != c.Name {
		t.Fatalf("%s %s: pod labels %v", object.GetKind(), object.GetName(), labels)
	}
	return labels
}

func namespaceLabels(s render.Scope) map[string]string {
	return render.Namespace(s, nil, nil).GetLabels()
}
