// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// TestMaximal: an object as large as the schemas permit must fit into the budget that the API server gives to CEL at run time.
// Only the lengths of free text are shorter, since a request holds 3 MiB.
func TestMaximal(t *testing.T) {
	scheme := runtime.NewScheme()
	g := NewWithT(t)
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	components, domains := maximalComponents(), maximalDomains()
	application := &v1alpha1.ThirdPartyApplication{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: label(40, 0)},
		Spec: v1alpha1.ThirdPartyApplicationSpec{
			Organization:         v1alpha1.Organization{Name: strings.Repeat("o", 128)},
			PublicServiceEntity:  strings.Repeat("e", 128),
			CloudServiceProvider: strings.Repeat("p", 54),
			DataClass:            v1alpha1.DataClassSensitiveConfidential,
			Requirements: v1alpha1.Requirements{
				Hardware: v1alpha1.Hardware{CPU: resource.MustParse("1M"), Memory: resource.MustParse("1Pi"), Storage: resource.MustParse("100Pi")},
				Traffic: v1alpha1.Traffic{
					Users: 1 << 60, RequestsPerSecond: 1<<31 - 1, PeakRequestsPerSecond: 1<<31 - 1, Bandwidth: resource.MustParse("1P"),
				},
				DataFlowDiagram: v1alpha1.DataFlowDiagram{URL: document().URL, SHA256: document().SHA256},
			},
			Components: components,
			Domains:    domains,
			Commercial: v1alpha1.Commercial{Transactions: new(bool), Advertisements: new(bool), ThirdPartyLogos: new(bool)},
			Launch:     &v1alpha1.Launch{Release: label(40, 0) + "-0123abcd"},
		},
	}
	for i := range 10 {
		application.Spec.Organization.Contacts = append(application.Spec.Organization.Contacts, v1alpha1.Contact{
			Level: []v1alpha1.SupportLevel{v1alpha1.SupportL2, v1alpha1.SupportL3}[i%2],
			Name:  strings.Repeat("n", 128), Email: strings.Repeat("m", 100) + "@" + strings.Repeat("d", 100), Phone: "+" + strings.Repeat("9", 31),
		})
	}
	tasks := application.DeepCopy()
	tasks.Name, tasks.Spec.Components = label(40, 1), maximalTasks()
	tasks.Spec.Requirements.DataFlowDiagram = v1alpha1.DataFlowDiagram{Content: make([]byte, 256<<10), SHA256: document().SHA256}
	release := &v1alpha1.Release{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: label(40, 0) + "-0123abcd"},
		Spec: v1alpha1.ReleaseSpec{
			Application: application.Name, CloudServiceProvider: application.Spec.CloudServiceProvider,
			DataClass: application.Spec.DataClass, Components: components, Domains: domains,
		},
	}
	signOff := &v1alpha1.SignOff{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "maximal"},
		Spec: v1alpha1.SignOffSpec{
			Release: release.Name, Type: v1alpha1.SignOffArchitectureAudit, Party: v1alpha1.PartyNITB,
			Decision: v1alpha1.DecisionApproved, SignedBy: strings.Repeat("s", 253),
		},
	}
	violation := &v1alpha1.PolicyViolation{
		ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("v", 63)},
		Spec: v1alpha1.PolicyViolationSpec{
			Application: v1alpha1.ApplicationReference{Namespace: strings.Repeat("n", 63), Name: application.Name},
			Category:    "SecurityLeakage", Severity: "Critical", Reason: strings.Repeat("r", 1024), FlaggedBy: strings.Repeat("f", 253),
		},
	}
	for i := range 50 {
		signOff.Spec.Findings = append(signOff.Spec.Findings, v1alpha1.Finding{
			ID: fmt.Sprintf("F-%d", i), Severity: "High", Summary: strings.Repeat("s", 512), State: v1alpha1.FindingResolved,
		})
	}
	for range 20 {
		signOff.Spec.Evidence = append(signOff.Spec.Evidence, document())
		violation.Spec.Evidence = append(violation.Spec.Evidence, document())
	}
	policy := &v1alpha1.DeploymentPolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DeploymentPolicyName}}
	const certificate = "-----BEGIN CERTIFICATE-----"
	policy.Spec.Mesh.CABundle = certificate + strings.Repeat("a", 65536-len(certificate))
	policy.Spec.Mesh.Image = strings.Repeat("i", 512-72) + "@sha256:" + strings.Repeat("0", 64)
	policy.Spec.Network.Egress.CABundle = certificate + strings.Repeat("a", 65536-len(certificate))
	for i := range 100 {
		policy.Spec.Network.Egress.BlockedCIDRs = append(policy.Spec.Network.Egress.BlockedCIDRs, fmt.Sprintf("10.%d.0.0/16", i))
	}
	for i := range 16 {
		policy.Spec.Gateways.Live = append(policy.Spec.Gateways.Live, v1alpha1.GatewayReference{Name: label(63, i), Namespace: strings.Repeat("g", 63)})
	}
	for i := range 500 {
		reserved := v1alpha1.ReservedName{Name: fmt.Sprintf("r%d.%s.%s.gov.pk", i, strings.Repeat("a", 63), strings.Repeat("b", 63))}
		for o := range 50 {
			reserved.Organizations = append(reserved.Organizations, label(30, o))
		}
		policy.Spec.Domains.Reserved = append(policy.Spec.Domains.Reserved, reserved)
		policy.Spec.Calendar.Holidays = append(policy.Spec.Calendar.Holidays, v1alpha1.Holiday{
			Date: v1alpha1.Date(fmt.Sprintf("%04d-%02d-01", 2000+i/12, 1+i%12)), Name: strings.Repeat("h", 128), Reference: strings.Repeat("r", 256),
		})
	}
	typed, err := client.New(environment.Config, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	maximalCloudPolicy(&policy.Spec)
	objects := append(maximalCloudFirst(), application, tasks, release, signOff, violation, policy)
	for _, object := range objects {
		kind := fmt.Sprintf("%T", object)
		g.Expect(typed.Create(t.Context(), object)).To(Succeed(), kind)
		// An update compares with the old object as well.
		object.SetLabels(map[string]string{"a": "b"})
		g.Expect(typed.Update(t.Context(), object)).To(Succeed(), kind)
	}
}

