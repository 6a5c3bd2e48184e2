// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart derives the Helm chart from config/, so that there is one source of manifests.
//
//	kubectl kustomize config/default | go run ./hack/chart write charts/govpk-operator
//	go run ./hack/chart compare bin/install.yaml rendered.yaml
package main

import (
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("chart: ")
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "write":
		manifests, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		return write(args[1], manifests)
	case len(args) == 3 && args[0] == "compare":
		install, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		rendered, err := os.ReadFile(args[2])
		if err != nil {
			return err
		}
		return compare(install, rendered)
	}
	return fmt.Errorf("usage: chart write DIRECTORY < MANIFESTS, or chart compare INSTALL RENDERED")
}
