// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

// AssessDataAPI judges whether a government data API can be reached by its Service; nil: there is none.
func AssessDataAPI(api *v1alpha1.GovernmentDataAPI, service *corev1.Service) Finding {
	declared := api.Spec.Service
	problem := serviceProblem(declared, service)
	remedy := "NTC corrects the Service, or spec.service"
	if problem == "" {
		if err := readable(declared.CABundle); err != nil {
			problem, remedy = "cannot be verified: spec.service.caBundle "+err.Error(), "NTC corrects it"
		}
	}
	if problem != "" {
		return finding(Refused, v1alpha1.ReasonDataAPIUnavailable, "GovernmentDataAPI %s: Service %s/%s %s; %s", api.Name, declared.Namespace, declared.Name, problem, remedy)
	}
	return finding(Met, v1alpha1.ReasonAvailable, "Service %s/%s answers at %s:%d", declared.Namespace, declared.Name, service.Spec.ClusterIP, declared.Port)
}

func serviceProblem(declared v1alpha1.DataService, service *corev1.Service) string {
	switch {
	case service == nil:
		return "does not exist"
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		return "has type ExternalName, so it may be anywhere"
	case service.Spec.ClusterIP == corev1.ClusterIPNone || service.Spec.ClusterIP == "":
		return "has no cluster IP"
	case len(service.Spec.Selector) == 0:
		return "has no selector, so nobody knows what is behind it"
	}
	if _, ok := dataPort(declared, service); !ok {
		return fmt.Sprintf("has no TCP port %d", declared.Port)
	}
	return ""
}

// dataPort is where the pods behind a Service listen.
func dataPort(declared v1alpha1.DataService, service *corev1.Service) (intstr.IntOrString, bool) {
	for _, port := range service.Spec.Ports {
		if port.Port != declared.Port || port.Protocol != corev1.ProtocolTCP && port.Protocol != "" {
			continue
		}
		if port.TargetPort == intstr.FromInt32(0) {
			return intstr.FromInt32(port.Port), true
		}
		return port.TargetPort, true
	}
	return intstr.IntOrString{}, false
}

// readable is false for a bundle that would keep the proxy from starting, and with it every other API from being reached.
func readable(bundle string) error {
	count := 0
	for block, rest := pem.Decode([]byte(bundle)); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("holds something that is no certificate (%w)", err)
		}
		count++
	}
	if count == 0 || count != strings.Count(bundle, "-----BEGIN") {
		return fmt.Errorf("holds %d certificates of %d that begin", count, strings.Count(bundle, "-----BEGIN"))
	}
	return nil
}

// dataEdge is a government data API that components have an edge to.
type dataEdge struct {
	name    string
	callers []string
}

// dataEdges are those of releases, in an order that no manifest changes.
func dataEdges(releases ...*v1alpha1.Release) []dataEdge {
	var found []dataEdge
	for _, release := range releases {
		for _, component := range release.Spec.Components {
			for _, edge := range component.ConnectsTo {
				if edge.GovernmentDataAPI == "" {
					continue
				}
				i := slices.IndexFunc(found, func(e dataEdge) bool { return e.name == edge.GovernmentDataAPI })
				if i < 0 {
					i, found = len(found), append(found, dataEdge{name: edge.GovernmentDataAPI})
				}
				if !slices.Contains(found[i].callers, component.Name) {
					found[i].callers = append(found[i].callers, component.Name)
				}
			}
		}
	}
	for _, edge := range found {
		slices.Sort(edge.callers)
	}
	slices.SortFunc(found, func(a, b dataEdge) int { return cmp.Compare(a.name, b.name) })
	return found
}

// UsesDataAPI is true for a release with an edge to a government data API.
func UsesDataAPI(release *v1alpha1.Release, name string) bool {
	return slices.ContainsFunc(dataEdges(release), func(e dataEdge) bool { return e.name == name })
}

// hasData is true for a target with a proxy to government data APIs. Istio carries none.
func (c *Case) hasData(t Target) bool {
	return len(dataEdges(t.releases()...)) > 0 && c.meshPolicy(t).Type != v1alpha1.MeshIstio
}

// dataComponent is the proxy as components are seen: what is withheld, certified and observed of them is of it too.
var dataComponent = v1alpha1.Component{Name: mesh.DataName}

// assessDataAPIs refuses a release that needs a government data API which is not there. What runs goes on, and keeps its edges to the
// other ones. One that is being deleted is not there for who does not use it yet.
func (c *Case) assessDataAPIs(release *v1alpha1.Release) Finding {
	for _, edge := range dataEdges(release) {
		api, ok := c.DataAPIs[edge.name]
		switch {
		case !ok:
			return finding(Refused, v1alpha1.ReasonDataAPIMissing,
				"spec.components[%s].connectsTo: GovernmentDataAPI %s does not exist; kubectl get governmentdataapis lists them", edge.callers[0], edge.name)
		case api.DeletionTimestamp != nil && !c.runsWith(edge.name):
			return finding(Refused, v1alpha1.ReasonDataAPIMissing,
				"spec.components[%s].connectsTo: GovernmentDataAPI %s is being deleted, and nobody may begin to use it; remove the edge", edge.callers[0], edge.name)
		}
		if f := AssessDataAPI(&api, c.DataServices[edge.name]); f.Outcome != Met {
			return f
		}
	}
	return Finding{}
}

