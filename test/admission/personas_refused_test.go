// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// byRBAC refuses before any policy is asked.
const byRBAC = "RBAC"

// refused tries without effect until the answer is by whom it must be: roles and policies take effect a moment after they are stored.
func refused(t *testing.T, what, by string, try func() error) {
	t.Helper()
	NewWithT(t).Eventually(func() string {
		err := try()
		switch {
		case err == nil:
			return "allowed"
		case apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "ValidatingAdmissionPolicy"):
			return byRBAC
		case by != byRBAC && strings.Contains(err.Error(), "ValidatingAdmissionPolicy '"+by+"'"):
			return by
		}
		return err.Error()
	}).WithTimeout(20*time.Second).WithPolling(50*time.Millisecond).Should(Equal(by), what)
}

func creating(t *testing.T, as rest.ImpersonationConfig, object *unstructured.Unstructured) func() error {
	t.Helper()
	c := clientOf(t, as)
	return func() error { return c.Create(t.Context(), object.DeepCopy(), client.DryRunAll) }
}

// administrator: RBAC lets a wildcard do everything, and admission none of what only persons do.
func administrator(t *testing.T) {
	g := NewWithT(t)
	clients, err := kubernetes.NewForConfig(server)
	g.Expect(err).NotTo(HaveOccurred())
	admin := clientOf(t, rest.ImpersonationConfig{UserName: "root@ntc.gov.pk", Groups: []string{"system:masters"}})
	g.Expect(admin.Create(t.Context(), manifest(t, `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: some-administrator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: administrator@ntc.gov.pk}]
`))).To(Succeed())
	for _, who := range []rest.ImpersonationConfig{
		{UserName: "root@ntc.gov.pk", Groups: []string{"system:masters"}}, {UserName: "administrator@ntc.gov.pk"},
	} {
		for _, party := range []string{"NITB", "NTC", "Organization", "nobody"} {
			g.Eventually(func() (bool, error) {
				return review(t.Context(), clients, who.UserName, who.Groups, mandi, deed{"sign", "parties", ours, party})
			}).Should(BeTrue(), "RBAC lets %s sign for %s", who.UserName, party)
			for _, name := range []string{who.UserName, nitbReviewer.User} {
				for _, verdict := range parse(t, "config/samples/reviewer.yaml", "sehat-digital", mandi, "party: NITB", "party: "+party, "reviewer-1@nitb.gov.pk", name) {
					if party != "nobody" {
						refused(t, who.UserName+" signs for "+party, "govpk-identity", creating(t, who, verdict))
					}
				}
			}
		}
		for file, policy := range map[string]string{
			"security.yaml": "govpk-identity", "nitb.yaml": "govpk-cloud-office", "cloud_office_certificate.yaml": "govpk-cloud-office",
		} {
			for _, object := range parse(t, "config/samples/"+file, "security-1@ntc.gov.pk", who.UserName, "noc-1@nitb.gov.pk", who.UserName, "officer-1@cloudoffice.gov.pk", who.UserName) {
				refused(t, who.UserName+" writes "+file, policy, creating(t, who, object))
			}
		}
		for _, provider := range parse(t, "config/samples/cloud_office.yaml", "name: ntc-islamabad\nspec", "name: another\nspec") {
			order := map[string]any{"reason": "An order", "orderedBy": who.UserName}
			g.Expect(unstructured.SetNestedMap(provider.Object, order, "spec", "takeOffline")).To(Succeed())
			refused(t, who.UserName+" orders", "govpk-cloud-office", creating(t, who, provider))
		}
	}
}

func manifest(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	NewWithT(t).Expect(yaml.Unmarshal([]byte(text), &object.Object)).To(Succeed())
	return object
}

// escalation: who may bind roles binds those that it was given to bind, and nobody makes more of it.
func escalation(t *testing.T) {
	binding := func(namespace, role string) string {
		return "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: more, namespace: " + namespace + "}, " +
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: " + role + "}, " +
			"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: engineer-5@ntc.gov.pk}]}"
	}
	live := scopes[3].Namespace
	for _, row := range []struct {
		as       rest.ImpersonationConfig
		by, what string
	}{
		{engineer.login(), "", binding(mandi, "govpk-organization-signer")},
		{engineer.login(), byRBAC, binding(mandi, "govpk-nitb-reviewer")},
		{engineer.login(), byRBAC, binding(mandi, "govpk-ntc-reviewer")},
		{engineer.login(), byRBAC, binding(mandi, "cluster-admin")},
		{engineer.login(), byRBAC, binding("govpk-evidence", "govpk-operations")},
		{engineer.login(), byRBAC, binding("govpk-evidence", "govpk-auditor")},
		{engineer.login(), byRBAC, binding(live, "govpk-takedown")},
		{engineer.login(), "govpk-restricted", binding(live, "govpk-organization")},
		{engineer.login(), byRBAC, strings.ReplaceAll(binding("", "govpk-organization"), "RoleBinding", "ClusterRoleBinding")},
		{engineer.login(), byRBAC, "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: more, namespace: mandi}, rules: []}"},
		{engineer.login(), byRBAC, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: more, namespace: mandi}}"},
		{engineer.login(), "govpk-namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: more, labels: {platform.ntc.gov.pk/stage: live}}}"},
		{developer.login(), byRBAC, binding(mandi, "govpk-organization-signer")},
		{developer.login(), byRBAC, "{apiVersion: v1, kind: Namespace, metadata: {name: more, labels: {platform.ntc.gov.pk/organization: more}}}"},
		{operations.login(), byRBAC, binding(mandi, "govpk-organization")},
		{securityTeam.login(), byRBAC, binding(live, "govpk-takedown")},
		{auditor.login(), byRBAC, binding("govpk-evidence", "govpk-auditor")},
	} {
		what := row.as.UserName + " writes " + row.what
		if row.by == "" {
			NewWithT(t).Expect(creating(t, row.as, manifest(t, row.what))()).To(Succeed(), what)
			continue
		}
		refused(t, what, row.by, creating(t, row.as, manifest(t, row.what)))
	}
}

