// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// People are the persons of one organization's story, each with the rights that NTC gave and no others.
type People struct {
	Developer client.Client
	Security  client.Client
	// Operations is level 1.
	Operations client.Client
	// Issuer issues NITB's No Objection Certificates.
	Issuer  client.Client
	Signers map[v1alpha1.Party]client.Client
}

// Who signs, flags and issues.
const (
	IssuerUser   = "noc-1@nitb.gov.pk"
	SecurityUser = "security-1@ntc.gov.pk"
	developer    = "developer-1@sehat.example"
	operator     = "operator-1@ntc.gov.pk"
)

func signer(party v1alpha1.Party) string {
	return map[v1alpha1.Party]string{
		v1alpha1.PartyNITB: "reviewer-1@nitb.gov.pk", v1alpha1.PartyNTC: "reviewer-2@ntc.gov.pk", v1alpha1.PartyOrganization: "tester-1@sehat.example",
	}[party]
}

// Onboard does what NTC does once for an organization: a labelled namespace, role bindings, and the accredited provider.
func (c *Cluster) Onboard(ctx context.Context, organization string) (*People, error) {
	objects, err := decode([]byte(onboarding(organization)))
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if err := c.Admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("onboarding"), client.ForceOwnership); err != nil {
			return nil, fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	people := &People{Signers: map[v1alpha1.Party]client.Client{}}
	if people.Developer, err = c.As(developer, "organization:"+organization); err != nil {
		return nil, err
	}
	if people.Security, err = c.As(SecurityUser, "ntc:security"); err != nil {
		return nil, err
	}
	if people.Operations, err = c.As(operator, "ntc:operations"); err != nil {
		return nil, err
	}
	if people.Issuer, err = c.As(IssuerUser); err != nil {
		return nil, err
	}
	for _, party := range []v1alpha1.Party{v1alpha1.PartyNITB, v1alpha1.PartyNTC, v1alpha1.PartyOrganization} {
		if people.Signers[party], err = c.As(signer(party)); err != nil {
			return nil, err
		}
	}
	if err := people.entitled(ctx, organization); err != nil {
		return nil, err
	}
	return people, nil
}

// entitled waits until each may do the work: the API server learns of role bindings by a watch.
func (p *People) entitled(ctx context.Context, organization string) error {
	may := func(person client.Client, verb, resource, namespace string) error {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Group: v1alpha1.GroupVersion.Group, Verb: verb, Resource: resource, Namespace: namespace},
		}}
		if err := person.Create(ctx, review); err != nil {
			return err
		}
		if !review.Status.Allowed {
			return fmt.Errorf("may not %s %s in namespace %q: %s", verb, resource, namespace, review.Status.Reason)
		}
		return nil
	}
	return Eventually(ctx, 30*time.Second, func() error {
		errs := []error{
			may(p.Developer, "create", "thirdpartyapplications", organization),
			may(p.Operations, "patch", "thirdpartyapplications", organization),
			may(p.Security, "create", "policyviolations", ""),
			may(p.Issuer, "create", "noobjectioncertificates", ""),
		}
		for _, person := range p.Signers {
			errs = append(errs, may(person, "create", "signoffs", organization))
		}
		return errors.Join(errs...)
	})
}

func onboarding(organization string) string {
	manifests := fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s, labels: {platform.ntc.gov.pk/organization: %[1]s}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: organization, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: govpk-organization}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "organization:%[1]s"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: govpk-security-team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: govpk-security}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[2]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: govpk-rollback}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: govpk-rollback}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "ntc:operations"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: issue-nitb}
rules:
- {apiGroups: [platform.ntc.gov.pk], resources: [noobjectioncertificates], verbs: [get, list, create, patch, delete]}
- {apiGroups: [platform.ntc.gov.pk], resources: [authorities], resourceNames: [NITB], verbs: [issue]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: issue-nitb}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: issue-nitb}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[3]s}]
---
apiVersion: platform.ntc.gov.pk/v1alpha1
kind: CloudServiceProvider
metadata: {name: ntc-islamabad}
spec:
  legalName: National Telecom Corporation
  serviceModels: [IaaS, PaaS]
  cloudModels: [Government]
  dataCentres: [{name: islamabad-1, country: PK, city: Islamabad, cloudModel: Government}]
  nodeSelector: {matchLabels: {node.platform.ntc.gov.pk/provider: ntc-islamabad}}
  accreditation: {state: Accredited, level: Enhanced, dataClasses: [Open, Public, Restricted, SensitiveConfidential], validFrom: "2026-01-01", validUntil: "2099-12-31"}
`, organization, SecurityUser, IssuerUser)
	return manifests + fmt.Sprintf(`
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: govpk-nitb-reviewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: govpk-nitb-reviewer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[2]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: govpk-ntc-reviewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: govpk-ntc-reviewer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[3]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: signers, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: govpk-organization-signer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[4]s}]
`, organization, signer(v1alpha1.PartyNITB), signer(v1alpha1.PartyNTC), signer(v1alpha1.PartyOrganization))
}
