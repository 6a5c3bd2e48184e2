// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
)

// machine is one node, in a network namespace and a cgroup of its own.
type machine struct {
	// name is that of the network namespace and of the cgroup.
	name string
	// node is that of the Node object, and the host name.
	node    string
	address string
	// pods is the range of its pods' addresses.
	pods string
	// suffix is that of its directories under bin/cluster.
	suffix string
}

// The first machine has the control plane; the second joins on request.
var machines = []machine{
	{name: "govpk", node: "govpk-1", address: "10.201.0.2", pods: "10.244.0.0/24"},
	{name: "govpk-2", node: "govpk-2", address: "10.201.0.3", pods: "10.244.1.0/24", suffix: "-2"},
}

const envNodes = "NODES"

// wanted is how many nodes the caller asks for.
func wanted() (int, error) {
	value := os.Getenv(envNodes)
	if value == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > len(machines) {
		return 0, fmt.Errorf("%s=%s: say 1 or %d", envNodes, value, len(machines))
	}
	return n, nil
}

func (m machine) joins() bool        { return m != machines[0] }
func (m machine) netns() string      { return "/run/netns/" + m.name }
func (m machine) recordFile() string { return "/run/" + m.name + "-cluster.json" }
