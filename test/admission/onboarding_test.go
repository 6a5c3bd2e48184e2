// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// step is a block of docs/onboarding.md: commands, the person who runs them, and what a refusal says.
type step struct {
	Person, Commands, Answer string
	Refused                  bool
}

// fence opens a block: ```sh PERSON, with refused after it where the API server must say no; without a person it sets variables for all that follow.
var fence = regexp.MustCompile("^```(sh|text)( \\w+)?( refused)?$")

func stepsOf(t *testing.T, page string) []step {
	t.Helper()
	content, err := os.ReadFile(root(page))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var steps []step
	inside := ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, "\n")
		switch opened := fence.FindStringSubmatch(line); {
		case opened != nil:
			inside = opened[1]
			if opened[1] == "sh" {
				steps = append(steps, step{Person: strings.TrimSpace(opened[2]), Refused: opened[3] != ""})
			}
		case line == "```":
			inside = ""
		case strings.HasPrefix(line, "```"):
			t.Fatalf("%s: block %q names no person: ```sh engineer", page, line)
		case inside == "sh":
			steps[len(steps)-1].Commands += line + "\n"
		case inside == "text":
			steps[len(steps)-1].Answer += line
		}
	}
	return steps
}

// TestOnboarding runs the commands of docs/onboarding.md with kubectl, each as the person whom the page names.
func TestOnboarding(t *testing.T) {
	installPeople(t)
	kubeconfigs := map[string]string{}
	for person, login := range map[string]persona{
		"engineer":  engineer,
		"developer": {User: "developer-1@taleem.example", Groups: []string{"organization:taleem-online", "organization:taleem-online:developers"}},
		"support":   {User: "desk-1@taleem.example", Groups: []string{"organization:taleem-online"}},
		"signer":    {User: "owner@taleem.example"},
	} {
		kubeconfigs[person] = kubeconfigOf(t, login)
	}
	refused(t, "policies are in force", "govpk-identity", func() error {
		launched := manifest(t, "{apiVersion: platform.ntc.gov.pk/v1alpha1, kind: ThirdPartyApplication, metadata: {name: health-portal, namespace: sehat-digital}}")
		return clientOf(t, user("tenant")).Delete(t.Context(), launched, client.DryRunAll)
	})
	steps := stepsOf(t, "docs/onboarding.md")
	NewWithT(t).Expect(len(steps)).To(BeNumerically(">", 10))
	cache := t.TempDir()
	variables := ""
	for _, step := range steps {
		if step.Person == "" {
			variables += step.Commands
			continue
		}
		NewWithT(t).Expect(kubeconfigs).To(HaveKey(step.Person))
		run := func() (string, error) {
			command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", variables+step.Commands)
			command.Dir = root(".")
			command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfigs[step.Person], "KUBECACHEDIR="+cache, "PATH="+assets()+":"+os.Getenv("PATH"))
			output, err := command.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, output)
			}
			return string(output), err
		}
		t.Log(step.Person + ": " + step.Commands)
		// A role that was just bound takes effect a moment later, and a step that is refused has had none.
		if step.Refused {
			NewWithT(t).Expect(step.Answer).NotTo(BeEmpty(), "the page shows the answer in a block of text")
			output, err := run()
			NewWithT(t).Expect(err).To(HaveOccurred(), "%s must be refused:\n%s", step.Person, step.Commands)
			NewWithT(t).Expect(output).To(ContainSubstring(step.Answer))
			continue
		}
		NewWithT(t).Eventually(func() error {
			_, err := run()
			return err
		}).WithTimeout(10*time.Second).WithPolling(200*time.Millisecond).Should(Succeed(), "%s:\n%s", step.Person, step.Commands)
	}
	t.Run("deletion of the namespace", offboardedTooSoon)
}

// kubeconfigOf is a login with a certificate, and no impersonation.
func kubeconfigOf(t *testing.T, login persona) string {
	t.Helper()
	user, err := environment.AddUser(envtest.User{Name: login.User, Groups: login.Groups}, nil)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "kubeconfig")
	NewWithT(t).Expect(os.WriteFile(file, kubeconfig, 0o600)).To(Succeed())
	return file
}

// offboardedTooSoon: what the page says of a namespace that is deleted while an application is launched, and who may delete it at all.
func offboardedTooSoon(t *testing.T) {
	g := NewWithT(t)
	launched := parse(t, "config/samples/organization.yaml", "sehat-digital", mandi)[0]
	g.Expect(unstructured.SetNestedField(launched.Object, "health-portal-3f9a1c2b", "spec", "launch", "release")).To(Succeed())
	g.Eventually(func() error { return clientOf(t, developer.login()).Create(t.Context(), launched.DeepCopy()) }).Should(Succeed())
	namespace := manifest(t, "{apiVersion: v1, kind: Namespace, metadata: {name: mandi}}")
	deleting := func(as client.Client, object *unstructured.Unstructured) func() error {
		return func() error { return as.Delete(t.Context(), object.DeepCopy(), client.DryRunAll) }
	}
	g.Expect(deleting(clientOf(t, engineer.login()), namespace)()).To(Succeed())
	refused(t, "the namespace controller deletes a launched application", "govpk-identity", deleting(clientOf(t, user("namespace-controller")), launched))
	for _, other := range []persona{developer, operations, securityTeam, nitbReviewer} {
		refused(t, other.Title+" deletes an organization's namespace", byRBAC, deleting(clientOf(t, other.login()), namespace))
	}
	live := manifest(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+scopes[3].Namespace+"}}")
	refused(t, "a platform engineer deletes a stage namespace", byRBAC, deleting(clientOf(t, engineer.login()), live))
}
