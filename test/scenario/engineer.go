// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

const (
	engineer     = "engineer-1@ntc.gov.pk"
	investigator = "investigator-1@ntc.gov.pk"
)

const ntcRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: platform-engineer, namespace: gateways}
rules:
- {apiGroups: [gateway.networking.k8s.io], resources: [gateways], verbs: [get, create, patch, delete]}
- {apiGroups: [cert-manager.io], resources: [certificates], verbs: [get, create, patch, delete]}
- {apiGroups: [cert-manager.io], resources: [certificates/status], verbs: [update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: platform-engineer, namespace: gateways}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: platform-engineer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: e2e-policy-engineer}
rules: [{apiGroups: [platform.ntc.gov.pk], resources: [deploymentpolicies], verbs: [get, patch, configure]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-policy-engineer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-policy-engineer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[1]s}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: evidence-reader, namespace: govpk-evidence}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: evidence-reader, namespace: govpk-evidence}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: evidence-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %[2]s}]
`

// NTC are people of NTC beside reviewers and the security team, each with the rights of the work and no others.
type NTC struct {
	// Engineer keeps the gateways, their certificates and the DeploymentPolicy.
	Engineer client.Client
	// Investigator reads evidence.
	Investigator client.Client
}

// NTC gives NTC's people their rights.
func (c *Cluster) NTC(ctx context.Context) (*NTC, error) {
	if err := Apply(ctx, c.Admin, fmt.Sprintf(ntcRights, engineer, investigator)); err != nil {
		return nil, err
	}
	ntc := &NTC{}
	var err error
	if ntc.Engineer, err = c.As(engineer); err != nil {
		return nil, err
	}
	if ntc.Investigator, err = c.As(investigator); err != nil {
		return nil, err
	}
	// The API server learns of roles by a watch.
	return ntc, Eventually(ctx, 30*time.Second, func() error {
		return errors.Join(
			ntc.Engineer.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: "public"}, &gatewayv1.Gateway{}),
			ntc.Engineer.Get(ctx, types.NamespacedName{Name: "default"}, &v1alpha1.DeploymentPolicy{}),
			client.IgnoreNotFound(ntc.Investigator.Get(ctx, types.NamespacedName{Namespace: "govpk-evidence", Name: "none"}, &corev1.ConfigMap{})),
		)
	})
}

// Apply applies manifests as a person does, under the field owner ntc.
func Apply(ctx context.Context, as client.Client, manifests string) error {
	objects, err := decode([]byte(manifests))
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := as.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("ntc"), client.ForceOwnership); err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}
