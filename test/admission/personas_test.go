// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// go test ./test/admission -run TestPersonas -update writes docs/personas.md anew. Read the difference before you keep it: it is who may do what.
var updatePersonas = flag.Bool("update", false, "write docs/personas.md")

// granted are the deeds of one persona in one scope.
type granted map[deed]bool

// TestPersonas asks the API server who may do what, with the roles of an installation, and compares the answers with docs/personas.md.
func TestPersonas(t *testing.T) {
	g := NewWithT(t)
	installPeople(t)
	served := servedDeeds(t)
	named := namedDeeds(t)
	answers := ask(t, served, named)

	t.Run("nobody", func(t *testing.T) {
		for _, persona := range personas {
			for _, scope := range scopes {
				for _, d := range forbiddenDeeds() {
					if answers[persona.Title][scope][d] {
						t.Errorf("%s, %s: may %s, which no persona may: take it out of config/rbac/personas", persona.Title, scope.Title, d)
					}
				}
			}
		}
	})
	t.Run("notable", func(t *testing.T) {
		for _, row := range notable {
			var holders []string
			for _, persona := range personas {
				if slices.ContainsFunc(scopes, func(s scope) bool { return answers[persona.Title][s][row.Deed] }) {
					holders = append(holders, persona.Title)
				}
			}
			var want []string
			for _, persona := range row.Holders {
				want = append(want, persona.Title)
			}
			NewWithT(t).Expect(holders).To(Equal(want), "who may %s (%s)", row.What, row.Deed)
		}
	})
	t.Run("nothing unasked", func(t *testing.T) { nothingUnasked(t, answers) })
	t.Run("auditor", func(t *testing.T) { auditorReadsAll(t, served, answers[auditor.Title][everywhere]) })
	t.Run("administrator", administrator)
	t.Run("escalation", escalation)
	t.Run("takedown by hand", takedownByHand)
	t.Run("deletions by hand", deletedByHand)
	t.Run("samples", samplesByTheirPersonas)

	page := personasPage(answers)
	if *updatePersonas {
		g.Expect(os.WriteFile(root("docs/personas.md"), []byte(page), 0o600)).To(Succeed())
	}
	written, err := os.ReadFile(root("docs/personas.md"))
	g.Expect(err).NotTo(HaveOccurred())
	if diff := cmp.Diff(strings.Split(string(written), "\n"), strings.Split(page, "\n")); diff != "" {
		t.Errorf("docs/personas.md does not say what the API server answers; go test ./test/admission -run TestPersonas -update writes it anew (-page +answers):\n%s", diff)
	}
}

// servedDeeds are all verbs of all resources that the API server offers; true where the resource has namespaces.
func servedDeeds(t *testing.T) map[deed]bool {
	t.Helper()
	clients, err := kubernetes.NewForConfig(server)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	_, lists, err := clients.Discovery().ServerGroupsAndResources()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	deeds := map[deed]bool{}
	for _, list := range lists {
		group, _, versioned := strings.Cut(list.GroupVersion, "/")
		if !versioned {
			group = ""
		}
		for _, resource := range list.APIResources {
			for _, verb := range resource.Verbs {
				deeds[deed{verb, resource.Name, group, ""}] = resource.Namespaced
			}
		}
	}
	return deeds
}

// namedDeeds are those that a role of a persona names, and the notable; true where others than the auditor hold them.
func namedDeeds(t *testing.T) map[deed]bool {
	t.Helper()
	clients, err := kubernetes.NewForConfig(server)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	roles, err := clients.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	deeds := map[deed]bool{}
	for _, role := range roles.Items {
		if !strings.HasPrefix(role.Name, "govpk-") || role.Name == "govpk-operator" {
			continue
		}
		for _, rule := range role.Rules {
			for _, d := range deedsOf(rule.Verbs, rule.APIGroups, rule.Resources, rule.ResourceNames) {
				deeds[d] = deeds[d] || role.Name != "govpk-auditor"
			}
		}
	}
	for _, row := range notable {
		deeds[row.Deed] = true
	}
	return deeds
}

func deedsOf(verbs, groups, resources, names []string) []deed {
	if len(names) == 0 {
		names = []string{""}
	}
	var deeds []deed
	for _, verb := range verbs {
		for _, group := range groups {
			for _, resource := range resources {
				for _, name := range names {
					deeds = append(deeds, deed{verb, resource, group, name})
				}
			}
		}
	}
	return deeds
}

