// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// kubectl is what a person with a terminal sees, a line for each row with its columns.
func kubectl(arguments ...string) [][]string {
	GinkgoHelper()
	user, err := environment.AddUser(envtest.User{Name: "officer", Groups: []string{"system:masters"}}, nil)
	Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(file, kubeconfig, 0o600)).To(Succeed())
	out, err := exec.Command(filepath.Join(assets(), "kubectl"), append([]string{"--kubeconfig=" + file}, arguments...)...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		rows = append(rows, columns(line))
	}
	return rows
}

// columns are at least three spaces apart.
func columns(line string) []string {
	var cells []string
	for _, cell := range strings.Split(line, "   ") {
		if cell = strings.TrimSpace(cell); cell != "" {
			cells = append(cells, cell)
		}
	}
	return cells
}

var _ = Describe("Oversight", func() {
	It("lists what an entity runs, where, at which class, by one command", func(ctx context.Context) {
		mine, other, o := newWorld(ctx), newWorld(ctx), start()
		entity := "Federal Board of Revenue " + mine.namespace
		mine.app.Spec.PublicServiceEntity, mine.app.Spec.DataClass = entity, v1alpha1.DataClassOpen
		for _, w := range []*world{mine, other} {
			Expect(admin.Create(ctx, w.app)).To(Succeed())
			w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		}
		rows := kubectl("get", "tpa", "-A", "-o", "wide", "--field-selector", "spec.publicServiceEntity="+entity)
		Expect(rows).To(HaveLen(2), "the heading and one application: %v", rows)
		Expect(rows[0]).To(ContainElements("NAMESPACE", "NAME", "STAGE", "HOST", "ENTITY", "PROVIDER", "CLASS"))
		Expect(rows[1]).To(ContainElements(mine.namespace, "health-portal", "UnderAudit", mine.host, entity, "ntc-islamabad", "Open"))

		By("provider and class select as well")
		for selector, found := range map[string]int{
			"spec.publicServiceEntity=" + entity + ",spec.dataClass=Open": 2, "spec.publicServiceEntity=" + entity + ",spec.dataClass=Secret": 1,
			"spec.publicServiceEntity=" + entity + ",spec.cloudServiceProvider=ntc-islamabad": 2,
		} {
			Expect(kubectl("get", "tpa", "-A", "-o", "wide", "--field-selector", selector)).To(HaveLen(found), selector)
		}
	})

	It("shows of a breach what the Cloud Office asks first", func(ctx context.Context) {
		w, o := newWorld(ctx), start()
		d := disclose(ctx, o, w.namespace+"-listed", named(w))
		d.after(ctx, 0)
		rows := kubectl("get", "breachreport", d.Name)
		Expect(rows[0]).To(ContainElements("ENTITY", "SEVERITY", "LATE", "ACKNOWLEDGED", "CLOSED"))
		Expect(rows[1]).To(ContainElements(d.Name, entity, "High", d.Status.Late, "False"))
	})
})
