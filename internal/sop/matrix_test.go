// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var cloudModels = []v1alpha1.CloudModel{v1alpha1.CloudPublic, v1alpha1.CloudGovernment, v1alpha1.CloudPrivate, v1alpha1.CloudHybrid}

// inCell is a release of a class on a provider of a level, all of whose nodes stand in one data centre.
func inCell(t *testing.T, class v1alpha1.DataClass, level v1alpha1.SecurityLevel, model v1alpha1.CloudModel, country v1alpha1.Country) (*Case, *v1alpha1.Release) {
	t.Helper()
	c := underAudit(t)
	provider := c.Providers["ntc-islamabad"]
	provider.Spec.CloudModels = []v1alpha1.CloudModel{model}
	provider.Spec.DataCentres = []v1alpha1.DataCentre{{Name: "one", CloudModel: model, Country: country}}
	provider.Spec.Accreditation.Level, provider.Spec.Accreditation.DataClasses = level, nil
	for _, may := range dataClasses {
		// What the API lets a provider of this level be accredited for.
		if !below(securityLevels, level, dataClassRule(&v1alpha1.DeploymentPolicySpec{}, may).Level) {
			provider.Spec.Accreditation.DataClasses = append(provider.Spec.Accreditation.DataClasses, may)
		}
	}
	c.Providers["ntc-islamabad"] = provider
	c.Application.Spec.DataClass = class
	return c, Snapshot(c.Application)
}

func everyCell(f func(v1alpha1.DataClass, v1alpha1.SecurityLevel, v1alpha1.CloudModel, v1alpha1.Country)) {
	for _, class := range dataClasses {
		for _, level := range securityLevels {
			for _, model := range cloudModels {
				for _, country := range []v1alpha1.Country{"PK", "AE"} {
					f(class, level, model, country)
				}
			}
		}
	}
}