// takedownByHand: RBAC lets the security team patch live namespaces and no others, admission lets it do the moves of a takedown and no others.
func takedownByHand(t *testing.T) {
	security := clientOf(t, securityTeam.login())
	patching := func(namespace, patch string) func() error {
		target := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}
		data, err := yaml.YAMLToJSON([]byte(patch))
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		return func() error {
			return security.Patch(t.Context(), target.DeepCopy(), client.RawPatch("application/merge-patch+json", data), client.DryRunAll)
		}
	}
	const offline = "{metadata: {labels: {platform.ntc.gov.pk/offline: leak, platform.ntc.gov.pk/exposure: null}}}"
	test, live, another := scopes[2].Namespace, scopes[3].Namespace, scopes[6].Namespace
	for _, namespace := range []string{live, another} {
		NewWithT(t).Expect(patching(namespace, offline)()).To(Succeed(), namespace)
		NewWithT(t).Expect(patching(namespace, "{metadata: {labels: {platform.ntc.gov.pk/exposure: null}}}")()).To(Succeed(), namespace)
	}
	for _, patch := range []string{
		"{metadata: {labels: {platform.ntc.gov.pk/offline: provider.ntc-islamabad, platform.ntc.gov.pk/exposure: null}}}",
		"{metadata: {labels: {platform.ntc.gov.pk/offline: leak}}}",
		"{metadata: {labels: {platform.ntc.gov.pk/organization: bazaar}}}",
		"{metadata: {labels: {platform.ntc.gov.pk/stage: null}}}",
		"{metadata: {labels: {pod-security.kubernetes.io/enforce: privileged}}}",
		"{metadata: {annotations: {platform.ntc.gov.pk/lifted: leak}}}",
		"{metadata: {annotations: {platform.ntc.gov.pk/images: null}}}",
		"{metadata: {finalizers: [example.com/keep]}}",
		"{metadata: {ownerReferences: [{apiVersion: v1, kind: Namespace, name: default, uid: 0f0f0f0f}]}}",
	} {
		refused(t, "the security team patches "+live+" with "+patch, "govpk-namespaces", patching(live, patch))
	}
	for _, namespace := range []string{test, mandi, "govpk-evidence"} {
		refused(t, "the security team patches "+namespace, byRBAC, patching(namespace, offline))
	}
}

// deletedByHand: likewise of what is in them.
func deletedByHand(t *testing.T) {
	security, operator := clientOf(t, securityTeam.login()), clientOf(t, users["operator"])
	test, live := scopes[2].Namespace, scopes[3].Namespace
	for _, namespace := range []string{test, live} {
		for _, row := range []struct{ by, what string }{
			{"", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: allow-web}, spec: {podSelector: {}}}"},
			{"govpk-children", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: default-deny}, spec: {podSelector: {}}}"},
			{"", "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: portal}, spec: {parentRefs: [{name: public, namespace: gateways}], hostnames: [portal.health.gov.pk]}}"},
			{byRBAC, "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"},
			{byRBAC, "{apiVersion: v1, kind: ConfigMap, metadata: {name: files}}"},
		} {
			child := manifest(t, row.what)
			child.SetNamespace(namespace)
			NewWithT(t).Expect(operator.Create(t.Context(), child.DeepCopy())).To(Succeed())
			if deleting := func() error { return security.Delete(t.Context(), child.DeepCopy(), client.DryRunAll) }; namespace == test {
				refused(t, "the security team deletes in "+namespace+" "+row.what, byRBAC, deleting)
			} else if row.by != "" {
				refused(t, "the security team deletes "+row.what, row.by, deleting)
			} else {
				NewWithT(t).Expect(deleting()).To(Succeed(), "the security team deletes "+row.what)
			}
		}
	}
}

// samplesByTheirPersonas: whom a sample is for may apply it.
func samplesByTheirPersonas(t *testing.T) {
	g := NewWithT(t)
	authors := map[string]persona{
		"breach_reporter.yaml": breachReporter, "cloud_office.yaml": cloudOffice, "cloud_office_certificate.yaml": cloudOffice, "government_data.yaml": engineer,
		"nitb.yaml": nitbIssuer, "organization.yaml": developer, "platform_engineer.yaml": engineer, "reviewer.yaml": nitbReviewer, "security.yaml": securityTeam,
		// installPeople applied these.
		"people.yaml": {}, "onboarding.yaml": {},
	}
	files, err := filepath.Glob(root("config/samples/*.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).To(HaveLen(len(authors)), "each sample has a persona here")
	for file, author := range authors {
		if author.User == "" {
			continue
		}
		as := clientOf(t, author.login())
		for _, object := range parse(t, "config/samples/"+file, "sehat-digital", mandi, "ntc-islamabad", "ntc-lahore") {
			apply := func() error {
				if object.GetName() == "" {
					return as.Create(t.Context(), object.DeepCopy(), client.DryRunAll)
				}
				return as.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object.DeepCopy()), client.FieldOwner("kubectl"), client.ForceOwnership, client.DryRunAll)
			}
			g.Expect(apply()).To(Succeed(), "%s applies %s", author.Title, file)
		}
	}
}
