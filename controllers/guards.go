// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/config/admission"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// CertManagerUser is the account of cert-manager in the manifests, its chart's default.
const CertManagerUser = "system:serviceaccount:cert-manager:cert-manager"

// NoPlugins is that nothing is named in the manifests.
const NoPlugins = "{}"

// EventGuardsRestored: every admission policy is in force again.
const EventGuardsRestored = "GuardsRestored"

var serviceAccountUser = regexp.MustCompile(`^system:serviceaccount:[a-z0-9]([-a-z0-9]*[a-z0-9])?:[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`)

// ShippedGuards are the admission policies that this operator was built with, for an installation whose cert-manager runs under the
// given account, and whose plugins write the given kinds, as JSON by account: installations differ in nothing else.
func ShippedGuards(certManager, plugins string) (sop.Guards, error) {
	var guards sop.Guards
	if !serviceAccountUser.MatchString(certManager) {
		return guards, fmt.Errorf("cert-manager-user %q must be a ServiceAccount's, as %s", certManager, CertManagerUser)
	}
	var kinds map[string][]string
	if err := json.Unmarshal([]byte(plugins), &kinds); err != nil || kinds == nil {
		return guards, fmt.Errorf("plugins %q must be a JSON object of kinds by account, as in the admission policies: %w", plugins, err)
	}
	files, err := fs.Glob(admission.Files, "*.yaml")
	if err != nil {
		return guards, err
	}
	for _, file := range files {
		content, err := fs.ReadFile(admission.Files, file)
		if err != nil {
			return guards, err
		}
		content = bytes.ReplaceAll(content, []byte(CertManagerUser), []byte(certManager))
		if err := readGuards(&guards, content); err != nil {
			return guards, fmt.Errorf("config/admission/%s: %w", file, err)
		}
	}
	for i := range guards.Policies {
		for k := range guards.Policies[i].Spec.Variables {
			if variable := &guards.Policies[i].Spec.Variables[k]; variable.Name == sop.PluginsVariable {
				variable.Expression = sop.PluginsExpression(kinds)
			}
		}
	}
	return guards, nil
}

func readGuards(guards *sop.Guards, manifests []byte) error {
	decoder := yaml.NewYAMLToJSONDecoder(bytes.NewReader(manifests))
	for {
		var content map[string]any
		if err := decoder.Decode(&content); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var policy admissionv1.ValidatingAdmissionPolicy
		var binding admissionv1.ValidatingAdmissionPolicyBinding
		object, convert := &unstructured.Unstructured{Object: content}, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation
		switch object.GetKind() {
		case "ValidatingAdmissionPolicy":
			if err := convert(content, &policy, true); err != nil {
				return err
			}
			guards.Policies = append(guards.Policies, policy)
		case "ValidatingAdmissionPolicyBinding":
			if err := convert(content, &binding, true); err != nil {
				return err
			}
			guards.Bindings = append(guards.Bindings, binding)
		default:
			return fmt.Errorf("%q is neither a policy nor a binding", object.GetKind())
		}
	}
}

// shippedPrefix begins the names of all policies and bindings of ours.
const shippedPrefix = "govpk-"

// namedOurs is true for a policy or binding that bears a name of ours.
func namedOurs(o client.Object) bool { return strings.HasPrefix(o.GetName(), shippedPrefix) }

// slimGuard keeps of others' policies in the cache that they exist.
func slimGuard(o any) (any, error) {
	switch guard := o.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		guard.ManagedFields = nil
		if !namedOurs(guard) {
			guard.Spec = admissionv1.ValidatingAdmissionPolicySpec{}
		}
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		guard.ManagedFields = nil
		if !namedOurs(guard) {
			guard.Spec = admissionv1.ValidatingAdmissionPolicyBindingSpec{}
		}
	}
	return o, nil
}

// standingGuards are those in the cache.
func standingGuards(ctx context.Context, reader client.Reader) (sop.Guards, error) {
	var policies admissionv1.ValidatingAdmissionPolicyList
	if err := reader.List(ctx, &policies, client.UnsafeDisableDeepCopy); err != nil {
		return sop.Guards{}, err
	}
	var bindings admissionv1.ValidatingAdmissionPolicyBindingList
	err := reader.List(ctx, &bindings, client.UnsafeDisableDeepCopy)
	return sop.Guards{Policies: policies.Items, Bindings: bindings.Items}, err
}

