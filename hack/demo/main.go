// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo walks one application through the third-party application SOP on a real cluster.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	organization = "sehat-digital"
	name         = "health-portal"
	host         = "portal.health.gov.pk"
	url          = "https://" + host + "/"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	cluster, err := scenario.Open(ctx, root)
	if err != nil {
		return err
	}
	d := &demo{cluster: cluster, run: strconv.FormatInt(time.Now().Unix(), 10)}
	d.violation = name + "-" + d.run
	var report Report
	for _, step := range d.story() {
		if err := report.step(step.clause, step.title, func(s *Step) (string, error) { return step.do(ctx, s) }); err != nil {
			return err
		}
	}
	if err := report.write(root); err != nil {
		return err
	}
	before, after := "", ""
	if !cluster.Current {
		before = "  export KUBECONFIG=$PWD/bin/cluster/kubeconfig PATH=$PWD/bin/tools/current:$PATH\n"
		after = "  curl --cacert bin/cluster/ca.crt --connect-to ::127.0.0.1:18443 -i " + url + "\n  make cluster-down\n"
	}
	fmt.Printf(`
Every step was observed; bin/demo/report.json has the figures. The cluster is still running. What to type next:

%s  kubectl get tpa,releases,signoffs -n %s
  kubectl describe tpa %s -n %[2]s
  kubectl get policyviolations,domainclaims,cloudserviceproviders
%[4]s
`, before, organization, name, after)
	return nil
}
