// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestWanted(t *testing.T) {
	for value, want := range map[string]int{"": 1, "1": 1, "2": 2} {
		t.Setenv(envNodes, value)
		if got, err := wanted(); err != nil || got != want {
			t.Errorf("NODES=%q: got %d and %v, want %d", value, got, err, want)
		}
	}
	for _, value := range []string{"0", "3", "-1", "two", "1.5"} {
		t.Setenv(envNodes, value)
		if _, err := wanted(); err == nil || !strings.Contains(err.Error(), "say 1 or 2") {
			t.Errorf("NODES=%q: got %v, want the numbers it takes", value, err)
		}
	}
}

// What the machines of one cluster shared would be removed with either of them.
func TestMachinesShareNothing(t *testing.T) {
	l := layout{dir: "/d"}
	first, second := l.on(machines[0]), l.on(machines[1])
	for _, pair := range [][2]string{
		{first.state, second.state},
		{first.log, second.log},
		{first.netns(), second.netns()},
		{first.recordFile(), second.recordFile()},
		{first.address, second.address},
		{first.pods, second.pods},
		{first.loadedFile("web"), second.loadedFile("web")},
	} {
		if pair[0] == pair[1] || strings.HasPrefix(pair[1], pair[0]+string(filepath.Separator)) {
			t.Errorf("%s is shared", pair[0])
		}
	}
	if first.adminKubeconfig() != second.adminKubeconfig() {
		t.Error("the second machine would look for the administrator's kubeconfig in its own state")
	}
}

func TestConfigOfEachMachine(t *testing.T) {
	for _, m := range machines {
		l := layout{dir: "/d"}.on(m)
		for file, want := range map[string]string{
			"govpk.conflist":                    m.pods,
			"join.yaml":                         "value: " + m.address,
			"patches/kubeletconfiguration.yaml": "cgroupRoot: /" + m.name + "\n",
		} {
			content, err := l.config(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(content), want) {
				t.Errorf("%s of %s lacks %q:\n%s", file, m.node, want, content)
			}
		}
	}
}
