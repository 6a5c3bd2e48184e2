// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/domain"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 4, Application Deployment: the organization deploys once the infrastructure stands; by VPN; on a gov.pk domain
// only. Each host is held by one application through a DomainClaim named after it (claims.go). Test hosts are routed on the VPN
// gateway only, gov.pk hosts on the public one. Admission: govpk-children, govpk-restricted, govpk-hosts,
// govpk-identity, govpk-namespaces, govpk-organizations.
func deployment() Clause {
	return Clause{
		Source:    SOP,
		Number:    4,
		Title:     "Application Deployment",
		Condition: v1alpha1.ConditionDomainsBound,
		Demands:   "The organization deploys over the VPN once the infrastructure stands, and only on a gov.pk domain in NTC's data centre.",
		Assess:    assessDomains,
		Enforce:   enforceDeployment,
		Guards:    []string{"govpk-children", "govpk-restricted", "govpk-hosts", "govpk-identity", "govpk-namespaces", "govpk-organizations"},
	}
}

func assessDomains(c *Case, release *v1alpha1.Release) Finding {
	f := c.assessHosts(release)
	f.Deadline = earliest(f.Deadline, c.quarantineEnds())
	return f
}

func (c *Case) assessHosts(release *v1alpha1.Release) Finding {
	if c.Organization == "" {
		return finding(Refused, v1alpha1.ReasonOrganizationUnknown,
			"namespace %s has no label %s; NTC sets it when it onboards the organization", c.Application.Namespace, v1alpha1.OrganizationLabel)
	}
	var pending []string
	for _, d := range release.Spec.Domains {
		if err := domain.Validate(d.Host); err != nil {
			return finding(Refused, v1alpha1.ReasonHostInvalid, "spec.domains: %v", err)
		}
		if f, refused := c.refusal(d.Host); refused {
			return f
		}
		if !c.holds(d.Host) {
			pending = append(pending, d.Host)
		}
	}
	if len(pending) > 0 {
		return finding(Progressing, v1alpha1.ReasonClaiming, "claiming %s", pending[0])
	}
	return finding(Met, v1alpha1.ReasonBound, "every host is under gov.pk and held by this application")
}

// enforceDeployment makes workloads, their Services and the routes to them.
func enforceDeployment(c *Case, t Target) []render.Object {
	if t.Release == nil {
		return nil
	}
	var objects []render.Object
	numbers := portNumbers(t)
	for _, p := range t.parts() {
		objects = append(objects, c.partObjects(t, p, numbers)...)
	}
	for _, task := range t.due() {
		objects = append(objects, c.taskObjects(t, task, numbers)...)
	}
	objects = append(objects, t.filesBefore(objects)...)
	objects = append(objects, c.egressObjects(t)...)
	objects = append(objects, c.dataObjects(t)...)
	objects = append(objects, c.cutOverObjects(t, numbers)...)
	if t.Offline != nil || c.Policy == nil || !c.routable(t) {
		return objects
	}
	return append(objects, c.routes(t)...)
}

// portNumber is the number of a release's port by component and name.
func portNumber(release *v1alpha1.Release, component, name string) int32 {
	for i := range release.Spec.Components {
		if release.Spec.Components[i].Name != component {
			continue
		}
		for _, port := range release.Spec.Components[i].Ports {
			if port.Name == name {
				return port.Port
			}
		}
	}
	return 0
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

// missingPeers are the components that this one connects to and whose Services have no address yet.
func missingPeers(t Target, component v1alpha1.Component) []string {
	var missing []string
	for _, edge := range component.ConnectsTo {
		if edge.Component != "" && t.Observed.Addresses[edge.Component] == "" {
			missing = append(missing, edge.Component)
		}
	}
	return missing
}
