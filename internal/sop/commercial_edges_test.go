// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// payingCase is live; its api sends mail, and takes payments at pay.bank.example, which it declares as commercial.
func payingCase(t testing.TB, external v1alpha1.ExternalHost) *Case {
	t.Helper()
	return leavingCase(t, func(component *v1alpha1.Component) {
		component.ConnectsTo = append(component.ConnectsTo, v1alpha1.Edge{Name: "payments", External: &external, Commercial: ptr.To(true)})
	})
}

var bank = v1alpha1.ExternalHost{Host: "pay.bank.example", Port: 443}

func TestCommercialEdges(t *testing.T) {
	certified := func(change ...func(*v1alpha1.NoObjectionCertificateSpec)) func(*Case) {
		return exemptedBy(newCertificate("pay", hours(5000), change...))
	}
	undeclared := func(c *Case) {
		for i := range c.Releases[0].Spec.Components {
			for j := range c.Releases[0].Spec.Components[i].ConnectsTo {
				c.Releases[0].Spec.Components[i].ConnectsTo[j].Commercial = nil
			}
		}
	}
	commercialHosts := func(hosts ...string) func(*Case) { return func(c *Case) { c.Policy.Commercial.Hosts = hosts } }
	for name, row := range map[string]struct {
		external v1alpha1.ExternalHost
		change   func(*Case)
		open     bool
	}{
		"without a certificate":                      {external: bank, change: func(*Case) {}},
		"named":                                      {external: bank, change: certified(), open: true},
		"named with the port of HTTPS":               {external: bank, change: certified(forOrigins("https://pay.bank.example:443")), open: true},
		"named for another use":                      {external: bank, change: certified(forUses(v1alpha1.CommercialAdvertisements)), open: true},
		"another origin is named":                    {external: bank, change: certified(forOrigins("https://pay.other.example"))},
		"what is above is named":                     {external: bank, change: certified(forOrigins("https://bank.example"))},
		"what is beneath is named":                   {external: bank, change: certified(forOrigins("https://a.pay.bank.example"))},
		"another port of the host is named":          {external: bank, change: certified(forOrigins("https://pay.bank.example:8443"))},
		"the host is named, and the port is another": {external: v1alpha1.ExternalHost{Host: bank.Host, Port: 8443}, change: certified()},
		"host and port are named":                    {external: v1alpha1.ExternalHost{Host: bank.Host, Port: 8443}, change: certified(forOrigins("https://pay.bank.example:8443")), open: true},
		"punycode": {
			external: v1alpha1.ExternalHost{Host: "xn--mgbai9azgqp6j.example", Port: 443}, change: certified(forOrigins("https://xn--mgbai9azgqp6j.example")), open: true,
		},
		"the Cloud Office's":        {external: bank, change: certified(ofTheCloudOffice, forOrigins("https://pay.bank.example"))},
		"revoked":                   {external: bank, change: certified(certificateRevoked)},
		"before the first second":   {external: bank, change: together(certified(), nowAt(hours(1).Add(-1)))},
		"at the first second":       {external: bank, change: together(certified(), nowAt(hours(1))), open: true},
		"before the end":            {external: bank, change: together(certified(), nowAt(hours(5000).Add(-1))), open: true},
		"at the end":                {external: bank, change: together(certified(), nowAt(hours(5000)))},
		"not commercial":            {external: bank, change: undeclared, open: true},
		"the policy's host":         {external: bank, change: together(undeclared, commercialHosts("pay.bank.example"))},
		"beneath the policy's host": {external: bank, change: together(undeclared, commercialHosts("other.example", "bank.example"))},
		"beside the policy's host":  {external: bank, change: together(undeclared, commercialHosts("ank.example", "y.bank.example", "x.pay.bank.example")), open: true},
		"beneath the policy's host, with a certificate": {external: bank, change: together(undeclared, commercialHosts("bank.example"), certified()), open: true},
		"another component declares the same host without the word": {external: bank, change: func(c *Case) {
			c.Releases[0].Spec.Components[0].ConnectsTo = append(c.Releases[0].Spec.Components[0].ConnectsTo, v1alpha1.Edge{Name: "payments", External: &bank})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := payingCase(t, row.external)
			row.change(c)
			target := c.liveTarget(&c.Releases[0])
			open := slices.ContainsFunc(target.externals(), func(e mesh.External) bool { return e.ExternalHost == row.external })
			if open != row.open {
				t.Errorf("open %v", open)
			}
			if !slices.ContainsFunc(target.externals(), func(e mesh.External) bool { return e.Host == mail.External.Host }) {
				t.Error("what is not commercial stays open")
			}
			f := assessCommercial(c, &c.Releases[0])
			if said := strings.Contains(f.Message, originOf(row.external)) && f.Reason == v1alpha1.ReasonNoCRequired; said == row.open {
				t.Errorf("%s: %s", f.Reason, f.Message)
			}
		})
	}
}

