// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	// definition in place of a policy: the CustomResourceDefinition's own rules refuse.
	definition = "definition"
	// least is how many attempts the corpus holds, leastDays how many requests of everybody's day.
	least, leastDays = 150, 60
)

// attempt is a way around the policies: a request, and the policy that refuses it.
type attempt struct {
	request
	Policy string `json:"policy"`
}

// reason: a refusal says which clause stands against the request.
var reason = regexp.MustCompile(`SOP clauses? \d|Cloud First Policy`)

func (a attempt) judge(err error) string {
	if a.Policy != definition {
		if problem := judge(a.Policy, a.request, err); problem != "" {
			return problem
		}
		if !reason.MatchString(err.Error()) {
			return fmt.Sprintf("must name a clause: %v", err)
		}
		return ""
	}
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), a.Denied) {
		return fmt.Sprintf("must be invalid with %q, not: %v", a.Denied, err)
	}
	return ""
}

// corpus reads rows by theme.
func corpus[Row any](t *testing.T, pattern string) map[string][]Row {
	t.Helper()
	g := NewWithT(t)
	files, err := filepath.Glob(pattern)
	g.Expect(err).NotTo(HaveOccurred())
	rows := map[string][]Row{}
	for _, file := range files {
		theme := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if theme == "rights" {
			continue
		}
		data, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		var of []Row
		g.Expect(yaml.UnmarshalStrict(data, &of)).To(Succeed(), file)
		rows[theme] = of
	}
	return rows
}

func attempts(t *testing.T) map[string][]attempt { return corpus[attempt](t, "bypass/*.yaml") }

// days are the requests of each persona that must pass.
func days(t *testing.T) map[string][]request { return corpus[request](t, "bypass/days/*.yaml") }

// TestCorpus counts: a row that repeats another under a new name does not.
func TestCorpus(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]string{}
	count := func(row request) {
		name := row.Name
		row.Name, row.Denied = "", ""
		key, err := json.Marshal(row)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(seen).NotTo(HaveKey(string(key)), "%q repeats %q", name, seen[string(key)])
		seen[string(key)] = name
	}
	for theme, rows := range attempts(t) {
		for _, row := range rows {
			g.Expect([]string{row.Name, row.As, row.Policy, row.Denied}).NotTo(ContainElement(""), "%s: %+v", theme, row)
			count(row.request)
		}
	}
	refused := len(seen)
	for theme, rows := range days(t) {
		for _, row := range rows {
			g.Expect(row.Denied).To(BeEmpty(), "%s: %s", theme, row.Name)
			count(row)
		}
	}
	t.Logf("%d attempts, %d legitimate requests", refused, len(seen)-refused)
	g.Expect(refused).To(BeNumerically(">=", least))
	g.Expect(len(seen) - refused).To(BeNumerically(">=", leastDays))
}

// bypass tries everything without the operator, which runs nowhere yet.
func bypass(t *testing.T) {
	for theme, rows := range attempts(t) {
		for _, row := range rows {
			t.Run(theme+"/"+row.Name, func(t *testing.T) {
				t.Parallel()
				if problem := row.judge(row.send(t.Context())); problem != "" {
					t.Error(problem)
				}
			})
		}
	}
	for persona, rows := range days(t) {
		for _, row := range rows {
			t.Run(persona+"/"+row.Name, func(t *testing.T) {
				t.Parallel()
				if err := row.send(t.Context()); err != nil {
					t.Errorf("must be allowed: %v", err)
				}
			})
		}
	}
}

// connect asks for a stream or a proxy; whoever is let through meets no kubelet here.
func (r request) connect(ctx context.Context, object *unstructured.Unstructured) error {
	config := rest.CopyConfig(server)
	config.Impersonate = user(r.As)
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	plural := strings.ToLower(object.GetKind()) + "s"
	path := "/api/v1/namespaces/" + object.GetNamespace() + "/" + plural + "/" + object.GetName() + "/" + r.Subresource
	return clients.CoreV1().RESTClient().Post().AbsPath(path).
		Param("command", "id").Param("stdout", "true").Param("ports", "8080").Param("path", url.PathEscape("/")).Do(ctx).Error()
}

// exists tells whether what an attempt wanted is there.
func (r request) exists(ctx context.Context) (bool, error) {
	// A stream, a token or a binding is no object.
	if r.Verb == "connect" || r.On.Kind != "" {
		return false, nil
	}
	object := &unstructured.Unstructured{Object: r.Object}
	if object.GetName() == "" {
		return r.anyExists(ctx)
	}
	resources, err := resourcesOf(object.GroupVersionKind(), object.GetNamespace(), rest.ImpersonationConfig{})
	if err != nil {
		return false, err
	}
	var subresources []string
	if r.Subresource == "scale" {
		subresources = []string{r.Subresource}
	}
	current, err := resources.Get(ctx, object.GetName(), metav1.GetOptions{}, subresources...)
	switch {
	case r.Verb == "delete":
		return apierrors.IsNotFound(err) || err == nil && current.GetDeletionTimestamp() != nil, client.IgnoreNotFound(err)
	case r.Verb == "create" || apierrors.IsNotFound(err):
		return err == nil, client.IgnoreNotFound(err)
	case err != nil:
		return false, err
	}
	before, err := current.MarshalJSON()
	if err != nil {
		return false, err
	}
	after, err := jsonpatch.MergePatch(before, r.mergePatch())
	return jsonpatch.Equal(before, after), err
}

// anyExists looks for objects of a generated name; of all that were to be deleted none may be gone.
func (r request) anyExists(ctx context.Context) (bool, error) {
	object := &unstructured.Unstructured{Object: r.Object}
	resources, err := resourcesOf(object.GroupVersionKind(), object.GetNamespace(), rest.ImpersonationConfig{})
	if err != nil {
		return false, err
	}
	list, err := resources.List(ctx, metav1.ListOptions{})
	if err != nil || r.Verb == "deletecollection" {
		return err == nil && len(list.Items) == 0, err
	}
	for _, item := range list.Items {
		if strings.HasPrefix(item.GetName(), object.GetGenerateName()) {
			return true, nil
		}
	}
	return false, nil
}
