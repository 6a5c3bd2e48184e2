// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Exempt lets the application take payments at origins from one instant until another, as NITB does.
func (a *App) Exempt(ctx context.Context, name string, from, until time.Time, origins ...string) (*v1alpha1.NoObjectionCertificate, error) {
	certificate := &v1alpha1.NoObjectionCertificate{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.NoObjectionCertificateSpec{
		Authority: v1alpha1.AuthorityNITB, Clause: v1alpha1.ExemptCommercial,
		Application: v1alpha1.ApplicationReference{Namespace: a.key.Namespace, Name: a.key.Name},
		Scope:       v1alpha1.NoObjectionScope{Uses: []v1alpha1.CommercialUse{v1alpha1.CommercialTransactions}, Origins: origins},
		ValidFrom:   metav1.NewTime(from), ValidUntil: metav1.NewTime(until),
		Reason: "Patients pay the fee of a certified copy online", IssuedBy: IssuerUser,
	}}
	return certificate, a.Issuer.Create(ctx, certificate)
}

// Revoke ends a certificate as NITB does. One that is gone is revoked enough.
func (a *App) Revoke(ctx context.Context, name string) error {
	certificate := &v1alpha1.NoObjectionCertificate{}
	if err := a.Issuer.Get(ctx, types.NamespacedName{Name: name}, certificate); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil || certificate.Spec.Revocation != nil {
		return err
	}
	before := certificate.DeepCopy()
	certificate.Spec.Revocation = &v1alpha1.NoObjectionRevocation{Reason: "The bank lost its licence", RevokedBy: IssuerUser}
	return a.Issuer.Patch(ctx, certificate, client.MergeFrom(before))
}
