// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command clauses writes docs/clauses.md from the clauses of internal/sop. Run it from the root of the repository:
//
//	go run ./hack/clauses
package main

import (
	"log"
	"os"
)

const page = "docs/clauses.md"

func main() {
	log.SetFlags(0)
	log.SetPrefix("clauses: ")
	content, err := generate(".")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(page, content, 0o644); err != nil { //nolint:gosec // documentation is read by everybody
		log.Fatal(err)
	}
}