// ask lets the API server judge. With -update it judges everything that is served, named or forbidden, in all scopes, which takes a minute. Otherwise
// everybody is asked for what the roles name, the auditor for all that is served, and everybody for what is forbidden in a live namespace; a namespace
// where the API server lists the same rules as everywhere is not asked again. Its own lists show that nothing is overlooked: nothingUnasked.
func ask(t *testing.T, served, named map[deed]bool) map[string]map[scope]granted {
	t.Helper()
	config := rest.CopyConfig(server)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	clients, err := kubernetes.NewForConfig(config)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	bad := map[deed]bool{}
	for _, d := range forbiddenDeeds() {
		bad[d] = true
	}
	all := maps.Clone(bad)
	maps.Copy(all, named)
	maps.Copy(all, served)

	answers := map[string]map[scope]granted{}
	var lock sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, 32)
	questions := 0
	for _, persona := range personas {
		answers[persona.Title] = map[scope]granted{}
		ordinary := rulesOf(t, persona, "default")
		for _, scope := range scopes {
			may := granted{}
			answers[persona.Title][scope] = may
			same := scope != everywhere && maps.Equal(rulesOf(t, persona, scope.Namespace), ordinary)
			if same {
				maps.Copy(may, answers[persona.Title][everywhere])
			}
			for d := range all {
				needed := named[d] && !same || scope == everywhere && persona.Title == auditor.Title || scope.Title == "own live namespaces" && bad[d]
				namespaced, known := served[d]
				if !needed && !*updatePersonas || scope != everywhere && known && !namespaced && d.Resource != "namespaces" {
					continue
				}
				questions++
				slots <- struct{}{}
				group.Go(func() {
					defer func() { <-slots }()
					allowed, err := review(t.Context(), clients, persona.User, persona.groups(), scope.Namespace, d)
					lock.Lock()
					defer lock.Unlock()
					if err != nil {
						t.Errorf("%s, %s: %s: %v", persona.Title, scope.Title, d, err)
					}
					delete(may, d)
					if allowed {
						may[d] = true
					}
				})
			}
			group.Wait()
		}
	}
	t.Logf("%d questions", questions)
	return answers
}

// review asks as the API server asks itself: a named namespace is judged in that namespace.
func review(ctx context.Context, clients kubernetes.Interface, user string, groups []string, namespace string, d deed) (bool, error) {
	resource, subresource, _ := strings.Cut(d.Resource, "/")
	if resource == "namespaces" && namespace != "" {
		d.Name = namespace
	}
	answer, err := clients.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, Groups: groups, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: d.Verb, Group: d.Group, Resource: resource, Subresource: subresource, Name: d.Name, Namespace: namespace,
		},
	}}, metav1.CreateOptions{})
	return err == nil && answer.Status.Allowed, err
}

// nothingUnasked compares with the API server's own list of what a persona may, which knows deeds that no one asked for.
func nothingUnasked(t *testing.T, answers map[string]map[scope]granted) {
	for _, persona := range personas {
		for _, scope := range scopes {
			namespace := scope.Namespace
			if namespace == "" {
				namespace = "default"
			}
			for d := range rulesOf(t, persona, namespace) {
				if !d.aboutSelf() && !answers[persona.Title][scope][d] && !answers[persona.Title][everywhere][d] {
					t.Errorf("%s, %s: may %s, which docs/personas.md does not say", persona.Title, scope.Title, d)
				}
			}
		}
	}
}

// rulesOf is what the API server itself lists.
func rulesOf(t *testing.T, p persona, namespace string) granted {
	t.Helper()
	config := rest.CopyConfig(server)
	config.Impersonate = p.login()
	clients, err := kubernetes.NewForConfig(config)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	answer, err := clients.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
	}, metav1.CreateOptions{})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(answer.Status.Incomplete).To(BeFalse())
	for _, rule := range answer.Status.NonResourceRules {
		NewWithT(t).Expect(rule.Verbs).To(Equal([]string{"get"}), p.Title)
		NewWithT(t).Expect(rule.NonResourceURLs).To(HaveEach(MatchRegexp("^/(apis?|openapi|version|healthz|livez|readyz)(/|/[*])?$")), "%s reads what every login reads", p.Title)
	}
	rules := granted{}
	for _, rule := range answer.Status.ResourceRules {
		for _, d := range deedsOf(rule.Verbs, rule.APIGroups, rule.Resources, rule.ResourceNames) {
			rules[d] = true
		}
	}
	return rules
}

// contained says what a subresource shows that its resource does not: nothing. connections are made by a GET.
var (
	contained   = []string{"status", "scale", "resize", "ephemeralcontainers", "approval"}
	connections = []string{"exec", "attach", "portforward", "proxy"}
)

// auditorReadsAll: RBAC knows no "all but Secrets", so whatever the API server learns to serve has to be added to the role, or named above.
func auditorReadsAll(t *testing.T, served map[deed]bool, may granted) {
	read := 0
	for d := range served {
		_, subresource, _ := strings.Cut(d.Resource, "/")
		if !slices.Contains([]string{"get", "list", "watch"}, d.Verb) || slices.Contains(contained, subresource) {
			continue
		}
		want := d.Resource != "secrets" && !slices.Contains(connections, subresource)
		if may[d] != want {
			t.Errorf("auditor: %s is %v, must be %v: config/rbac/personas/auditor.yaml names what auditors read", d, may[d], want)
		}
		read++
	}
	NewWithT(t).Expect(read).To(BeNumerically(">", 200))
	for d := range may {
		read := slices.Contains([]string{"get", "list", "watch"}, d.Verb)
		NewWithT(t).Expect(read || d.aboutSelf()).To(BeTrue(), "auditor: %s", d)
	}
}
