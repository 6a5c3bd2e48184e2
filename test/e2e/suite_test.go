// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const organization = "e2e-organization"

var (
	cluster *scenario.Cluster
	people  *scenario.People
)

func TestEndToEnd(t *testing.T) {
	if os.Getenv("GOVPK_E2E") == "" {
		t.Skip("SKIPPED: the end-to-end specs need the real cluster; run make e2e (root)")
	}
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "end to end")
}

var _ = BeforeSuite(func(ctx context.Context) {
	root, err := filepath.Abs("../..")
	Expect(err).NotTo(HaveOccurred())
	cluster, err = scenario.Open(ctx, root)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Install(ctx)).To(Succeed())
	people, err = cluster.Onboard(ctx, organization)
	Expect(err).NotTo(HaveOccurred())
})

// application is a fresh application with a host of its own, brought live.
func application(ctx context.Context, name string) *scenario.App {
	GinkgoHelper()
	app := cluster.App(people, organization, name, name+".health.gov.pk")
	Expect(app.Clear(ctx)).To(Succeed())
	Expect(app.GoLive(ctx, strconv.FormatInt(time.Now().UnixNano(), 10))).To(Succeed())
	DeferCleanup(app.Clear)
	return app
}
