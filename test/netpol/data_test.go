// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package netpol

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// authority is a certificate that can be read.
const authority = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUNRQRXtojlv2kMAtlgY69JgoL15MwCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUTkFEUkEgdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIyMTUyMzEy
WhgPMjEyNjEwMjkxNTIzMTJaMB8xHTAbBgNVBAMMFE5BRFJBIHRlc3QgYXV0aG9y
aXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPP5A3ApySfSC+309HDEEpq4G
WN4F+IAbP7H26NkcQk5xYqWYwoKl6PTJtH/PlluxSS7GYrJcSySqJeneLwKORKNT
MFEwHQYDVR0OBBYEFPCHDmuRr0eq7Nb3vKsPxQ6Dbc4AMB8GA1UdIwQYMBaAFPCH
DmuRr0eq7Nb3vKsPxQ6Dbc4AMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
SAAwRQIhAON7SESgELwhEF+6qX3WMRYUua2IBvDJEAVkafomF6j5AiBfop93VdCs
oMCwnwzyE26iDrjVD5TZ0eOKToEp5HLnuw==
-----END CERTIFICATE-----
`

// government gives an application one data API, behind Service verification of namespace nadra, whose pods listen at 8443.
func government(c *sop.Case) {
	api := v1alpha1.GovernmentDataAPI{}
	api.Name = "nadra-verification"
	api.Spec.Service = v1alpha1.DataService{Namespace: "nadra", Name: "verification", Port: 443, ServerName: "verify.nadra.gov.pk", CABundle: authority}
	c.DataAPIs = map[string]v1alpha1.GovernmentDataAPI{api.Name: api}
	c.DataServices = map[string]*corev1.Service{api.Name: {Spec: corev1.ServiceSpec{
		ClusterIP: "10.96.7.7", Selector: map[string]string{"app": "verification"}, Ports: []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromInt32(8443)}},
	}}}
}

// One proxy reaches the pods of an API, at their port, in each stage; the component that asks for it reaches the proxy; nobody else reaches
// either, and the API reaches nobody.
func TestGovernmentData(t *testing.T) {
	app := application("asking", connect(service("web", "http:8080"), "api:http"), service("api", "http:8080"))
	app.Spec.Components[1].ConnectsTo = []v1alpha1.Edge{{GovernmentDataAPI: "nadra-verification"}}
	type flow struct {
		from, to string
		port     int32
	}
	allowed := []flow{{"api", "govpk-data", 15443}, {"govpk-data", "verification", 8443}}
	for name, c := range map[string]struct {
		policies *matcher.Policy
		mesh     v1alpha1.MeshType
		open     map[string]bool
	}{
		"open":                {policies(t, app, v1alpha1.MeshSidecar, false, government), v1alpha1.MeshSidecar, map[string]bool{"test": true, "live": true}},
		"offline":             {policies(t, app, v1alpha1.MeshSidecar, true, government), v1alpha1.MeshSidecar, nil},
		"without the API":     {policies(t, app, v1alpha1.MeshSidecar, false), v1alpha1.MeshSidecar, nil},
		"carried by Istio":    {policies(t, app, v1alpha1.MeshIstio, false, government), v1alpha1.MeshIstio, nil},
		"without a selector":  {policies(t, app, v1alpha1.MeshSidecar, false, government, func(c *sop.Case) { c.DataServices["nadra-verification"].Spec.Selector = nil }), v1alpha1.MeshSidecar, nil},
		"with another's port": {policies(t, app, v1alpha1.MeshSidecar, false, government, func(c *sop.Case) { c.DataServices["nadra-verification"].Spec.Ports[0].Port = 80 }), v1alpha1.MeshSidecar, nil},
	} {
		for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
			s := scope(app, stage)
			ends := map[string]*matcher.TrafficPeer{
				"verification": pod("nadra", nil, map[string]string{"app": "verification"}),
				"database":     pod("nadra", nil, map[string]string{"app": "database"}),
				"twin":         pod("fbr", nil, map[string]string{"app": "verification"}),
				"address":      {IP: "10.96.7.7"},
			}
			for _, component := range []string{"web", "api", "govpk-data"} {
				ends[component] = pod(s.StageNamespace(), namespaceLabels(s), map[string]string{v1alpha1.ComponentLabel: component})
			}
			ours := func(name string) bool { return name == "web" || name == "api" || name == "govpk-data" }
			for from, source := range ends {
				for to, destination := range ends {
					for _, port := range []int32{443, 8443, 8442, 15443, 15444, 53} {
						verdict := c.policies.IsTrafficAllowed(&matcher.Traffic{Source: source, Destination: destination, Protocol: corev1.ProtocolTCP, ResolvedPort: int(port)})
						want := false
						for _, f := range allowed {
							want = want || c.open[stage] && f == flow{from, to, port}
						}
						if from == to || from == "web" && to == "api" {
							continue // TestFlows judges these
						}
						if ours(from) && verdict.Egress.IsAllowed() != want || ours(to) && verdict.Ingress.IsAllowed() != want {
							t.Errorf("%s, %s: %s to %s at %d: sending %v, receiving %v", name, stage, from, to, port, verdict.Egress.IsAllowed(), verdict.Ingress.IsAllowed())
						}
					}
				}
			}
		}
	}
}
