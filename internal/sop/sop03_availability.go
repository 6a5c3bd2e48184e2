// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// Clause 3, Hardware and Software Availability: the hardware is provisioned at NTC. Pods run on the attested nodes of an
// accredited provider, in a namespace of their own per stage. Before a release is tested, the nodes must have room for its test
// and its live stage beside what other applications have booked; from its test on it books both, so that what was tested can be
// launched. What runs is never taken away for want of room, and a release that needs no more than its application has booked is
// always tested. Admission: govpk-children, govpk-restricted, govpk-installation,
// govpk-namespaces.
func availability() Clause {
	return Clause{
		Source:    SOP,
		Number:    3,
		Title:     "Hardware and Software Availability",
		Condition: v1alpha1.ConditionInfrastructureProvisioned,
		Demands:   "The hardware is provisioned at NTC; government data is reached only inside its data centre.",
		Assess:    assessAvailability,
		Enforce:   enforceAvailability,
		Guards:    []string{"govpk-children", "govpk-restricted", "govpk-installation", "govpk-namespaces"},
	}
}

func assessAvailability(c *Case, release *v1alpha1.Release) Finding {
	if c.Policy == nil {
		return policyMissing()
	}
	if len(c.Ingress.MissingKinds) > 0 {
		return finding(Refused, v1alpha1.ReasonKindMissing, "the cluster does not serve %s; NTC installs their CustomResourceDefinitions",
			strings.Join(c.Ingress.MissingKinds, ", "))
	}
	if _, ok := c.Providers[release.Spec.CloudServiceProvider]; !ok {
		return providerMissing(release.Spec.CloudServiceProvider)
	}
	if f := c.assessDataAPIs(release); f.Outcome != Met {
		return f
	}
	f := assessNodes(c, release)
	if f.Outcome == Met {
		if stranded, ok := c.immovable(release); ok {
			return stranded
		}
		f.Message = fmt.Sprintf("CloudServiceProvider %s attests %s%s%s", release.Spec.CloudServiceProvider, f.Message, c.leavingDataAPIs(release), c.moves(release))
	}
	return f
}

// gateAvailability is what keeps a release from being tested: everything of the clause but nodes that went while it runs, and volumes
// of live, which keep it from being launched.
func gateAvailability(c *Case, release *v1alpha1.Release) Finding {
	f := assessAvailability(c, release)
	if f.Outcome == Waiting {
		f.Outcome = Met
	}
	return f
}

// instant is how an annotation says a time; empty: never.
func instant(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// enforceAvailability makes the stage namespace. Its annotations tell the admission policies which images may run, which
// Secrets the organization may write and how its components are certified, and record what rolled out and what was rolled back.
func enforceAvailability(c *Case, t Target) []render.Object {
	labels := map[string]string{}
	maps.Copy(labels, c.carrier(t).Labels())
	annotations := map[string]string{
		v1alpha1.ContactsAnnotation: strings.Join(c.contacts(), "\n"),
		v1alpha1.IdentityAnnotation: mesh.StageIdentity(t.Scope),
	}
	if t.Release != nil {
		annotations[v1alpha1.ReleaseAnnotation] = t.Release.Name
		annotations[v1alpha1.ImagesAnnotation] = strings.Join(append(t.images(), c.imagesBeside(t)...), ",")
		for key, value := range map[string]string{
			v1alpha1.SecretsAnnotation:          strings.Join(secrets(append(t.releases(), t.Next)...), ","),
			v1alpha1.RolledOutAnnotation:        c.rolledOut(t),
			v1alpha1.FailedAnnotation:           t.Failed,
			v1alpha1.FailureAnnotation:          t.Failure,
			v1alpha1.UnencryptedSinceAnnotation: instant(c.unencryptedSince(t)),
		} {
			if value != "" {
				annotations[key] = value
			}
		}
	}
	if t.exposed() {
		labels[v1alpha1.ExposureLabel] = v1alpha1.LiveNamespace
	}
	return []render.Object{render.Namespace(t.Scope, labels, annotations)}
}
