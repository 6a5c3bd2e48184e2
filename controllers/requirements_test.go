// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/tools/events"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

var _ = Describe("What an organization declares", func() {
	var w *world
	var o *operator

	BeforeEach(func(ctx context.Context) {
		w = newWorld(ctx)
		o = start()
	})

	stalled := func(ctx context.Context) string {
		GinkgoHelper()
		condition := meta.FindStatusCondition(w.get(ctx).Status.Conditions, v1alpha1.ConditionStalled)
		Expect(condition).NotTo(BeNil())
		return condition.Message
	}

	It("is the diagram whose digest it names", func(ctx context.Context) {
		diagram := []byte("digraph { web -> api }")
		w.app.Spec.Requirements.DataFlowDiagram = v1alpha1.DataFlowDiagram{Content: diagram, SHA256: strings.Repeat("0", 64)}
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonDiagramMismatch))
		sum := sha256.Sum256(diagram)
		Expect(stalled(ctx)).To(ContainSubstring(hex.EncodeToString(sum[:])))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Requirements.DataFlowDiagram.SHA256 = hex.EncodeToString(sum[:])
		})
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
	})

	It("is Tasks that can run and schedules that come", func(ctx context.Context) {
		task := *w.app.Spec.Components[1].DeepCopy()
		task.Name, task.Type, task.Ports, task.After = "migrate", v1alpha1.ComponentTask, nil, []string{"seed"}
		seed := *task.DeepCopy()
		seed.Name, seed.After = "seed", []string{"migrate"}
		report := *task.DeepCopy()
		report.Name, report.Type, report.After, report.Schedule = "report", v1alpha1.ComponentScheduledTask, nil, "0 0 30 2 *"
		w.app.Spec.Components = append(w.app.Spec.Components, task, seed, report)
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTasksCyclic))
		Expect(stalled(ctx)).To(ContainSubstring("migrate after seed after migrate"))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[3].After = nil })
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonScheduleInvalid))
		Expect(stalled(ctx)).To(ContainSubstring(`spec.components[report].schedule: "0 0 30 2 *" never comes`))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[4].Schedule = "0 0 28 2 *" })
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
	})

	It("is volumes that never shrink", func(ctx context.Context) {
		w.app.Spec.Components[1].Storage = &v1alpha1.Storage{Size: resource.MustParse("2Gi"), MountPath: "/data"}
		Expect(admin.Create(ctx, w.app)).To(Succeed())
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
		w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
		w.until(ctx, o, func(g Gomega) {
			g.Expect(w.inventory(ctx)).To(HaveKey("PersistentVolumeClaim " + w.test() + "/data-api"))
		})
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[1].Storage.Size = resource.MustParse("1Gi")
		})
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonStorageShrinks))
		Expect(stalled(ctx)).To(ContainSubstring("1Gi is less than the 2Gi of its volume in test"))
		w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) {
			spec.Components[1].Storage.Size = resource.MustParse("2Gi")
		})
		w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
	})

	It("is how far it scales, and who is called", func(ctx context.Context) {
		w.goLive(ctx, o)
		Expect(w.get(ctx).Status.Scaling).To(ConsistOf(v1alpha1.ComponentScaling{
			Component: "web", MinReplicas: 2, MaxReplicas: 6,
			Explanation: "2 pods carry the expected 150 requests/s, so the peak of 900 needs 12; the release allows 6",
		}))
		said := o.Recorder.(*events.FakeRecorder).Events
		w.flag(ctx, "leak")
		w.until(ctx, o, w.ready(ctx, v1alpha1.ReasonTakenDown))
		Eventually(said).Should(Receive(And(
			HavePrefix("Warning TakenDown "), HaveSuffix("; call L1: NTC operations, then L2: Service desk <desk@sehat.example> +92 51 0000000"),
		)), "what somebody must act on says whom to call")
	})
})