// runsWith is true where a stage runs a release with an edge to a government data API.
func (c *Case) runsWith(api string) bool {
	for _, name := range []string{c.Test.Release, c.Test.RolledOut, c.Live.Release, c.Live.RolledOut} {
		if release := c.release(name); release != nil && UsesDataAPI(release, api) {
			return true
		}
	}
	return false
}

// leavingDataAPIs says which government data APIs a release has to leave.
func (c *Case) leavingDataAPIs(release *v1alpha1.Release) string {
	var names []string
	for _, edge := range dataEdges(release) {
		if api, ok := c.DataAPIs[edge.name]; ok && api.DeletionTimestamp != nil {
			names = append(names, edge.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; GovernmentDataAPI " + strings.Join(names, ", ") + " is being deleted once nobody uses it: launch a release without it"
}

// assessDataCarrier refuses what the mesh cannot carry: a flow that it does not encrypt does not exist.
func (c *Case) assessDataCarrier(releases ...*v1alpha1.Release) Finding {
	if edges := dataEdges(releases...); len(edges) > 0 && c.wantedMesh().Type == v1alpha1.MeshIstio {
		return finding(Refused, v1alpha1.ReasonDataAPIUnsupported,
			"spec.components[%s].connectsTo names GovernmentDataAPI %s, but with spec.mesh.type %s of DeploymentPolicy default no government data is reached; remove the edge, or NTC sets type Sidecar",
			edges[0].callers[0], edges[0].name, c.wantedMesh().Type)
	}
	return Finding{}
}

// dataWithheld says why a target must not reach government data; empty: it may. Test loses it while anything keeps the application offline.
func (c *Case) dataWithheld(t Target) string {
	if t.live() {
		return ""
	}
	if grounds := c.grounds(); len(grounds) > 0 {
		return grounds[0].message
	}
	if c.Live.Offline != "" && c.violationMissing() {
		return c.assessLock().Message
	}
	return ""
}

// dataAPIs are the government data APIs of a target, those that are closed without an address.
func (c *Case) dataAPIs(t Target) []mesh.DataAPI {
	withheld := c.dataWithheld(t) != ""
	var apis []mesh.DataAPI
	for _, edge := range dataEdges(t.releases()...) {
		out := mesh.DataAPI{Name: edge.name}
		if api, service := c.DataAPIs[edge.name], c.DataServices[edge.name]; !withheld && c.answers(edge.name) {
			out.Owner, out.Address, out.Port = api.Spec.Owner, service.Spec.ClusterIP, api.Spec.Service.Port
			out.ServerName, out.CABundle = api.Spec.Service.ServerName, api.Spec.Service.CABundle
			out.Operations, out.RequestsPerSecond = c.dataGrant(&api)
		}
		apis = append(apis, out)
	}
	return apis
}

// dataGrant is what the application may ask of a government data API, and how often: what only reads, and what its grant names.
func (c *Case) dataGrant(api *v1alpha1.GovernmentDataAPI) ([]sidecar.Operation, int32) {
	rate, names := api.Spec.RequestsPerSecond, []string(nil)
	own := v1alpha1.ApplicationReference{Namespace: c.Application.Namespace, Name: c.Application.Name}
	if i := slices.IndexFunc(api.Spec.Grants, func(g v1alpha1.DataGrant) bool { return g.Application == own }); i >= 0 {
		grant := api.Spec.Grants[i]
		rate, names = cmp.Or(grant.RequestsPerSecond, rate), grant.Operations
	}
	declared := slices.SortedFunc(slices.Values(api.Spec.Operations), func(a, b v1alpha1.DataOperation) int { return cmp.Compare(a.Name, b.Name) })
	var operations []sidecar.Operation
	for _, operation := range declared {
		if !reads(operation) && !slices.Contains(names, operation.Name) {
			continue
		}
		out := sidecar.Operation{Path: operation.PathPrefix}
		for _, method := range operation.Methods {
			out.Methods = append(out.Methods, string(method))
		}
		slices.Sort(out.Methods)
		operations = append(operations, out)
	}
	return operations, rate
}

func reads(operation v1alpha1.DataOperation) bool {
	return len(operation.Methods) > 0 && !slices.ContainsFunc(operation.Methods, func(m v1alpha1.HTTPMethod) bool { return m != "GET" && m != "HEAD" })
}

func open(apis []mesh.DataAPI) bool {
	return slices.ContainsFunc(apis, func(api mesh.DataAPI) bool { return api.Address != "" })
}

// dataReplicas is one pod, not two: rates are counted in each, and a component that keeps a connection asks the same one all the time, so that
// half a rate in each of two would be half of what was granted. A rolling update starts its successor before it ends, and where its node is lost the
// scheduler replaces it. Where no API is open none runs, so that no connection is left.
func dataReplicas(apis []mesh.DataAPI) int32 {
	if open(apis) {
		return 1
	}
	return 0
}

// dataPods are what the proxy takes at most, with one more pod while it is updated.
func dataPods(releases ...*v1alpha1.Release) Compute {
	if len(dataEdges(releases...)) == 0 {
		return Compute{}
	}
	return Compute(mesh.DataResources()).times(2)
}

// dataObjects are the proxy and its address. Both stand as long as there are edges, so that opening and closing them restarts no component.
func (c *Case) dataObjects(t Target) []render.Object {
	if !c.hasData(t) {
		return nil
	}
	var objects []render.Object
	if t.Offline == nil || t.Observed.Addresses[mesh.DataName] != "" {
		objects = append(objects, render.Service(t.Scope, mesh.DataName, mesh.DataPorts()))
	}
	stage := c.meshStage(t)
	replicas := dataReplicas(stage.DataAPIs)
	switch {
	case t.Offline == nil && stage.Policy.Image == "", t.Offline == nil && replicas > 0 && c.withheld(t, dataComponent):
		return objects
	case t.Offline != nil && t.Offline.Workloads == v1alpha1.WorkloadsIsolate:
		replicas = t.Observed.Workloads[mesh.DataName].Replicas
	case t.Offline != nil:
		replicas = 0
	}
	return append(objects, render.DataDeployment(t.Scope, render.Egress{
		Name: mesh.DataName, Replicas: replicas, Nodes: c.nodes(t.Release), Sidecar: *mesh.DataProxy(stage), DeadlineSeconds: int32(c.rolloutDeadline().Seconds()),
	}))
}

// dataAddress is where components find the proxy; empty: there is none, or not yet.
func (c *Case) dataAddress(t Target) string {
	if !c.hasData(t) {
		return ""
	}
	return t.Observed.Addresses[mesh.DataName]
}

// awaitsData is true for a component that cannot be told yet where the proxy is.
func (c *Case) awaitsData(t Target, component v1alpha1.Component) bool {
	return c.hasData(t) && t.Observed.Addresses[mesh.DataName] == "" &&
		slices.ContainsFunc(component.ConnectsTo, func(e v1alpha1.Edge) bool { return e.GovernmentDataAPI != "" })
}

// reachesData is true for an edge that is open.
func (c *Case) reachesData(t Target, name string) bool {
	return c.hasData(t) && c.dataWithheld(t) == "" && c.answers(name)
}

// answers is true for a government data API that is there and can be reached by its Service.
func (c *Case) answers(name string) bool {
	api, ok := c.DataAPIs[name]
	return ok && AssessDataAPI(&api, c.DataServices[name]).Outcome == Met
}

// dataFlows is what the network lets through to the proxy, and from it to the pods of the APIs. Where no API is open that is nothing.
func (c *Case) dataFlows(t Target) (render.Object, bool) {
	if !c.hasData(t) {
		return render.Object{}, false
	}
	var callers []string
	var pods []render.DataPods
	for _, edge := range dataEdges(t.releases()...) {
		if !c.reachesData(t, edge.name) {
			continue
		}
		declared, service := c.DataAPIs[edge.name].Spec.Service, c.DataServices[edge.name]
		port, _ := dataPort(declared, service)
		callers = append(callers, edge.callers...)
		pods = append(pods, render.DataPods{Namespace: declared.Namespace, Selector: service.Spec.Selector, Port: port})
	}
	slices.Sort(callers)
	return render.AllowData(t.Scope, mesh.DataName, slices.Compact(callers), sidecar.PeerPort, pods), true
}

// assessDataFlows says which government data a live release does not reach, though everything else may work. It holds no rollout back.
func (c *Case) assessDataFlows(t Target) Finding {
	if !c.hasData(t) {
		return Finding{}
	}
	for _, release := range t.releases() {
		if f := c.assessDataAPIs(release); f.Outcome != Met {
			return f
		}
	}
	proxy := t.Observed.Workloads[mesh.DataName]
	if proxy.RolledOut {
		return Finding{}
	}
	outcome := Progressing
	if proxy.Stuck {
		outcome = Refused
	}
	return finding(outcome, v1alpha1.ReasonDataAPIUnavailable, "%s in %s is not fully available%s, so government data may be out of reach; NTC looks after it if this lasts",
		mesh.DataName, t.Scope.StageNamespace(), t.Observed.words(mesh.DataName))
}

// withoutData says, of test, that government data is withheld.
func (c *Case) withoutData(t Target) string {
	if why := c.dataWithheld(t); why != "" && c.hasData(t) {
		return "; test reaches no government data meanwhile: " + why
	}
	return ""
}
