# Copyright 2026 The govpk-operator Authors.
# SPDX-License-Identifier: Apache-2.0

##@ Cluster

BUILD_TOOLS = cd hack/tools/build && go run .

.PHONY: tools
tools: ## Build every program of the test cluster (cached in bin/tools, or in $GOVPK_CACHE).
	@$(BUILD_TOOLS)

.PHONY: envtest-assets
envtest-assets: ## Build kube-apiserver and etcd for envtest into bin/envtest; needs no root.
	@$(BUILD_TOOLS) kube etcd
	@mkdir -p bin/envtest
	@for p in kube-apiserver kube-controller-manager etcd kubectl; do ln -sfn ../tools/current/$$p bin/envtest/$$p; done

.PHONY: cluster
cluster: tools ## Start the cluster, or keep it when it is healthy (root; kubeconfig in bin/cluster/kubeconfig).
	@cd hack/cluster && go run . up

.PHONY: cluster-down
cluster-down: ## Stop the cluster and remove all it made on this machine.
	@cd hack/cluster && go run . down

.PHONY: cluster-load
cluster-load: ## Build bin/govpk-operator and load it into the running cluster as localhost/govpk-operator:dev.
	@CGO_ENABLED=0 go build -trimpath -o bin/govpk-operator .
	@cd hack/cluster && go run . load operator

.PHONY: cluster-status
cluster-status: ## Say whether the cluster answers, and where.
	@cd hack/cluster && go run . status
