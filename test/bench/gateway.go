// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// gatewayRounds are few: each needs two returns of the application.
const gatewayRounds = 5

// throughGateway measures on the real cluster, on which the operator runs already.
func throughGateway(ctx context.Context, report *Report) error {
	if os.Getenv("GOVPK_E2E") == "" {
		report.Skipped[Silent] = "it needs the real cluster with the operator: run make demo, then make bench GOVPK_E2E=1"
		return nil
	}
	cluster, err := scenario.Open(ctx, root("."))
	if err != nil {
		return err
	}
	if err := cluster.OperatorAvailable(ctx); err != nil {
		return fmt.Errorf("%w; make demo and make e2e install the operator", err)
	}
	const organization = "bench-organization"
	people, err := cluster.Onboard(ctx, organization)
	if err != nil {
		return err
	}
	at := place{organization, "portal", "bench.health.gov.pk"}
	v := &visitor{cluster: cluster, at: at, app: cluster.App(people, organization, at.name, at.host), url: "https://" + at.host + "/"}
	run := strconv.FormatInt(time.Now().Unix(), 36)
	if err := inTurn(func() error { return v.app.Clear(ctx) }, func() error { return v.app.GoLive(ctx, run) }); err != nil {
		return err
	}
	for i := range gatewayRounds {
		pair, err := v.round(ctx, fmt.Sprintf("bench-%s-%d", run, i))
		if err != nil {
			return fmt.Errorf("through the gateway, round %d: %w", i, err)
		}
		report.add(Silent, pair.Operator, pair.Bare)
	}
	return v.app.Clear(ctx)
}

// visitor asks for the host's first page, again and again.
type visitor struct {
	cluster *scenario.Cluster
	app     *scenario.App
	at      place
	url     string
}

// round takes the application offline by hand and by a flag, and brings it back after each.
func (v *visitor) round(ctx context.Context, name string) (Pair, error) {
	var pair Pair
	var err error
	byHand, byFlag := name+"-hand", name+"-flag"
	if pair.Bare.Took, err = v.untilSilent(ctx, func() error { return v.takeDown(ctx, byHand) }); err != nil {
		return pair, err
	}
	// The lock names this violation; only its lift opens the lock.
	if _, err := v.app.Flag(ctx, byHand); err != nil {
		return pair, err
	}
	if err := v.back(ctx, byHand); err != nil {
		return pair, err
	}
	pair.Operator.Took, err = v.untilSilent(ctx, func() error {
		_, err := v.app.Flag(ctx, byFlag)
		return err
	})
	if err != nil {
		return pair, err
	}
	return pair, v.back(ctx, byFlag)
}

// takeDown is the takedown by hand, which the security team may do without the operator.
func (v *visitor) takeDown(ctx context.Context, violation string) error {
	live := &corev1.Namespace{}
	live.Name = v.at.live()
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q,%q:null}}}`, v1alpha1.OfflineLabel, violation, v1alpha1.ExposureLabel)
	if err := v.app.Security.Patch(ctx, live, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		return err
	}
	route := &gatewayv1.HTTPRoute{}
	route.Namespace, route.Name = live.Name, v.at.host
	// The operator saw the label and may be faster.
	return client.IgnoreNotFound(v.app.Security.Delete(ctx, route))
}

// untilSilent does what must silence the host, and says when the first request began that got no page.
func (v *visitor) untilSilent(ctx context.Context, do func() error) (time.Duration, error) {
	if err := v.answers(ctx); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun, done := time.Now(), make(chan error, 1)
	go func() { done <- do() }()
	public := v.cluster.Public()
	for ctx.Err() == nil {
		// A request that hangs where its flow was cut is unanswered from its beginning.
		asked := time.Now()
		if status, err := public.Status(ctx, v.url); err != nil || status != http.StatusOK {
			return asked.Sub(begun), <-done
		}
	}
	return 0, fmt.Errorf("%s still answers: %w", v.url, ctx.Err())
}

func (v *visitor) answers(ctx context.Context) error {
	return scenario.Eventually(ctx, patience, func() error {
		status, err := v.cluster.Public().Status(ctx, v.url)
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("%s answers %d, %w", v.url, status, err)
		}
		return nil
	})
}

// back earns the return: the lift, then a test of all parties that is newer than the flag, whose time has whole seconds.
func (v *visitor) back(ctx context.Context, violation string) error {
	flagged := &v1alpha1.PolicyViolation{}
	return inTurn(
		func() error { return v.app.Reach(ctx, v1alpha1.StageOffline) },
		func() error { return v.app.Security.Get(ctx, types.NamespacedName{Name: violation}, flagged) },
		func() error {
			return scenario.Eventually(ctx, patience, func() error {
				if time.Since(flagged.CreationTimestamp.Time) < time.Second {
					return errors.New("the second of the flag is not over")
				}
				return nil
			})
		},
		func() error { return v.app.Lift(ctx, violation) },
		func() error { return v.app.Test(ctx) },
		func() error { return v.app.Reach(ctx, v1alpha1.StageLive) },
	)
}
