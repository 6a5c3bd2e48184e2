// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const stageNamespace = "portal-1a2b3c4d-live"

var (
	day     = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	webOnly = map[string]string{"component": "web"}
)

func enrolled(name string) IstioPod {
	return IstioPod{Name: name, Labels: map[string]string{"component": "web"}, Annotations: map[string]string{"ambient.istio.io/redirection": "enabled"}}
}

// peer is a policy made on a day of the month.
func peer(namespace, name string, made int, mode MTLSMode, selector map[string]string, ports map[int64]MTLSMode) IstioPeerAuthentication {
	return IstioPeerAuthentication{Namespace: namespace, Name: name, Created: day.AddDate(0, 0, made), Mode: mode, Selector: selector, Ports: ports}
}

// Rows without want are proven; want are the objects that the gaps name, in their order.
func TestPlaintext(t *testing.T) {
	ours := peer(stageNamespace, "default", 1, "STRICT", nil, nil)
	for name, row := range map[string]struct {
		peers []IstioPeerAuthentication
		want  []string
	}{
		"nothing is said":      {want: []string{"namespace " + stageNamespace}},
		"ours":                 {peers: []IstioPeerAuthentication{ours}},
		"the mesh's":           {peers: []IstioPeerAuthentication{peer(RootNamespace, "default", 1, "STRICT", nil, nil)}},
		"ours over the mesh's": {peers: []IstioPeerAuthentication{peer(RootNamespace, "default", 0, "DISABLE", nil, nil), ours}},
		"the mesh's, weak":     {peers: []IstioPeerAuthentication{peer(RootNamespace, "m", 0, "PERMISSIVE", nil, nil)}, want: []string{"PeerAuthentication istio-system/m"}},
		"the mesh's has a selector, without labels": {peers: []IstioPeerAuthentication{peer(RootNamespace, "m", 0, "STRICT", map[string]string{}, nil)}, want: []string{"namespace " + stageNamespace}},
		"the mesh's is for its own namespace":       {peers: []IstioPeerAuthentication{peer(RootNamespace, "m", 0, "STRICT", webOnly, nil)}, want: []string{"namespace " + stageNamespace}},
		"a weak one of the mesh's own namespace":    {peers: []IstioPeerAuthentication{ours, peer(RootNamespace, "m", 0, "DISABLE", webOnly, map[int64]MTLSMode{8080: "DISABLE"})}},
		"another namespace's":                       {peers: []IstioPeerAuthentication{ours, peer("elsewhere", "weak", 0, "DISABLE", webOnly, nil)}},
		"unset over the mesh's":                     {peers: []IstioPeerAuthentication{peer(RootNamespace, "m", 0, "STRICT", nil, nil), peer(stageNamespace, "a", 0, "", nil, nil)}},
		"unset, in words, over the mesh's":          {peers: []IstioPeerAuthentication{peer(RootNamespace, "m", 0, "STRICT", nil, nil), peer(stageNamespace, "a", 0, "UNSET", nil, nil)}},
		"unset over nothing":                        {peers: []IstioPeerAuthentication{peer(stageNamespace, "a", 0, "UNSET", nil, nil)}, want: []string{"namespace " + stageNamespace}},
		"unset over the mesh's weak one":            {peers: []IstioPeerAuthentication{peer(RootNamespace, "m", 0, "DISABLE", nil, nil), peer(stageNamespace, "a", 0, "", nil, nil)}, want: []string{"PeerAuthentication istio-system/m"}},
		"a later one of the namespace is idle":      {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "later", 2, "DISABLE", nil, nil)}},
		"an older one of the namespace":             {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "older", 0, "PERMISSIVE", nil, nil)}, want: []string{"PeerAuthentication " + stageNamespace + "/older"}},
		"an older one that leaves it open":          {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "older", 0, "", nil, nil)}, want: []string{"namespace " + stageNamespace}},
		"one as old as ours":                        {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "twin", 1, "PERMISSIVE", nil, nil)}, want: []string{"PeerAuthentication " + stageNamespace + "/twin"}},
		"a selector without labels is none":         {peers: []IstioPeerAuthentication{peer(stageNamespace, "a", 0, "DISABLE", map[string]string{}, nil), ours}, want: []string{"PeerAuthentication " + stageNamespace + "/a"}},
		"one that selects the pod, later than ours": {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "web", 5, "PERMISSIVE", webOnly, nil)}, want: []string{"PeerAuthentication " + stageNamespace + "/web"}},
		"one that selects the pod and says nothing": {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "web", 5, "", webOnly, nil)}},
		"one that selects another pod":              {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "db", 5, "DISABLE", map[string]string{"component": "db"}, nil)}},
		"one that selects by two labels":            {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "db", 5, "DISABLE", map[string]string{"component": "web", "tier": "1"}, nil)}},
		"strict for the pod over a weak namespace":  {peers: []IstioPeerAuthentication{peer(stageNamespace, "a", 0, "DISABLE", nil, nil), peer(stageNamespace, "web", 5, "STRICT", webOnly, nil)}},
		"of two for the pod the older":              {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "b", 3, "STRICT", webOnly, nil), peer(stageNamespace, "a", 4, "DISABLE", webOnly, nil)}},
		"a port reopened":                           {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "web", 5, "STRICT", webOnly, map[int64]MTLSMode{8080: "DISABLE"})}, want: []string{"PeerAuthentication " + stageNamespace + "/web"}},
		"a port reopened under what lies above":     {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "web", 5, "", webOnly, map[int64]MTLSMode{8080: "PERMISSIVE"})}, want: []string{"PeerAuthentication " + stageNamespace + "/web"}},
		"two ports reopened":                        {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "web", 5, "STRICT", webOnly, map[int64]MTLSMode{8080: "DISABLE", 9090: "PERMISSIVE"})}, want: []string{"PeerAuthentication " + stageNamespace + "/web", "PeerAuthentication " + stageNamespace + "/web"}},
		"a port that inherits, one that repeats":    {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "web", 5, "", webOnly, map[int64]MTLSMode{8080: "UNSET", 9090: "STRICT"})}},
		"a port reopened by an idle policy":         {peers: []IstioPeerAuthentication{ours, peer(stageNamespace, "a", 3, "", webOnly, nil), peer(stageNamespace, "b", 4, "", webOnly, map[int64]MTLSMode{8080: "DISABLE"})}},
		"ports without a selector are idle":         {peers: []IstioPeerAuthentication{peer(stageNamespace, "default", 1, "STRICT", nil, map[int64]MTLSMode{8080: "DISABLE"})}},
		"a mode that is not known":                  {peers: []IstioPeerAuthentication{peer(stageNamespace, "default", 1, "MAYBE", nil, nil)}, want: []string{"PeerAuthentication " + stageNamespace + "/default"}},
	} {
		t.Run(name, func(t *testing.T) {
			gaps := IstioGaps(IstioState{Namespace: stageNamespace, Pods: []IstioPod{enrolled("web-1"), enrolled("web-2")}, Peers: row.peers})
			expect(t, gaps, row.want...)
		})
	}
}

