// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
)

// Evidence reads what was kept of a violation, as its status names it.
func Evidence(ctx context.Context, as client.Client, violation *v1alpha1.PolicyViolation) (*apply.Evidence, error) {
	var packed bytes.Buffer
	for _, name := range violation.Status.Evidence {
		part := &corev1.ConfigMap{}
		if err := as.Get(ctx, types.NamespacedName{Namespace: "govpk-evidence", Name: name}, part); err != nil {
			return nil, err
		}
		packed.Write(part.BinaryData[apply.EvidenceKey])
	}
	unpacked, err := gzip.NewReader(&packed)
	if err != nil {
		return nil, err
	}
	evidence := &apply.Evidence{}
	return evidence, json.NewDecoder(unpacked).Decode(evidence)
}
