// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// httpsPort is that of an origin without one.
const httpsPort = 443

// originForm has no character that ends or parts what stands in a header, whatever the API server once let through.
var originForm = regexp.MustCompile(`^https://([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])(:([1-9][0-9]{0,4}))?$`)

// canonical is an origin in the form in which browsers compare it: without the port of HTTPS. False: it is no origin.
func canonical(origin string) (string, bool) {
	match := originForm.FindStringSubmatch(origin)
	if match == nil {
		return "", false
	}
	written := match[len(match)-1]
	port, err := strconv.ParseUint(written, 10, 16)
	if written != "" && err != nil {
		return "", false
	}
	if port == httpsPort {
		return strings.TrimSuffix(origin, ":"+written), true
	}
	return origin, true
}

// originOf is the origin that a certificate has to name for an edge.
func originOf(external v1alpha1.ExternalHost) string {
	if external.Port == httpsPort {
		return "https://" + external.Host
	}
	return fmt.Sprintf("https://%s:%d", external.Host, external.Port)
}

// originsOf are the origins of the certificates that name one of the uses, or of all certificates, in order.
func originsOf(certificates []v1alpha1.NoObjectionCertificate, uses ...v1alpha1.CommercialUse) []string {
	var origins []string
	for _, certificate := range certificates {
		scope := certificate.Spec.Scope
		if len(uses) > 0 && !slices.ContainsFunc(uses, func(use v1alpha1.CommercialUse) bool { return slices.Contains(scope.Uses, use) }) {
			continue
		}
		for _, written := range scope.Origins {
			if origin, ok := canonical(written); ok {
				origins = append(origins, origin)
			}
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

// closedEdge is a commercial edge that no certificate in force names.
type closedEdge struct {
	component string
	external  v1alpha1.ExternalHost
}

// closedEdges are those of the releases. An external host is commercial for all edges to it where one of them is declared so.
func (c *Case) closedEdges(releases ...*v1alpha1.Release) []closedEdge {
	var edges []closedEdge
	commercial := map[v1alpha1.ExternalHost]bool{}
	for _, release := range releases {
		for _, component := range release.Spec.Components {
			for _, edge := range component.ConnectsTo {
				if edge.External == nil {
					continue
				}
				if closed := (closedEdge{component.Name, *edge.External}); !slices.Contains(edges, closed) {
					edges = append(edges, closed)
				}
				if edge.Commercial != nil && *edge.Commercial || c.commercialHost(edge.External.Host) {
					commercial[*edge.External] = true
				}
			}
		}
	}
	named := originsOf(c.exempted(v1alpha1.ExemptCommercial))
	return slices.DeleteFunc(edges, func(e closedEdge) bool {
		return !commercial[e.external] || slices.Contains(named, originOf(e.external))
	})
}

// commercialHost is true for the policy's commercial hosts and everything beneath them.
func (c *Case) commercialHost(host string) bool {
	return c.Policy != nil && slices.ContainsFunc(c.Policy.Commercial.Hosts, func(above string) bool {
		return host == above || strings.HasSuffix(host, "."+above)
	})
}

// closed is true for an external host that the target's components declare and may not reach now.
func (t Target) closed(external v1alpha1.ExternalHost) bool {
	return slices.ContainsFunc(t.Closed, func(e closedEdge) bool { return e.external == external })
}
