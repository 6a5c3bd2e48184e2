// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

type build struct {
	program string
	problem string
}

// built builds the operator while the tables run.
func built(t *testing.T) <-chan build {
	t.Helper()
	done := make(chan build, 1)
	program := filepath.Join(t.TempDir(), "govpk-operator")
	command := exec.Command("go", "build", "-o", program, ".")
	command.Dir = root(".")
	go func() {
		out, err := command.CombinedOutput()
		if err != nil {
			done <- build{problem: err.Error() + ": " + string(out)}
			return
		}
		done <- build{program: program}
	}()
	return done
}

// bypassWithOperator tries the corpus against the running operator, in earnest: the outcome is the same, and nothing that was wanted is there.
func bypassWithOperator(t *testing.T, operator build) {
	g := NewWithT(t)
	ctx := t.Context()
	g.Expect(operator.problem).To(BeEmpty(), "build the operator")
	// Every attempt of the corpus is one that has not succeeded yet.
	for theme, rows := range attempts(t) {
		for _, row := range rows {
			exists, err := row.exists(ctx)
			g.Expect(err).NotTo(HaveOccurred(), "%s: %s", theme, row.Name)
			g.Expect(exists).To(BeFalse(), "%s: %s: its fixture is what it wants", theme, row.Name)
		}
	}
	start(t, operator.program, users["operator"], func(kubeconfig string) ([]string, []string) {
		return []string{"--metrics-bind-address=0", "--health-probe-bind-address=0"}, []string{"KUBECONFIG=" + kubeconfig}
	})
	scheme := apiruntime.NewScheme()
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	admin, err := client.New(server, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	for _, name := range []string{"fresh", "draft", "health-portal"} {
		g.Eventually(func(g Gomega) {
			app := &v1alpha1.ThirdPartyApplication{ObjectMeta: metav1.ObjectMeta{Namespace: "sehat-digital", Name: name}}
			g.Expect(admin.Get(ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
			g.Expect(controllerutil.ContainsFinalizer(app, v1alpha1.TeardownFinalizer)).To(BeTrue())
			g.Expect(app.Status.ObservedGeneration).To(Equal(app.Generation))
			g.Expect(app.Status.Conditions).NotTo(BeEmpty())
		}).WithTimeout(patience).Should(Succeed(), "the operator looks at %s", name)
	}

	t.Run("attempts", func(t *testing.T) {
		for theme, rows := range attempts(t) {
			for _, row := range rows {
				t.Run(theme+"/"+row.Name, func(t *testing.T) {
					t.Parallel()
					var dryRun []string
					// Of a collection whatever may be deleted would be.
					if row.Verb == "deletecollection" {
						dryRun = []string{metav1.DryRunAll}
					}
					if problem := row.judge(row.sendWith(t.Context(), dryRun)); problem != "" {
						t.Error(problem)
					}
				})
			}
		}
	})
	t.Run("days", func(t *testing.T) {
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
	})
	for theme, rows := range attempts(t) {
		for _, row := range rows {
			exists, err := row.exists(ctx)
			g.Expect(err).NotTo(HaveOccurred(), "%s: %s", theme, row.Name)
			g.Expect(exists).To(BeFalse(), "%s: %s: it was refused, and is there", theme, row.Name)
		}
	}
}
