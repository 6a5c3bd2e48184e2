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
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
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
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RunSpecs(t, "end to end")
}

// Specs run in several processes at once; those that stop the operator, or change what all share, are Serial.
var _ = SynchronizedBeforeSuite(func(ctx context.Context) {
	openCluster(ctx)
	Expect(cluster.Install(ctx)).To(Succeed())
	Expect(rolloutDeadline(ctx, "25")).To(Succeed())
}, func(ctx context.Context) {
	openCluster(ctx)
	var err error
	people, err = cluster.Onboard(ctx, organization)
	Expect(err).NotTo(HaveOccurred())
})

var _ = SynchronizedAfterSuite(func() {}, func(ctx context.Context) { Expect(rolloutDeadline(ctx, "null")).To(Succeed()) })

func openCluster(ctx context.Context) {
	GinkgoHelper()
	root, err := filepath.Abs("../..")
	Expect(err).NotTo(HaveOccurred())
	cluster, err = scenario.Open(ctx, root)
	Expect(err).NotTo(HaveOccurred())
}

// rolloutDeadline sets after how many seconds a rollout has failed; null: the default.
func rolloutDeadline(ctx context.Context, seconds string) error {
	policy := &v1alpha1.DeploymentPolicy{}
	policy.Name = v1alpha1.DeploymentPolicyName
	return cluster.Admin.Patch(ctx, policy, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"rollouts":{"deadlineSeconds":`+seconds+`}}}`)))
}

// application is a fresh application with a host of its own, brought live.
func application(ctx context.Context, name string) *scenario.App {
	GinkgoHelper()
	app := cluster.App(people, organization, name, name+".health.gov.pk")
	goLive(ctx, app)
	return app
}

// goLive brings an application live that is new to this run.
func goLive(ctx context.Context, app *scenario.App) {
	GinkgoHelper()
	Expect(app.Clear(ctx)).To(Succeed())
	DeferCleanup(app.Clear)
	Expect(app.GoLive(ctx, strconv.FormatInt(time.Now().UnixNano(), 10))).To(Succeed())
}
