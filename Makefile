# Copyright 2026 The govpk-operator Authors.
# SPDX-License-Identifier: Apache-2.0

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

# Built tools outlive a clone: a second clone on the same machine builds none of them again.
export GOVPK_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/govpk-operator

TOOLS := $(CURDIR)/bin/tools/current
TOOL = @cd hack/tools/build && go run .

# Modules of our own beside the root; `./...` does not reach them.
MODULES := $(wildcard hack/tools/build hack/cluster hack/netpol hack/sample/api hack/sample/postgres test/netpol)
# Linted with them; its tests need istiod and are `make istio`.
LINTED := $(MODULES) test/istio

##@ Start here

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-zA-Z0-9_\/.-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: target-cluster bin/install.yaml ## Walk one application through the SOP on the real cluster (root).
	@$(MAKE) --no-print-directory target-load
	go run ./hack/demo

##@ Develop

.PHONY: build
build: ## Build the operator into bin/govpk-operator.
	CGO_ENABLED=0 go build -trimpath -o bin/govpk-operator .

.PHONY: test
# API servers of tests are small, and would collect garbage a seventh of their time.
test: export GOGC = 400
test: envtest-assets haproxy ## Run the unit, golden and envtest tests; needs no root.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/envtest go test $$(go list ./... | grep -v /controllers$$)
	@# Its specs wait as much as they compute: four processes, each with an API server of its own, keep two cores busy.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/envtest go run github.com/onsi/ginkgo/v2/ginkgo -procs=4 --no-color ./controllers
	@for m in $(MODULES); do echo "# $$m"; (cd $$m && go test ./...) || exit 1; done

.PHONY: istio
istio: envtest-assets helm ## Judge what is written for Istio by the real istiod, which is built first; needs no root.
	$(TOOL) istiod
	cd test/istio && go test -timeout 10m ./...

.PHONY: e2e
e2e: target-cluster bin/install.yaml ## Run the end-to-end specs on the real cluster (root).
	@$(MAKE) --no-print-directory target-load
	GOVPK_E2E=1 go run github.com/onsi/ginkgo/v2/ginkgo -procs=3 -timeout=45m -v --no-color ./test/e2e

.PHONY: bench
bench: envtest-assets haproxy ## Count the operator's requests, compare its times with a bare client's, and an edge's without sidecars (GOVPK_E2E=1: on the cluster too).
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/envtest go run ./test/bench

.PHONY: lint
lint: golangci-lint ## Run golangci-lint with kube-api-linter.
	$(TOOLS)/golangci-lint run --allow-serial-runners ./...
	@for m in $(LINTED); do echo "# $$m"; (cd $$m && $(TOOLS)/golangci-lint run --allow-serial-runners --config=$(CURDIR)/.golangci.yml ./...) || exit 1; done

.PHONY: verify
verify: kubectl helm ## Prove that nothing generated is stale and that the rules of the repository hold.
	@hack/verify/verify.sh

##@ Generate

.PHONY: generate
generate: controller-gen crd-ref-docs kubectl ## Write every generated file.
	$(TOOLS)/controller-gen object:headerFile=hack/boilerplate/boilerplate.go.txt paths=./api/...
	$(TOOLS)/controller-gen crd paths=./api/... output:crd:dir=config/crd
	$(TOOLS)/controller-gen rbac:roleName=govpk-operator paths=./controllers/... output:rbac:dir=config/rbac
	$(TOOLS)/crd-ref-docs --source-path=api --config=hack/tools/apidocs/config.yaml --renderer=markdown --output-path=docs/api.md --log-level=ERROR
	@if [ -d hack/clauses ]; then echo "go run ./hack/clauses"; go run ./hack/clauses; fi
	$(TOOLS)/kubectl kustomize config/default | go run ./hack/chart write charts/govpk-operator

.PHONY: manifests
manifests: bin/install.yaml ## Render config/default, what users install, into bin/install.yaml.

.PHONY: install
install: bin/install.yaml ## Install into the cluster that KUBECONFIG names; the image must be there.
	$(TOOLS)/kubectl apply --server-side -k config/crd
	$(TOOLS)/kubectl kustomize config/crd | $(TOOLS)/kubectl wait --for=condition=Established --timeout=60s -f -
	$(TOOLS)/kubectl apply --server-side -f bin/install.yaml

.PHONY: bin/install.yaml
bin/install.yaml: kubectl
	@mkdir -p bin
	$(TOOLS)/kubectl kustomize config/default > $@

# Tools of development, from their own modules; hack/tools/build keeps them by a hash of their inputs.
.PHONY: controller-gen crd-ref-docs golangci-lint helm kubectl
controller-gen crd-ref-docs golangci-lint helm:
	$(TOOL) $@
kubectl:
	$(TOOL) kube

include hack/make/cluster.mk