// NetworkPolicy and proxy follow; what components run does not, so that neither the beginning nor the end of a certificate restarts one.
func TestClosedEdgesInTheCluster(t *testing.T) {
	c := payingCase(t, v1alpha1.ExternalHost{Host: bank.Host, Port: 8443})
	open := payingCase(t, v1alpha1.ExternalHost{Host: bank.Host, Port: 8443})
	exemptedBy(newCertificate("pay", hours(5000), forOrigins("https://pay.bank.example:8443")))(open)
	for host, want := range map[*Case]bool{c: false, open: true} {
		target := host.liveTarget(&host.Releases[0])
		objects := append(enforceEncryption(host, target), enforceDeployment(host, target)...)
		if got := strings.Contains(contents(objects, "Deployment", mesh.EgressName), bank.Host); got != want {
			t.Errorf("the proxy knows the bank: %v", got)
		}
		policy, _ := host.egressFlows(target)
		var ports []int32
		for _, port := range object[networkingv1.NetworkPolicy](t, policy).Spec.Egress[1].Ports {
			ports = append(ports, port.Port.IntVal)
		}
		if slices.Contains(ports, 8443) != want || !slices.Contains(ports, 465) {
			t.Errorf("the proxy reaches ports %v", ports)
		}
	}
	same(t, c, open)
}

// Where nothing is left open there is no proxy and no way to it, but its address.
func TestLastEdgeCloses(t *testing.T) {
	only := func() *Case {
		c := payingCase(t, bank)
		for _, components := range [][]v1alpha1.Component{c.Application.Spec.Components, c.Releases[0].Spec.Components} {
			edges := &components[1].ConnectsTo
			*edges = slices.DeleteFunc(*edges, func(e v1alpha1.Edge) bool { return e.Name == mail.Name })
		}
		return c
	}
	c, open := only(), only()
	exemptedBy(newCertificate("pay", hours(5000)))(open)
	target := c.liveTarget(&c.Releases[0])
	for _, o := range append(enforceEncryption(c, target), enforceDeployment(c, target)...) {
		if strings.Contains(o.GetName(), mesh.EgressName) && o.GetKind() != "Service" {
			t.Errorf("%s %s is left", o.GetKind(), o.GetName())
		}
	}
	for _, name := range []string{"web", "api"} {
		if strings.Contains(contents(enforceEncryption(c, target), "NetworkPolicy", "allow-"+name), mesh.EgressName) {
			t.Errorf("%s has a way to the proxy", name)
		}
	}
	if withheld := c.withholds(target); len(withheld) > 0 {
		t.Errorf("what is closed is pruned, so nothing is withheld: %q", withheld)
	}
	same(t, c, open)

	delete(c.Live.Addresses, mesh.EgressName)
	target = c.liveTarget(&c.Releases[0])
	if objects := enforceDeployment(c, target); planned(objects, "Deployment", "api") || !planned(objects, "Service", mesh.EgressName) {
		t.Error("a component waits for the proxy's address also while its edge is closed")
	}
}

// What is kept for forensics does not go because a certificate ends.
func TestEdgeClosesWhileIsolated(t *testing.T) {
	c := payingCase(t, bank)
	target := c.liveTarget(&c.Releases[0])
	target.Closed = append(target.Closed, closedEdge{"api", *mail.External})
	target.Offline = &Takedown{Workloads: v1alpha1.WorkloadsIsolate}
	for _, o := range enforceDeployment(c, target) {
		if o.GetKind() == "Deployment" && o.GetName() == mesh.EgressName {
			if o.Mode != render.Keep {
				t.Error("the proxy is written anew")
			}
			return
		}
	}
	t.Error("the proxy goes")
}

// same proves that components run alike in both cases.
func same(t *testing.T, a, b *Case) {
	t.Helper()
	for _, name := range []string{"web", "api"} {
		one := contents(enforceDeployment(a, a.liveTarget(&a.Releases[0])), "Deployment", name)
		if other := contents(enforceDeployment(b, b.liveTarget(&b.Releases[0])), "Deployment", name); one == "" || one != other {
			t.Errorf("%s is restarted:\n%s\n%s", name, one, other)
		}
	}
}

func contents(objects []render.Object, kind, name string) string {
	for _, o := range objects {
		if o.GetKind() == kind && o.GetName() == name {
			content, err := o.MarshalJSON()
			if err != nil {
				return err.Error()
			}
			return string(content)
		}
	}
	return ""
}
