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
	peer      *matcher.TrafficPeer
}

// Between any two ends, on any port and protocol, exactly those flows are allowed that the application declares.
func TestFlows(t *testing.T) {
	for _, app := range applications() {
		t.Run(app.Name, func(t *testing.T) {
			table{app: app, policies: policies(t, app, false)}.judge(t)
		})
		t.Run(app.Name+" while live is offline", func(t *testing.T) {
			table{app: app, policies: policies(t, app, true), offline: true}.judge(t)
		})
	}
}

type table struct {
	app      *v1alpha1.ThirdPartyApplication
	policies *matcher.Policy
	offline  bool
}

// judge asks each end by itself, so that a rule which is too wide on one side is not covered by the other.
func (f table) judge(t *testing.T) {
	everyone := ends(t, f.app)
	allowed, wrong := 0, 0
	for _, from := range everyone {
		for _, to := range everyone {
			for _, port := range ports(f.app) {
				for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
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

// declared says what the application asked for.
func (f table) declared(from, to end, port int32, protocol corev1.Protocol) bool {
	if protocol != corev1.ProtocolTCP || to.stage == "" || f.offline && to.stage == v1alpha1.LiveNamespace {
		return false
	}
	name := portName(f.app, to.component, port)
	if from.gatewayOf == to.stage {
		return name != "" && routed(f.app, to.component, name)
	}
	if from.stage != to.stage || name == "" {
		return false
	}
	for _, c := range f.app.Spec.Components {
		for _, edge := range c.ConnectsTo {
			if c.Name == from.component && edge.Component == to.component && edge.Port == name {
				return true
			}
		}
	}
	return false
}

// count is how many flows there are to allow: each edge and each routed port once for each stage that is not offline.
func (f table) count() int {
	flows := map[string]bool{}
	for _, d := range f.app.Spec.Domains {
		for _, p := range d.Paths {
			flows["gateway "+p.Component+" "+p.Port] = true
		}
	}
	for _, c := range f.app.Spec.Components {
		for _, edge := range c.ConnectsTo {
			flows[c.Name+" "+edge.Component+" "+edge.Port] = true
		}
	}
	if f.offline {
		return len(flows)
	}
	return 2 * len(flows)
}

func routed(app *v1alpha1.ThirdPartyApplication, component, port string) bool {
	for _, d := range app.Spec.Domains {
		for _, p := range d.Paths {
			if p.Component == component && p.Port == port {
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

// ports are all that anything listens on, their neighbours, and those that a leak would use.
func ports(app *v1alpha1.ThirdPartyApplication) []int32 {
	numbers := map[int32]bool{53: true, 80: true, 443: true, 6443: true}
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
	for _, address := range []string{"8.8.8.8", "2001:4860:4860::8888", "10.96.0.1", "169.254.169.254"} {
		out = append(out, end{name: address, peer: &matcher.TrafficPeer{IP: address}})
	}
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
	w := render.Workload{Component: c}
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
