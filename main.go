// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command govpk-operator runs the third-party application SOP and the Cloud First Policy on a cluster.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/canary"
	"github.com/ntc-gov-pk/govpk-operator/internal/oversight"
)

// The namespaces of an installation; admission policies name them, so they are not flags.
const (
	operatorNamespace = "govpk-system"
	evidenceNamespace = "govpk-evidence"
)

func main() {
	// The canary's pods run the same image.
	if len(os.Args) > 1 && os.Args[1] == "canary" {
		if err := canary.Run(ctrl.SetupSignalHandler(), os.Args[2:]); err != nil {
			slog.Error("canary stopped", "error", err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.BoolVar(&o.leaderElect, "leader-elect", false, "Let one of several replicas act at a time.")
	flag.StringVar(&o.metricsAddress, "metrics-bind-address", ":8443", "The address of the metrics endpoint, by TLS and for who may read it; 0 turns it off.")
	flag.StringVar(&o.metricsCertificate, "metrics-certificate", "", "The directory of tls.crt and tls.key for metrics; without them there the certificate is self-signed.")
	flag.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "The address of /healthz and /readyz.")
	flag.StringVar(&o.certManagerUser, "cert-manager-user", controllers.CertManagerUser, "The account of cert-manager that the admission policies of this installation name.")
	flag.StringVar(&o.plugins, "plugins", controllers.NoPlugins, "What network plugins and provisioners write, as the admission policies of this installation name it: a JSON object of kinds by account.")
	flag.Parse()
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: controllers.PlainAttribute})))

	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "govpk-operator stopped")
		os.Exit(1)
	}
}

// options are what an installation sets.
type options struct {
	leaderElect                                                                bool
	metricsAddress, metricsCertificate, probeAddress, certManagerUser, plugins string
}

func run(ctx context.Context, o options) error {
	ctx, restart := context.WithCancel(ctx)
	defer restart()
	shipped, err := controllers.ShippedGuards(o.certManagerUser, o.plugins)
	if err != nil {
		return fmt.Errorf("admission policies: %w", err)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	// One pass of one application must not wait for the client's own brake; the API server has priority and fairness.
	config.QPS, config.Burst = -1, -1
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, httpClient)
	if err != nil {
		return err
	}
	missing, err := controllers.MissingKinds(mapper)
	if err != nil {
		return fmt.Errorf("discover kinds: %w", err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         controllers.CacheOptions(missing),
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:                       oversight.Endpoint(o.metricsAddress, o.metricsCertificate),
		HealthProbeBindAddress:        o.probeAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "govpk-operator",
		LeaderElectionNamespace:       operatorNamespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	pods, err := corev1client.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return err
	}
	application := &controllers.ApplicationReconciler{
		Client: mgr.GetClient(),
		Applier: &apply.Applier{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Logs: apply.LogsFrom(pods), EvidenceNamespace: evidenceNamespace,
		},
		Recorder:     controllers.PlainEvents{EventRecorder: mgr.GetEventRecorder("govpk-operator")},
		Clock:        clock.RealClock{},
		MissingKinds: missing,
		Shipped:      shipped,
	}
	if err := application.SetupWithManager(ctx, mgr); err != nil {
		return err
	}
	data := &controllers.DataAPIReconciler{Client: mgr.GetClient(), Recorder: application.Recorder}
	if err := data.SetupWithManager(mgr); err != nil {
		return err
	}
	exemptions := &controllers.ExemptionReconciler{Client: mgr.GetClient(), Recorder: application.Recorder, Clock: application.Clock}
	if err := exemptions.SetupWithManager(mgr); err != nil {
		return err
	}
	breaches := &controllers.BreachReconciler{Client: mgr.GetClient(), Recorder: application.Recorder, Clock: application.Clock}
	if err := breaches.SetupWithManager(mgr); err != nil {
		return err
	}
	guards := &controllers.GuardsReconciler{Client: mgr.GetClient(), Recorder: application.Recorder, Shipped: shipped}
	if err := guards.SetupWithManager(mgr); err != nil {
		return err
	}
	if err := metrics.Registry.Register(&oversight.Collector{Reader: mgr.GetClient(), Clock: application.Clock, Shipped: shipped}); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	providers := &controllers.ProviderReconciler{Client: mgr.GetClient(), Recorder: application.Recorder, Clock: application.Clock}
	if err := providers.SetupWithManager(mgr); err != nil {
		return err
	}
	if err := (&controllers.KindsReconciler{Mapper: mapper, Missing: missing, Restart: restart}).SetupWithManager(mgr); err != nil {
		return err
	}
	for name, add := range map[string]func(string, healthz.Checker) error{"healthz": mgr.AddHealthzCheck, "readyz": mgr.AddReadyzCheck} {
		if err := add(name, healthz.Ping); err != nil {
			return err
		}
	}
	return mgr.Start(ctx)
}
