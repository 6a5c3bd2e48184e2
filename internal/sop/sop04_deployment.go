// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 4, Application Deployment: the organization deploys once the infrastructure stands; by VPN; on a gov.pk domain
// only. Each host is held by one application through a DomainClaim named after it. Test hosts are routed on the VPN
// gateway only, gov.pk hosts on the public one. Admission: govpk-children, govpk-hosts,
// govpk-identity, govpk-namespaces.
func deployment() Clause {
	return Clause{
		Number:    4,
		Title:     "Application Deployment",
		Condition: v1alpha1.ConditionDomainsBound,
		Demands:   "The organization deploys over the VPN once the infrastructure stands, and only on a gov.pk domain in NTC's data centre.",
		Assess:    assessDomains,
		Enforce:   enforceDeployment,
		Guards:    []string{"govpk-children", "govpk-hosts", "govpk-identity", "govpk-namespaces"},
	}
}

func assessDomains(c *Case, release *v1alpha1.Release) Finding {
	if c.Organization == "" {
		return finding(Refused, v1alpha1.ReasonOrganizationUnknown,
			"namespace %s has no label %s; NTC sets it when it onboards the organization", c.Application.Namespace, v1alpha1.OrganizationLabel)
	}
	var pending []string
	for _, d := range release.Spec.Domains {
		if err := domain.Validate(d.Host); err != nil {
			return finding(Refused, v1alpha1.ReasonHostInvalid, "spec.domains: %v", err)
		}
		_, claimed := c.Claims[d.Host]
		switch {
		case !claimed:
			pending = append(pending, d.Host)
		case !c.holds(d.Host):
			return finding(Refused, v1alpha1.ReasonHostTaken, "spec.domains: host %s is held by another application; choose another host or ask NTC", d.Host)
		}
	}
	if len(pending) > 0 {
		return finding(Progressing, v1alpha1.ReasonClaiming, "claiming %s", pending[0])
	}
	return finding(Met, v1alpha1.ReasonBound, "every host is under gov.pk and held by this application")
}

func (c *Case) reference() v1alpha1.ApplicationReference {
	return v1alpha1.ApplicationReference{Namespace: c.Application.Namespace, Name: c.Application.Name}
}

// holds is true while the application has the claim of a host.
func (c *Case) holds(host string) bool {
	claim, ok := c.Claims[host]
	return ok && claim.Spec.Application == c.reference()
}

// claims are the hosts that the application needs: those of its spec, of what is live, and of what it wants to launch.
func (c *Case) claims(live *v1alpha1.Release) []render.Object {
	if c.Organization == "" {
		return nil
	}
	domains := slices.Clone(c.Application.Spec.Domains)
	for _, release := range []*v1alpha1.Release{live, c.release(c.wanted())} {
		if release != nil {
			domains = append(domains, release.Spec.Domains...)
		}
	}
	var objects []render.Object
	for _, d := range domains {
		known := slices.ContainsFunc(objects, func(o render.Object) bool { return o.GetName() == d.Host })
		_, claimed := c.Claims[d.Host]
		if known || domain.Validate(d.Host) != nil || claimed && !c.holds(d.Host) {
			continue
		}
		objects = append(objects, c.claim(d.Host))
	}
	return objects
}

func (c *Case) claim(host string) render.Object {
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       "DomainClaim",
		"metadata":   map[string]any{"name": host},
		"spec": map[string]any{
			"application":  map[string]any{"namespace": c.Application.Namespace, "name": c.Application.Name},
			"organization": c.Organization,
			"state":        string(v1alpha1.DomainBound),
		},
	}}
	u.SetLabels(c.Scope("").Labels())
	return render.Object{Unstructured: u, Mode: render.Create, Owner: render.FieldOwner}
}

// enforceDeployment makes workloads, their Services and the routes to them.
func enforceDeployment(c *Case, t Target) []render.Object {
	if t.Release == nil {
		return nil
	}
	var objects []render.Object
	ports := portNumbers(t)
	for _, p := range t.parts() {
		objects = append(objects, c.partObjects(t, p, ports)...)
	}
	for _, task := range t.due() {
		objects = append(objects, c.taskObjects(t, task, ports)...)
	}
	objects = append(objects, t.filesBefore(objects)...)
	if t.Offline != nil || c.Policy == nil {
		return objects
	}
	for i, d := range t.routed().Spec.Domains {
		if !t.live() || c.holds(d.Host) {
			objects = append(objects, c.route(t, i, d, ports))
		}
	}
	return objects
}

// nodes are the provider's attested nodes. Without a provider no node matches: nothing may run where nobody attests.
func (c *Case) nodes(release *v1alpha1.Release) metav1.LabelSelector {
	provider, ok := c.Providers[release.Spec.CloudServiceProvider]
	if !ok {
		return metav1.LabelSelector{MatchLabels: map[string]string{"platform.ntc.gov.pk/provider-missing": "true"}}
	}
	return provider.Spec.NodeSelector
}

func (c *Case) route(t Target, index int, d v1alpha1.Domain, ports map[string]map[string]int32) render.Object {
	r := render.Route{
		Domain: d,
		Ports:  ports,
		Set:    append(transportHeaders(), render.Header{Name: "Permissions-Policy", Value: permissionsPolicy}),
		Add:    []render.Header{{Name: "Content-Security-Policy", Value: contentSecurityPolicy}},
	}
	if t.live() {
		r.Hostname, r.Listener, r.Gateway = d.Host, d.Host, c.Policy.Gateways.Live[0]
	} else {
		r.Hostname, r.Gateway = TestHost(t.Scope, c.Policy.Gateways.Test.Domain, index), c.Policy.Gateways.Test.GatewayReference
	}
	return render.HTTPRoute(t.Scope, r)
}

// TestHost is where the index-th domain of an application is reached in test.
func TestHost(s render.Scope, testDomain string, index int) string {
	if index == 0 {
		return fmt.Sprintf("%s-%s.%s", s.Application, s.Hash(), testDomain)
	}
	return fmt.Sprintf("%s-%s-%d.%s", s.Application, s.Hash(), index+1, testDomain)
}

// numbersOf are the numbers of a release's ports by component and name.
func numbersOf(release *v1alpha1.Release) map[string]map[string]int32 {
	numbers := map[string]map[string]int32{}
	for _, component := range release.Spec.Components {
		addPorts(numbers, component)
	}
	return numbers
}

func addPorts(numbers map[string]map[string]int32, component v1alpha1.Component) {
	if numbers[component.Name] == nil {
		numbers[component.Name] = map[string]int32{}
	}
	for _, port := range component.Ports {
		numbers[component.Name][port.Name] = port.Port
	}
}

// portNumbers are the numbers of the ports of all components as they run now.
func portNumbers(t Target) map[string]map[string]int32 {
	numbers := map[string]map[string]int32{}
	for _, release := range t.releases() {
		for _, component := range release.Spec.Components {
			addPorts(numbers, component)
		}
	}
	for _, p := range t.parts() {
		addPorts(numbers, p.Component)
	}
	return numbers
}

func peers(t Target, ports map[string]map[string]int32) map[string]render.Peer {
	out := map[string]render.Peer{}
	for name, numbers := range ports {
		out[name] = render.Peer{Address: t.Observed.Addresses[name], Ports: numbers}
	}
	return out
}

// missingPeers are the components that this one connects to and whose Services have no address yet.
func missingPeers(t Target, component v1alpha1.Component) []string {
	var missing []string
	for _, edge := range component.ConnectsTo {
		if t.Observed.Addresses[edge.Component] == "" {
			missing = append(missing, edge.Component)
		}
	}
	return missing
}
