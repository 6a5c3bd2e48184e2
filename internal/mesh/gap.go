// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mesh

// Gap is one place where encryption between components is not proven.
type Gap struct {
	// Object is what lacks it, such as "pod api-7d4f9" or "PeerAuthentication istio-system/default".
	Object string
	// Problem is what is wrong with it, as the rest of a sentence that begins with Object.
	Problem string
	// Remedy is what to do, and who does it.
	Remedy string
}
