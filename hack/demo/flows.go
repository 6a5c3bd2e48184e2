// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// flows tries the declared edge from web to the API, and others that nobody declared.
func (d *demo) flows(ctx context.Context, _ *Step) (string, error) {
	app, err := d.app.Get(ctx)
	if err != nil {
		return "", err
	}
	base := "https://" + app.Status.TestHost
	if err := answers(ctx, d.cluster.VPN(), base+"/api/greeting"); err != nil {
		return "", err
	}
	if err := d.plaintext(ctx, base); err != nil {
		return "", err
	}
	if err := d.mutualTLS(ctx); err != nil {
		return "", err
	}
	return "web reaches api, api does not reach web; past every NetworkPolicy api's sidecar serves web's certificate alone: " +
		"plaintext is refused, and the database's own valid certificate too", nil
}

// plaintext lets the API component try to reach web, an edge that nobody declared.
func (d *demo) plaintext(ctx context.Context, base string) error {
	web := &corev1.Service{}
	if err := d.cluster.Admin.Get(ctx, types.NamespacedName{Namespace: d.app.Namespace("test"), Name: "web"}, web); err != nil {
		return err
	}
	response, err := d.cluster.VPN().Get(ctx, fmt.Sprintf("%s/api/reach?address=%s:8080&timeout=1500", base, web.Spec.ClusterIP))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Reached *bool `json:"reached"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Reached == nil || *answer.Reached {
		return errors.New("the API component reached the web component, an edge that nobody declared")
	}
	return nil
}

// mutualTLS speaks to the API's sidecar from the pod's own loopback, where no NetworkPolicy stands in the way: as web, as the database,
// which declares no edge, and without TLS.
func (d *demo) mutualTLS(ctx context.Context) error {
	pods, err := d.app.Pods(ctx, v1alpha1.TestNamespace)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(pods, func(p corev1.Pod) bool {
		return p.Labels[v1alpha1.ComponentLabel] == "api" && p.DeletionTimestamp == nil
	})
	if i < 0 {
		return errors.New("no pod of the API component runs in test")
	}
	port := "http." + d.app.Identity(v1alpha1.TestNamespace, "api")
	for _, who := range []struct {
		component string
		declared  bool
	}{{"web", true}, {"db", false}} {
		certificate, err := d.app.Stolen(ctx, v1alpha1.TestNamespace, who.component)
		if err != nil {
			return err
		}
		_, err = d.cluster.Get(ctx, &pods[i], scenario.Caller{Certificate: &certificate, ServerName: port}, "/api/greeting")
		if who.declared && err != nil {
			return fmt.Errorf("%s, whose edge is declared: %w", who.component, err)
		}
		if !who.declared && !scenario.Refused(err) {
			return fmt.Errorf("%s, whose certificate is valid and whose edge nobody declared, was not refused: %w", who.component, err)
		}
	}
	if err := d.cluster.Plain(ctx, &pods[i], sidecar.PeerPort, "/api/greeting"); !scenario.Refused(err) {
		return fmt.Errorf("plaintext was not refused: %w", err)
	}
	return nil
}
