// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// +kubebuilder:rbac:groups=platform.ntc.gov.pk,resources=governmentdataapis;noobjectioncertificates;breachreports,verbs=get;list;watch

// dataAPIIndex finds applications by the government data APIs that their spec names.
const dataAPIIndex = "governmentDataAPI"

// gatherProviders reads the providers that the spec and the releases name.
func (r *ApplicationReconciler) gatherProviders(ctx context.Context, c *sop.Case) error {
	c.Providers = map[string]v1alpha1.CloudServiceProvider{}
	for _, name := range providersOf(c) {
		provider := v1alpha1.CloudServiceProvider{}
		if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, &provider); err == nil {
			c.Providers[name] = provider
		} else if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// providersOf are the names of the providers that the spec and the releases name.
func providersOf(c *sop.Case) []string {
	names := []string{c.Application.Spec.CloudServiceProvider}
	for i := range c.Releases {
		names = append(names, c.Releases[i].Spec.CloudServiceProvider)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// gatherDataAPIs reads the government data APIs that the spec and the releases name.
func (r *ApplicationReconciler) gatherDataAPIs(ctx context.Context, c *sop.Case) error {
	c.DataAPIs = map[string]v1alpha1.GovernmentDataAPI{}
	names := dataAPIs(c.Application.Spec.Components)
	for i := range c.Releases {
		names = append(names, dataAPIs(c.Releases[i].Spec.Components)...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		api := v1alpha1.GovernmentDataAPI{}
		if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, &api); err == nil {
			c.DataAPIs[name] = api
		} else if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

func dataAPIs(components []v1alpha1.Component) []string {
	var names []string
	for _, component := range components {
		for _, edge := range component.ConnectsTo {
			if edge.GovernmentDataAPI != "" {
				names = append(names, edge.GovernmentDataAPI)
			}
		}
	}
	return names
}

// gatherExemptions reads the application's No Objection Certificates.
func (r *ApplicationReconciler) gatherExemptions(ctx context.Context, c *sop.Case) error {
	var certificates v1alpha1.NoObjectionCertificateList
	key := client.ObjectKeyFromObject(c.Application).String()
	err := r.Client.List(ctx, &certificates, client.MatchingFields{apply.ApplicationIndex: key})
	c.Certificates = certificates.Items
	return err
}

// gatherBreaches reads what was reported of the application and of its providers.
func (r *ApplicationReconciler) gatherBreaches(ctx context.Context, c *sop.Case) error {
	lookups := []client.MatchingFields{{apply.ApplicationIndex: client.ObjectKeyFromObject(c.Application).String()}}
	// A provider that is gone has its breaches still.
	for _, name := range providersOf(c) {
		lookups = append(lookups, client.MatchingFields{providerIndex: name})
	}
	for _, lookup := range lookups {
		var breaches v1alpha1.BreachReportList
		if err := r.Client.List(ctx, &breaches, lookup); err != nil {
			return err
		}
		for _, breach := range breaches.Items {
			if !slices.ContainsFunc(c.Breaches, func(known v1alpha1.BreachReport) bool { return known.Name == breach.Name }) {
				c.Breaches = append(c.Breaches, breach)
			}
		}
	}
	return nil
}

func (r *ApplicationReconciler) indexCloud(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		field  string
		values client.IndexerFunc
	}{
		{&v1alpha1.ThirdPartyApplication{}, dataAPIIndex, func(o client.Object) []string {
			names := dataAPIs(o.(*v1alpha1.ThirdPartyApplication).Spec.Components)
			slices.Sort(names)
			return slices.Compact(names)
		}},
		{&v1alpha1.Release{}, dataAPIIndex, func(o client.Object) []string {
			names := dataAPIs(o.(*v1alpha1.Release).Spec.Components)
			slices.Sort(names)
			return slices.Compact(names)
		}},
		{&v1alpha1.GovernmentDataAPI{}, serviceIndex, func(o client.Object) []string {
			service := o.(*v1alpha1.GovernmentDataAPI).Spec.Service
			return []string{service.Namespace + "/" + service.Name}
		}},
		{&v1alpha1.Release{}, providerIndex, func(o client.Object) []string {
			return []string{o.(*v1alpha1.Release).Spec.CloudServiceProvider}
		}},
		{&v1alpha1.NoObjectionCertificate{}, apply.ApplicationIndex, func(o client.Object) []string {
			return []string{keyOf(o.(*v1alpha1.NoObjectionCertificate).Spec.Application)}
		}},
		{&v1alpha1.BreachReport{}, apply.ApplicationIndex, func(o client.Object) []string {
			var keys []string
			for _, application := range o.(*v1alpha1.BreachReport).Spec.Applications {
				keys = append(keys, keyOf(application))
			}
			return keys
		}},
		{&v1alpha1.BreachReport{}, providerIndex, func(o client.Object) []string {
			if name := o.(*v1alpha1.BreachReport).Spec.CloudServiceProvider; name != "" {
				return []string{name}
			}
			return nil
		}},
	} {
		if err := indexer.IndexField(ctx, index.object, index.field, index.values); err != nil {
			return fmt.Errorf("index %T by %s: %w", index.object, index.field, err)
		}
	}
	return nil
}

func keyOf(application v1alpha1.ApplicationReference) string {
	return application.Namespace + "/" + application.Name
}

func exemptionRequests(_ context.Context, o client.Object) []reconcile.Request {
	application := o.(*v1alpha1.NoObjectionCertificate).Spec.Application
	return request(application.Namespace, application.Name)
}

// breachEvents put what a breach may take offline at the head of the queue.
func (r *ApplicationReconciler) breachEvents(ctx context.Context) handler.EventHandler {
	return ahead(func(o client.Object) []reconcile.Request {
		breach := o.(*v1alpha1.BreachReport)
		var requests []reconcile.Request
		for _, application := range breach.Spec.Applications {
			requests = append(requests, request(application.Namespace, application.Name)...)
		}
		if name := breach.Spec.CloudServiceProvider; name != "" {
			requests = append(requests, r.onProvider(ctx, name)...)
		}
		return requests
	})
}

// providerEvents put what an order may take offline at the head of the queue.
func (r *ApplicationReconciler) providerEvents(ctx context.Context) handler.EventHandler {
	return ahead(func(o client.Object) []reconcile.Request { return r.onProvider(ctx, o.GetName()) })
}

// onProvider are the applications that name a provider, and those with a release that does: it may run there still.
func (r *ApplicationReconciler) onProvider(ctx context.Context, provider string) []reconcile.Request {
	return r.naming(ctx, client.MatchingFields{providerIndex: provider})
}

// onDataAPI are the applications that name a government data API, and those with a release that does: it may run still.
func (r *ApplicationReconciler) onDataAPI(ctx context.Context, api string) []reconcile.Request {
	return r.naming(ctx, client.MatchingFields{dataAPIIndex: api})
}

// naming are the applications that an index finds by their spec or by a release of theirs, each once.
func (r *ApplicationReconciler) naming(ctx context.Context, named client.MatchingFields) []reconcile.Request {
	requests := r.list(ctx, named)
	var releases v1alpha1.ReleaseList
	if err := r.Client.List(ctx, &releases, named, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "list releases to wake their applications", "index", named)
		return requests
	}
	for i := range releases.Items {
		one := request(releases.Items[i].Namespace, releases.Items[i].Spec.Application)
		if !slices.Contains(requests, one[0]) {
			requests = append(requests, one...)
		}
	}
	return requests
}