// compared is the last comparison and what was compared: a pass has no millisecond for the same again.
type compared struct {
	mutex    sync.Mutex
	versions string
	gaps     []sop.GuardGap
}

func (c *compared) with(shipped, standing sop.Guards) []sop.GuardGap {
	var versions []string
	for i := range standing.Policies {
		versions = append(versions, "policy/"+standing.Policies[i].Name+"@"+standing.Policies[i].ResourceVersion)
	}
	for i := range standing.Bindings {
		versions = append(versions, "binding/"+standing.Bindings[i].Name+"@"+standing.Bindings[i].ResourceVersion)
	}
	// The cache lists in any order.
	slices.Sort(versions)
	now := strings.Join(versions, " ")
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.versions != now || now == "" {
		c.versions, c.gaps = now, sop.GuardGaps(shipped, standing)
	}
	return c.gaps
}

func (r *ApplicationReconciler) gatherGuards(ctx context.Context, c *sop.Case) error {
	standing, err := standingGuards(ctx, r.Client)
	if err != nil {
		return err
	}
	c.Guards = r.compared.with(r.Shipped, standing)
	return nil
}

// guardChanged lets through what happens to policies and bindings of our names. When the operator starts every application has a pass
// of its own anyway.
func guardChanged() predicate.Predicate {
	changed := predicate.NewPredicateFuncs(namedOurs)
	changed.CreateFunc = func(e event.CreateEvent) bool { return !e.IsInInitialList && namedOurs(e.Object) }
	return changed
}

// GuardsReconciler tells by events on the DeploymentPolicy when an admission policy is lost, and when all stand again.
type GuardsReconciler struct {
	// Client reads from the cache.
	Client   client.Client
	Recorder events.EventRecorder
	Shipped  sop.Guards
	// said is what was told last.
	said string
}

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings,verbs=get;list;watch

// Reconcile compares once more.
func (r *GuardsReconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	standing, err := standingGuards(ctx, r.Client)
	if err != nil {
		return ctrl.Result{}, err
	}
	gaps := sop.GuardGaps(r.Shipped, standing)
	kind, reason, message := corev1.EventTypeNormal, EventGuardsRestored, ""
	if len(gaps) > 0 {
		f := sop.GuardsLost(gaps)
		kind, reason, message = corev1.EventTypeWarning, f.Reason, f.Message
	}
	if message == r.said {
		return ctrl.Result{}, nil
	}
	if len(gaps) == 0 {
		message = "every admission policy of this operator is in force again"
	}
	ctrl.LoggerFrom(ctx).Info("admission policies", "reason", reason, "message", message)
	policy := &v1alpha1.DeploymentPolicy{}
	if err := r.Client.Get(ctx, types.NamespacedName{Name: v1alpha1.DeploymentPolicyName}, policy); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	r.said = message
	if len(gaps) == 0 {
		r.said = ""
	}
	r.Recorder.Eventf(policy, nil, kind, reason, "Guard", "%s", shortened(message, noteLimit))
	return ctrl.Result{}, nil
}

// SetupWithManager watches the policies and bindings of our names; all are one request.
func (r *GuardsReconciler) SetupWithManager(mgr ctrl.Manager) error {
	one := mapped(func(context.Context, client.Object) []reconcile.Request {
		return request("", v1alpha1.DeploymentPolicyName)
	})
	named := builder.WithPredicates(predicate.NewPredicateFuncs(namedOurs))
	return ctrl.NewControllerManagedBy(mgr).
		Named("guards").
		Watches(&admissionv1.ValidatingAdmissionPolicy{}, one, named).
		Watches(&admissionv1.ValidatingAdmissionPolicyBinding{}, one, named).
		// Where nothing of ours stands, this alone says so.
		Watches(&v1alpha1.DeploymentPolicy{}, one).
		Complete(r)
}