func label(length, number int) string {
	suffix := fmt.Sprintf("-%d", number)
	return strings.Repeat("c", length-len(suffix)) + suffix
}

func document() v1alpha1.Document {
	return v1alpha1.Document{URL: "https://e.example/" + strings.Repeat("u", 500), SHA256: strings.Repeat("0", 64)}
}

func maximalComponents() []v1alpha1.Component {
	const count, ports = 20, 10
	components := make([]v1alpha1.Component, count)
	for i := range components {
		c := &components[i]
		c.Name = label(40, i)
		c.Image = strings.Repeat("i", 512-72) + "@sha256:" + strings.Repeat("0", 64)
		c.Replicas = v1alpha1.Replicas{Min: 100, Max: 100}
		c.Resources.Requests = v1alpha1.ResourceRequests{CPU: resource.MustParse("100m"), Memory: resource.MustParse("64Mi")}
		c.Resources.Limits.Memory = resource.MustParse("64Mi")
		for p := range ports {
			c.Ports = append(c.Ports, v1alpha1.ComponentPort{Name: label(15, p), Port: int32(1024 + p), Protocol: "TCP"})
		}
		probe := &v1alpha1.Probe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/" + strings.Repeat("h", 1023), Port: label(15, ports-1)}}
		c.ReadinessProbe, c.LivenessProbe, c.StartupProbe = probe, probe, probe
		for e := range 100 {
			variable := v1alpha1.EnvVar{Name: strings.Repeat("E", 120) + fmt.Sprint(e), Value: strings.Repeat("v", 64)}
			if e%2 == 0 {
				variable.Value = ""
				variable.ValueFrom = &v1alpha1.EnvVarSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: strings.Repeat("s", 63), Key: strings.Repeat("k", 64)}}
			}
			c.Env = append(c.Env, variable)
		}
		for f := range 20 {
			c.Files = append(c.Files, v1alpha1.File{Path: "/" + label(255, f), Content: strings.Repeat("f", 64)})
		}
		for s := range 5 {
			c.ImagePullSecrets = append(c.ImagePullSecrets, v1alpha1.SecretReference{Name: label(63, s)})
		}
		if i%2 == 0 {
			c.Replicas = v1alpha1.Replicas{Min: 1, Max: 1}
			c.Storage = &v1alpha1.Storage{Size: resource.MustParse("16Pi"), MountPath: "/" + strings.Repeat("m", 255)}
		}
		for range 64 {
			c.Command = append(c.Command, strings.Repeat("c", 64))
			c.Args = append(c.Args, strings.Repeat("a", 64))
		}
		for e := range 20 {
			to := (i + 1 + e%(count-1)) % count
			c.ConnectsTo = append(c.ConnectsTo, v1alpha1.Edge{Component: label(40, to), Port: label(15, (ports-1)-e/(count-1)), Name: label(40, 100+e)})
		}
	}
	// In half of them every edge leads out, in a quarter to government data.
	for i := range components[:count*3/4] {
		for e := range components[i].ConnectsTo {
			edge := &components[i].ConnectsTo[e]
			edge.Component, edge.Port = "", ""
			if i >= count/2 {
				edge.GovernmentDataAPI, edge.Name = label(40, 100+e), ""
				continue
			}
			edge.Commercial = new(true)
			edge.External = &v1alpha1.ExternalHost{Host: strings.Repeat(strings.Repeat("h", 62)+".", 3) + label(63, e), Port: int32(65535 - e)}
		}
	}
	return components
}

// maximalTasks is one Service, which answers the domains, and Tasks that wait for all others.
func maximalTasks() []v1alpha1.Component {
	components := maximalComponents()
	for i := range components[:len(components)-1] {
		c := &components[i]
		c.Type, c.Ports, c.Replicas, c.Storage, c.ConnectsTo = v1alpha1.ComponentTask, nil, v1alpha1.Replicas{}, nil, nil
		c.ReadinessProbe, c.LivenessProbe, c.StartupProbe = nil, nil, nil
		for other := range components[:len(components)-1] {
			if other != i {
				c.After = append(c.After, components[other].Name)
			}
		}
	}
	components[len(components)-1].ConnectsTo = nil
	return components
}

func maximalDomains() []v1alpha1.Domain {
	domains := make([]v1alpha1.Domain, 10)
	for i := range domains {
		labels := []string{label(63, i), strings.Repeat("d", 63), strings.Repeat("e", 63), strings.Repeat("f", 253-3*64-7)}
		domains[i].Host = strings.Join(labels, ".") + ".gov.pk"
		for p := range 16 {
			path := "/" + label(255, p)
			domains[i].Paths = append(domains[i].Paths, v1alpha1.DomainPath{Path: path, Component: label(40, 19), Port: label(15, 9)})
		}
	}
	return domains
}