func expect(t *testing.T, gaps []Gap, objects ...string) {
	t.Helper()
	var named []string
	for _, gap := range gaps {
		named = append(named, gap.Object)
		if gap.Problem == "" || gap.Remedy == "" {
			t.Errorf("%s: %q, %q: a gap says what is wrong and what to do", gap.Object, gap.Problem, gap.Remedy)
		}
	}
	if strings.Join(named, "; ") != strings.Join(objects, "; ") {
		t.Errorf("gaps name %q, want %q", named, objects)
	}
}

func TestEnrolment(t *testing.T) {
	for name, row := range map[string]struct {
		pod  IstioPod
		want string
	}{
		"redirected":               {pod: IstioPod{Annotations: map[string]string{"ambient.istio.io/redirection": "enabled"}}},
		"a sidecar":                {pod: IstioPod{Annotations: map[string]string{"sidecar.istio.io/status": "{}"}, Containers: []string{"istio-init", "web", "istio-proxy"}}},
		"a label alone":            {pod: IstioPod{Labels: map[string]string{"istio.io/dataplane-mode": "ambient"}}, want: "is not in the mesh: Istio has not set"},
		"waiting":                  {pod: IstioPod{Annotations: map[string]string{"ambient.istio.io/redirection": "pending"}}, want: `is "pending"`},
		"switched off":             {pod: IstioPod{Annotations: map[string]string{"ambient.istio.io/redirection": "disabled"}}, want: `is "disabled"`},
		"a sidecar in words":       {pod: IstioPod{Annotations: map[string]string{"sidecar.istio.io/status": "{}"}, Containers: []string{"web"}}, want: "has no container istio-proxy"},
		"a container of that name": {pod: IstioPod{Containers: []string{"istio-proxy"}}, want: "is not in the mesh"},
		"redirected, with a way past it": {
			pod:  IstioPod{Annotations: map[string]string{"ambient.istio.io/redirection": "enabled", "ambient.istio.io/bypass-inbound-capture": "true"}},
			want: "leads connections past Istio",
		},
		"redirected, and no way past it": {
			pod: IstioPod{Annotations: map[string]string{"ambient.istio.io/redirection": "enabled", "ambient.istio.io/bypass-inbound-capture": "false"}},
		},
		"a sidecar with an open port": {
			pod: IstioPod{
				Annotations: map[string]string{"sidecar.istio.io/status": "{}", "traffic.sidecar.istio.io/excludeInboundPorts": "8080"}, Containers: []string{"istio-proxy"},
			},
			want: "traffic.sidecar.istio.io/excludeInboundPorts",
		},
	} {
		t.Run(name, func(t *testing.T) {
			row.pod.Name = "web-1"
			gaps := IstioGaps(IstioState{Namespace: stageNamespace, Pods: []IstioPod{row.pod}, Peers: []IstioPeerAuthentication{peer(stageNamespace, "default", 0, "STRICT", nil, nil)}})
			if row.want == "" {
				expect(t, gaps)
				return
			}
			expect(t, gaps, "pod "+stageNamespace+"/web-1")
			if len(gaps) == 1 && !strings.Contains(gaps[0].Problem, row.want) {
				t.Errorf("%q does not say %q", gaps[0].Problem, row.want)
			}
		})
	}
}

