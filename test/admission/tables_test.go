// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// request is a row of a table.
type request struct {
	Name string `json:"name"`
	// As is a key of users or the name of a controller of kube-controller-manager.
	As string `json:"as"`
	// Verb is create, update, patch, apply, delete, deletecollection, connect, get or list.
	Verb string `json:"verb"`
	// Subresource is such as scale; On is the kind that has it, where the object is of another kind.
	Subresource string                  `json:"subresource"`
	On          schema.GroupVersionKind `json:"on"`
	// Object is the whole object of a create, else what names it and, for update and patch, a JSON merge patch.
	Object map[string]any `json:"object"`
	// Denied is a part of the refusal's message. Empty: the request is allowed.
	Denied string `json:"denied"`
}

func TestPolicies(t *testing.T) {
	files, err := filepath.Glob("testdata/govpk-*.yaml")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	policies, err := filepath.Glob(root("config/admission/govpk-*.yaml"))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	// govpk-break-glass refuses nothing: breakGlass reads what it counts.
	NewWithT(t).Expect(files).To(HaveLen(len(policies)-1), "each policy has its table in testdata")

	operator := built(t)
	tables := map[string][]request{}
	for _, file := range files {
		policy := strings.TrimSuffix(filepath.Base(file), ".yaml")
		tables[policy] = table(t, file)
		await(t, policy, tables[policy])
	}
	for policy, requests := range tables {
		t.Run(policy, func(t *testing.T) {
			for _, request := range requests {
				t.Run(request.Name, func(t *testing.T) {
					t.Parallel()
					if problem := judge(policy, request, request.send(t.Context())); problem != "" {
						t.Error(problem)
					}
				})
			}
		})
	}
	t.Run("bypass", bypass)
	t.Run("plugins", plugins)
	t.Run("break-glass", breakGlass)
	t.Run("discovery", discovery)
	t.Run("long breach", longBreach)
	t.Run("bypass with the operator", func(t *testing.T) { bypassWithOperator(t, <-operator) })
	t.Run("without DeploymentPolicy", withoutDeploymentPolicy)
	t.Run("real cert-manager", realCertManager)
	t.Run("real controllers", realControllers)
}

// await polls until the first refusal of a table is met: the API server puts policies into force some time after it stored them.
func await(t *testing.T, policy string, requests []request) {
	t.Helper()
	for _, request := range requests {
		if request.Denied != "" {
			NewWithT(t).Eventually(func() string {
				return judge(policy, request, request.send(t.Context()))
			}).WithTimeout(20*time.Second).WithPolling(50*time.Millisecond).Should(BeEmpty(), "%s is not in force", policy)
			return
		}
	}
	t.Fatalf("the table of %s refuses nothing", policy)
}

func judge(policy string, request request, err error) string {
	switch {
	case request.Denied == "" && err != nil:
		return fmt.Sprintf("must be allowed: %v", err)
	case request.Denied == "":
		return ""
	case err == nil:
		return fmt.Sprintf("must be refused by %s: %s", policy, request.Denied)
	case !strings.Contains(err.Error(), "ValidatingAdmissionPolicy '"+policy+"' with binding '"+policy+"' denied request: "):
		return fmt.Sprintf("must be refused by %s, not with: %v", policy, err)
	case !strings.Contains(err.Error(), request.Denied):
		return fmt.Sprintf("must be refused with %q, not with: %v", request.Denied, err)
	}
	return ""
}

func table(t *testing.T, file string) []request {
	t.Helper()
	data, err := os.ReadFile(file)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var requests []request
	NewWithT(t).Expect(yaml.UnmarshalStrict(data, &requests)).To(Succeed(), file)
	return requests
}

// send asks the API server as the row's user, without effect.
func (r request) send(ctx context.Context) error { return r.sendWith(ctx, []string{metav1.DryRunAll}) }

func (r request) sendWith(ctx context.Context, dryRun []string) error {
	object := &unstructured.Unstructured{Object: r.Object}
	kind := object.GroupVersionKind()
	if r.On.Kind != "" {
		kind = r.On
	}
	resources, err := resourcesOf(kind, object.GetNamespace(), user(r.As))
	if err != nil {
		return err
	}
	var subresources []string
	if r.Subresource != "" {
		subresources = []string{r.Subresource}
	}
	switch r.Verb {
	case "create":
		_, err = resources.Create(ctx, object, metav1.CreateOptions{DryRun: dryRun}, subresources...)
	case "patch":
		_, err = resources.Patch(ctx, object.GetName(), types.MergePatchType, r.mergePatch(), metav1.PatchOptions{DryRun: dryRun}, subresources...)
	case "apply":
		_, err = resources.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "govpk-operator", Force: true, DryRun: dryRun}, subresources...)
	case "update":
		var changed *unstructured.Unstructured
		if changed, err = r.changed(ctx, resources); err == nil {
			_, err = resources.Update(ctx, changed, metav1.UpdateOptions{DryRun: dryRun}, subresources...)
		}
	case "delete":
		err = resources.Delete(ctx, object.GetName(), metav1.DeleteOptions{DryRun: dryRun}, subresources...)
	case "deletecollection":
		err = resources.DeleteCollection(ctx, metav1.DeleteOptions{DryRun: dryRun}, metav1.ListOptions{})
	case "connect":
		err = r.connect(ctx, object)
	case "get":
		_, err = resources.Get(ctx, object.GetName(), metav1.GetOptions{}, subresources...)
	case "list":
		_, err = resources.List(ctx, metav1.ListOptions{})
	default:
		err = fmt.Errorf("row %q has the unknown verb %q", r.Name, r.Verb)
	}
	return err
}

func resourcesOf(kind schema.GroupVersionKind, namespace string, as rest.ImpersonationConfig) (dynamic.ResourceInterface, error) {
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	config := rest.CopyConfig(server)
	config.Impersonate = as
	config.WarningHandler = rest.NoWarnings{}
	clients, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	if namespace == "" {
		return clients.Resource(mapping.Resource), nil
	}
	return clients.Resource(mapping.Resource).Namespace(namespace), nil
}

// mergePatch leaves out the kind, since a Deployment's scale is of another one.
func (r request) mergePatch() []byte {
	patch := map[string]any{}
	for key, value := range r.Object {
		if key != "apiVersion" && key != "kind" {
			patch[key] = value
		}
	}
	data, err := json.Marshal(patch)
	if err != nil {
		panic(err)
	}
	return data
}

// changed is the object as it stands with the row's merge patch: namespaces/finalize knows no PATCH.
func (r request) changed(ctx context.Context, resources dynamic.ResourceInterface) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{Object: r.Object}
	current, err := resources.Get(ctx, object.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	before, err := current.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := jsonpatch.MergePatch(before, r.mergePatch())
	if err != nil {
		return nil, err
	}
	result := &unstructured.Unstructured{}
	err = result.UnmarshalJSON(after)
	return result, err
}
