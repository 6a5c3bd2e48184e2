// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// podsGone waits for the kubelet, which gives the pods their second of grace.
func (d *demo) podsGone(ctx context.Context) error {
	return scenario.Eventually(ctx, 30*time.Second, func() error {
		pods, err := d.app.Pods(ctx, "live")
		if err == nil && len(pods) > 0 {
			err = fmt.Errorf("%d pods still exist in %s", len(pods), d.app.Namespace("live"))
		}
		return err
	})
}

func deletion(ctx context.Context, routes watch.Interface) (time.Time, error) {
	for {
		select {
		case event, open := <-routes.ResultChan():
			if !open {
				return time.Time{}, errors.New("the watch of routes ended")
			}
			if event.Type == watch.Deleted {
				return time.Now(), nil
			}
		case <-time.After(30 * time.Second):
			return time.Time{}, errors.New("the route still exists 30 s after the flag")
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
