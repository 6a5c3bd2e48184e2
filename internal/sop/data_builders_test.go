// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
)

const nadra = "nadra-verification"

// dataAuthority is a certificate that can be read; of what it certifies nothing depends here.
const dataAuthority = `-----BEGIN CERTIFICATE-----
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

// goldenDataAPI is a government data API and its Service.
type goldenDataAPI struct {
	Spec     map[string]any
	Deleting bool
	// Service is the Service's spec; omitted: there is none.
	Service *corev1.ServiceSpec
}

func observedDataAPIs(t *testing.T, declared map[string]goldenDataAPI) (map[string]v1alpha1.GovernmentDataAPI, map[string]*corev1.Service) {
	t.Helper()
	apis, services := map[string]v1alpha1.GovernmentDataAPI{}, map[string]*corev1.Service{}
	for name, g := range declared {
		api := v1alpha1.GovernmentDataAPI{}
		fromDeclaration(t, "governmentdataapis", map[string]any{"metadata": map[string]any{"name": name}, "spec": g.Spec}, &api)
		if api.Spec.Service.CABundle == "" {
			api.Spec.Service.CABundle = dataAuthority
		}
		if g.Deleting {
			api.DeletionTimestamp = &metav1.Time{Time: time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)}
		}
		apis[name] = api
		if g.Service != nil {
			services[name] = &corev1.Service{Spec: *g.Service}
		}
	}
	return apis, services
}

// newDataAPI is one whose operations read and write, and its Service.
func newDataAPI(t testing.TB) (v1alpha1.GovernmentDataAPI, *corev1.Service) {
	t.Helper()
	api := v1alpha1.GovernmentDataAPI{}
	fromDeclaration(t, "governmentdataapis", map[string]any{
		"metadata": map[string]any{"name": nadra},
		"spec": map[string]any{
			"owner": "NADRA", "dataClass": "Restricted",
			"service": map[string]any{"namespace": "nadra", "name": "verification", "port": int64(443), "serverName": "verify.nadra.gov.pk", "caBundle": dataAuthority},
			"operations": []any{
				map[string]any{"name": "write", "methods": []any{"POST", "PATCH"}, "pathPrefix": "/v1/citizens"},
				map[string]any{"name": "read", "methods": []any{"HEAD", "GET"}, "pathPrefix": "/v1/citizens"},
				map[string]any{"name": "search", "methods": []any{"GET", "POST"}, "pathPrefix": "/v1/search"},
			},
		},
	}, &api)
	return api, &corev1.Service{Spec: corev1.ServiceSpec{
		ClusterIP: "10.96.7.7", Selector: map[string]string{"app": "verification"},
		Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}, {Port: 443, TargetPort: intstr.FromInt32(8443)}},
	}}
}

// withData is a stage whose proxy to government data runs.
func withData(stage *ObservedStage) {
	stage.Addresses[mesh.DataName] = "10.96.0.98"
	stage.Certificates[mesh.DataName] = peerCertificate
	stage.Workloads[mesh.DataName] = ObservedWorkload{Replicas: 1, RolledOut: true}
	stage.Pods = append(stage.Pods, ObservedPod{Component: mesh.DataName, Name: mesh.DataName + "-1", Started: true, Sidecar: true})
}

var verification = v1alpha1.Edge{GovernmentDataAPI: nadra}

// dataCase is live, and its api asks a government data API in both stages.
func dataCase(t testing.TB, change ...func(*v1alpha1.GovernmentDataAPI, *corev1.Service)) *Case {
	t.Helper()
	c := liveCase(t)
	for _, component := range []*v1alpha1.Component{&c.Application.Spec.Components[1], &c.Releases[0].Spec.Components[1]} {
		component.ConnectsTo = append(component.ConnectsTo, verification)
	}
	withData(&c.Test)
	withData(&c.Live)
	api, service := newDataAPI(t)
	for _, f := range change {
		f(&api, service)
	}
	c.DataAPIs, c.DataServices = map[string]v1alpha1.GovernmentDataAPI{nadra: api}, map[string]*corev1.Service{nadra: service}
	return c
}
