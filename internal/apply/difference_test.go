// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const desiredService = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: live, labels: {a: b}}
spec:
  type: ClusterIP
  selector: {component: web}
  ports: [{name: http, port: 8080, protocol: TCP, targetPort: http}]
`

const ownedService = `{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:type":{},"f:selector":{},
"f:ports":{"k:{\"port\":8080,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}}}}`

// Where the API server's own bookkeeping says that the operator holds exactly what it wants, no request is made.
func TestUpToDate(t *testing.T) {
	for name, row := range map[string]struct {
		desired, current, owned string
		want                    bool
	}{
		"the same, with the API server's defaults beside": {
			current: desiredService + "  clusterIP: 10.0.0.1\n  sessionAffinity: None\n", want: true,
		},
		"a value differs": {
			current: `{spec: {type: NodePort, selector: {component: web}, ports: [{name: http, port: 8080, protocol: TCP, targetPort: http}]}, metadata: {labels: {a: b}}}`,
		},
		"a value inside a list differs": {
			current: `{spec: {type: ClusterIP, selector: {component: web}, ports: [{name: http, port: 8080, protocol: TCP, targetPort: admin}]}, metadata: {labels: {a: b}}}`,
		},
		"somebody took a field": {
			current: desiredService,
			owned:   `{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:selector":{},"f:ports":{"k:{\"port\":8080,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}}}}`,
		},
		"a field is no longer desired": {
			current: desiredService,
			desired: `{metadata: {labels: {a: b}}, spec: {selector: {component: web}, ports: [{name: http, port: 8080, protocol: TCP, targetPort: http}]}}`,
		},
		"a list item is no longer desired": {
			current: desiredService, desired: `{metadata: {labels: {a: b}}, spec: {type: ClusterIP, selector: {component: web}, ports: []}}`,
		},
		"a list item is new": {
			current: desiredService,
			desired: `{metadata: {labels: {a: b}}, spec: {type: ClusterIP, selector: {component: web}, ports: [{name: http, port: 8080, protocol: TCP, targetPort: http}, {name: more, port: 9090, protocol: TCP, targetPort: more}]}}`,
		},
		"a label is new": {
			current: desiredService, desired: `{metadata: {labels: {a: b, c: d}}, spec: {type: ClusterIP, selector: {component: web}, ports: [{name: http, port: 8080, protocol: TCP, targetPort: http}]}}`,
		},
		"an atomic map has more than is desired": {
			current: `{spec: {type: ClusterIP, selector: {component: web}, ports: [{name: http, port: 8080, protocol: TCP, targetPort: http}]}, metadata: {labels: {}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if row.desired == "" {
				row.desired = desiredService
			}
			if row.owned == "" {
				row.owned = ownedService
			}
			current := parse(t, row.current)
			current.SetManagedFields([]metav1.ManagedFieldsEntry{{
				Manager: "operator", Operation: metav1.ManagedFieldsOperationApply, FieldsV1: metav1.NewFieldsV1(row.owned),
			}})
			owned, err := applied(current, "operator")
			if err != nil {
				t.Fatal(err)
			}
			if got := upToDate(current, parse(t, row.desired), owned); got != row.want {
				t.Errorf("up to date: %v, want %v", got, row.want)
			}
		})
	}
}

func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	// The API machinery's decoder, since it reads numbers as the cache does.
	if err := utiljson.Unmarshal(content, &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}