// testdata/matrix.txt is every cell of class, level, cloud model and residency under the policy's defaults: whether data of the class may
// live there, else why not, and with which exemption of the Cloud Office it may.
func TestMatrix(t *testing.T) {
	const file = "testdata/matrix.txt"
	var table strings.Builder
	fmt.Fprintf(&table, "%-22s%-13s%-11s%-8s%-22s%s\n", "class", "level", "model", "country", "verdict", "with an exemption from")
	everyCell(func(class v1alpha1.DataClass, level v1alpha1.SecurityLevel, model v1alpha1.CloudModel, country v1alpha1.Country) {
		c, release := inCell(t, class, level, model, country)
		f := assessClassification(c, release)
		line := fmt.Sprintf("%-22s%-13s%-11s%-8s%-22s%s", class, level, model, country, f.Reason, exemptionsFor(c, release, f))
		fmt.Fprintln(&table, strings.TrimRight(line, " "))
	})
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil { //nolint:gosec // golden files are read by everybody
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(readText(t, file), table.String()); diff != "" {
		t.Errorf("%s differs; if that is right, run with -update and read the difference:\n%s", file, diff)
	}
}

// exemptionsFor are the exemptions that together make a cell legitimate; each is needed.
func exemptionsFor(c *Case, release *v1alpha1.Release, f Finding) string {
	var needed []string
	for f.Outcome != Met {
		clause := map[string]v1alpha1.ExemptClause{
			v1alpha1.ReasonSecurityLevelTooLow: v1alpha1.ExemptSecurityLevel, v1alpha1.ReasonCloudModelNotAllowed: v1alpha1.ExemptCloudModel,
			v1alpha1.ReasonResidencyNotAllowed: v1alpha1.ExemptResidency,
		}[f.Reason]
		if clause == "" || !strings.Contains(f.Message, "NoObjectionCertificate of clause "+string(clause)) {
			return "nothing: " + f.Message
		}
		needed = append(needed, string(clause))
		c.Certificates = append(c.Certificates, exemption(clause, release.Spec.DataClass, release.Spec.CloudServiceProvider))
		before := f.Reason
		if f = assessClassification(c, release); f.Reason == before {
			return "nothing: " + before + " stays"
		}
	}
	return strings.Join(needed, ", ")
}

// exemption is the Cloud Office's, in force in every test.
func exemption(clause v1alpha1.ExemptClause, class v1alpha1.DataClass, provider string) v1alpha1.NoObjectionCertificate {
	n := v1alpha1.NoObjectionCertificate{Spec: v1alpha1.NoObjectionCertificateSpec{
		Authority: v1alpha1.AuthorityCloudOffice, Clause: clause, ValidFrom: metav1.NewTime(received), ValidUntil: metav1.NewTime(hours(1000)),
		Scope: v1alpha1.NoObjectionScope{Provider: provider, DataClass: class},
	}}
	n.Name = strings.ToLower(string(clause))
	return n
}

// The table is generated; this says it a second time, in the words of the policy.
func TestMatrixIsThePolicys(t *testing.T) {
	cells := 0
	everyCell(func(class v1alpha1.DataClass, level v1alpha1.SecurityLevel, model v1alpha1.CloudModel, country v1alpha1.Country) {
		cells++
		open := class == v1alpha1.DataClassOpen || class == v1alpha1.DataClassPublic
		high := map[v1alpha1.SecurityLevel]int{v1alpha1.SecurityBaseline: 0, v1alpha1.SecurityIntermediate: 1, v1alpha1.SecurityEnhanced: 2, v1alpha1.SecurityHighest: 3}[level]
		needs := map[v1alpha1.DataClass]int{v1alpha1.DataClassRestricted: 1, v1alpha1.DataClassSensitiveConfidential: 2, v1alpha1.DataClassSecret: 3}[class]
		want := high >= needs && (open && model != v1alpha1.CloudPrivate || model == v1alpha1.CloudGovernment && country == "PK")
		c, release := inCell(t, class, level, model, country)
		if got := assessClassification(c, release).Outcome == Met; got != want {
			t.Errorf("%s at %s in %s, %s: %v", class, level, model, country, got)
		}
		c.Certificates = []v1alpha1.NoObjectionCertificate{
			exemption(v1alpha1.ExemptSecurityLevel, class, "another"), exemption(v1alpha1.ExemptCloudModel, class, "another"), exemption(v1alpha1.ExemptResidency, "another", "ntc-islamabad"),
		}
		if got := assessClassification(c, release).Outcome == Met; got != want {
			t.Errorf("%s at %s in %s, %s: %v with exemptions of others", class, level, model, country, got)
		}
	})
	if cells != 160 {
		t.Errorf("%d cells", cells)
	}
}

func TestPolicysRulesComeFirst(t *testing.T) {
	rule := v1alpha1.DataClassRule{
		DataClass: v1alpha1.DataClassPublic, Level: v1alpha1.SecurityEnhanced, CloudModels: []v1alpha1.CloudModel{v1alpha1.CloudPrivate}, Countries: []v1alpha1.Country{"AE"},
	}
	for name, row := range map[string]struct {
		level   v1alpha1.SecurityLevel
		model   v1alpha1.CloudModel
		country v1alpha1.Country
		class   v1alpha1.DataClass
		reason  string
	}{
		"as it says":    {v1alpha1.SecurityEnhanced, v1alpha1.CloudPrivate, "AE", v1alpha1.DataClassPublic, v1alpha1.ReasonClassified},
		"level":         {v1alpha1.SecurityIntermediate, v1alpha1.CloudPrivate, "AE", v1alpha1.DataClassPublic, v1alpha1.ReasonSecurityLevelTooLow},
		"model":         {v1alpha1.SecurityEnhanced, v1alpha1.CloudPublic, "AE", v1alpha1.DataClassPublic, v1alpha1.ReasonCloudModelNotAllowed},
		"country":       {v1alpha1.SecurityEnhanced, v1alpha1.CloudPrivate, "PK", v1alpha1.DataClassPublic, v1alpha1.ReasonResidencyNotAllowed},
		"another class": {v1alpha1.SecurityBaseline, v1alpha1.CloudPublic, "PK", v1alpha1.DataClassOpen, v1alpha1.ReasonClassified},
	} {
		t.Run(name, func(t *testing.T) {
			c, release := inCell(t, row.class, row.level, row.model, row.country)
			c.Policy.DataClasses = []v1alpha1.DataClassRule{rule}
			if f := assessClassification(c, release); f.Reason != row.reason {
				t.Errorf("%s: %s", f.Reason, f.Message)
			}
		})
	}
	if rule := dataClassRule(&v1alpha1.DeploymentPolicySpec{}, "Unheard"); rule.Level != v1alpha1.SecurityHighest || len(rule.CloudModels) > 0 {
		t.Errorf("a class that nobody knows may live in %+v", rule)
	}
}

const centreLabel = "node.platform.ntc.gov.pk/data-centre"

// inTwoPlaces gives the provider a second data centre, abroad and public, and a node in each.
func inTwoPlaces(c *Case) {
	provider := c.Providers["ntc-islamabad"]
	centre := func(name string, model v1alpha1.CloudModel, country v1alpha1.Country) v1alpha1.DataCentre {
		return v1alpha1.DataCentre{Name: name, CloudModel: model, Country: country, NodeSelector: &metav1.LabelSelector{MatchLabels: map[string]string{centreLabel: name}}}
	}
	provider.Spec.CloudModels = []v1alpha1.CloudModel{v1alpha1.CloudGovernment, v1alpha1.CloudPublic}
	provider.Spec.DataCentres = []v1alpha1.DataCentre{centre("islamabad", v1alpha1.CloudGovernment, "PK"), centre("dubai", v1alpha1.CloudPublic, "AE")}
	c.Providers["ntc-islamabad"] = provider
	nodes := newNodes("16", "32Gi", "64", "64Gi")
	for i, name := range []string{"islamabad", "dubai"} {
		nodes.Ready[i].Labels = map[string]string{centreLabel: name}
	}
	c.Nodes["ntc-islamabad"] = nodes
}

func TestNodesWhereTheClassMayLive(t *testing.T) {
	term := func(names ...string) []metav1.LabelSelector {
		provider := map[string]string{"node.platform.ntc.gov.pk/provider": "ntc-islamabad"}
		if len(names) == 0 {
			return []metav1.LabelSelector{{MatchLabels: provider}}
		}
		var out []metav1.LabelSelector
		for _, name := range names {
			out = append(out, metav1.LabelSelector{MatchLabels: provider, MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: centreLabel, Operator: metav1.LabelSelectorOpIn, Values: []string{name}},
			}})
		}
		return out
	}
	third := func(c *Case) {
		provider := c.Providers["ntc-islamabad"]
		karachi := *provider.Spec.DataCentres[0].DeepCopy()
		karachi.Name, karachi.NodeSelector.MatchLabels = "karachi", map[string]string{centreLabel: "karachi"}
		provider.Spec.DataCentres = append(provider.Spec.DataCentres, karachi)
		c.Providers["ntc-islamabad"] = provider
		nodes := c.Nodes["ntc-islamabad"]
		nodes.Ready = append(nodes.Ready, Node{Name: "node-2", Labels: map[string]string{centreLabel: "karachi"}, Compute: nodes.Ready[0].Compute})
		nodes.Away = []Node{{Name: "node-3", Labels: map[string]string{centreLabel: "karachi"}}, {Name: "node-4", Labels: map[string]string{centreLabel: "dubai"}}}
		c.Nodes["ntc-islamabad"] = nodes
	}
	class := func(class v1alpha1.DataClass) func(*Case) {
		return func(c *Case) { c.Releases[0].Spec.DataClass = class }
	}
	for name, row := range map[string]struct {
		change func(*Case)
		want   []metav1.LabelSelector
		nodes  string
		away   int
	}{
		"one data centre":          {change: func(*Case) {}, want: term(), nodes: "node-0 node-1"},
		"one of two":               {change: inTwoPlaces, want: term("islamabad"), nodes: "node-0"},
		"two of three":             {change: with(inTwoPlaces, third), want: term("islamabad", "karachi"), nodes: "node-0 node-2", away: 1},
		"both":                     {change: with(inTwoPlaces, class(v1alpha1.DataClassOpen)), want: term(), nodes: "node-0 node-1"},
		"none: what runs stays":    {change: with(inTwoPlaces, class("Unheard")), want: term(), nodes: "node-0 node-1"},
		"no policy: what runs too": {change: with(inTwoPlaces, func(c *Case) { c.Policy = nil }), want: term(), nodes: "node-0 node-1"},
		"exempted": {change: with(inTwoPlaces, func(c *Case) {
			c.Certificates = []v1alpha1.NoObjectionCertificate{
				exemption(v1alpha1.ExemptCloudModel, v1alpha1.DataClassRestricted, "ntc-islamabad"), exemption(v1alpha1.ExemptResidency, v1alpha1.DataClassRestricted, "ntc-islamabad"),
			}
		}), want: term(), nodes: "node-0 node-1"},
		"exempted from one of two things": {change: with(inTwoPlaces, func(c *Case) {
			c.Certificates = []v1alpha1.NoObjectionCertificate{exemption(v1alpha1.ExemptCloudModel, v1alpha1.DataClassRestricted, "ntc-islamabad")}
		}), want: term("islamabad"), nodes: "node-0"},
	} {
		t.Run(name, func(t *testing.T) {
			c := liveCase(t)
			row.change(c)
			if diff := gocmp.Diff(row.want, c.nodes(&c.Releases[0])); diff != "" {
				t.Error(diff)
			}
			offered := c.offered(&c.Releases[0])
			var names []string
			for _, node := range offered.Ready {
				names = append(names, node.Name)
			}
			if got := strings.Join(names, " "); got != row.nodes || len(offered.Away) != row.away {
				t.Errorf("nodes %s, %d away", got, len(offered.Away))
			}
		})
	}
	t.Run("room is counted there", func(t *testing.T) {
		c := underAudit(t)
		inTwoPlaces(c)
		if f := assessAvailability(c, &c.Releases[0]); !strings.Contains(f.Message, "1 node with 16 cpu") {
			t.Errorf("%s", f.Message)
		}
		nodes := c.Nodes["ntc-islamabad"]
		nodes.Ready = nodes.Ready[1:]
		c.Nodes["ntc-islamabad"] = nodes
		if f := assessAvailability(c, &c.Releases[0]); f.Reason != v1alpha1.ReasonNodesMissing || !strings.Contains(f.Message, centreLabel+" in (islamabad)") {
			t.Errorf("%s: %s", f.Reason, f.Message)
		}
	})
}