func TestForeignCallersAndGateways(t *testing.T) {
	for name, row := range map[string]struct {
		policy  IstioAuthorizationPolicy
		gateway IstioGateway
		want    []string
	}{
		"none":                          {},
		"the mesh's, for all":           {policy: IstioAuthorizationPolicy{Namespace: RootNamespace, Name: "all", Action: "ALLOW"}, want: []string{"AuthorizationPolicy istio-system/all"}},
		"without an action":             {policy: IstioAuthorizationPolicy{Namespace: stageNamespace, Name: "x"}, want: []string{"AuthorizationPolicy " + stageNamespace + "/x"}},
		"that selects the pod":          {policy: IstioAuthorizationPolicy{Namespace: RootNamespace, Name: "x", Selector: webOnly}, want: []string{"AuthorizationPolicy istio-system/x"}},
		"that selects others":           {policy: IstioAuthorizationPolicy{Namespace: RootNamespace, Name: "x", Selector: map[string]string{"app": "ztunnel"}}},
		"that denies":                   {policy: IstioAuthorizationPolicy{Namespace: RootNamespace, Name: "x", Action: "DENY"}},
		"for a waypoint":                {policy: IstioAuthorizationPolicy{Namespace: RootNamespace, Name: "x", Targeted: true}},
		"of another namespace":          {policy: IstioAuthorizationPolicy{Namespace: "elsewhere", Name: "x"}},
		"a gateway of Istio":            {gateway: IstioGateway{"gateways-public", "public", "istio"}},
		"a gateway of another software": {gateway: IstioGateway{"gateways-public", "public", "traefik"}, want: []string{"Gateway gateways-public/public"}},
	} {
		t.Run(name, func(t *testing.T) {
			state := IstioState{Namespace: stageNamespace, Pods: []IstioPod{enrolled("web-1")}, Peers: []IstioPeerAuthentication{peer(stageNamespace, "default", 0, "STRICT", nil, nil)}}
			if row.policy.Name != "" {
				state.Policies = []IstioAuthorizationPolicy{row.policy}
			}
			if row.gateway.Name != "" {
				state.Gateways = []IstioGateway{row.gateway}
			}
			expect(t, IstioGaps(state), row.want...)
		})
	}
}

func TestObserved(t *testing.T) {
	read := func(text string) *unstructured.Unstructured {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
			t.Fatal(err)
		}
		return o
	}
	made := metav1.NewTime(day)
	full := read("{kind: PeerAuthentication, metadata: {name: a, namespace: n}, spec: {selector: {matchLabels: {component: web}}, mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: DISABLE}, '9090': {}}}}")
	full.SetCreationTimestamp(made)
	p, err := ObservedIstioPeerAuthentication(full)
	if err != nil || p.Selector["component"] != "web" || p.Mode != StrictMode || p.Ports[8080] != "DISABLE" || !p.Ports[9090].unset() || !p.Created.Equal(day) {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := ObservedIstioPeerAuthentication(read("{kind: PeerAuthentication, metadata: {name: a}, spec: {selector: {}}}")); err != nil || p.Selector == nil || len(p.Selector) > 0 {
		t.Errorf("a selector without labels is not none: %+v, %v", p, err)
	}
	if p, err := ObservedIstioPeerAuthentication(read("{kind: PeerAuthentication, metadata: {name: a}}")); err != nil || p.Selector != nil || !p.Mode.unset() {
		t.Errorf("%+v, %v", p, err)
	}
	for _, text := range []string{"{spec: {mtls: STRICT}}", "{spec: {portLevelMtls: {http: {mode: STRICT}}}}", "{spec: {portLevelMtls: 3}}", "{spec: {selector: {matchLabels: 3}}}"} {
		if _, err := ObservedIstioPeerAuthentication(read(text)); err == nil {
			t.Errorf("%s was read", text)
		}
	}
	policy, err := ObservedIstioAuthorizationPolicy(read("{metadata: {name: a, namespace: n}, spec: {action: DENY, targetRefs: [{kind: Gateway}]}}"))
	if err != nil || !policy.Targeted || policy.Action != "DENY" || policy.Selector != nil {
		t.Errorf("%+v, %v", policy, err)
	}
	pod := ObservedIstioPod(&corev1.Pod{Status: corev1.PodStatus{
		InitContainerStatuses: []corev1.ContainerStatus{{Name: "istio-proxy"}}, ContainerStatuses: []corev1.ContainerStatus{{Name: "web"}},
	}})
	if strings.Join(pod.Containers, " ") != "istio-proxy web" {
		t.Errorf("%v: a native sidecar is an init container", pod.Containers)
	}
}
