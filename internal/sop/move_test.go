// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// carriedBy is live and in test, with a way out, on one node, and has all that either carrier needs.
func carriedBy(t testing.TB, carrier v1alpha1.MeshType) *Case {
	t.Helper()
	c := leavingCase(t)
	policy, certificates := c.Policy.Mesh, map[*ObservedStage]map[string]ObservedCertificate{&c.Test: c.Test.Certificates, &c.Live: c.Live.Certificates}
	if carrier == v1alpha1.MeshIstio {
		carriedByIstio(c)
		policy.Type = carrier
	} else {
		peers := carriedByIstio(leavingCase(t))
		c.Ingress.TestGateway = peers.Ingress.TestGateway
		c.Ingress.Gateways[0].Class = mesh.GatewayClass
		c.Test.Beside, c.Live.Beside = []string{sidecarImage}, []string{sidecarImage}
	}
	c.Policy.Mesh = policy
	c.Istio.Nodes = []string{"node-1"}
	for _, stage := range []*ObservedStage{&c.Test, &c.Live} {
		stage.Mesh, stage.Certificates = carrier, certificates[stage]
		for i := range stage.Pods {
			stage.Pods[i].Node = "node-1"
		}
	}
	c.Canary = Canary{
		{Node: "node-1", Name: "canary", Ready: map[string]bool{canaryControl: true, canaryIngressDenied: true, canaryEgressDenied: true}},
		{Node: "node-1", Name: "peer", Ready: map[string]bool{canaryPeer: true}},
	}
	return c
}

// to lets the policy name the other carrier.
func to(c *Case, carrier v1alpha1.MeshType) *Case {
	c.Policy.Mesh.Type = carrier
	return c
}

// inNamespace are the planned objects of a namespace, but for the quota, which makes room before anything moves.
func inNamespace(t testing.TB, plan Plan, namespace string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, o := range plan.Objects {
		if o.GetNamespace() != namespace && o.GetName() != namespace || o.GetKind() == "ResourceQuota" {
			continue
		}
		content, err := json.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		found[o.GetKind()+" "+o.GetName()] = fmt.Sprintf("%d %s", o.Mode, content)
	}
	return found
}

