// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cutover copies what one volume holds to another one: a source serves its tree over HTTP, and a target fetches until both are
// alike. Whoever is killed begins again where the files are. It knows nothing of Kubernetes, nor of who encrypts what it sends.
package cutover

// What the operator and the image agree on.
const (
	// ServeCommand and FetchCommand are the first arguments of the two programs; the second one is the token of their copy. A target takes
	// nothing from the source of another copy.
	ServeCommand = "serve-volume"
	FetchCommand = "fetch-volume"
	// Directory is where both find their volume.
	Directory = "/data"
	// Port is the source's, and PortName its name.
	Port     = 8080
	PortName = "copy"
	// RefusedStatus is the target's exit status where no further try helps: something of the volume cannot be copied.
	RefusedStatus = 3
)

// partial holds, in the target's volume, files that are not whole yet. It goes with the last of them.
const partial = ".govpk-copy"
