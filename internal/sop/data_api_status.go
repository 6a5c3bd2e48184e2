// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// AssessDeletion says for whom the deletion of a government data API waits; Met: for nobody. Users are the applications with an edge to
// it, in their spec or in a release that runs, as namespace/name.
func AssessDeletion(api *v1alpha1.GovernmentDataAPI, users []string) Finding {
	if api.DeletionTimestamp == nil || len(users) == 0 {
		return Finding{}
	}
	return finding(Waiting, v1alpha1.ReasonInUse, "deletion waits for %s: each removes its edge from spec.components[].connectsTo and launches a release without it", atMostTen(users))
}