// What runs stays wholly as it is until the other carrier has all that it needs: no object changes, and none goes.
func TestStaysUntilTheOtherCarrierIsReady(t *testing.T) {
	withoutCertificate := func(c *Case) { delete(c.Live.Certificates, "api"); delete(c.Test.Certificates, "api") }
	for name, row := range map[string]struct {
		from, to v1alpha1.MeshType
		lacks    func(*Case)
		reason   string
		message  []string
		// moves are the stages to which the lack does not matter; prepared is true where certificates are made beforehand.
		moves    []string
		prepared bool
		// unsaid: without an image the way out is not rendered, and left as it is; see TestStaysWithoutAnImage.
		unsaid bool
	}{
		"to Istio, whose gateway serves live": {
			from: v1alpha1.MeshSidecar, to: v1alpha1.MeshIstio, lacks: func(c *Case) { c.Ingress.Gateways[0].Class = "traefik" },
			reason: v1alpha1.ReasonMeshNotConfigured, message: []string{`Gateway gateways/public is of class "traefik"`, "spec.gateways", "stays as it is, with spec.mesh.type Sidecar"}, moves: []string{v1alpha1.TestNamespace},
		},
		"to Istio, whose gateway serves test": {
			from: v1alpha1.MeshSidecar, to: v1alpha1.MeshIstio, lacks: func(c *Case) { c.Ingress.TestGateway.Class = "traefik" }, moves: []string{v1alpha1.LiveNamespace},
		},
		"to Istio, which is not on the node": {
			from: v1alpha1.MeshSidecar, to: v1alpha1.MeshIstio, lacks: func(c *Case) { c.Istio.Nodes = []string{"node-2"} },
			reason: v1alpha1.ReasonMeshNotConfigured, message: []string{"node node-1 has no ready pod labelled app=ztunnel in namespace istio-system", "NTC installs Istio's ambient mode"},
		},
		"to Istio, without the image of the way out": {
			from: v1alpha1.MeshSidecar, to: v1alpha1.MeshIstio, lacks: func(c *Case) { c.Policy.Mesh.Image = "" }, unsaid: true, reason: v1alpha1.ReasonMeshNotConfigured,
			message: []string{"spec.mesh.image is not set"},
		},
		"to sidecars, without an image": {
			from: v1alpha1.MeshIstio, to: v1alpha1.MeshSidecar, lacks: func(c *Case) { c.Policy.Mesh.Image = "" }, unsaid: true, reason: v1alpha1.ReasonMeshNotConfigured,
			message: []string{"spec.mesh.image is not set"},
		},
		"to sidecars, without authorities": {
			from: v1alpha1.MeshIstio, to: v1alpha1.MeshSidecar, lacks: func(c *Case) { c.Policy.Mesh.CABundle = "" }, reason: v1alpha1.ReasonMeshNotConfigured, message: []string{"spec.mesh.caBundle is not set"},
		},
		"to sidecars, without an issuer": {
			from: v1alpha1.MeshIstio, to: v1alpha1.MeshSidecar, lacks: func(c *Case) { c.Ingress.MeshIssuerExists = false }, reason: v1alpha1.ReasonIssuerMissing, message: []string{"ClusterIssuer govpk-mesh does not exist"},
		},
		"to sidecars, before a certificate is issued": {
			from: v1alpha1.MeshIstio, to: v1alpha1.MeshSidecar, lacks: withoutCertificate, prepared: true, reason: v1alpha1.ReasonCertificateNotReady,
			message: []string{"Certificate health-portal-fab68624-live/api is not ready", "NTC looks after cert-manager and issuer govpk-mesh", "stays as it is, with spec.mesh.type Istio"},
		},
		"to sidecars, while a certificate is issued anew": {
			from: v1alpha1.MeshIstio, to: v1alpha1.MeshSidecar, prepared: true, reason: v1alpha1.ReasonCertificateNotReady, message: []string{"/api is being issued anew"},
			lacks: func(c *Case) {
				c.Live.Certificates["api"] = ObservedCertificate{Ready: true, Outdated: true, Issuer: "govpk-mesh"}
				c.Test.Certificates["api"] = c.Live.Certificates["api"]
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := carriedBy(t, row.from)
			if f := assessEncryption(c, &c.Releases[0]); f.Outcome != Met {
				t.Fatalf("before: %+v", f)
			}
			before := PlanFor(c, Assess(c))
			row.lacks(to(c, row.to))
			a := Assess(c)
			after := PlanFor(c, a)
			if row.reason != "" {
				if f := assessEncryption(c, &c.Releases[0]); f.Reason != row.reason || slices.ContainsFunc(row.message, func(part string) bool { return !strings.Contains(f.Message, part) }) {
					t.Errorf("%s: %s", f.Reason, f.Message)
				}
			}
			for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
				if row.unsaid || slices.Contains(row.moves, stage) {
					continue
				}
				namespace := c.Scope(stage).StageNamespace()
				was, is := inNamespace(t, before, namespace), inNamespace(t, after, namespace)
				for object := range is {
					if _, known := was[object]; !known && row.prepared && (strings.HasPrefix(object, "Certificate ") || object == "ConfigMap govpk-authorities") {
						delete(is, object)
					}
				}
				if diff := cmp.Diff(was, is); diff != "" {
					t.Errorf("%s: %s", stage, diff)
				}
			}
			if made := planned(after.Objects, "Certificate", "api"); made != (row.prepared || row.from == v1alpha1.MeshSidecar) {
				t.Errorf("a certificate is asked for: %v", made)
			}
			for _, stage := range row.moves {
				target := c.target(stage, map[string]ObservedStage{v1alpha1.TestNamespace: c.Test, v1alpha1.LiveNamespace: c.Live}[stage], &c.Releases[0])
				if _, stays := c.staysWith(target); stays {
					t.Errorf("%s stays: %v", stage, stays)
				}
			}
		})
	}
}

