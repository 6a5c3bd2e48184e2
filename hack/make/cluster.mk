# Copyright 2026 The govpk-operator Authors.
# SPDX-License-Identifier: Apache-2.0

##@ Cluster

BUILD_TOOLS = cd hack/tools/build && go run .

.PHONY: tools
tools: ## Build every program of the test cluster (cached in bin/tools, or in $GOVPK_CACHE).
	@$(BUILD_TOOLS)

.PHONY: envtest-assets
envtest-assets: ## Build kube-apiserver, etcd and cert-manager for envtest into bin/envtest; needs no root.
	@$(BUILD_TOOLS) kube etcd certmanager
	@mkdir -p bin/envtest
	@for p in kube-apiserver kube-controller-manager etcd kubectl certmanager; do ln -sfn ../tools/current/$$p bin/envtest/$$p; done

.PHONY: cluster
cluster: tools bin/sidecar ## Start the cluster, or keep it when it is healthy (root; NODES=2 adds a node; bin/cluster/kubeconfig).
	@cd hack/cluster && go run . up

# The entry of the sidecar's image; the rest of that image is Debian's.
.PHONY: bin/sidecar
bin/sidecar:
	@CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o $@ ./cmd/sidecar

.PHONY: haproxy
haproxy: ## Unpack Debian's HAProxy for the sidecar's tests; needs no root.
	@cd hack/cluster && go run . haproxy

.PHONY: cluster-down
cluster-down: ## Stop the cluster and remove all it made on this machine.
	@cd hack/cluster && go run . down

.PHONY: cluster-load
cluster-load: bin/sidecar ## Build bin/govpk-operator and load it into the running cluster as localhost/govpk-operator:dev, with the sidecar.
	@CGO_ENABLED=0 go build -trimpath -o bin/govpk-operator .
	@cd hack/cluster && go run . load operator sidecar

.PHONY: cluster-status
cluster-status: ## Say whether the cluster answers, and where.
	@cd hack/cluster && go run . status

# What demo and e2e run on: the cluster above, or with CLUSTER=current that of the current kubeconfig, where nothing is
# started or loaded.
.PHONY: target-cluster target-load
ifeq ($(CLUSTER),current)
target-cluster:
	@[ -n "$(OPERATOR_IMAGE)" ] || { echo "CLUSTER=current: name the operator's image, as the nodes can pull it, in OPERATOR_IMAGE; see docs/installation.md" >&2; exit 1; }
target-load: ;
else ifeq ($(CLUSTER),)
target-cluster: cluster
target-load: cluster-load
else
$(error CLUSTER=$(CLUSTER): say current, or leave it out)
endif
