// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const (
	guardedOrganization = "bench-organization"
	openOrganization    = "bench-organization-open"
	// openLabel is on namespaces in which no policy is in force. Policies are matched there, since the API server asks their bindings last.
	openLabel  = "bench.example/open"
	mergePatch = "application/merge-patch+json"
)

var (
	operatorLogin = envtest.User{Name: operatorUser, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:govpk-system"}}
	tenantLogin   = envtest.User{Name: "developer@bench.example", Groups: []string{peopleOf(guardedOrganization), peopleOf(openOrganization)}}
)

func peopleOf(organization string) string { return "organization:" + organization }

// site is where somebody writes: a live namespace, the organization whose it is, and a namespace of neither.
type site struct{ stage, organization, elsewhere string }

// bodiesOf are the requests of someone by what they write, each of which changes something that exists.
func bodiesOf(who string) map[string]func(site, int64) write {
	applied := func(group, resource, object string) func(site, int64) write {
		return func(at site, n int64) write {
			return write{http.MethodPatch, fmt.Sprintf("/%s/namespaces/%s/%s/bench", group, at.stage, resource), "fieldManager=govpk&force=true", applyType,
				fmt.Appendf(nil, object, at.stage, n)}
		}
	}
	const head = `"metadata":{"name":"bench","namespace":"%s","annotations":{"bench":"%d"}},`
	switch who {
	case theOperator:
		return map[string]func(site, int64) write{
			"Service": applied("api/v1", "services", `{"apiVersion":"v1","kind":"Service",`+head+`"spec":{"selector":{"app":"web"},"ports":[{"name":"http","port":8080}]}}`),
			"Deployment": applied("apis/apps/v1", "deployments", `{"apiVersion":"apps/v1","kind":"Deployment",`+head+`"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},
				"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"registry.ntc.gov.pk/web@sha256:0"}]}}}}`),
			"Namespace": func(at site, n int64) write {
				return write{http.MethodPatch, "/api/v1/namespaces/" + at.stage, "fieldManager=govpk", mergePatch,
					fmt.Appendf(nil, `{"metadata":{"annotations":{"platform.ntc.gov.pk/release":"bench-%08d"}}}`, n)}
			},
			"HTTPRoute": applied("apis/gateway.networking.k8s.io/v1", "httproutes", `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",`+head+`
				"spec":{"hostnames":["bench.health.gov.pk"],"parentRefs":[{"name":"public","namespace":"gateways"}],"rules":[{"backendRefs":[{"name":"bench","port":8080}]}]}}`),
		}
	case anOrganization:
		return map[string]func(site, int64) write{
			"Secret": func(at site, n int64) write {
				return write{http.MethodPatch, "/api/v1/namespaces/" + at.stage + "/secrets/database", "fieldManager=tenant", mergePatch,
					fmt.Appendf(nil, `{"stringData":{"password":"%d"}}`, n)}
			},
			"ThirdPartyApplication": func(at site, n int64) write {
				return write{http.MethodPatch, "/apis/platform.ntc.gov.pk/v1alpha1/namespaces/" + at.organization + "/thirdpartyapplications/bench", "fieldManager=tenant", mergePatch,
					fmt.Appendf(nil, `{"metadata":{"annotations":{"bench":"%d"}}}`, n)}
			},
		}
	default:
		return map[string]func(site, int64) write{"ConfigMap elsewhere": func(at site, n int64) write {
			return write{http.MethodPatch, "/api/v1/namespaces/" + at.elsewhere + "/configmaps/bench", "fieldManager=other", mergePatch, fmt.Appendf(nil, `{"data":{"n":"%d"}}`, n)}
		}}
	}
}

// siteAt is that of the managed namespace of that number. Every second one is open.
func siteAt(i int) site {
	at := site{fmt.Sprintf("bench-%08x-live", i), guardedOrganization, "bench-elsewhere"}
	if i%2 == 1 {
		at.organization, at.elsewhere = openOrganization, "bench-elsewhere-open"
	}
	return at
}

// furnishAdmission makes the organizations and their applications, and what somebody else writes.
func furnishAdmission(ctx context.Context, cluster *scenario.Cluster) error {
	for i := range 2 {
		at := siteAt(i)
		people, err := cluster.Onboard(ctx, at.organization)
		if err != nil {
			return err
		}
		app, err := cluster.App(people, at.organization, "bench", at.organization+".health.gov.pk").Manifest("bench")
		if err != nil {
			return err
		}
		err = errors.Join(
			cluster.Admin.Create(ctx, app),
			cluster.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: at.elsewhere}}),
			cluster.Admin.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: at.elsewhere, Name: "bench"}}))
		if err != nil {
			return err
		}
	}
	at := siteAt(1)
	for _, name := range []string{at.organization, at.elsewhere} {
		opened := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"`+openLabel+`":""}}}`))
		if err := cluster.Admin.Patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, opened); err != nil {
			return err
		}
	}
	return nil
}

// managedNamespace is one as the operator makes it, as far as policies look at it.
func managedNamespace(i int) *corev1.Namespace {
	at := siteAt(i)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: at.stage,
		Labels: map[string]string{
			v1alpha1.StageLabel: v1alpha1.LiveNamespace, v1alpha1.ExposureLabel: v1alpha1.LiveNamespace, v1alpha1.OrganizationLabel: "bench",
			v1alpha1.ApplicationLabel: "bench", v1alpha1.ApplicationNamespaceLabel: at.organization, "pod-security.kubernetes.io/enforce": "restricted",
		},
		Annotations: map[string]string{v1alpha1.SecretsAnnotation: "database", v1alpha1.ImagesAnnotation: "registry.ntc.gov.pk/web@sha256:0"},
	}}
	if at.organization == openOrganization {
		namespace.Labels[openLabel] = ""
	}
	return namespace
}

// grow makes managed namespaces until there are as many, and in those that are written to what is changed there. No policy is in force.
func (b *admissionBench) grow(ctx context.Context, from, to int) error {
	const makers = 16
	err := atOnce(makers, func(maker int) error {
		for i := from + maker; i < to; i += makers {
			if err := b.cluster.Admin.Create(ctx, managedNamespace(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.guarded, b.open = nil, nil
	pairs := min(sites, to/2)
	for pair := range pairs {
		i := pair * to / pairs / 2 * 2
		b.guarded, b.open = append(b.guarded, siteAt(i)), append(b.open, siteAt(i+1))
	}
	for i, at := range slices.Concat(b.guarded, b.open) {
		if err := b.furnish(ctx, at, int64(i)); err != nil {
			return err
		}
	}
	return nil
}

func (b *admissionBench) furnish(ctx context.Context, at site, n int64) error {
	role := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: at.stage, Name: "secrets"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "govpk-organization-secrets"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: peopleOf(at.organization)}},
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: at.stage, Name: "database"}}
	for _, o := range []client.Object{role, secret} {
		if err := client.IgnoreAlreadyExists(b.cluster.Admin.Create(ctx, o)); err != nil {
			return err
		}
	}
	for _, operator := range b.writersOf(theOperator) {
		if err := b.send(ctx, operator.http, operator.body(at, n), ""); err != nil {
			return err
		}
	}
	return nil
}

// guards are the bindings of the installation, but for open namespaces; without them no policy is in force.
type guards struct {
	cluster  *scenario.Cluster
	bindings []admissionv1.ValidatingAdmissionPolicyBinding
	operator client.Client
}

func shippedGuards(ctx context.Context, cluster *scenario.Cluster) (*guards, error) {
	g := &guards{cluster: cluster}
	var list admissionv1.ValidatingAdmissionPolicyBindingList
	if err := cluster.Admin.List(ctx, &list); err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, errors.New("the installation has no ValidatingAdmissionPolicyBinding")
	}
	for i := range list.Items {
		kept := list.Items[i]
		kept.ObjectMeta = metav1.ObjectMeta{Name: kept.Name}
		kept.Spec.MatchResources = &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: openLabel, Operator: metav1.LabelSelectorOpDoesNotExist}},
		}}
		g.bindings = append(g.bindings, kept)
	}
	var err error
	g.operator, err = client.New(asOperator(cluster.Config), client.Options{Scheme: cluster.Admin.Scheme()})
	return g, err
}

func (g *guards) remove(ctx context.Context) error {
	for i := range g.bindings {
		if err := client.IgnoreNotFound(g.cluster.Admin.Delete(ctx, g.bindings[i].DeepCopy())); err != nil {
			return err
		}
	}
	return g.await(ctx, false)
}

func (g *guards) install(ctx context.Context) error {
	for i := range g.bindings {
		if err := client.IgnoreAlreadyExists(g.cluster.Admin.Create(ctx, g.bindings[i].DeepCopy())); err != nil {
			return err
		}
	}
	return g.await(ctx, true)
}

// await returns once the policies that the requests meet are in force, or none is: the API server follows by itself. The three are what the
// policies on children, identity and hosts refuse, to an administrator and to the operator.
func (g *guards) await(ctx context.Context, inForce bool) error {
	return scenario.Eventually(ctx, 30*time.Second, func() error {
		forged := &v1alpha1.SignOff{ObjectMeta: metav1.ObjectMeta{Namespace: guardedOrganization, Name: "forged"}, Spec: v1alpha1.SignOffSpec{
			Release: "nothing-00000000", Type: v1alpha1.SignOffEndToEndTest, Party: v1alpha1.PartyNITB, Decision: v1alpha1.DecisionApproved, SignedBy: "somebody-else",
		}}
		foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: siteAt(0).stage, Name: "foreign"}}
		outside := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: siteAt(0).stage, Name: "outside"}, Spec: gatewayv1.HTTPRouteSpec{
			Hostnames: []gatewayv1.Hostname{"evil.example"}, CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: "public"}}},
		}}
		for _, probe := range []struct {
			as     client.Client
			object client.Object
		}{{g.cluster.Admin, forged}, {g.cluster.Admin, foreign}, {g.operator, outside}} {
			err := probe.as.Create(ctx, probe.object, client.DryRunAll)
			switch {
			case apierrors.IsNotFound(err):
				// There is no managed namespace yet.
			case err != nil && !strings.Contains(err.Error(), "ValidatingAdmissionPolicy"):
				return err
			case (err != nil) != inForce:
				return fmt.Errorf("policies in force: want %v, got %w", inForce, err)
			}
		}
		return nil
	})
}
