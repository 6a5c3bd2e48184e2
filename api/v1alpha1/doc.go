// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the API of the third-party application SOP as software.
//
// +kubebuilder:object:generate=true
// +groupName=platform.ntc.gov.pk
package v1alpha1