// Sidecars are booked for as long as one runs, and what the egress proxy runs is none.
func TestBesideWhileMoving(t *testing.T) {
	books := func(c *Case) bool {
		return !c.beside().Less(Compute{CPU: resource.MustParse("10m"), Memory: resource.MustParse("64Mi")})
	}
	staying := to(carriedBy(t, v1alpha1.MeshSidecar), v1alpha1.MeshIstio)
	if !books(staying) {
		t.Error("a stage that stays has no room for its sidecars")
	}
	staying.Test.Mesh, staying.Live.Mesh = v1alpha1.MeshIstio, v1alpha1.MeshIstio
	if !books(staying) {
		t.Error("pods that are replaced have no room for their sidecars")
	}
	moved := carriedBy(t, v1alpha1.MeshIstio)
	moved.Live.Beside = []string{sidecarImage}
	if books(moved) {
		t.Error("sidecars are booked, and none runs")
	}
	if !books(to(moved, v1alpha1.MeshSidecar)) {
		t.Error("there is no room for the sidecars to come")
	}
}

// The image may be missing on both sides: the pods that run keep theirs, and nothing of them is written.
func TestStaysWithoutAnImage(t *testing.T) {
	c := to(carriedBy(t, v1alpha1.MeshSidecar), v1alpha1.MeshIstio)
	c.Policy.Mesh.Image, c.Policy.Mesh.CABundle = "", ""
	plan := PlanFor(c, Assess(c))
	if !slices.Equal(plan.Withheld[plan.Live], []string{"web", "api", mesh.EgressName}) || planned(slices.DeleteFunc(slices.Clone(plan.Objects), func(o render.Object) bool { return o.GetNamespace() != plan.Live }), "Deployment", "web") {
		t.Errorf("a workload is written, or something goes: withheld %q", plan.Withheld)
	}
	for _, o := range plan.Objects {
		if o.GetNamespace() == plan.Live && o.GetKind() == "ConfigMap" && o.GetName() == render.AuthoritiesName && o.Mode != render.Keep {
			t.Error("the authorities are taken from pods that judge by them")
		}
		if o.GetName() == plan.Live && !strings.Contains(o.GetAnnotations()[v1alpha1.ImagesAnnotation], sidecarImage) {
			t.Error("a pod that dies has no successor")
		}
	}
}

// The stage moves as a whole, and what belongs to the other carrier goes once the last workload has rolled out.
func TestMoves(t *testing.T) {
	for from, wanted := range map[v1alpha1.MeshType]v1alpha1.MeshType{v1alpha1.MeshSidecar: v1alpha1.MeshIstio, v1alpha1.MeshIstio: v1alpha1.MeshSidecar} {
		t.Run(string(from)+" to "+string(wanted), func(t *testing.T) {
			c := carriedBy(t, from)
			if plan := PlanFor(c, Assess(c)); !plan.Prune || len(plan.Moving) > 0 {
				t.Fatal("at rest nothing is left alone")
			}
			to(c, wanted)
			plan := PlanFor(c, Assess(c))
			if !slices.Contains(plan.Moving, plan.Live) || len(plan.Moving) != 2 {
				t.Error("in the pass that moves, pods still need what the other carrier has")
			}
			for _, o := range plan.Objects {
				if o.GetName() == plan.Live && mesh.Carrying(o.GetLabels()) != wanted {
					t.Errorf("labels %v", o.GetLabels())
				}
				if o.GetKind() == "Deployment" && o.GetNamespace() == plan.Live && o.GetName() == "api" && (wanted == v1alpha1.MeshIstio) !=
					(object[appsv1.Deployment](t, o).Spec.Template.Spec.ServiceAccountName == "component-api") {
					t.Error("the workload does not follow")
				}
			}
			for _, stage := range []*ObservedStage{&c.Test, &c.Live} {
				stage.Mesh = wanted
				rolls := stage.Workloads["api"]
				rolls.RolledOut = false
				stage.Workloads["api"] = rolls
			}
			if !slices.Contains(PlanFor(c, Assess(c)).Moving, plan.Live) {
				t.Error("a workload still rolls")
			}
			if f := assessEncryption(c, &c.Releases[0]); f.Outcome != Met {
				t.Errorf("pods that the other carrier still carries are no gap: %s", f.Message)
			}
			for _, stage := range []*ObservedStage{&c.Test, &c.Live} {
				rolls := stage.Workloads["api"]
				rolls.RolledOut = true
				stage.Workloads["api"] = rolls
			}
			plan = PlanFor(c, Assess(c))
			if len(plan.Moving) > 0 || planned(plan.Objects, "Certificate", "api") != (wanted == v1alpha1.MeshSidecar) || planned(plan.Objects, "PeerAuthentication", "default") != (wanted == v1alpha1.MeshIstio) {
				t.Error("what the other carrier had is left")
			}
		})
	}
}

