// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// operatorUser is its account, as admission knows it.
const operatorUser = "system:serviceaccount:govpk-system:govpk-operator"

// operator is one life of the operator: the real manager, as main.go makes it, with a client that counts.
type operator struct {
	*controllers.ApplicationReconciler
	requests *requests
	cancel   context.CancelFunc
	ended    chan error
}

// asOperator are the credentials of the operator.
func asOperator(config *rest.Config) *rest.Config {
	out := rest.CopyConfig(config)
	out.Impersonate = rest.ImpersonationConfig{
		UserName: operatorUser,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:govpk-system", "system:authenticated"},
	}
	return out
}

func startOperator(ctx context.Context, cluster *scenario.Cluster) (*operator, error) {
	o := &operator{requests: &requests{}, ended: make(chan error, 1)}
	counted := asOperator(cluster.Config)
	counted.Wrap(o.requests.wrap)
	missing, err := controllers.MissingKinds(cluster.Admin.RESTMapper())
	if err != nil {
		return nil, err
	}
	mgr, err := newManager(asOperator(cluster.Config), counted, cluster, missing)
	if err != nil {
		return nil, err
	}
	shipped, err := controllers.ShippedGuards(controllers.CertManagerUser, controllers.NoPlugins)
	if err != nil {
		return nil, err
	}
	pods, err := corev1client.NewForConfig(counted)
	if err != nil {
		return nil, err
	}
	o.ApplicationReconciler = &controllers.ApplicationReconciler{
		Client: mgr.GetClient(),
		Applier: &apply.Applier{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Logs: apply.LogsFrom(pods), EvidenceNamespace: "govpk-evidence",
		},
		Recorder:     mgr.GetEventRecorder("govpk-operator"),
		Clock:        clock.RealClock{},
		MissingKinds: missing,
		Shipped:      shipped,
	}
	if err := o.SetupWithManager(ctx, mgr); err != nil {
		return nil, err
	}
	ctx, o.cancel = context.WithCancel(ctx)
	go func() { o.ended <- mgr.Start(ctx) }()
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		return nil, errors.Join(errors.New("the cache does not fill"), o.stop())
	}
	return o, nil
}

// newManager lists, watches and discovers with plain, which is the price of a start, and does all else with counted.
func newManager(plain, counted *rest.Config, cluster *scenario.Cluster, missing []string) (ctrl.Manager, error) {
	uncounted, err := rest.HTTPClientFor(plain)
	if err != nil {
		return nil, err
	}
	skip := true
	return ctrl.NewManager(counted, ctrl.Options{
		Scheme: cluster.Admin.Scheme(),
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) {
			return apiutil.NewDynamicRESTMapper(plain, uncounted)
		},
		NewCache: func(_ *rest.Config, options cache.Options) (cache.Cache, error) {
			options.HTTPClient = uncounted
			return cache.New(plain, options)
		},
		Cache:   controllers.CacheOptions(missing),
		Client:  client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics: metricsserver.Options{BindAddress: "0"},
		// A second life has the name of the first.
		Controller: ctrlconfig.Controller{SkipNameValidation: &skip},
	})
}

func (o *operator) stop() error {
	o.cancel()
	return <-o.ended
}

// settle waits until no pass runs and none ended, and nothing was asked, for a quiet while.
func (o *operator) settle(ctx context.Context, quiet time.Duration) error {
	last, since := "", time.Now()
	return scenario.Eventually(ctx, 30*time.Second, func() error {
		p, err := passes()
		if err != nil {
			return err
		}
		now := fmt.Sprint(p.count, o.requests.seen())
		if now != last || p.active > 0 {
			last, since = now, time.Now()
		}
		if time.Since(since) < quiet {
			return errors.New("the operator does not come to rest")
		}
		return nil
	})
}

// work is what the controller's own metrics say of its passes in this process.
type work struct {
	count, active int
	seconds       float64
}

func passes() (work, error) {
	families, err := metrics.Registry.Gather()
	if err != nil {
		return work{}, err
	}
	var w work
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			mine := false
			for _, label := range metric.GetLabel() {
				mine = mine || label.GetName() == "controller" && label.GetValue() == "thirdpartyapplication"
			}
			switch {
			case !mine:
			case family.GetName() == "controller_runtime_active_workers":
				w.active += int(metric.GetGauge().GetValue())
			case family.GetName() == "controller_runtime_reconcile_time_seconds":
				w.count += int(metric.GetHistogram().GetSampleCount())
				w.seconds += metric.GetHistogram().GetSampleSum()
			}
		}
	}
	return w, nil
}