// protected are the ports at which only mutual TLS, or the gateway's TLS, is understood: by sidecars, and by Istio's proxies.
var protected = map[v1alpha1.MeshType][]int32{v1alpha1.MeshSidecar: {15443, 15444}, v1alpha1.MeshIstio: {15008}}

// While a stage moves, NetworkPolicies of both carriers may stand beside pods of both, in any mixture: a pass may stop at any object. Rules
// add up, so it is enough that none opens a port at which any pod understands plaintext.
func TestNoPlaintextWhileMoving(t *testing.T) {
	open, spoken := map[int32]string{}, map[int32]string{}
	for carrier := range protected {
		c := carriedBy(t, carrier)
		for _, o := range PlanFor(c, Assess(c)).Objects {
			switch o.GetKind() {
			case "NetworkPolicy":
				opened(t, o, open)
			case "Deployment":
				listening(t, o, carrier, spoken)
			}
		}
	}
	if len(open) != 3 || len(spoken) < 3 {
		t.Fatalf("open %v, plaintext at %v", open, spoken)
	}
	for port, policy := range open {
		if where, plain := spoken[port]; plain {
			t.Errorf("%s opens %d, where %s understands plaintext", policy, port, where)
		}
		if !slices.Contains(slices.Concat(slices.Collect(maps.Values(protected))...), port) {
			t.Errorf("%s opens %d, which no carrier protects", policy, port)
		}
	}
}

// opened adds the ports that a policy opens between pods; towards addresses, only the way out opens any.
func opened(t *testing.T, o render.Object, open map[int32]string) {
	t.Helper()
	spec := object[networkingv1.NetworkPolicy](t, o).Spec
	add := func(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
		for _, peer := range peers {
			switch {
			case peer.IPBlock != nil && strings.HasPrefix(peer.IPBlock.CIDR, "169.254.7.127/32"), peer.IPBlock != nil && strings.HasPrefix(peer.IPBlock.CIDR, "fd16:9254:7127:1337:"):
				// The node's own kubelet.
			case peer.IPBlock != nil && o.GetName() == "allow-"+mesh.EgressName, peer.PodSelector != nil && peer.PodSelector.MatchLabels["k8s-app"] == "kube-dns":
			case len(ports) == 0 || peer.IPBlock != nil:
				t.Errorf("%s opens every port, or an address, to %v", o.GetName(), peer)
			default:
				for _, port := range ports {
					open[port.Port.IntVal] = o.GetName()
				}
			}
		}
	}
	for _, rule := range spec.Ingress {
		add(rule.From, rule.Ports)
	}
	for _, rule := range spec.Egress {
		add(rule.To, rule.Ports)
	}
}

// listening adds the ports at which a pod understands plaintext: its component's, the health of a sidecar, and the exits of a proxy that
// Istio is around.
func listening(t *testing.T, o render.Object, carrier v1alpha1.MeshType, spoken map[int32]string) {
	t.Helper()
	spec := object[appsv1.Deployment](t, o).Spec.Template.Spec
	where := fmt.Sprintf("%s with %s", o.GetName(), carrier)
	for _, container := range append(spec.InitContainers, spec.Containers...) {
		for _, port := range container.Ports {
			spoken[port.ContainerPort] = where
		}
		if !strings.HasPrefix(container.Name, "govpk-") {
			continue
		}
		for _, port := range plaintextBinds(t, container.Env[0].Value) {
			spoken[port] = where
		}
	}
}

// plaintextBinds are the ports of a proxy, beyond loopback, that it binds without TLS.
func plaintextBinds(t *testing.T, config string) []int32 {
	t.Helper()
	var proxy sidecar.Proxy
	if err := json.Unmarshal([]byte(config), &proxy); err != nil {
		t.Fatal(err)
	}
	var ports []int32
	for _, line := range strings.Split(proxy.Config(), "\n") {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "bind" || slices.Contains(words, "ssl") || strings.HasPrefix(words[1], "127.0.0.1:") {
			continue
		}
		port, err := strconv.ParseInt(strings.TrimPrefix(words[1], ":"), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, int32(port))
	}
	return ports
}
